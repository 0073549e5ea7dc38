#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.h"
#include "base/log.h"
#include "base/result.h"
#include "base/thread_safety.h"
#include "catalog/catalog.h"
#include "iam/evaluator.h"
#include "model/queryable.h"

namespace sluice::api {

/// Answers "may this caller do that" from the catalog's policies, compiled once per role and catalog revision.
/// A change of a policy is seen by the next call. Thread-safe.
class Authorizer {
 public:
  Authorizer(catalog::Catalog& catalog, Logger& logger) : catalog_(catalog), logger_(logger) {}

  /// The decision for one action on one resource. A role that is gone decides nothing: kNotFound. A stored policy
  /// that does not parse any more refuses everything its role asks (kInternal), since it might have held a Deny.
  Result<iam::Decision> decide(const iam::Principal& caller, std::string_view action, std::string_view resource,
                               const iam::RequestContext& context);

  /// A role's trust policy, compiled.
  Result<std::shared_ptr<const iam::CompiledPolicy>> trust_policy(const catalog::RoleSnapshot& role);

 private:
  struct Compiled {
    uint64_t revision = 0;  ///< of the catalog, read before the role was
    iam::PolicySet policies;
  };
  Result<std::shared_ptr<const Compiled>> compiled(const std::string& role_id);
  Result<std::shared_ptr<const Compiled>> compile(const catalog::RoleSnapshot& role, uint64_t revision) const;

  catalog::Catalog& catalog_;
  Logger& logger_;
  Mutex mutex_;
  std::unordered_map<std::string, std::shared_ptr<const Compiled>> roles_ SLUICE_GUARDED_BY(mutex_);
};

/// The residual of a decision as storage and ingest ask it; empty when nothing is left to ask.
model::SeriesFilter series_filter(const iam::Decision& decision);

}  // namespace sluice::api
