#include "diagnosis/explain_policy.h"

#include <string>

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "iam/evaluator.h"
#include "iam/policy.h"

namespace sluice::diagnosis {
namespace {

using ::testing::HasSubstr;

constexpr std::string_view kRole = "arn:aws:iam::111122223333:role/prometheus";
constexpr std::string_view kPrefix = "oic.prod-aks.azure.com/t/g/";

iam::Principal web_identity() {
  iam::Principal caller;
  caller.kind = iam::PrincipalKind::kWebIdentity;
  caller.account_id = "111122223333";
  caller.provider_arn = fmt::format("arn:aws:iam::111122223333:oidc-provider/{}", kPrefix);
  caller.issuer_key_prefix = kPrefix;
  caller.subject = "system:serviceaccount:monitoring:prometheus";
  caller.audience = "sts.amazonaws.com";
  return caller;
}

/// A trust policy as the guides write it, with parts put in.
std::string trust(std::string_view condition,
                  std::string_view principal = "arn:aws:iam::111122223333:oidc-provider/oic.prod-aks.azure.com/t/g/",
                  std::string_view action = "sts:AssumeRoleWithWebIdentity", std::string_view effect = "Allow") {
  return fmt::format(
      R"({{"Version":"2012-10-17","Statement":[{{"Effect":"{}","Principal":{{"Federated":"{}"}},"Action":"{}","Condition":{}}}]}})",
      effect, principal, action, condition);
}

iam::Decision decide_trust(const std::string& document) {
  const auto policy = iam::parse_policy(iam::PolicyKind::kTrust, document);
  EXPECT_TRUE(policy) << policy.error().message;
  return iam::evaluate_trust(web_identity(), **policy, kRole, "sts:AssumeRoleWithWebIdentity",
                             iam::make_context(web_identity(), {.now = 1'789'124'000}));
}

struct Trust {
  std::string name;
  std::string document;
  std::string rule;
  std::string in_fix;
};
class TrustTest : public ::testing::TestWithParam<Trust> {};

TEST_P(TrustTest, IsExplained) {
  const iam::Decision decision = decide_trust(GetParam().document);
  ASSERT_FALSE(decision.is_allowed());
  const Finding finding = explain_trust(decision, web_identity());
  EXPECT_EQ(rule(finding.rule).name, GetParam().rule) << finding.seen << " | " << finding.wanted;
  EXPECT_THAT(finding.fix, HasSubstr(GetParam().in_fix));
}

INSTANTIATE_TEST_SUITE_P(
    ExplainPolicyTest, TrustTest,
    ::testing::Values(
        Trust{"Row_6_44_OtherProvider",
              trust("{}", "arn:aws:iam::111122223333:oidc-provider/oic.prod-aks.azure.com/t/old/"),
              "trust.principal-other-provider", "oidc-provider/oic.prod-aks.azure.com/t/g/\""},
        Trust{"Row_6_44_MissingSlash",
              trust("{}", "arn:aws:iam::111122223333:oidc-provider/oic.prod-aks.azure.com/t/g"),
              "trust.principal-trailing-slash", "t/g/\""},
        Trust{
            "Row_6_45_DoubleSlash",
            trust(
                R"({"StringEquals":{"oic.prod-aks.azure.com/t/g//:sub":"system:serviceaccount:monitoring:prometheus"}})"),
            "trust.key-prefix", "to oic.prod-aks.azure.com/t/g/:sub"},
        Trust{
            "Row_6_45_MissingSlash",
            trust(
                R"({"StringEquals":{"oic.prod-aks.azure.com/t/g:sub":"system:serviceaccount:monitoring:prometheus"}})"),
            "trust.key-prefix", "to oic.prod-aks.azure.com/t/g/:sub"},
        Trust{
            "Row_6_45_SchemeLeftIn",
            trust(
                R"({"StringEquals":{"https://oic.prod-aks.azure.com/t/g/:sub":"system:serviceaccount:monitoring:prometheus"}})"),
            "trust.key-prefix", "to oic.prod-aks.azure.com/t/g/:sub"},
        Trust{
            "Row_6_46_OtherServiceAccount",
            trust(R"({"StringEquals":{"oic.prod-aks.azure.com/t/g/:sub":"system:serviceaccount:monitoring:grafana"}})"),
            "trust.sub-mismatch", "put system:serviceaccount:monitoring:prometheus into"},
        Trust{"Row_6_46_PrefixForgotten",
              trust(R"({"StringEquals":{"oic.prod-aks.azure.com/t/g/:sub":"monitoring:prometheus"}})"),
              "trust.sub-mismatch", "monitoring:prometheus"},
        Trust{"Row_6_47_WildcardUnderStringEquals",
              trust(R"({"StringEquals":{"oic.prod-aks.azure.com/t/g/:sub":"system:serviceaccount:monitoring:*"}})"),
              "trust.wildcard-under-equals", "StringLike"},
        Trust{
            "Row_6_48_SubjectUnderAud",
            trust(
                R"({"StringEquals":{"oic.prod-aks.azure.com/t/g/:aud":"system:serviceaccount:monitoring:prometheus"}})"),
            "trust.value-under-wrong-key", "other key"},
        Trust{"Row_6_48_AudienceUnderSub",
              trust(R"({"StringEquals":{"oic.prod-aks.azure.com/t/g/:sub":"sts.amazonaws.com"}})"),
              "trust.value-under-wrong-key", "other key"},
        Trust{"Row_6_49_CustomClaim",
              trust(R"({"StringEquals":{"oic.prod-aks.azure.com/t/g/:namespace":"monitoring"}})"), "trust.unknown-key",
              "Drop the condition on oic.prod-aks.azure.com/t/g/:namespace"},
        Trust{"Row_6_50_AssumeRoleOnly",
              trust("{}", "arn:aws:iam::111122223333:oidc-provider/oic.prod-aks.azure.com/t/g/", "sts:AssumeRole"),
              "trust.action-missing", "sts:AssumeRoleWithWebIdentity"},
        Trust{"AudienceOfTheRole", trust(R"({"StringEquals":{"oic.prod-aks.azure.com/t/g/:aud":"vault"}})"),
              "trust.aud-mismatch",
              "Put sts.amazonaws.com into the trust policy's :aud condition; or, if vault is meant"},
        Trust{"ServiceCondition", trust(R"({"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}})"), "trust.condition-mismatch",
              "10.0.0.0/8"},
        Trust{"ExplicitDeny",
              trust("{}", "arn:aws:iam::111122223333:oidc-provider/oic.prod-aks.azure.com/t/g/",
                    "sts:AssumeRoleWithWebIdentity", "Deny"),
              "trust.explicit-deny", "Deny statement"}),
    [](const auto& info) { return info.param.name; });

TEST(ExplainPolicyTest, ListsEverySubjectTheRoleTrusts) {
  const auto statement = [](std::string_view account) {
    return fmt::format(
        R"({{"Effect":"Allow","Principal":{{"Federated":"{}"}},"Action":"sts:AssumeRoleWithWebIdentity",)"
        R"("Condition":{{"StringEquals":{{"{}:sub":"system:serviceaccount:monitoring:{}"}}}}}})",
        web_identity().provider_arn, kPrefix, account);
  };
  const Finding finding = explain_trust(decide_trust(fmt::format(R"({{"Version":"2012-10-17","Statement":[{},{}]}})",
                                                                 statement("one"), statement("two"))),
                                        web_identity());
  EXPECT_EQ(finding.rule, RuleId::kTrustSubMismatch);
  EXPECT_THAT(finding.wanted, HasSubstr("monitoring:one"));
  EXPECT_THAT(finding.wanted, HasSubstr("monitoring:two"));
}

// Permissions.

iam::Principal session() {
  iam::Principal caller;
  caller.kind = iam::PrincipalKind::kAssumedRole;
  caller.arn = "arn:aws:sts::111122223333:assumed-role/prometheus/x";
  caller.account_id = "111122223333";
  caller.role_arn = kRole;
  return caller;
}

constexpr std::string_view kWorkspace = "arn:aws:aps:us-east-1:111122223333:workspace/ws-1";

struct Permission {
  std::string name;
  std::string document;
  std::string resource;
  std::string rule;
  std::string in_fix;
};
class PermissionTest : public ::testing::TestWithParam<Permission> {};

TEST_P(PermissionTest, IsExplained) {
  iam::PolicySet policies;
  if (!GetParam().document.empty()) {
    const auto policy = iam::parse_policy(iam::PolicyKind::kIdentity, GetParam().document);
    ASSERT_TRUE(policy) << policy.error().message;
    policies.identity.push_back({iam::PolicySource::kIdentityInline, "write", *policy});
  }
  const iam::RequestContext context = iam::make_context(session(), {.now = 1'789'124'000, .source_ip = "192.0.2.1"});
  const iam::Decision decision = iam::evaluate(session(), policies, {"aps:RemoteWrite", GetParam().resource, context});
  ASSERT_FALSE(decision.is_allowed());
  const Finding finding = explain_denial(decision, session(), "aps:RemoteWrite", GetParam().resource);
  EXPECT_EQ(rule(finding.rule).name, GetParam().rule);
  EXPECT_THAT(finding.fix, HasSubstr(GetParam().in_fix));
}

std::string identity(std::string_view effect, std::string_view action, std::string_view resource,
                     std::string_view condition = "{}") {
  return fmt::format(
      R"({{"Version":"2012-10-17","Statement":[{{"Effect":"{}","Action":"{}","Resource":"{}","Condition":{}}}]}})",
      effect, action, resource, condition);
}

INSTANTIATE_TEST_SUITE_P(
    ExplainPolicyTest, PermissionTest,
    ::testing::Values(
        Permission{"Row_6_71_NoPolicy", "", std::string(kWorkspace), "policy.no-policies",
                   "aps:RemoteWrite on arn:aws:aps"},
        Permission{"Row_6_71_OtherWorkspace",
                   identity("Allow", "aps:RemoteWrite", "arn:aws:aps:us-east-1:111122223333:workspace/ws-2"),
                   std::string(kWorkspace), "policy.resource-mismatch", "workspace/ws-2"},
        Permission{"Row_6_71_OtherAccount", identity("Allow", "aps:RemoteWrite", "*"),
                   "arn:aws:aps:us-east-1:999922223333:workspace/ws-1", "policy.other-account", "999922223333"},
        Permission{"Row_6_72_QueryOnly", identity("Allow", "aps:QueryMetrics", "*"), std::string(kWorkspace),
                   "policy.action-missing", "Add aps:RemoteWrite"},
        Permission{"Row_6_73_ExplicitDeny", identity("Deny", "aps:*", "*"), std::string(kWorkspace),
                   "policy.explicit-deny", "no Allow overrides"},
        Permission{"Condition",
                   identity("Allow", "aps:RemoteWrite", "*", R"({"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}})"),
                   std::string(kWorkspace), "policy.condition-mismatch", "seen 192.0.2.1, wanted 10.0.0.0/8"}),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace sluice::diagnosis
