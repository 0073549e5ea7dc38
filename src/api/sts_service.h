#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "api/authenticator.h"
#include "api/call.h"
#include "api/issuer_keys.h"
#include "api/refusal_recorder.h"
#include "aws/error.h"
#include "base/clock.h"
#include "base/thread_safety.h"
#include "catalog/catalog.h"
#include "diagnosis/explain_jwt.h"
#include "http/form.h"
#include "sts/sealing_keys.h"

namespace sluice::api {

/// AWS STS: AssumeRoleWithWebIdentity, the only unsigned action of the server, and GetCallerIdentity.
/// Thread-safe; handlers run on the compute pool.
class StsService {
 public:
  struct Options {
    std::string region;
    int64_t skew_seconds = 300;
  };
  StsService(catalog::Catalog& catalog, std::shared_ptr<const sts::SealingKeys> keys, IssuerKeys& issuer_keys,
             Authenticator& authenticator, RefusalRecorder& refusals, const Clock& clock, MetricRegistry& metrics,
             Options options);

  /// True for the actions below; others are the protocol's InvalidAction.
  static bool has_action(std::string_view action);
  /// `call` is filled in as far as the protocol goes (dialect, namespace, service, operation).
  http::Task<http::Response> handle(Call& call, const aws::Parameters& parameters);

  /// Tolerance on a token's times, for exchanges that begin from now on.
  void set_skew_seconds(int64_t seconds) { skew_seconds_.store(seconds, std::memory_order_relaxed); }

 private:
  http::Task<http::Response> assume_role_with_web_identity(Call& call, const aws::Parameters& parameters);
  http::Response get_caller_identity(Call& call);
  /// Issuers by account, read from the catalog once per revision: whoever sends odd tokens must not make it work.
  using IssuersByAccount = std::map<std::string, std::vector<std::string>>;
  Result<std::shared_ptr<const IssuersByAccount>> issuers_by_account();
  Result<diagnosis::RegisteredIssuers> registered_issuers(const std::string& account_id);

  catalog::Catalog& catalog_;
  std::shared_ptr<const sts::SealingKeys> keys_;
  IssuerKeys& issuer_keys_;
  Authenticator& authenticator_;
  RefusalRecorder& refusals_;
  const Clock& clock_;
  Counter& sessions_issued_;
  Options options_;
  std::atomic<int64_t> skew_seconds_;
  Mutex mutex_;
  uint64_t issuers_revision_ SLUICE_GUARDED_BY(mutex_) = 0;
  std::shared_ptr<const IssuersByAccount> issuers_ SLUICE_GUARDED_BY(mutex_);
};

}  // namespace sluice::api
