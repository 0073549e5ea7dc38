#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "aws/error.h"

namespace sluice::aws {

/// Why a request's signature was not accepted: one value per reason, in the order of the checks (AWS's own
/// order as far as it was observed). Each has one sentence in sigv4_refusal.cc.
enum class SigV4Refusal : uint8_t {
  kBothHeaderAndQuery,      ///< Authorization header and X-Amz-Algorithm in the query
  kNoAuthentication,        ///< neither
  kPresignedNotOffered,     ///< signature in the query: recognised, not accepted by this server
  kDuplicateHeader,         ///< a header that security rests on came twice
  kAuthorizationTooLarge,
  kOtherScheme,             ///< Bearer, Basic, ...: not a signature at all
  kAsymmetricNotOffered,    ///< SigV4A, AWS4-ECDSA-P256-SHA256
  kNotKeyValue,             ///< a part of Authorization without '='
  kMissingParts,            ///< Credential, Signature, SignedHeaders or a date is not there
  kBadDate,
  kExpired,                 ///< signed longer ago than the window
  kNotYetCurrent,           ///< signed further ahead than the window
  kHostNotSigned,
  kUnsupportedAlgorithm,
  kCredentialShape,         ///< not keyid/date/region/service/terminator
  kScopeRegionEmpty,        ///< a known fault of clients whose region comes from the environment
  kScopeRegion,
  kScopeService,
  kScopeTerminator,
  kScopeDate,
  kUnknownAccessKey,
  kSessionTokenMissing,     ///< a temporary key without its token
  kSessionTokenInvalid,     ///< does not unseal, or belongs to another key id
  kSessionRoleGone,         ///< the session's role or provider was deleted or recreated
  kStreamingPayload,        ///< STREAMING-*: chunk signatures are S3's
  kUnsignedPayload,
  kPayloadHashMismatch,     ///< X-Amz-Content-Sha256 is not the hash of the body
  kSignatureMismatch,
  kSessionExpired,
};
inline constexpr size_t kSigV4RefusalCount = static_cast<size_t>(SigV4Refusal::kSessionExpired) + 1;

/// A stable name for logs and metrics: "signature-mismatch".
std::string_view to_string(SigV4Refusal reason);
/// One sentence for the operator: what the check is and why it failed.
std::string_view explain(SigV4Refusal reason);

/// A refusal with what the decision record needs. Never holds a secret, a session token, or the signature that would
/// have been right.
struct SigV4Failure {
  SigV4Refusal reason = SigV4Refusal::kNoAuthentication;
  std::string message;   ///< AWS's text for the caller, where the reason alone does not fix it
  std::string seen;      ///< the value found: "20150830T123600Z", "ap-south-1"
  std::string wanted;    ///< what would have passed: "us-east-1 or eu-west-1"
  /// What the server computed from the request, for kSignatureMismatch: AWS shows both to callers of JSON services.
  /// The session token's value is replaced; each is cut at kCanonicalEchoBytesMax.
  std::string canonical_request;
  std::string string_to_sign;
};

/// Builds the failures that need the caller's look-ups (key, token, role, session).
SigV4Failure refuse(SigV4Refusal reason, std::string seen = {}, std::string wanted = {});

/// Which dialect the caller speaks: reference table "SigV4 errors" has one column for each.
enum class ErrorDialect : uint8_t {
  kQuery,      ///< STS, IAM: query_error()
  kRestJson,   ///< AMP control plane: rest_json_error()
  kDataPlane,  ///< AMP data plane: data_plane_error(); always 403
};
AwsError to_aws_error(const SigV4Failure& failure, ErrorDialect dialect);

}  // namespace sluice::aws
