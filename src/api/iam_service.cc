#include "api/iam_service.h"

#include <fmt/format.h>

#include "api/iam_operations.h"
#include "aws/query_protocol.h"

namespace sluice::api {
namespace {

void add_tag_keys(OperationPlan& plan, const aws::Parameters& parameters) {
  const iam::Tags tags = read_tags(parameters, "Tags");
  std::vector<std::string> keys = read_strings(parameters, "TagKeys");
  for (const auto& [key, value] : tags) {
    plan.context_keys.set("aws:RequestTag/" + key, value);
    keys.push_back(key);
  }
  if (!keys.empty()) plan.context_keys.set_list("aws:TagKeys", std::move(keys));
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
  add_tag_keys(plan, parameters);
  add_resource_keys(plan, target);
  if (!operation->tag_action.empty() && !read_tags(parameters, "Tags").empty())
    plan.permissions.push_back({std::string(operation->tag_action), target.arn});
  if (operation->resource == IamResource::kRole)
    if (const std::string* arn = aws::find_parameter(parameters, "PolicyArn"))
      plan.context_keys.set("iam:PolicyARN", *arn);
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
