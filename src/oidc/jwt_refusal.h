#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace sluice::oidc {

/// Why a web identity token was refused: one value per rule, in the order in which the rules are asked.
/// The order matters to an attacker: whatever speaks of this server's configuration (audiences, trust)
/// comes after the signature, so only the holder of a genuine token learns of it.
/// Names and numbers are stable: they are metric labels and keys of the diagnosis table.
enum class JwtRefusal : uint8_t {
  // Structure: the token by itself.
  kTooLong,
  kNotThreeSegments,
  kFilePath,
  kEncrypted,
  kBadBase64,
  kHeaderTooLong,
  kHeaderNotJson,
  kCriticalHeader,
  kUnencodedPayload,
  kAlgorithmMissing,
  kAlgorithmNone,
  kAlgorithmSymmetric,
  kAlgorithmUnsupported,
  kKidNotString,
  kPayloadNotJson,
  kIssuerMissing,
  kSubjectMissing,
  kAudienceMissing,
  kIssuedAtMissing,
  kExpiryMissing,
  kClaimWrongType,
  kSubjectEmpty,
  kAudienceListEmpty,
  kAudienceBlank,
  kTimestampInvalid,
  // Provider: whose token it is.
  kIssuerNotRegistered,
  // Signature: whether the provider made it.
  kKeysUnavailable,
  kKidUnknown,
  kKidMissing,
  kKeyUnusable,
  kKeyTypeDisabled,
  kKeyTypeMismatch,
  kSignatureInvalid,
  // Time.
  kExpired,
  kIssuedInFuture,
  kNotYetValid,
  kLifetimeTooLong,
  // Audience: whether it was made for us.
  kSeveralAudiences,
  kAuthorizedPartyBlank,
  kAuthorizedPartyNotRegistered,
  kAudienceNotRegistered,
};
inline constexpr int kJwtRefusalCount = static_cast<int>(JwtRefusal::kAudienceNotRegistered) + 1;

enum class JwtStage : uint8_t { kStructure, kProvider, kSignature, kTime, kAudience };

/// Lower case with dashes, e.g. "audience-not-registered": a metric label.
std::string_view to_string(JwtRefusal refusal);
/// One sentence for an operator: which rule refused, in general terms.
std::string_view describe(JwtRefusal refusal);
JwtStage stage(JwtRefusal refusal);

/// One refusal with what was seen and what was wanted. Never holds the token, its signature or a key;
/// claims are quoted as they came, so print them through base printable().
struct JwtRejection {
  JwtRefusal refusal = JwtRefusal::kNotThreeSegments;
  std::string seen;
  std::string wanted;
  /// Further detail for the operator only: the JSON reader's words, why a key was skipped, ...
  std::string detail;
  /// For the refusals of time, whose AWS texts print both: the clock moved by the tolerance, and the claim.
  UnixSeconds clock = 0;
  UnixSeconds claim = 0;
};

/// What AWS STS answers for it: HTTP status, error code, message.
struct WireAnswer {
  int status = 400;
  std::string_view code;  ///< static storage
  std::string message;
};

/// The answer for the caller, letter for letter AWS's where a text was recorded (double spaces included).
/// Refusals for which none is known get AWS's general text, which tells nothing.
WireAnswer wire_answer(const JwtRejection& rejection);

}  // namespace sluice::oidc
