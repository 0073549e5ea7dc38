#include <fmt/format.h>

#include "api/iam_handlers.h"
#include "aws/query_protocol.h"
#include "base/encoding.h"
#include "base/limits.h"
#include "iam/policy.h"

namespace sluice::api::iam_handlers {
namespace {

enum class RoleFields : uint8_t {
  kAll,
  kListed,  ///< without tags and last use, as ListRoles answers
};

void write_role(aws::XmlWriter& xml, const iam::Role& role, RoleFields fields) {
  xml.element("Path", std::string_view(role.path));
  xml.element("RoleName", std::string_view(role.name));
  xml.element("RoleId", std::string_view(role.id));
  xml.element("Arn", std::string_view(role.arn));
  xml.element("CreateDate", std::string_view(format_iso8601(role.created_at)));
  xml.element("AssumeRolePolicyDocument", std::string_view(encoded_document(role.trust_policy)));
  if (!role.description.empty()) xml.element("Description", std::string_view(role.description));
  xml.element("MaxSessionDuration", role.max_session_seconds);
  if (fields == RoleFields::kListed) return;
  if (!role.tags.empty()) write_tags(xml, role.tags);
  xml.empty_element("RoleLastUsed");
}

std::string role_result(const iam::Role& role) {
  std::string out;
  aws::XmlWriter xml(out, aws::kResultDepth);
  xml.open("Role");
  write_role(xml, role, RoleFields::kAll);
  xml.close();
  return out;
}

std::optional<aws::AwsError> check_trust_policy(const std::string& document) {
  if (auto policy = iam::parse_policy(iam::PolicyKind::kTrust, document); !policy)
    return iam::malformed_policy(policy.error());
  if (iam::policy_size(document) > limits::kTrustPolicyCharactersMax)
    return iam_error(409, "LimitExceeded",
                     fmt::format("Cannot exceed quota for ACLSizePerRole: {}", limits::kTrustPolicyCharactersMax))
        .error();
  return std::nullopt;
}

IamResult update(IamCall& call, const std::function<Result<void>(iam::Role&)>& change) {
  SLUICE_ASSIGN(const catalog::RolePtr role, existing_role(call));
  auto updated = call.catalog.update_role(role->role.id, change);
  if (!updated) return catalog_error(call, updated.error());
  return "";
}

}  // namespace

std::expected<catalog::RolePtr, aws::AwsError> existing_role(const IamCall& call) {
  if (call.target.role != nullptr) return call.target.role;
  return iam_error(404, "NoSuchEntity",
                   fmt::format("The role with name {} cannot be found.", required_value(call.parameters, "RoleName")));
}

void write_tags(aws::XmlWriter& xml, const iam::Tags& tags, size_t begin, size_t end) {
  if (begin == end) return xml.empty_element("Tags");
  xml.open("Tags");
  for (size_t i = begin; i < end; ++i) {
    xml.open("member");
    xml.element("Key", std::string_view(tags[i].first));
    xml.element("Value", std::string_view(tags[i].second));
    xml.close();
  }
  xml.close();
}

IamResult tags_page(const IamCall& call, const iam::Tags& tags) {
  SLUICE_ASSIGN(const Page page,
                page_of(call.parameters, tags.size(), [&](size_t i) -> std::string_view { return tags[i].first; }));
  std::string out;
  aws::XmlWriter xml(out, aws::kResultDepth);
  write_tags(xml, tags, page.begin, page.end);
  write_page(xml, page);
  return out;
}

std::string encoded_document(std::string_view document) { return percent_encode(document); }

IamResult create_role(IamCall& call) {
  // Better refused than stored and ignored: a boundary that does not bind is a hole.
  if (aws::find_parameter(call.parameters, "PermissionsBoundary") != nullptr)
    return iam_error(400, "InvalidInput", "PermissionsBoundary is not offered by this server yet. Leave it out.");
  iam::Role draft;
  draft.account_id = call.account_id;
  draft.name = required_value(call.parameters, "RoleName");
  draft.path = value_or(call.parameters, "Path", "/");
  draft.description = value_or(call.parameters, "Description", "");
  draft.trust_policy = required_value(call.parameters, "AssumeRolePolicyDocument");
  draft.tags = read_tags(call.parameters, "Tags");
  if (const std::string* seconds = aws::find_parameter(call.parameters, "MaxSessionDuration"))
    draft.max_session_seconds = *aws::parse_integer(*seconds);
  if (auto error = check_trust_policy(draft.trust_policy)) return std::unexpected(*error);
  if (auto error = check_tags(draft.tags, TagKeys::kIgnoreCase)) return std::unexpected(*error);
  auto created = call.catalog.create_role(std::move(draft));
  if (!created) return catalog_error(call, created.error());
  return role_result(*created);
}

IamResult get_role(IamCall& call) {
  SLUICE_ASSIGN(const catalog::RolePtr role, existing_role(call));
  return role_result(role->role);
}

IamResult delete_role(IamCall& call) {
  SLUICE_ASSIGN(const catalog::RolePtr role, existing_role(call));
  auto deleted = call.catalog.delete_role(role->role.id);
  if (!deleted) return catalog_error(call, deleted.error());
  return "";
}

IamResult list_roles(IamCall& call) {
  auto roles = call.catalog.roles(call.account_id);
  if (!roles) return catalog_error(call, roles.error());
  const std::string prefix = value_or(call.parameters, "PathPrefix", "/");
  std::erase_if(*roles, [&](const iam::Role& role) { return !role.path.starts_with(prefix); });
  SLUICE_ASSIGN(const Page page, page_of(call.parameters, roles->size(),
                                         [&](size_t i) -> std::string_view { return (*roles)[i].name; }));
  std::string out;
  aws::XmlWriter xml(out, aws::kResultDepth);
  xml.open("Roles");
  for (size_t i = page.begin; i < page.end; ++i) {
    xml.open("member");
    write_role(xml, (*roles)[i], RoleFields::kListed);
    xml.close();
  }
  xml.close();
  write_page(xml, page);
  return out;
}

IamResult update_assume_role_policy(IamCall& call) {
  const std::string& document = required_value(call.parameters, "PolicyDocument");
  SLUICE_TRY(existing_role(call));
  if (auto error = check_trust_policy(document)) return std::unexpected(*error);
  return update(call, [&](iam::Role& role) -> Result<void> {
    role.trust_policy = document;
    return {};
  });
}

IamResult tag_role(IamCall& call) {
  const iam::Tags tags = read_tags(call.parameters, "Tags");
  if (auto error = check_tags(tags, TagKeys::kIgnoreCase)) return std::unexpected(*error);
  return update(call, [&](iam::Role& role) -> Result<void> {
    if (!merge_tags(role.tags, tags, TagKeys::kIgnoreCase))
      return fail(ErrorCode::kQuotaExceeded, "The number of tags has reached the maximum limit.");
    return {};
  });
}

IamResult untag_role(IamCall& call) {
  const auto keys = read_strings(call.parameters, "TagKeys");
  return update(call, [&](iam::Role& role) -> Result<void> {
    remove_tags(role.tags, keys, TagKeys::kIgnoreCase);
    return {};
  });
}

IamResult list_role_tags(IamCall& call) {
  SLUICE_ASSIGN(const catalog::RolePtr role, existing_role(call));
  return tags_page(call, role->role.tags);
}

IamResult list_instance_profiles_for_role(IamCall& call) {
  // There are no instances here; Terraform asks before it deletes a role and takes no error for an answer.
  SLUICE_TRY(existing_role(call));
  std::string out;
  aws::XmlWriter xml(out, aws::kResultDepth);
  xml.empty_element("InstanceProfiles");
  write_page(xml, Page{});
  return out;
}

}  // namespace sluice::api::iam_handlers
