#include <algorithm>

#include <fmt/format.h>

#include "api/iam_handlers.h"
#include "aws/query_protocol.h"
#include "base/encoding.h"
#include "base/limits.h"
#include "catalog/builtin_policies.h"
#include "iam/policy.h"

namespace sluice::api::iam_handlers {
namespace {

enum class PolicyFields : uint8_t {
  kAll,
  kListed,  ///< without description and tags, as ListPolicies answers
};

void write_policy(aws::XmlWriter& xml, const iam::ManagedPolicy& policy, PolicyFields fields) {
  xml.element("PolicyName", std::string_view(policy.name));
  xml.element("PolicyId", std::string_view(policy.id));
  xml.element("Arn", std::string_view(policy.arn));
  xml.element("Path", std::string_view(policy.path));
  xml.element("DefaultVersionId", std::string_view(policy.default_version_id));
  xml.element("AttachmentCount", policy.attachment_count);
  xml.element("PermissionsBoundaryUsageCount", 0);
  xml.element("IsAttachable", true);
  if (fields == PolicyFields::kAll && !policy.description.empty())
    xml.element("Description", std::string_view(policy.description));
  xml.element("CreateDate", std::string_view(format_iso8601(policy.created_at)));
  xml.element("UpdateDate", std::string_view(format_iso8601(policy.updated_at)));
  if (fields == PolicyFields::kAll && !policy.tags.empty()) write_tags(xml, policy.tags);
}

std::string policy_result(const iam::ManagedPolicy& policy) {
  std::string out;
  aws::XmlWriter xml(out, aws::kResultDepth);
  xml.open("Policy");
  write_policy(xml, policy, PolicyFields::kAll);
  xml.close();
  return out;
}

void write_version_facts(aws::XmlWriter& xml, const iam::ManagedPolicy& policy,
                         const iam::ManagedPolicyVersion& version) {
  xml.element("VersionId", std::string_view(version.id));
  xml.element("IsDefaultVersion", version.id == policy.default_version_id);
  xml.element("CreateDate", std::string_view(format_iso8601(version.created_at)));
}

std::expected<catalog::PolicyPtr, aws::AwsError> existing_policy(const IamCall& call) {
  if (call.target.policy != nullptr) return call.target.policy;
  return iam_error(404, "NoSuchEntity", fmt::format("Policy {} was not found.", call.target.arn));
}

/// What ListPolicies chooses from: the account's own, Amazon's, or both.
std::expected<std::vector<iam::ManagedPolicy>, aws::AwsError> policies_of_scope(const IamCall& call,
                                                                                std::string_view scope) {
  std::vector<iam::ManagedPolicy> policies;
  if (scope != "AWS") {
    auto own = call.catalog.policies(call.account_id);
    if (!own) return catalog_error(call, own.error());
    policies = std::move(*own);
  }
  if (scope == "Local") return policies;
  for (const iam::ManagedPolicy& builtin : catalog::builtin_policies()) {
    auto counted = call.catalog.policy_by_arn(call.account_id, builtin.arn);
    if (!counted) return catalog_error(call, counted.error());
    policies.push_back(**counted);
  }
  return policies;
}

}  // namespace

IamResult create_policy(IamCall& call) {
  iam::ManagedPolicy draft;
  draft.account_id = call.account_id;
  draft.name = required_value(call.parameters, "PolicyName");
  draft.path = value_or(call.parameters, "Path", "/");
  draft.description = value_or(call.parameters, "Description", "");
  draft.tags = read_tags(call.parameters, "Tags");
  const std::string& document = required_value(call.parameters, "PolicyDocument");
  if (auto policy = iam::parse_policy(iam::PolicyKind::kIdentity, document); !policy)
    return std::unexpected(iam::malformed_policy(policy.error()));
  if (iam::policy_size(document) > limits::kManagedPolicyCharactersMax)
    return iam_error(409, "LimitExceeded",
                     fmt::format("Cannot exceed quota for PolicySize: {}", limits::kManagedPolicyCharactersMax));
  if (auto error = check_tags(draft.tags, TagKeys::kIgnoreCase)) return std::unexpected(*error);
  draft.versions.push_back({.id = "", .document = document});
  auto created = call.catalog.create_policy(std::move(draft));
  if (!created) return catalog_error(call, created.error());
  return policy_result(*created);
}

IamResult get_policy(IamCall& call) {
  SLUICE_ASSIGN(const catalog::PolicyPtr policy, existing_policy(call));
  return policy_result(*policy);
}

IamResult delete_policy(IamCall& call) {
  SLUICE_ASSIGN(const catalog::PolicyPtr policy, existing_policy(call));
  if (catalog::find_builtin_policy(policy->arn) != nullptr)
    return iam_error(403, "AccessDenied", "AWS managed policies cannot be deleted.");
  auto deleted = call.catalog.delete_policy(policy->arn);
  if (!deleted) return catalog_error(call, deleted.error());
  return "";
}

IamResult list_policies(IamCall& call) {
  SLUICE_ASSIGN(std::vector<iam::ManagedPolicy> policies,
                policies_of_scope(call, value_or(call.parameters, "Scope", "All")));
  const std::string prefix = value_or(call.parameters, "PathPrefix", "/");
  const bool only_attached = ascii_iequals(value_or(call.parameters, "OnlyAttached", "false"), "true");
  // No policy is anybody's boundary here, so that filter leaves nothing.
  const bool only_boundaries = value_or(call.parameters, "PolicyUsageFilter", "") == "PermissionsBoundary";
  std::erase_if(policies, [&](const iam::ManagedPolicy& policy) {
    return only_boundaries || !policy.path.starts_with(prefix) || (only_attached && policy.attachment_count == 0);
  });
  SLUICE_ASSIGN(const Page page, page_of(call.parameters, policies.size(),
                                         [&](size_t i) -> std::string_view { return policies[i].arn; }));
  std::string out;
  aws::XmlWriter xml(out, aws::kResultDepth);
  xml.open("Policies");
  for (size_t i = page.begin; i < page.end; ++i) {
    xml.open("member");
    write_policy(xml, policies[i], PolicyFields::kListed);
    xml.close();
  }
  xml.close();
  write_page(xml, page);
  return out;
}

IamResult get_policy_version(IamCall& call) {
  SLUICE_ASSIGN(const catalog::PolicyPtr policy, existing_policy(call));
  const std::string& id = required_value(call.parameters, "VersionId");
  const auto version = std::ranges::find(policy->versions, id, &iam::ManagedPolicyVersion::id);
  if (version == policy->versions.end())
    return iam_error(404, "NoSuchEntity",
                     fmt::format("Policy {} version {} does not exist or is not attachable.", policy->arn, id));
  std::string out;
  aws::XmlWriter xml(out, aws::kResultDepth);
  xml.open("PolicyVersion");
  xml.element("Document", std::string_view(encoded_document(version->document)));
  write_version_facts(xml, *policy, *version);
  xml.close();
  return out;
}

IamResult list_policy_versions(IamCall& call) {
  SLUICE_ASSIGN(const catalog::PolicyPtr policy, existing_policy(call));
  const auto& versions = policy->versions;
  SLUICE_ASSIGN(const Page page, page_of(call.parameters, versions.size(),
                                         [&](size_t i) -> std::string_view { return versions[i].id; }));
  std::string out;
  aws::XmlWriter xml(out, aws::kResultDepth);
  xml.open("Versions");
  for (size_t i = page.begin; i < page.end; ++i) {
    xml.open("member");
    write_version_facts(xml, *policy, versions[i]);
    xml.close();
  }
  xml.close();
  write_page(xml, page);
  return out;
}

}  // namespace sluice::api::iam_handlers
