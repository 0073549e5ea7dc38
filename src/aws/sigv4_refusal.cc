#include "aws/sigv4_refusal.h"

#include <array>
#include <utility>

#include <fmt/format.h>

#include "base/check.h"

namespace sluice::aws {
namespace {

/// AWS groups its refusals into few codes; each protocol spells them in its own way.
enum class Family : uint8_t { kMissing, kIncomplete, kSignature, kToken, kExpiredToken };

struct Row {
  SigV4Refusal reason;
  std::string_view name;
  Family family;
  std::string_view message;      ///< AWS's text when the failure brings none
  std::string_view explanation;  ///< for the operator
};

constexpr std::string_view kSignatureText =
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key "
    "and signing method. Consult the service documentation for details.";
constexpr std::string_view kTokenText = "The security token included in the request is invalid.";

constexpr std::array<Row, kSigV4RefusalCount> kRows = {{
    {SigV4Refusal::kBothHeaderAndQuery, "both-header-and-query", Family::kIncomplete,
     "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header.",
     "The request is signed twice, in the query and in the Authorization header."},
    {SigV4Refusal::kNoAuthentication, "no-authentication", Family::kMissing, "",
     "The request carries no signature: there is no Authorization header. The client has no sigv4 settings, or "
     "something "
     "between it and the server dropped the header."},
    {SigV4Refusal::kPresignedNotOffered, "presigned-not-offered", Family::kIncomplete,
     "Requests signed in the query string (X-Amz-Algorithm) are not accepted here; sign with the Authorization header.",
     "The request is presigned: its signature stands in the query, which this server does not accept."},
    {SigV4Refusal::kDuplicateHeader, "duplicate-header", Family::kIncomplete, "",
     "A header the signature rests on came more than once, so it is open which one was meant."},
    {SigV4Refusal::kAuthorizationTooLarge, "authorization-too-large", Family::kIncomplete, "",
     "The signature's headers are larger than this server reads."},
    {SigV4Refusal::kOtherScheme, "other-scheme", Family::kIncomplete, "",
     "The Authorization header is not a signature but another scheme, such as Bearer or Basic."},
    {SigV4Refusal::kAsymmetricNotOffered, "sigv4a-not-offered", Family::kIncomplete,
     "Unsupported AWS 'algorithm': 'AWS4-ECDSA-P256-SHA256' (only AWS4-HMAC-SHA256 for now). ",
     "The request is signed with SigV4A (asymmetric, several regions), which this server does not accept."},
    {SigV4Refusal::kNotKeyValue, "not-key-value", Family::kIncomplete, "",
     "A part of the Authorization header is not of the form key=value."},
    {SigV4Refusal::kMissingParts, "missing-parts", Family::kIncomplete, "",
     "Parts of the signature are missing: Credential, SignedHeaders, Signature or the date."},
    {SigV4Refusal::kBadDate, "bad-date", Family::kIncomplete, "", "The request's date is not in a form SigV4 knows."},
    {SigV4Refusal::kExpired, "expired", Family::kSignature, "",
     "The request was signed too long ago: the client's clock is behind the server's, or the request was replayed."},
    {SigV4Refusal::kNotYetCurrent, "not-yet-current", Family::kSignature, "",
     "The request was signed in the future: the client's clock is ahead of the server's."},
    {SigV4Refusal::kHostNotSigned, "host-not-signed", Family::kSignature,
     "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.",
     "The signature does not cover the Host header, so the request could be meant for another server."},
    {SigV4Refusal::kUnsupportedAlgorithm, "unsupported-algorithm", Family::kIncomplete, "",
     "The signature's algorithm is not AWS4-HMAC-SHA256."},
    {SigV4Refusal::kCredentialShape, "credential-shape", Family::kIncomplete, "",
     "The Credential is not made of key id, date, region, service and terminator."},
    {SigV4Refusal::kScopeRegionEmpty, "scope-region-empty", Family::kSignature, "",
     "The client signed with an empty region: it took its region from the environment but did not give it to its "
     "signer. "
     "Set the region explicitly (sigv4: region:)."},
    {SigV4Refusal::kScopeRegion, "scope-region", Family::kSignature, "",
     "The client signed for a region this server does not answer for."},
    {SigV4Refusal::kScopeService, "scope-service", Family::kSignature, "",
     "The client signed for another service than the one it called."},
    {SigV4Refusal::kScopeTerminator, "scope-terminator", Family::kSignature, "",
     "The credential scope does not end in aws4_request."},
    {SigV4Refusal::kScopeDate, "scope-date", Family::kSignature, "",
     "The day in the credential scope is not the day of the request's date."},
    {SigV4Refusal::kUnknownAccessKey, "unknown-access-key", Family::kToken, kTokenText,
     "No such access key is known here. Keys of Amazon's own STS, or of another server, are unknown."},
    {SigV4Refusal::kSessionTokenMissing, "session-token-missing", Family::kToken, kTokenText,
     "The access key is a temporary one, and its session token (X-Amz-Security-Token) was not sent."},
    {SigV4Refusal::kSessionTokenInvalid, "session-token-invalid", Family::kToken, kTokenText,
     "The session token was not made by this server, was altered, or belongs to another access key."},
    {SigV4Refusal::kSessionRoleGone, "session-role-gone", Family::kToken, kTokenText,
     "The session's role or provider was deleted since, or deleted and made anew: old sessions do not carry over."},
    {SigV4Refusal::kStreamingPayload, "streaming-payload", Family::kSignature, "",
     "The body is announced as signed chunk by chunk (STREAMING-...), a form of S3 that this server does not accept."},
    {SigV4Refusal::kUnsignedPayload, "unsigned-payload", Family::kSignature, "",
     "The signature does not cover the body (UNSIGNED-PAYLOAD), which this server does not accept."},
    {SigV4Refusal::kPayloadHashMismatch, "payload-hash-mismatch", Family::kSignature, "",
     "X-Amz-Content-Sha256 is not the hash of the body that arrived: something between client and server changed the "
     "body."},
    {SigV4Refusal::kSignatureMismatch, "signature-mismatch", Family::kSignature, "",
     "The signature is not the one this request must have: the secret is another, or a proxy changed host, path, "
     "query, a "
     "signed header or the body."},
    {SigV4Refusal::kSessionExpired, "session-expired", Family::kExpiredToken,
     "The security token included in the request is expired",
     "The session's credentials have expired and the client did not fetch new ones."},
}};

constexpr bool rows_are_in_order() {
  for (size_t i = 0; i < kRows.size(); ++i) {
    if (static_cast<size_t>(kRows[i].reason) != i) return false;
  }
  return true;
}
static_assert(rows_are_in_order());

const Row& row_of(SigV4Refusal reason) {
  const auto index = static_cast<size_t>(reason);
  SLUICE_CHECK(index < kRows.size(), "unknown SigV4Refusal");
  return kRows[index];
}

struct Code {
  int status;
  std::string_view code;
};

Code code_for(Family family, ErrorDialect dialect) {
  const bool is_query = dialect == ErrorDialect::kQuery;
  // The data plane's front end answers 403 whatever the fault; clients only look at that and the text.
  const int incomplete_status = dialect == ErrorDialect::kDataPlane ? 403 : 400;
  switch (family) {
    case Family::kMissing:
      return {403, is_query ? "MissingAuthenticationToken" : "MissingAuthenticationTokenException"};
    case Family::kIncomplete:
      return {incomplete_status, is_query ? "IncompleteSignature" : "IncompleteSignatureException"};
    case Family::kSignature: return {403, is_query ? "SignatureDoesNotMatch" : "InvalidSignatureException"};
    case Family::kToken: return {403, is_query ? "InvalidClientTokenId" : "UnrecognizedClientException"};
    case Family::kExpiredToken: return {403, is_query ? "ExpiredToken" : "ExpiredTokenException"};
  }
  return {403, "AccessDenied"};
}

}  // namespace

std::string_view to_string(SigV4Refusal reason) { return row_of(reason).name; }

std::string_view explain(SigV4Refusal reason) { return row_of(reason).explanation; }

SigV4Failure refuse(SigV4Refusal reason, std::string seen, std::string wanted) {
  return SigV4Failure{.reason = reason, .seen = std::move(seen), .wanted = std::move(wanted)};
}

AwsError to_aws_error(const SigV4Failure& failure, ErrorDialect dialect) {
  const Row& row = row_of(failure.reason);
  const auto [status, code] = code_for(row.family, dialect);
  std::string message = failure.message.empty() ? std::string(row.message) : failure.message;
  if (row.family == Family::kMissing) {
    message =
        dialect == ErrorDialect::kQuery ? "Request is missing Authentication Token" : "Missing Authentication Token";
  } else if (message.empty()) {
    message = kSignatureText;
  }
  const bool is_session = failure.reason == SigV4Refusal::kSessionTokenInvalid ||
                          failure.reason == SigV4Refusal::kSessionTokenMissing ||
                          failure.reason == SigV4Refusal::kSessionRoleGone;
  // JSON services leave out the full stop when the session token is at fault.
  if (dialect != ErrorDialect::kQuery && is_session && message.ends_with('.')) message.pop_back();
  if (dialect != ErrorDialect::kQuery && !failure.canonical_request.empty()) {
    message += fmt::format(
        "\n\nThe Canonical String for this request should have been\n'{}'\n\nThe String-to-Sign should have "
        "been\n'{}'\n",
        failure.canonical_request, failure.string_to_sign);
  }
  return AwsError{status, std::string(code), std::move(message)};
}

}  // namespace sluice::aws
