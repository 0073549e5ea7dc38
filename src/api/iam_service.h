#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "api/operation_plan.h"
#include "aws/error.h"
#include "base/log.h"
#include "catalog/catalog.h"
#include "http/form.h"

namespace sluice::api {

/// IAM's Query operations over the catalog. A call has two steps with the dispatcher's authorisation between them:
///
///   plan(action, form, account)    -> is it well formed, and which permissions does it need?
///   execute(plan, form, account)   -> do it; the content of <XResult>
///
/// Thread-safe. Calls block on the catalog: they belong on the compute pool.
class IamService {
 public:
  IamService(catalog::Catalog& catalog, Logger& logger) : catalog_(catalog), logger_(logger) {}

  /// Checks the form against IAM's API model and finds the resource. InvalidAction (to be sent in kFaultNamespace) for
  /// an action that is not offered or a Version that is not IAM's; MalformedInput, ValidationError, InvalidInput for
  /// the parameters. Whether the entity exists is not told: that comes after authorisation. `account_id` is the
  /// caller's.
  std::expected<OperationPlan, aws::AwsError> plan(std::string_view action, const http::Form& form,
                                                   std::string_view account_id) const;

  /// Carries out what was planned with the same form and account. XML for aws::query_success, "" for operations
  /// without a result. Errors are IAM's codes and texts; ConcurrentModification when the name meant another resource
  /// by the time of planning; 503 ServiceUnavailable when the catalog is the cause (logged).
  std::expected<std::string, aws::AwsError> execute(const OperationPlan& plan, const http::Form& form,
                                                    std::string_view account_id) const;

  /// Whether the action changes anything: such calls belong in the audit.
  static bool is_mutating(std::string_view action);

 private:
  catalog::Catalog& catalog_;
  Logger& logger_;
};

}  // namespace sluice::api
