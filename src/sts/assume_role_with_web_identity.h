#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "aws/error.h"
#include "base/clock.h"
#include "diagnosis/explain_jwt.h"
#include "diagnosis/finding.h"
#include "iam/entities.h"
#include "oidc/jwk.h"
#include "oidc/jwt.h"
#include "oidc/verify.h"
#include "sts/session_token.h"

/// AssumeRoleWithWebIdentity as pure steps; looking things up and fetching keys is the caller's:
///
///   auto request = parse_request(parameters);                     // shape, role ARN, token structure
///   provider = catalog: provider of request->role.account_id whose issuer is request->token.claims().issuer
///   role     = catalog: role request->role.arn
///   keys     = the provider's keys, when there is a provider
///   auto exchange = decide(*request, {...});                      // everything else
///   if (!exchange && exchange.error().retry_with_new_keys) ...    // once, with keys fetched anew
///   auto credentials = issue_session(sealing_keys, exchange->claims);
///   body = assume_role_with_web_identity_result(*exchange, credentials);
///
/// Thread-safe throughout; no clock, no I/O.
namespace sluice::sts {

inline constexpr int64_t kDurationSecondsDefault = 3600;
inline constexpr int64_t kDurationSecondsMin = 900;
inline constexpr int64_t kDurationSecondsMax = 43200;

/// An answer that is not credentials: what the caller is told, and what the operator is.
struct ExchangeRefusal {
  aws::AwsError error;
  diagnosis::Finding finding;
  /// What the token claims, for the decision record; unproven, "" when the token was not readable.
  std::string issuer;
  std::string subject;
  /// Newer keys of the issuer may change the answer: fetch them once, if the provider's rate allows.
  bool retry_with_new_keys = false;
};

/// A role as a request names it; whether it exists is another question.
struct RoleReference {
  std::string arn;
  std::string account_id;
  std::string path;  ///< "/" or "/team/"
  std::string name;
};
/// arn:aws:iam::<account>:role/<path><name>; else 400 ValidationError "<value> is invalid".
std::expected<RoleReference, aws::AwsError> parse_role_arn(std::string_view arn);

struct WebIdentityRequest {
  RoleReference role;
  std::string session_name;
  int64_t duration_seconds = kDurationSecondsDefault;
  oidc::Jwt token;  ///< well-formed, unverified
};

/// Shape of all parameters (violations gathered, the token never echoed), then role ARN, ProviderId, what this
/// server does not offer (Policy, PolicyArns), then the token's structure: AWS's order.
std::expected<WebIdentityRequest, ExchangeRefusal> parse_request(const aws::Parameters& parameters);

/// The refusal of a token as the caller and the operator see it, for refusals the caller of these steps finds.
ExchangeRefusal refuse_token(const oidc::JwtRejection& rejection, const diagnosis::RegisteredIssuers& registered = {});

/// What decide() needs to know. Pointers may be null, and are not kept.
struct ExchangeFacts {
  const iam::OidcProvider* provider = nullptr;  ///< of the role's account, by exact issuer; null: none
  const iam::Role* role = nullptr;              ///< null: does not exist
  const oidc::KeySet* keys = nullptr;           ///< null: could not be had, for `keys_problem`
  diagnosis::Finding keys_problem;              ///< why, when keys is null and provider is not
  diagnosis::RegisteredIssuers registered;      ///< for near misses, when provider is null
  int64_t skew_seconds = oidc::kDefaultSkewSeconds;
  int64_t token_lifetime_seconds_max = oidc::kDefaultLifetimeSecondsMax;
  UnixSeconds now = 0;
  std::string source_ip;
  bool is_secure = false;
  std::string region;
};

/// A token that may have its session.
struct Exchange {
  oidc::VerifiedToken token;
  SessionClaims claims;
  std::string assumed_role_arn;  ///< arn:aws:sts::<account>:assumed-role/<role name>/<session name>
  std::string assumed_role_id;   ///< <role id>:<session name>
  int64_t packed_policy_percent = 0;
};

/// Provider, signature, time, audience, claims of AWS's own (roles, tags, source identity), trust policy,
/// MaxSessionDuration: in this order. A missing role and a trust policy that does not admit the token get one
/// answer; the finding tells them apart.
std::expected<Exchange, ExchangeRefusal> decide(const WebIdentityRequest& request, const ExchangeFacts& facts);

/// The Result element's content, in AWS's order: for aws::query_success.
std::string assume_role_with_web_identity_result(const Exchange& exchange, const SessionCredentials& credentials);

}  // namespace sluice::sts
