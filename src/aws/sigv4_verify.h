#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "aws/request_view.h"
#include "aws/signing_key_cache.h"
#include "aws/sigv4_canonical.h"
#include "aws/sigv4_refusal.h"
#include "base/clock.h"
#include "base/secret.h"

/// Verification in three steps, each of which needs the one before:
///
///   auto parsed = parse_authorization(request);                  // syntax: says who claims to call, and which service
///   auto checked = check_claims(*parsed, request, policy);       // time window, host, algorithm, scope
///   Secret secret = ...look up checked->access_key_id(), unseal checked->session_token()...
///   auto verified = verify_signature(*checked, secret, request, policy, cache);
///
/// The caller adds its own refusals in between (refuse(kUnknownAccessKey) and the session reasons), and calls
/// spend_verification() there, so that an unknown key takes as long as a wrong signature.
/// Nothing here blocks, reads a clock or keeps state but the cache; all of it is thread-safe.
namespace sluice::aws {

/// The Authorization header, split and bounded; nothing in it is proven. Copies what it needs.
struct ParsedAuthorization {
  std::string algorithm;
  std::string credential;  ///< whole Credential value
  std::vector<std::string> credential_parts;  ///< its parts between slashes; five when the shape is right
  std::vector<std::string> signed_headers;  ///< lower case, in the order given
  std::string signature;  ///< as sent: hex, if the client is honest
  std::string amz_date;  ///< ISO 8601 basic form
  UnixSeconds signed_at = 0;
  std::string session_token;  ///< X-Amz-Security-Token, signed or not; "" when absent. A bearer secret.

  /// The service the scope names, for routing before anything is checked; "" when the shape is wrong.
  std::string_view claimed_service() const;
  std::string_view claimed_access_key_id() const;
};

/// Refuses kBothHeaderAndQuery up to kBadDate. Bounds: kAuthorizationBytesMax, kSignedHeadersMax,
/// kSessionTokenBytesMax.
std::expected<ParsedAuthorization, SigV4Failure> parse_authorization(const RequestView& request);

/// What this server accepts from requests to one service.
struct VerificationPolicy {
  UnixSeconds now = 0;
  std::string service;  ///< "sts", "iam", "aps"
  std::vector<std::string> regions;  ///< accepted in the scope, the server's own first
  std::chrono::seconds window{300};  ///< tolerated skew either way
  bool allow_unsigned_payload = false;  ///< never for sts and iam
  /// Host values under which proxies are known to be reached; tried when the received Host does not verify. Only
  /// the first kAlternativeHostsMax count.
  std::vector<std::string> public_hosts;
};

class CheckedAuthorization;

/// Refuses kExpired up to kScopeDate. Scope faults are reported together, as AWS does; `reason` is the first.
std::expected<CheckedAuthorization, SigV4Failure> check_claims(const ParsedAuthorization& parsed,
                                                               const RequestView& request,
                                                               const VerificationPolicy& policy);

/// An authorization whose claims hold; only its signature is still open. Made by check_claims alone.
class CheckedAuthorization {
 public:
  const std::string& access_key_id() const { return access_key_id_; }
  const std::string& session_token() const { return parsed_.session_token; }
  const CredentialScope& scope() const { return scope_; }
  const ParsedAuthorization& parsed() const { return parsed_; }

 private:
  friend std::expected<CheckedAuthorization, SigV4Failure> check_claims(const ParsedAuthorization&, const RequestView&,
                                                                        const VerificationPolicy&);
  CheckedAuthorization() = default;

  ParsedAuthorization parsed_;
  std::string access_key_id_;
  CredentialScope scope_;
};

/// How a signature was found right: anything but the first form is worth a debug line and a hint to the client's owner.
struct Verified {
  PathForm path_form = PathForm::kNormalizedTwice;
  std::string host;  ///< the value that was signed
};

/// Refuses kStreamingPayload up to kSignatureMismatch. The body's hash is always recomputed. At most
/// kSignatureAlternativesMax forms of the request are tried, each compared in constant time.
std::expected<Verified, SigV4Failure> verify_signature(const CheckedAuthorization& checked, const Secret& secret,
                                                       const RequestView& request, const VerificationPolicy& policy,
                                                       SigningKeyCache& cache);

/// Does the work of a verification against a secret nobody has.
void spend_verification(const CheckedAuthorization& checked, const RequestView& request);

}  // namespace sluice::aws
