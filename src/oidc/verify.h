#pragma once

#include <expected>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "oidc/jwk.h"
#include "oidc/jwt.h"
#include "oidc/jwt_refusal.h"

namespace sluice::oidc {

inline constexpr int64_t kDefaultSkewSeconds = 300;          ///< AWS's tolerance
inline constexpr int64_t kDefaultLifetimeSecondsMax = 86400;  ///< EKS's webhook asks for exactly that

/// What one provider's tokens must fulfil.
struct VerifyRules {
  std::string issuer;  ///< with scheme; compared byte for byte, a trailing slash counts
  std::vector<std::string> client_ids;  ///< accepted audiences, compared byte for byte
  int64_t skew_seconds = kDefaultSkewSeconds;  ///< tolerance on exp, iat and nbf, each way
  /// Largest exp - iat. AWS has no such rule; it keeps out the year-long default tokens of the API server.
  int64_t lifetime_seconds_max = kDefaultLifetimeSecondsMax;
};

/// A token that passed every rule: what it says is the issuer's word.
struct VerifiedToken {
  std::string issuer;
  std::string subject;
  std::string audience;                ///< azp, or the only aud: the key `<issuer>:aud`
  std::vector<std::string> audiences;  ///< aud as it came: the key `<issuer>:oaud`
  std::vector<std::string> authentication_methods;  ///< the key `<issuer>:amr`
  std::string email;                   ///< "" when absent: the key `<issuer>:email`
  UnixSeconds issued_at = 0;
  UnixSeconds expires_at = 0;
  std::string kid;                     ///< of the key that verified it
  std::string algorithm;
  std::string fingerprint;             ///< Jwt::fingerprint()
  JsonObject claims;                   ///< all of them
};

/// Asks, in this order: issuer, key and signature, time, audience. Pure: the same arguments give the same
/// answer. kKidUnknown and kKidMissing mean that newer keys may change the answer: fetch them once, if the
/// provider's rate allows, and ask again (may_retry_with_new_keys). Thread-safe.
std::expected<VerifiedToken, JwtRejection> verify(const Jwt& token, const KeySet& keys, const VerifyRules& rules,
                                                  UnixSeconds now);

/// True for refusals that a key rotation at the issuer explains.
bool may_retry_with_new_keys(JwtRefusal refusal);

}  // namespace sluice::oidc
