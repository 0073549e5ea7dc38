#pragma once

#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "api/call.h"
#include "aws/sigv4_verify.h"
#include "base/clock.h"
#include "base/thread_safety.h"
#include "catalog/catalog.h"
#include "sts/sealing_keys.h"
#include "sts/session_token.h"

namespace sluice::api {

/// What the purpose of a sealed access-key secret is called (sts::seal_secret).
inline constexpr std::string_view kAccessKeyPurpose = "access-key";

/// A proven caller, and the region it signed for.
struct Authenticated {
  iam::Principal principal;
  std::string region;
};

/// Proves who signed a request: parses Authorization, finds the secret (a long-lived key of the catalog, or the
/// session token that unseals itself), checks that the session's role and provider still exist, and compares
/// the signature. The order of the checks is AWS's (aws/sigv4_refusal.h). Thread-safe.
class Authenticator {
 public:
  struct Options {
    std::vector<std::string> regions;  ///< accepted in a credential scope, the server's own first
  };
  Authenticator(catalog::Catalog& catalog, std::shared_ptr<const sts::SealingKeys> keys, const Clock& clock,
                Options options)
      : catalog_(catalog), keys_(std::move(keys)), clock_(clock), options_(std::move(options)) {}

  /// Puts `regions` in place of Options::regions, for requests that come from now on.
  void set_regions(std::vector<std::string> regions) {
    MutexLock lock(mutex_);
    options_.regions = std::move(regions);
  }

  /// The proven caller of `call.request` for `call.service`, or the refusal in the call's dialect. Notes in `call` what
  /// was claimed, for the decision record.
  std::expected<Authenticated, Refusal> authenticate(Call& call);

 private:
  /// A caller whose secret is known and whose signature is still to be compared.
  struct Candidate {
    iam::Principal principal;
    Secret secret;
    std::optional<sts::SessionClaims> session;
  };
  std::expected<Candidate, Refusal> find_candidate(Call& call, const aws::CheckedAuthorization& checked);
  std::expected<Candidate, Refusal> find_session(Call& call, const aws::CheckedAuthorization& checked);
  std::expected<Candidate, Refusal> find_long_lived(const Call& call, const aws::CheckedAuthorization& checked);
  aws::VerificationPolicy policy_of(const std::string& service) const;

  catalog::Catalog& catalog_;
  std::shared_ptr<const sts::SealingKeys> keys_;
  const Clock& clock_;
  mutable Mutex mutex_;
  Options options_ SLUICE_GUARDED_BY(mutex_);
  aws::SigningKeyCache signing_keys_;
};

/// 503 for a look-up that failed on our side: not the caller's fault, worth a retry.
Refusal lookup_failed(const Error& error);

}  // namespace sluice::api
