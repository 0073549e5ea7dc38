#include "api/iam_operations.h"

#include <array>

#include <fmt/format.h>

#include "api/iam_handlers.h"
#include "api/iam_issuer_url.h"
#include "aws/arn.h"
#include "base/limits.h"

namespace sluice::api {
namespace {

using aws::ParameterRule;
namespace patterns = aws::patterns;
namespace handlers = iam_handlers;

// Rules, named after the parameter; those of one name and two rules are named after the operation too.
constexpr ParameterRule kUrl = {.name = "Url", .required = true, .length_min = 1, .length_max = 255};
constexpr ParameterRule kProviderArn = {
    .name = "OpenIDConnectProviderArn", .required = true, .length_min = 20, .length_max = 2048};
constexpr ParameterRule kClientId = {.name = "ClientID", .required = true, .length_min = 1, .length_max = 255};
constexpr ParameterRule kRoleName = {
    .name = "RoleName", .required = true, .length_min = 1, .length_max = 64, .pattern = &patterns::kNameCharacters};
constexpr ParameterRule kRolePath = {.name = "Path", .length_min = 1, .length_max = 512, .pattern = &patterns::kPath};
constexpr ParameterRule kTrustDocument = {.name = "AssumeRolePolicyDocument",
                                          .required = true,
                                          .length_min = 1,
                                          .length_max = 131'072,
                                          .pattern = &patterns::kPolicyDocument};
constexpr ParameterRule kRoleDescription = {
    .name = "Description", .length_max = 1000, .pattern = &patterns::kRoleDescription};
constexpr ParameterRule kMaxSessionDuration = {
    .name = "MaxSessionDuration", .type = ParameterRule::Type::kInteger, .value_min = 3600, .value_max = 43'200};
constexpr ParameterRule kPermissionsBoundary = {.name = "PermissionsBoundary", .length_min = 20, .length_max = 2048};
constexpr ParameterRule kPathPrefix = {
    .name = "PathPrefix", .length_min = 1, .length_max = 512, .pattern = &patterns::kPathPrefix};
constexpr ParameterRule kPolicyName = {
    .name = "PolicyName", .required = true, .length_min = 1, .length_max = 128, .pattern = &patterns::kNameCharacters};
constexpr ParameterRule kPolicyDocument = {.name = "PolicyDocument",
                                           .required = true,
                                           .length_min = 1,
                                           .length_max = 131'072,
                                           .pattern = &patterns::kPolicyDocument};
constexpr ParameterRule kPolicyPath = {
    .name = "Path", .length_min = 1, .length_max = 512, .pattern = &patterns::kPolicyPath};
constexpr ParameterRule kPolicyPathPrefix = {
    .name = "PathPrefix", .length_min = 1, .length_max = 512, .pattern = &patterns::kPolicyPath};
constexpr ParameterRule kPolicyDescription = {.name = "Description", .length_max = 1000};
constexpr ParameterRule kPolicyArn = {.name = "PolicyArn", .required = true, .length_min = 20, .length_max = 2048};
constexpr ParameterRule kVersionId = {.name = "VersionId", .required = true, .pattern = &patterns::kVersionId};
constexpr std::array<std::string_view, 3> kScopes = {"All", "AWS", "Local"};
constexpr ParameterRule kScope = {.name = "Scope", .allowed = kScopes};
constexpr ParameterRule kOnlyAttached = {.name = "OnlyAttached", .type = ParameterRule::Type::kBoolean};
constexpr std::array<std::string_view, 2> kUsages = {"PermissionsPolicy", "PermissionsBoundary"};
constexpr ParameterRule kPolicyUsage = {.name = "PolicyUsageFilter", .allowed = kUsages};
constexpr ParameterRule kMarker = {.name = "Marker", .length_min = 1, .length_max = 320, .pattern = &patterns::kMarker};
constexpr ParameterRule kMaxItems = {
    .name = "MaxItems", .type = ParameterRule::Type::kInteger, .value_min = 1, .value_max = 1000};

constexpr std::array<ParameterRule, 0> kNone = {};
constexpr std::array kUrlOnly = {kUrl};
constexpr std::array kProviderOnly = {kProviderArn};
constexpr std::array kProviderPaged = {kProviderArn, kMarker, kMaxItems};
constexpr std::array kProviderAndClient = {kProviderArn, kClientId};
constexpr std::array kRoleOnly = {kRoleName};
constexpr std::array kRolePaged = {kRoleName, kMarker, kMaxItems};
constexpr std::array kCreateRole = {kRolePath,        kRoleName,           kTrustDocument,
                                    kRoleDescription, kMaxSessionDuration, kPermissionsBoundary};
constexpr std::array kListRoles = {kPathPrefix, kMarker, kMaxItems};
constexpr std::array kRoleAndDocument = {kRoleName, kPolicyDocument};
constexpr std::array kInlinePolicy = {kRoleName, kPolicyName};
constexpr std::array kPutRolePolicy = {kRoleName, kPolicyName, kPolicyDocument};
constexpr std::array kRoleAndPolicyArn = {kRoleName, kPolicyArn};
constexpr std::array kListAttached = {kRoleName, kPolicyPathPrefix, kMarker, kMaxItems};
constexpr std::array kCreatePolicy = {kPolicyName, kPolicyPath, kPolicyDocument, kPolicyDescription};
constexpr std::array kPolicyOnly = {kPolicyArn};
constexpr std::array kPolicyPaged = {kPolicyArn, kMarker, kMaxItems};
constexpr std::array kPolicyVersion = {kPolicyArn, kVersionId};
constexpr std::array kListPolicies = {kScope, kOnlyAttached, kPolicyPathPrefix, kPolicyUsage, kMarker, kMaxItems};

constexpr size_t kTagsMax = limits::kTagsPerResourceMax;
constexpr ParameterRule kClientIdMember = {.name = "member", .length_min = 1, .length_max = 255};
constexpr ParameterRule kThumbprintMember = {.name = "member", .length_min = 40, .length_max = 40};
constexpr ParameterRule kTagKeyMember = {
    .name = "member", .length_min = 1, .length_max = 128, .pattern = &patterns::kTagKey};
constexpr ListRule kThumbprints = {.name = "ThumbprintList", .member = kThumbprintMember};
constexpr std::array<ListRule, 0> kNoLists = {};
constexpr std::array kTags = {ListRule{.name = "Tags", .of = ListRule::Of::kTags, .members_max = kTagsMax}};
constexpr std::array kTagsRequired = {
    ListRule{.name = "Tags", .of = ListRule::Of::kTags, .required = true, .members_max = kTagsMax}};
constexpr std::array kTagKeysRequired = {
    ListRule{.name = "TagKeys", .required = true, .members_max = kTagsMax, .member = kTagKeyMember}};
constexpr std::array kCreateProviderLists = {ListRule{.name = "ClientIDList", .member = kClientIdMember}, kThumbprints,
                                             kTags.front()};
constexpr std::array kThumbprintsRequired = {
    ListRule{.name = "ThumbprintList", .required = true, .member = kThumbprintMember}};

constexpr bool kReads = false;
constexpr bool kChanges = true;

using enum IamResource;

constexpr std::array kOperations = {
    IamOperation{"CreateOpenIDConnectProvider", kUrlOnly, kCreateProviderLists, kNewProvider, kChanges,
                 handlers::create_provider, "iam:TagOpenIDConnectProvider"},
    IamOperation{"GetOpenIDConnectProvider", kProviderOnly, kNoLists, kProvider, kReads, handlers::get_provider},
    IamOperation{"DeleteOpenIDConnectProvider", kProviderOnly, kNoLists, kProvider, kChanges,
                 handlers::delete_provider},
    IamOperation{"ListOpenIDConnectProviders", kNone, kNoLists, kProviderList, kReads, handlers::list_providers},
    IamOperation{"AddClientIDToOpenIDConnectProvider", kProviderAndClient, kNoLists, kProvider, kChanges,
                 handlers::add_client_id},
    IamOperation{"RemoveClientIDFromOpenIDConnectProvider", kProviderAndClient, kNoLists, kProvider, kChanges,
                 handlers::remove_client_id},
    IamOperation{"UpdateOpenIDConnectProviderThumbprint", kProviderOnly, kThumbprintsRequired, kProvider, kChanges,
                 handlers::update_thumbprints},
    IamOperation{"TagOpenIDConnectProvider", kProviderOnly, kTagsRequired, kProvider, kChanges, handlers::tag_provider},
    IamOperation{"UntagOpenIDConnectProvider", kProviderOnly, kTagKeysRequired, kProvider, kChanges,
                 handlers::untag_provider},
    IamOperation{"ListOpenIDConnectProviderTags", kProviderPaged, kNoLists, kProvider, kReads,
                 handlers::list_provider_tags},

    IamOperation{"CreateRole", kCreateRole, kTags, kNewRole, kChanges, handlers::create_role, "iam:TagRole"},
    IamOperation{"GetRole", kRoleOnly, kNoLists, kRole, kReads, handlers::get_role},
    IamOperation{"DeleteRole", kRoleOnly, kNoLists, kRole, kChanges, handlers::delete_role},
    IamOperation{"ListRoles", kListRoles, kNoLists, kRoleList, kReads, handlers::list_roles},
    IamOperation{"UpdateAssumeRolePolicy", kRoleAndDocument, kNoLists, kRole, kChanges,
                 handlers::update_assume_role_policy},
    IamOperation{"TagRole", kRoleOnly, kTagsRequired, kRole, kChanges, handlers::tag_role},
    IamOperation{"UntagRole", kRoleOnly, kTagKeysRequired, kRole, kChanges, handlers::untag_role},
    IamOperation{"ListRoleTags", kRolePaged, kNoLists, kRole, kReads, handlers::list_role_tags},
    IamOperation{"ListInstanceProfilesForRole", kRolePaged, kNoLists, kRole, kReads,
                 handlers::list_instance_profiles_for_role},

    IamOperation{"PutRolePolicy", kPutRolePolicy, kNoLists, kRole, kChanges, handlers::put_role_policy},
    IamOperation{"GetRolePolicy", kInlinePolicy, kNoLists, kRole, kReads, handlers::get_role_policy},
    IamOperation{"DeleteRolePolicy", kInlinePolicy, kNoLists, kRole, kChanges, handlers::delete_role_policy},
    IamOperation{"ListRolePolicies", kRolePaged, kNoLists, kRole, kReads, handlers::list_role_policies},
    IamOperation{"AttachRolePolicy", kRoleAndPolicyArn, kNoLists, kRole, kChanges, handlers::attach_role_policy},
    IamOperation{"DetachRolePolicy", kRoleAndPolicyArn, kNoLists, kRole, kChanges, handlers::detach_role_policy},
    IamOperation{"ListAttachedRolePolicies", kListAttached, kNoLists, kRole, kReads,
                 handlers::list_attached_role_policies},

    IamOperation{"CreatePolicy", kCreatePolicy, kTags, kNewPolicy, kChanges, handlers::create_policy, "iam:TagPolicy"},
    IamOperation{"GetPolicy", kPolicyOnly, kNoLists, kPolicy, kReads, handlers::get_policy},
    IamOperation{"DeletePolicy", kPolicyOnly, kNoLists, kPolicy, kChanges, handlers::delete_policy},
    IamOperation{"ListPolicies", kListPolicies, kNoLists, kPolicyList, kReads, handlers::list_policies},
    IamOperation{"GetPolicyVersion", kPolicyVersion, kNoLists, kPolicy, kReads, handlers::get_policy_version},
    IamOperation{"ListPolicyVersions", kPolicyPaged, kNoLists, kPolicy, kReads, handlers::list_policy_versions},
};

/// nullptr for a missing entity; other failures of the catalog leave with their error.
template <class T>
std::expected<std::shared_ptr<const T>, aws::AwsError> if_exists(const IamCall& call,
                                                                 Result<std::shared_ptr<const T>> found) {
  if (found) return std::move(*found);
  if (found.error().code == ErrorCode::kNotFound) return nullptr;
  return catalog_error(call, found.error());
}

std::expected<IamTarget, aws::AwsError> resolve_provider(const IamCall& call) {
  const std::string& arn = required_value(call.parameters, kProviderArn.name);
  auto parsed = aws::Arn::parse(arn);
  if (!parsed || parsed->service != "iam" || parsed->resource_type() != "oidc-provider")
    return iam_error(400, "InvalidInput", fmt::format("Invalid ARN: {}", arn));
  SLUICE_ASSIGN(catalog::ProviderPtr provider, if_exists(call, call.catalog.provider_by_arn(arn)));
  // An entity of another account is as good as none.
  if (provider != nullptr && provider->account_id != call.account_id) provider = nullptr;
  return IamTarget{.arn = arn, .provider = std::move(provider)};
}

std::expected<IamTarget, aws::AwsError> resolve_role(const IamCall& call) {
  const std::string& name = required_value(call.parameters, kRoleName.name);
  SLUICE_ASSIGN(catalog::RolePtr role, if_exists(call, call.catalog.role_by_name(call.account_id, name)));
  // The stored ARN has the path and the case that policies name; the caller's spelling must not get around a Deny.
  std::string arn = role != nullptr ? role->role.arn : fmt::format("arn:aws:iam::{}:role/{}", call.account_id, name);
  return IamTarget{.arn = std::move(arn), .role = std::move(role)};
}

std::expected<IamTarget, aws::AwsError> resolve_policy(const IamCall& call) {
  const std::string& arn = required_value(call.parameters, kPolicyArn.name);
  auto parsed = aws::Arn::parse(arn);
  if (!parsed || parsed->service != "iam" || parsed->resource_type() != "policy")
    return iam_error(400, "InvalidInput", fmt::format("ARN {} is not valid.", arn));
  SLUICE_ASSIGN(catalog::PolicyPtr policy, if_exists(call, call.catalog.policy_by_arn(call.account_id, arn)));
  return IamTarget{.arn = arn, .policy = std::move(policy)};
}

}  // namespace

std::span<const IamOperation> iam_operations() { return kOperations; }

const IamOperation* find_iam_operation(std::string_view name) {
  for (const IamOperation& operation : kOperations)
    if (operation.name == name) return &operation;
  return nullptr;
}

std::expected<IamTarget, aws::AwsError> resolve(IamResource resource, const IamCall& call) {
  const auto arn = [&](std::string_view type, std::string_view rest) {
    return IamTarget{.arn = fmt::format("arn:aws:iam::{}:{}{}", call.account_id, type, rest)};
  };
  switch (resource) {
    case kNewProvider: {
      SLUICE_ASSIGN(const std::string url, provider_url(required_value(call.parameters, kUrl.name)));
      return arn("oidc-provider/", url);
    }
    case kProviderList: return arn("oidc-provider/", "*");
    case kNewRole:
      return arn("role", value_or(call.parameters, "Path", "/") + required_value(call.parameters, kRoleName.name));
    case kRoleList: return arn("role", value_or(call.parameters, "PathPrefix", "/"));
    case kNewPolicy:
      return arn("policy", value_or(call.parameters, "Path", "/") + required_value(call.parameters, kPolicyName.name));
    case kPolicyList: return arn("policy", value_or(call.parameters, "PathPrefix", "/"));
    case kProvider: return resolve_provider(call);
    case kRole: return resolve_role(call);
    case kPolicy: return resolve_policy(call);
  }
  return iam_error(500, "ServiceFailure", "unknown kind of resource");
}

std::unexpected<aws::AwsError> iam_error(int status, std::string_view code, std::string message) {
  return std::unexpected(aws::AwsError{status, std::string(code), std::move(message), status < 500, {}});
}

std::unexpected<aws::AwsError> catalog_error(const IamCall& call, const Error& error) {
  switch (error.code) {
    case ErrorCode::kNotFound: return iam_error(404, "NoSuchEntity", error.message);
    case ErrorCode::kAlreadyExists: return iam_error(409, "EntityAlreadyExists", error.message);
    case ErrorCode::kConflict: return iam_error(409, "DeleteConflict", error.message);
    case ErrorCode::kQuotaExceeded: return iam_error(409, "LimitExceeded", error.message);
    case ErrorCode::kInvalidArgument: return iam_error(400, "InvalidInput", error.message);
    default:
      call.logger.error("the catalog refused an IAM call", {{"code", to_string(error.code)}, {"error", error.message}});
      return iam_error(503, "ServiceUnavailable", "The request could not be carried out now. Try again.");
  }
}

}  // namespace sluice::api
