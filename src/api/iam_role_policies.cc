#include <algorithm>

#include <fmt/format.h>

#include "api/iam_handlers.h"
#include "aws/arn.h"
#include "aws/query_protocol.h"
#include "iam/policy.h"

namespace sluice::api::iam_handlers {
namespace {

std::unexpected<aws::AwsError> no_inline_policy(std::string_view name) {
  return iam_error(404, "NoSuchEntity", fmt::format("The role policy with name {} cannot be found.", name));
}

/// InvalidInput unless PolicyArn has the form of a managed policy's.
std::optional<aws::AwsError> check_policy_arn(const std::string& arn) {
  auto parsed = aws::Arn::parse(arn);
  if (parsed && parsed->service == "iam" && parsed->resource_type() == "policy") return std::nullopt;
  return iam_error(400, "InvalidInput", fmt::format("ARN {} is not valid.", arn)).error();
}

}  // namespace

IamResult put_role_policy(IamCall& call) {
  SLUICE_ASSIGN(const catalog::RolePtr role, existing_role(call));
  const std::string& document = required_value(call.parameters, "PolicyDocument");
  if (auto policy = iam::parse_policy(iam::PolicyKind::kIdentity, document); !policy)
    return std::unexpected(iam::malformed_policy(policy.error()));
  auto put = call.catalog.put_inline_policy(role->role.id, {required_value(call.parameters, "PolicyName"), document});
  if (!put) return catalog_error(call, put.error());
  return "";
}

IamResult get_role_policy(IamCall& call) {
  SLUICE_ASSIGN(const catalog::RolePtr role, existing_role(call));
  const std::string& name = required_value(call.parameters, "PolicyName");
  const auto found = std::ranges::find(role->inline_policies, name, &iam::InlinePolicy::name);
  if (found == role->inline_policies.end()) return no_inline_policy(name);
  std::string out;
  aws::XmlWriter xml(out, aws::kResultDepth);
  xml.element("RoleName", std::string_view(role->role.name));
  xml.element("PolicyName", std::string_view(found->name));
  xml.element("PolicyDocument", std::string_view(encoded_document(found->document)));
  return out;
}

IamResult delete_role_policy(IamCall& call) {
  SLUICE_ASSIGN(const catalog::RolePtr role, existing_role(call));
  const std::string& name = required_value(call.parameters, "PolicyName");
  auto deleted = call.catalog.delete_inline_policy(role->role.id, name);
  if (!deleted && deleted.error().code == ErrorCode::kNotFound) return no_inline_policy(name);
  if (!deleted) return catalog_error(call, deleted.error());
  return "";
}

IamResult list_role_policies(IamCall& call) {
  SLUICE_ASSIGN(const catalog::RolePtr role, existing_role(call));
  const auto& policies = role->inline_policies;
  SLUICE_ASSIGN(const Page page, page_of(call.parameters, policies.size(),
                                         [&](size_t i) -> std::string_view { return policies[i].name; }));
  std::vector<std::string> names;
  for (size_t i = page.begin; i < page.end; ++i) names.push_back(policies[i].name);
  std::string out;
  aws::XmlWriter xml(out, aws::kResultDepth);
  xml.string_list("PolicyNames", names);
  write_page(xml, page);
  return out;
}

IamResult attach_role_policy(IamCall& call) {
  const std::string& arn = required_value(call.parameters, "PolicyArn");
  if (auto error = check_policy_arn(arn)) return std::unexpected(*error);
  SLUICE_ASSIGN(const catalog::RolePtr role, existing_role(call));
  auto attached = call.catalog.attach_policy(role->role.id, arn);
  if (!attached) return catalog_error(call, attached.error());
  return "";
}

IamResult detach_role_policy(IamCall& call) {
  const std::string& arn = required_value(call.parameters, "PolicyArn");
  if (auto error = check_policy_arn(arn)) return std::unexpected(*error);
  SLUICE_ASSIGN(const catalog::RolePtr role, existing_role(call));
  auto detached = call.catalog.detach_policy(role->role.id, arn);
  if (!detached) return catalog_error(call, detached.error());
  return "";
}

IamResult list_attached_role_policies(IamCall& call) {
  SLUICE_ASSIGN(const catalog::RolePtr role, existing_role(call));
  const std::string prefix = value_or(call.parameters, "PathPrefix", "/");
  std::vector<const catalog::AttachedPolicy*> policies;
  for (const catalog::AttachedPolicy& policy : role->attached_policies)
    if (policy.path.starts_with(prefix)) policies.push_back(&policy);
  SLUICE_ASSIGN(const Page page, page_of(call.parameters, policies.size(),
                                         [&](size_t i) -> std::string_view { return policies[i]->arn; }));
  std::string out;
  aws::XmlWriter xml(out, aws::kResultDepth);
  xml.open("AttachedPolicies");
  for (size_t i = page.begin; i < page.end; ++i) {
    xml.open("member");
    xml.element("PolicyName", std::string_view(policies[i]->name));
    xml.element("PolicyArn", std::string_view(policies[i]->arn));
    xml.close();
  }
  xml.close();
  write_page(xml, page);
  return out;
}

}  // namespace sluice::api::iam_handlers
