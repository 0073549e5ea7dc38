#include "api/iam_service.h"

#include <algorithm>

#include <fmt/format.h>

#include "api/iam_operations.h"
#include "aws/query_protocol.h"

namespace sluice::api {
namespace {

/// Whether the operation has a parameter of that name. Others are ignored, as AWS does; no shape was checked for them,
/// and they must not bring condition keys.
bool takes(const IamOperation& operation, std::string_view name) {
  const auto is_called = [name](const auto& rule) { return rule.name == name; };
  return std::ranges::any_of(operation.scalars, is_called) || std::ranges::any_of(operation.lists, is_called);
}

/// What the request brings: aws:RequestTag/<key>, aws:TagKeys, iam:PolicyARN.
void add_request_keys(OperationPlan& plan, const IamOperation& operation, const aws::Parameters& parameters) {
  iam::Tags tags;
  if (takes(operation, "Tags")) tags = read_tags(parameters, "Tags");
  std::vector<std::string> keys;
  if (takes(operation, "TagKeys")) keys = read_strings(parameters, "TagKeys");
  for (const auto& [key, value] : tags) {
    plan.context_keys.set("aws:RequestTag/" + key, value);
    keys.push_back(key);
  }
  if (!keys.empty()) plan.context_keys.set_list("aws:TagKeys", std::move(keys));
  if (operation.resource != IamResource::kRole || !takes(operation, "PolicyArn")) return;
  plan.context_keys.set("iam:PolicyARN", required_value(parameters, "PolicyArn"));
}

void add_resource_keys(OperationPlan& plan, const IamTarget& target) {
  const iam::Tags* tags = target.role != nullptr       ? &target.role->role.tags
                          : target.provider != nullptr ? &target.provider->tags
                          : target.policy != nullptr   ? &target.policy->tags
                                                       : nullptr;
  if (tags == nullptr) return;
  for (const auto& [key, value] : *tags) {
    plan.context_keys.set("aws:ResourceTag/" + key, value);
    plan.context_keys.set("iam:ResourceTag/" + key, value);
  }
}

}  // namespace

bool IamService::is_mutating(std::string_view action) {
  const IamOperation* operation = find_iam_operation(action);
  return operation != nullptr && operation->is_mutating;
}

std::expected<OperationPlan, aws::AwsError> IamService::plan(std::string_view action, const http::Form& form,
                                                             std::string_view account_id) const {
  const aws::Parameters& parameters = form.parameters();
  const std::string version = value_or(parameters, "Version", "");
  const IamOperation* operation = find_iam_operation(action);
  if (operation == nullptr || version != aws::kIamVersion) return std::unexpected(aws::invalid_action(action, version));
  if (auto error = check_shape(operation->scalars, operation->lists, parameters)) return std::unexpected(*error);

  const IamCall call{catalog_, logger_, parameters, account_id, {}};
  SLUICE_ASSIGN(const IamTarget target, resolve(operation->resource, call));
  OperationPlan plan;
  plan.operation = operation->name;
  plan.permissions.push_back({fmt::format("iam:{}", operation->name), target.arn});
  add_request_keys(plan, *operation, parameters);
  add_resource_keys(plan, target);
  if (!operation->tag_action.empty() && !read_tags(parameters, "Tags").empty())
    plan.permissions.push_back({std::string(operation->tag_action), target.arn});
  return plan;
}

std::expected<std::string, aws::AwsError> IamService::execute(const OperationPlan& plan, const http::Form& form,
                                                              std::string_view account_id) const {
  const IamOperation* operation = find_iam_operation(plan.operation);
  if (operation == nullptr) return std::unexpected(aws::invalid_action(plan.operation, aws::kIamVersion));
  IamCall call{catalog_, logger_, form.parameters(), account_id, {}};
  SLUICE_ASSIGN(call.target, resolve(operation->resource, call));
  // Between planning and now the name may have come to mean another resource, which nobody has authorised.
  if (call.target.arn != plan.primary().resource_arn)
    return iam_error(409, "ConcurrentModification", "The resource was changed by another call. Try again.");
  return operation->execute(call);
}

}  // namespace sluice::api
