#include "catalog/builtin_policies.h"

#include <array>
#include <string>

namespace sluice::catalog {
namespace {

/// Amazon published them with the service, in December 2020; the date shows in ListPolicies and nowhere else.
constexpr UnixSeconds kPublishedAt = 1'608'054'600;

constexpr std::string_view kRemoteWrite =
    R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["aps:RemoteWrite"],"Resource":"*"}]})";

constexpr std::string_view kQuery =
    R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["aps:GetLabels","aps:GetMetricMetadata",)"
    R"("aps:GetSeries","aps:QueryMetrics"],"Resource":"*"}]})";

/// Amazon's also lets the scraper look at EKS and EC2, which are not here.
constexpr std::string_view kFull =
    R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["aps:*"],"Resource":"*"}]})";

/// Management alone: it neither writes nor reads samples.
constexpr std::string_view kConsole =
    R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["aps:CreateWorkspace","aps:DescribeWorkspace",)"
    R"("aps:UpdateWorkspaceAlias","aps:DeleteWorkspace","aps:ListWorkspaces","aps:DescribeAlertManagerDefinition",)"
    R"("aps:DescribeRuleGroupsNamespace","aps:CreateAlertManagerDefinition","aps:CreateRuleGroupsNamespace",)"
    R"("aps:DeleteAlertManagerDefinition","aps:DeleteRuleGroupsNamespace","aps:ListRuleGroupsNamespaces",)"
    R"("aps:PutAlertManagerDefinition","aps:PutRuleGroupsNamespace","aps:TagResource","aps:UntagResource",)"
    R"("aps:ListTagsForResource","aps:CreateLoggingConfiguration","aps:UpdateLoggingConfiguration",)"
    R"("aps:DeleteLoggingConfiguration","aps:DescribeLoggingConfiguration","aps:UpdateWorkspaceConfiguration",)"
    R"("aps:DescribeWorkspaceConfiguration","aps:CreateQueryLoggingConfiguration",)"
    R"("aps:UpdateQueryLoggingConfiguration","aps:DeleteQueryLoggingConfiguration",)"
    R"("aps:DescribeQueryLoggingConfiguration"],"Resource":"*"}]})";

iam::ManagedPolicy make(std::string_view name, std::string_view id, std::string_view document) {
  iam::ManagedPolicy policy;
  policy.arn = "arn:aws:iam::aws:policy/" + std::string(name);
  policy.id = id;
  policy.account_id = "aws";
  policy.name = name;
  policy.created_at = policy.updated_at = kPublishedAt;
  policy.versions.push_back({"v1", std::string(document), kPublishedAt});
  return policy;
}

}  // namespace

std::span<const iam::ManagedPolicy> builtin_policies() {
  static const std::array<iam::ManagedPolicy, 4> kPolicies = {
      make("AmazonPrometheusConsoleFullAccess", "ANPASLUICEBUILTINAMPCON", kConsole),
      make("AmazonPrometheusFullAccess", "ANPASLUICEBUILTINAMPALL", kFull),
      make("AmazonPrometheusQueryAccess", "ANPASLUICEBUILTINAMPQRY", kQuery),
      make("AmazonPrometheusRemoteWriteAccess", "ANPASLUICEBUILTINAMPWRT", kRemoteWrite),
  };
  return kPolicies;
}

const iam::ManagedPolicy* find_builtin_policy(std::string_view arn) {
  for (const iam::ManagedPolicy& policy : builtin_policies())
    if (policy.arn == arn) return &policy;
  return nullptr;
}

}  // namespace sluice::catalog
