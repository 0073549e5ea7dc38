#include "oidc/jwt_refusal.h"

#include <array>

#include <fmt/core.h>

#include "base/check.h"

namespace sluice::oidc {
namespace {

/// Which of AWS's texts answers a refusal.
enum class Answer : uint8_t {
  kGeneral,
  kNotAJwt,
  kMissingClaim,
  kEmptyClaim,
  kTimestamp,
  kNoProvider,
  kNoKey,
  kExpired,
  kFuture,
  kNotYet,
  kSeveralAudiences,
  kAudience,
};

struct Row {
  JwtRefusal refusal;
  JwtStage stage;
  Answer answer;
  std::string_view claim;  ///< for the texts that name one
  std::string_view name;
  std::string_view sentence;
};

using enum JwtRefusal;
using S = JwtStage;
using A = Answer;

constexpr std::array<Row, kJwtRefusalCount> kRows = {{
    {kTooLong, S::kStructure, A::kNotAJwt, "", "too-long", "The token is longer than STS accepts."},
    {kNotThreeSegments, S::kStructure, A::kNotAJwt, "", "not-three-segments",
     "The text is not a signed JWT: it does not have three parts separated by dots."},
    {kFilePath, S::kStructure, A::kNotAJwt, "", "file-path",
     "The text is a path: the name of the token file was sent instead of its content."},
    {kEncrypted, S::kStructure, A::kNotAJwt, "", "encrypted",
     "The token is encrypted (JWE); only signed tokens (JWS) can be verified."},
    {kBadBase64, S::kStructure, A::kNotAJwt, "", "bad-base64", "A part of the token is not strict unpadded base64url."},
    {kHeaderTooLong, S::kStructure, A::kNotAJwt, "", "header-too-long", "The token's header is unreasonably long."},
    {kHeaderNotJson, S::kStructure, A::kNotAJwt, "", "header-not-json",
     "The token's header is not one strict JSON object."},
    {kCriticalHeader, S::kStructure, A::kNotAJwt, "", "critical-header",
     "The token's header has `crit`: it demands extensions that are not understood here."},
    {kUnencodedPayload, S::kStructure, A::kNotAJwt, "", "unencoded-payload",
     "The token's header has `b64` (RFC 7797), which tokens may not use."},
    {kAlgorithmMissing, S::kStructure, A::kNotAJwt, "", "algorithm-missing",
     "The token's header names no signature algorithm (`alg`)."},
    {kAlgorithmNone, S::kStructure, A::kNotAJwt, "", "algorithm-none", "The token is not signed (`alg` is none)."},
    {kAlgorithmSymmetric, S::kStructure, A::kNotAJwt, "", "algorithm-symmetric",
     "The token is signed with a shared secret (HS*), which an identity provider's public keys cannot prove."},
    {kAlgorithmUnsupported, S::kStructure, A::kNotAJwt, "", "algorithm-unsupported",
     "The token's algorithm is not one of RS256, RS384, RS512, ES256, ES384, ES512."},
    {kKidNotString, S::kStructure, A::kNotAJwt, "", "kid-not-string", "The token's key id (`kid`) is not a string."},
    {kPayloadNotJson, S::kStructure, A::kNotAJwt, "", "payload-not-json",
     "The token's claims are not one strict JSON object."},
    {kIssuerMissing, S::kStructure, A::kMissingClaim, "iss", "issuer-missing", "The token has no issuer (`iss`)."},
    {kSubjectMissing, S::kStructure, A::kMissingClaim, "sub", "subject-missing", "The token has no subject (`sub`)."},
    {kAudienceMissing, S::kStructure, A::kMissingClaim, "aud", "audience-missing",
     "The token has no audience (`aud`); legacy secret-based service account tokens look like this."},
    {kIssuedAtMissing, S::kStructure, A::kMissingClaim, "iat", "issued-at-missing",
     "The token has no time of issue (`iat`)."},
    {kExpiryMissing, S::kStructure, A::kMissingClaim, "exp", "expiry-missing",
     "The token has no expiry (`exp`); legacy secret-based service account tokens look like this."},
    {kClaimWrongType, S::kStructure, A::kGeneral, "", "claim-wrong-type",
     "A claim is not of the JSON type it must have."},
    {kSubjectEmpty, S::kStructure, A::kEmptyClaim, "sub", "subject-empty", "The token's subject (`sub`) is empty."},
    {kAudienceListEmpty, S::kStructure, A::kEmptyClaim, "aud", "audience-list-empty",
     "The token's audience (`aud`) is a list without entries."},
    {kAudienceBlank, S::kStructure, A::kGeneral, "", "audience-blank",
     "The token's audience (`aud`) is the empty string."},
    {kTimestampInvalid, S::kStructure, A::kTimestamp, "", "timestamp-invalid",
     "A time claim (`exp`, `iat` or `nbf`) is not a whole number of seconds."},
    {kIssuerNotRegistered, S::kProvider, A::kNoProvider, "", "issuer-not-registered",
     "No OIDC provider of the role's account has exactly the token's issuer."},
    {kKeysUnavailable, S::kSignature, A::kNoKey, "", "keys-unavailable",
     "The issuer's signing keys could not be obtained."},
    {kKidUnknown, S::kSignature, A::kNoKey, "", "kid-unknown",
     "The issuer publishes no signing key with the token's key id."},
    {kKidMissing, S::kSignature, A::kNoKey, "", "kid-missing",
     "The token names no key id, which works only while the issuer publishes exactly one usable key."},
    {kKeyUnusable, S::kSignature, A::kNoKey, "", "key-unusable",
     "The issuer publishes a key with the token's key id, but in a form that must not be used."},
    {kKeyTypeDisabled, S::kSignature, A::kNoKey, "", "key-type-disabled",
     "The issuer publishes more than 100 keys of the type the token is signed with, so that type is not used."},
    {kKeyTypeMismatch, S::kSignature, A::kGeneral, "", "key-type-mismatch",
     "The token's algorithm does not fit the type or curve of the key it names."},
    {kSignatureInvalid, S::kSignature, A::kGeneral, "", "signature-invalid",
     "The token's signature does not verify under the issuer's key."},
    {kExpired, S::kTime, A::kExpired, "", "expired", "The token has expired."},
    {kIssuedInFuture, S::kTime, A::kFuture, "", "issued-in-future",
     "The token's time of issue lies in the future by more than the tolerance."},
    {kNotYetValid, S::kTime, A::kNotYet, "", "not-yet-valid", "The token is not valid yet (`nbf`)."},
    {kLifetimeTooLong, S::kTime, A::kGeneral, "", "lifetime-too-long",
     "The token lives longer than this server accepts; a Kubernetes default API token looks like this."},
    {kSeveralAudiences, S::kAudience, A::kSeveralAudiences, "", "several-audiences",
     "The token has several audiences and no authorized party (`azp`) to choose between them."},
    {kAuthorizedPartyBlank, S::kAudience, A::kGeneral, "", "authorized-party-blank",
     "The token's authorized party (`azp`), which replaces its audience, is empty."},
    {kAuthorizedPartyNotRegistered, S::kAudience, A::kAudience, "", "authorized-party-not-registered",
     "The token's authorized party (`azp`), which replaces its audience, is not a client id of the provider."},
    {kAudienceNotRegistered, S::kAudience, A::kAudience, "", "audience-not-registered",
     "The token's audience is not a client id of the provider."},
}};

constexpr bool rows_in_order() {
  for (size_t i = 0; i < kRows.size(); ++i) {
    if (static_cast<size_t>(kRows[i].refusal) != i || kRows[i].name.empty()) return false;
  }
  return true;
}
static_assert(rows_in_order(), "kRows must list JwtRefusal's values in order");

const Row& row(JwtRefusal refusal) {
  const auto index = static_cast<size_t>(refusal);
  SLUICE_CHECK(index < kRows.size(), "not a JwtRefusal");
  return kRows[index];
}

constexpr std::string_view kInvalidIdentityToken = "InvalidIdentityToken";

std::string text(const Row& row, const JwtRejection& rejection) {
  switch (row.answer) {
    case A::kGeneral: break;
    case A::kNotAJwt:
      return "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)";
    case A::kMissingClaim: return fmt::format("Missing a required claim: {}", row.claim);
    case A::kEmptyClaim: return fmt::format("Claim is not allowed to be empty: {}", row.claim);
    case A::kTimestamp: return "Invalid timestamp in token claims.";
    case A::kNoProvider: return fmt::format("No OpenIDConnect provider found in your account for {}", rejection.seen);
    case A::kNoKey:
      return "Couldn't retrieve verification key from your identity provider,  please reference "
             "AssumeRoleWithWebIdentity documentation for requirements";
    case A::kExpired:
      return fmt::format("Token expired: current date/time {} must be before the expiration date/time {}",
                         rejection.clock, rejection.claim);
    case A::kFuture: return fmt::format("Token issued in the future: {}", rejection.claim);
    case A::kNotYet:
      return fmt::format(
          "Token not yet valid: current date/time {} must be after or equal to the not-before date/time {}",
          rejection.clock, rejection.claim);
    case A::kSeveralAudiences:
      return "Token audience contains more than one audience while authorized party is not present";
    case A::kAudience: return "Incorrect token audience";
  }
  return "The web identity token provided could not be validated. See the AssumeRoleWithWebIdentity "
         "documentation for requirements.";
}

}  // namespace

std::string_view to_string(JwtRefusal refusal) { return row(refusal).name; }
std::string_view describe(JwtRefusal refusal) { return row(refusal).sentence; }
JwtStage stage(JwtRefusal refusal) { return row(refusal).stage; }

WireAnswer wire_answer(const JwtRejection& rejection) {
  const Row& found = row(rejection.refusal);
  return {400, found.answer == A::kExpired ? "ExpiredTokenException" : kInvalidIdentityToken, text(found, rejection)};
}

}  // namespace sluice::oidc
