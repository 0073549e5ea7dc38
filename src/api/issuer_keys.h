#pragma once

#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/executor.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/thread_safety.h"
#include "diagnosis/finding.h"
#include "http/client.h"
#include "http/request.h"
#include "oidc/jwk.h"

namespace sluice::api {

/// What is known of an issuer's keys at one moment.
struct IssuerKeySet {
  std::shared_ptr<const oidc::KeySet> keys;  ///< null when there have never been any
  std::string failure;  ///< why the newest fetch failed, one line; "" when it did not
  std::optional<diagnosis::Finding> finding;  ///< the same as a rule, when the issuer's document was at fault
  bool is_stale = false;  ///< past their time, shown because the issuer cannot be reached
};

/// The signing keys of registered providers: pinned by configuration, or fetched from the issuer's discovery
/// document and kept.
///
/// Rules: keys are fetched only for registered providers, never for an issuer merely named in a token. They stay
/// fresh for the JWKS' max-age, at least a minute and at most an hour; past that they are fetched again, and shown
/// stale for up to a day while that fails. An unknown kid asks for one refetch, from a bucket per provider
/// (burst 3, then one in 30 s), which failed fetches draw on too: so neither a flood of odd tokens nor a dead
/// issuer makes many requests. At most one fetch per provider is in flight; others wait for it.
///
/// Thread-safe. `executor` resumes those who waited.
class IssuerKeys {
 public:
  IssuerKeys(http::DocumentFetcher& fetcher, Executor& executor, const Clock& clock, Logger& logger,
             MetricRegistry& metrics);
  ~IssuerKeys();

  /// Keys for an issuer that come from an administrator; nothing is ever fetched for it.
  void pin(std::string issuer, std::shared_ptr<const oidc::KeySet> keys);
  using PinnedKeys = std::unordered_map<std::string, std::shared_ptr<const oidc::KeySet>>;
  /// Puts these in place of everything pinned so far: an issuer that is no longer among them is fetched from again.
  void replace_pinned(PinnedKeys pinned);

  /// The provider's keys. `provider_id` is the record's id, so that a recreated provider starts anew.
  http::Task<IssuerKeySet> keys(std::string provider_id, std::string issuer);
  /// The same after a token named a kid that `seen` does not have: newer keys if there are, or can be had.
  http::Task<IssuerKeySet> newer_keys(std::string provider_id, std::string issuer,
                                      std::shared_ptr<const oidc::KeySet> seen);

 private:
  struct Provider;
  struct FetchFailure {
    std::string reason;
    std::optional<diagnosis::Finding> finding;
  };
  struct Fetched {
    std::shared_ptr<const oidc::KeySet> keys;
    int64_t max_age_s = 0;
  };

  std::shared_ptr<Provider> provider(const std::string& provider_id);
  std::shared_ptr<const oidc::KeySet> pinned(const std::string& issuer) const;
  /// Fetches if the bucket allows, or waits for the fetch in flight; then returns what is known.
  http::Task<IssuerKeySet> refresh(std::shared_ptr<Provider> provider, std::string issuer);
  http::Task<std::expected<Fetched, FetchFailure>> fetch(std::string issuer);

  http::DocumentFetcher& fetcher_;
  Executor& executor_;
  const Clock& clock_;
  Logger& logger_;
  Counter& fetches_ok_;
  Counter& fetches_failed_;
  mutable Mutex mutex_;
  std::unordered_map<std::string, std::shared_ptr<Provider>> providers_ SLUICE_GUARDED_BY(mutex_);
  PinnedKeys pinned_ SLUICE_GUARDED_BY(mutex_);
};

}  // namespace sluice::api
