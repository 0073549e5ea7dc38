#include "iam/evaluator.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "iam/fixtures.h"

namespace sluice::iam {
namespace {

using namespace testing;  // NOLINT: the fixtures of this folder
using ::testing::HasSubstr;
using enum Outcome;

const std::string kAllowWrite = R"({"Effect":"Allow","Action":"aps:RemoteWrite","Resource":"*"})";
const std::string kAllowAll = R"({"Effect":"Allow","Action":"*","Resource":"*"})";
const std::string kDenyWrite = R"({"Effect":"Deny","Action":"aps:RemoteWrite","Resource":"*"})";
const std::string kAllowOther = R"({"Effect":"Allow","Action":"aps:QueryMetrics","Resource":"*"})";

TEST(Evaluate43, IdentityPolicyTable) {
  struct Row {
    std::string name, statements;
    Outcome outcome;
  };
  const Row rows[] = {
      {"no statement of that action", kAllowOther, kImplicitDeny},
      {"allowed", kAllowWrite, kAllow},
      {"explicit deny after allow", kAllowWrite + "," + kDenyWrite, kExplicitDeny},
      {"explicit deny before allow", kDenyWrite + "," + kAllowWrite, kExplicitDeny},
      {"action without case", R"({"Effect":"Allow","Action":"APS:remotewrite","Resource":"*"})", kAllow},
      {"action wildcard", R"({"Effect":"Allow","Action":"aps:Remote*","Resource":"*"})", kAllow},
      {"action question mark", R"({"Effect":"Allow","Action":"aps:RemoteWrit?","Resource":"*"})", kAllow},
      {"service wildcard", R"({"Effect":"Allow","Action":"a*:*","Resource":"*"})", kAllow},
      {"NotAction of another action", R"({"Effect":"Allow","NotAction":"iam:*","Resource":"*"})", kAllow},
      {"NotAction of this action", R"({"Effect":"Allow","NotAction":["aps:Remote*","iam:*"],"Resource":"*"})",
       kImplicitDeny},
      {"resource exact",
       R"({"Effect":"Allow","Action":"*","Resource":"arn:aws:aps:eu-west-1:111122223333:workspace/ws-1"})", kAllow},
      {"resource of another workspace",
       R"({"Effect":"Allow","Action":"*","Resource":"arn:aws:aps:eu-west-1:111122223333:workspace/ws-2"})",
       kImplicitDeny},
      {"resource of another account",
       R"({"Effect":"Allow","Action":"*","Resource":"arn:aws:aps:eu-west-1:444455556666:workspace/ws-1"})",
       kImplicitDeny},
      {"resource with case",
       R"({"Effect":"Allow","Action":"*","Resource":"arn:aws:aps:eu-west-1:111122223333:workspace/WS-1"})",
       kImplicitDeny},
      {"NotResource of another", R"({"Effect":"Allow","Action":"*","NotResource":"arn:aws:aps:*:*:workspace/ws-2"})",
       kAllow},
      {"NotResource of this", R"({"Effect":"Allow","Action":"*","NotResource":"arn:aws:aps:*:*:workspace/*"})",
       kImplicitDeny},
      {"deny by NotResource",
       kAllowAll + R"(,{"Effect":"Deny","Action":"*","NotResource":"arn:aws:aps:*:*:workspace/ws-2"})", kExplicitDeny},
      {"condition holds",
       R"({"Effect":"Allow","Action":"*","Resource":"*","Condition":{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}})",
       kAllow},
      {"condition fails",
       R"({"Effect":"Allow","Action":"*","Resource":"*","Condition":{"IpAddress":{"aws:SourceIp":"192.0.2.0/24"}}})",
       kImplicitDeny},
      {"operators are all needed",
       R"({"Effect":"Allow","Action":"*","Resource":"*","Condition":{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"},"Bool":{"aws:SecureTransport":"true"}}})",
       kImplicitDeny},
      {"keys are all needed",
       R"({"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringEquals":{"aws:PrincipalAccount":"111122223333","aws:PrincipalType":"User"}}})",
       kImplicitDeny},
      {"deny whose condition fails",
       kAllowAll +
           R"(,{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"true"}}})",
       kAllow},
      {"revoked sessions",
       kAllowAll +
           R"(,{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"DateLessThan":{"aws:TokenIssueTime":"2026-09-11T00:00:00Z"}}})",
       kExplicitDeny},
      {"variable in the resource",
       R"({"Effect":"Allow","Action":"*","Resource":"arn:aws:aps:*:${aws:PrincipalAccount}:workspace/ws-1"})", kAllow},
      {"variable that does not resolve",
       R"({"Effect":"Allow","Action":"*","Resource":"arn:aws:aps:*:*:workspace/${aws:PrincipalTag/none}"})",
       kImplicitDeny},
      {"variable that does not resolve in NotResource",
       R"({"Effect":"Allow","Action":"*","NotResource":"arn:aws:aps:*:*:workspace/${aws:PrincipalTag/none}"})",
       kImplicitDeny},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(to_string(decide({.identity = {identity(row.statements)}}).outcome), to_string(row.outcome)) << row.name;
  }
}

TEST(Evaluate43, NoPolicyAtAllIsAnImplicitDeny) {
  const Decision decision = decide({});
  EXPECT_EQ(decision.outcome, kImplicitDeny);
  EXPECT_TRUE(decision.near_misses.empty());
  EXPECT_EQ(explain(decision), "implicit deny: no identity-based policy allows it; there is no Allow statement at all");
}

TEST(Evaluate, NamesTheStatementThatDecided) {
  const PolicySet policies{
      .identity = {
          identity(kAllowOther, "first"),
          identity(kAllowOther + R"(,{"Sid":"W","Effect":"Allow","Action":"aps:*","Resource":"*"})", "second")}};
  const Decision decision = decide(policies);
  ASSERT_TRUE(decision.deciding);
  EXPECT_EQ(decision.deciding->describe(), R"(inline policy "second", statement 1 (Sid "W"))");
  EXPECT_EQ(explain(decision), R"(allow by inline policy "second", statement 1 (Sid "W"))");
  EXPECT_EQ(decision.residual, nullptr);
}

TEST(Evaluate43, RootIsAllowedEverythingInItsOwnAccountUnlessAResourcePolicyDenies) {
  EXPECT_EQ(decide({}, root()).outcome, kAllow);
  EXPECT_EQ(decide({}, root(), "aps:ListWorkspaces", "*").outcome, kAllow);
  EXPECT_EQ(decide({}, root("444455556666")).outcome, kImplicitDeny);
  EXPECT_EQ(decide({.resource = {resource(R"({"Effect":"Deny","Principal":"*","Action":"*","Resource":"*"})")}}, root())
                .outcome,
            kExplicitDeny);
}

TEST(Evaluate, TheAccountOfAResourceIsReadFromItsPlaceWhateverItsNameIs) {
  struct Row {
    std::string resource;
    Outcome outcome;
  };
  const Row rows[] = {
      {"arn:aws:aps:eu-west-1:111122223333:rulegroupsnamespace/ws-1/odd name", kAllow},
      {"arn:aws:aps:eu-west-1:444455556666:rulegroupsnamespace/ws-1/odd name", kImplicitDeny},
      {"arn:aws:aps:eu-west-1:444455556666:x:111122223333:y", kImplicitDeny},
      {"arn:aws:iam::aws:policy/AmazonPrometheusRemoteWriteAccess", kAllow},
      {"arn:aws:aps:eu-west-1:111122223333", kImplicitDeny},
      {"arn:", kImplicitDeny},
      {"arn:aws:s3:::bucket", kAllow},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(decide({}, root(), "aps:RemoteWrite", row.resource).outcome, row.outcome) << row.resource;
  }
}

TEST(Evaluate43, SameAccountNeedsIdentityOrResourcePolicy) {
  const auto allow_for = [](std::string_view principal) {
    return resource(
        fmt::format(R"({{"Effect":"Allow","Principal":{},"Action":"aps:RemoteWrite","Resource":"*"}})", principal));
  };
  struct Row {
    std::string name, principal;
    Outcome outcome;
  };
  const Row rows[] = {
      {"everyone", R"("*")", kAllow},
      {"the role", fmt::format(R"({{"AWS":"{}"}})", kRoleArn), kAllow},
      {"the session", fmt::format(R"({{"AWS":"{}"}})", kSessionArn), kAllow},
      {"the account only delegates", R"({"AWS":"111122223333"})", kImplicitDeny},
      {"another role", R"({"AWS":"arn:aws:iam::111122223333:role/other"})", kImplicitDeny},
      {"another account", R"({"AWS":"444455556666"})", kImplicitDeny},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(to_string(decide({.resource = {allow_for(row.principal)}}).outcome), to_string(row.outcome)) << row.name;
    EXPECT_EQ(decide({.identity = {identity(kAllowWrite)}, .resource = {allow_for(row.principal)}}).outcome, kAllow)
        << row.name;
  }
}

TEST(Evaluate43, NotPrincipalExemptsThoseItNames) {
  const auto deny_but = [](std::string_view principal) {
    return resource(fmt::format(R"({{"Effect":"Deny","NotPrincipal":{},"Action":"*","Resource":"*"}})", principal));
  };
  const PolicySet exempt{.identity = {identity(kAllowAll)},
                         .resource = {deny_but(fmt::format(R"({{"AWS":"{}"}})", kRoleArn))}};
  EXPECT_EQ(decide(exempt).outcome, kAllow);
  const PolicySet hit{.identity = {identity(kAllowAll)}, .resource = {deny_but(R"({"AWS":"444455556666"})")}};
  EXPECT_EQ(decide(hit).outcome, kExplicitDeny);
}

TEST(Evaluate43, CrossAccountNeedsBothSides) {
  constexpr std::string_view kTheirs = "arn:aws:aps:eu-west-1:444455556666:workspace/ws-9";
  const auto theirs =
      resource(fmt::format(R"({{"Effect":"Allow","Principal":{{"AWS":"{}"}},"Action":"*","Resource":"*"}})", kAccount));
  EXPECT_EQ(
      decide({.identity = {identity(kAllowAll)}, .resource = {theirs}}, session(), "aps:RemoteWrite", kTheirs).outcome,
      kAllow);
  const Decision only_identity = decide({.identity = {identity(kAllowAll)}}, session(), "aps:RemoteWrite", kTheirs);
  EXPECT_EQ(only_identity.outcome, kImplicitDeny);
  EXPECT_EQ(only_identity.denied_by, PolicySource::kResource);
  const Decision only_resource = decide({.resource = {theirs}}, session(), "aps:RemoteWrite", kTheirs);
  EXPECT_EQ(only_resource.outcome, kImplicitDeny);
  EXPECT_EQ(only_resource.denied_by, PolicySource::kIdentityManaged);
}

TEST(Evaluate43, BoundaryAndSessionPolicyOnlyShrink) {
  EXPECT_EQ(decide({.identity = {identity(kAllowAll)}, .boundary = {boundary(kAllowWrite)}}).outcome, kAllow);
  const Decision limited = decide({.identity = {identity(kAllowAll)}, .boundary = {boundary(kAllowOther)}});
  EXPECT_EQ(limited.outcome, kImplicitDeny);
  EXPECT_EQ(limited.denied_by, PolicySource::kBoundary);
  const Decision narrowed = decide({.identity = {identity(kAllowAll)}, .session = {session_policy(kAllowOther)}});
  EXPECT_EQ(narrowed.denied_by, PolicySource::kSession);
  EXPECT_EQ(decide({.boundary = {boundary(kAllowAll)}, .session = {session_policy(kAllowAll)}}).outcome, kImplicitDeny);
  EXPECT_EQ(decide({.identity = {identity(kAllowAll)}, .session = {session_policy(kDenyWrite)}}).outcome,
            kExplicitDeny);
}

TEST(Evaluate43, OnlyAResourcePolicyThatNamesTheSessionBypassesBoundaryAndSessionPolicy) {
  const auto allow_for = [](std::string_view arn) {
    return resource(fmt::format(R"({{"Effect":"Allow","Principal":{{"AWS":"{}"}},"Action":"*","Resource":"*"}})", arn));
  };
  const auto with = [&](std::string_view arn) {
    return PolicySet{
        .resource = {allow_for(arn)}, .boundary = {boundary(kAllowOther)}, .session = {session_policy(kAllowOther)}};
  };
  EXPECT_EQ(decide(with(kSessionArn)).outcome, kAllow);
  EXPECT_EQ(decide(with(kRoleArn)).outcome, kImplicitDeny);
}

TEST(Evaluate, AnonymousIsAllowedByEveryonesStatementOnly) {
  const Principal nobody;
  const auto everyone = resource(R"({"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"})");
  EXPECT_EQ(decide({.resource = {everyone}}, nobody).outcome, kAllow);
  EXPECT_EQ(decide({}, nobody).outcome, kImplicitDeny);
}

TEST(DenialMessage43, HasAwsWordsForEachLayer) {
  const std::string begin =
      fmt::format("User: {} is not authorized to perform: aps:RemoteWrite on resource: {} ", kSessionArn, kWorkspace);
  struct Row {
    Outcome outcome;
    PolicySource layer;
    std::string end;
  };
  const Row rows[] = {
      {kImplicitDeny, PolicySource::kIdentityInline,
       "because no identity-based policy allows the aps:RemoteWrite action"},
      {kImplicitDeny, PolicySource::kResource, "because no resource-based policy allows the aps:RemoteWrite action"},
      {kImplicitDeny, PolicySource::kBoundary, "because no permissions boundary allows the aps:RemoteWrite action"},
      {kImplicitDeny, PolicySource::kSession, "because no session policy allows the aps:RemoteWrite action"},
      {kImplicitDeny, PolicySource::kTrust, "because no role trust policy allows the aps:RemoteWrite action"},
      {kExplicitDeny, PolicySource::kIdentityManaged, "with an explicit deny in an identity-based policy"},
      {kExplicitDeny, PolicySource::kResource, "with an explicit deny in a resource-based policy"},
      {kExplicitDeny, PolicySource::kBoundary, "with an explicit deny in a permissions boundary"},
      {kExplicitDeny, PolicySource::kSession, "with an explicit deny in a session policy"},
  };
  for (const auto& row : rows) {
    const Decision decision{.outcome = row.outcome, .denied_by = row.layer};
    EXPECT_EQ(denial_message(decision, session(), "aps:RemoteWrite", kWorkspace), begin + row.end);
  }
  const aws::AwsError error =
      access_denied(Decision{}, session(), "aps:RemoteWrite", kWorkspace, "AccessDeniedException");
  EXPECT_EQ(error.status, 403);
  EXPECT_EQ(error.code, "AccessDeniedException");
}

// --- Trust policies of web identities: identity.md 3.

std::string federated(std::string_view condition, std::string_view effect = "Allow") {
  return fmt::format(
      R"({{"Effect":"{}","Principal":{{"Federated":"{}"}},"Action":"sts:AssumeRoleWithWebIdentity"{}{}}})", effect,
      kProviderArn, condition.empty() ? "" : ",\"Condition\":", condition);
}
const std::string kSub = "system:serviceaccount:monitoring:prometheus";

TEST(Trust3, WebIdentityTable) {
  const auto condition = [](std::string_view op, std::string_view key, std::string_view value) {
    return federated(fmt::format(R"({{"{}":{{"{}":"{}"}}}})", op, key, value));
  };
  struct Row {
    std::string name, statements;
    Outcome outcome;
  };
  const Row rows[] = {
      {"no condition", federated(""), kAllow},
      {"sub and aud",
       federated(fmt::format(
           R"({{"StringEquals":{{"oidc.example/id/:sub":"{}","oidc.example/id/:aud":"sts.amazonaws.com"}}}})", kSub)),
       kAllow},
      {"key without case", condition("StringEquals", "OIDC.example/ID/:SUB", kSub), kAllow},
      {"other sub", condition("StringEquals", "oidc.example/id/:sub", "system:serviceaccount:monitoring:other"),
       kImplicitDeny},
      {"sub with case",
       condition("StringEquals", "oidc.example/id/:sub", "system:serviceaccount:Monitoring:prometheus"), kImplicitDeny},
      {"other aud", condition("StringEquals", "oidc.example/id/:aud", "vault"), kImplicitDeny},
      {"wildcard under StringEquals (row 47)",
       condition("StringEquals", "oidc.example/id/:sub", "system:serviceaccount:monitoring:*"), kImplicitDeny},
      {"wildcard under StringLike",
       condition("StringLike", "oidc.example/id/:sub", "system:serviceaccount:monitoring:*"), kAllow},
      {"prefix without slash (row 45)", condition("StringEquals", "oidc.example/id:sub", kSub), kImplicitDeny},
      {"prefix with double slash (row 45)", condition("StringEquals", "oidc.example/id//:sub", kSub), kImplicitDeny},
      {"prefix with scheme (row 45)", condition("StringEquals", "https://oidc.example/id/:sub", kSub), kImplicitDeny},
      {"custom claim (row 49)", condition("StringEquals", "oidc.example/id/:groups", "x"), kImplicitDeny},
      {"IfExists on a mistyped prefix opens", condition("StringEqualsIfExists", "oidc.example/id:sub", "nobody"),
       kAllow},
      {"ForAllValues on a mistyped prefix opens",
       condition("ForAllValues:StringEquals", "oidc.example/id:sub", "nobody"), kAllow},
      {"StringNotEquals alone opens", condition("StringNotEquals", "oidc.example/id/:sub", "nobody"), kAllow},
      {"session name", condition("StringEquals", "sts:RoleSessionName", "s1"), kAllow},
      {"AWS star does not admit a web identity",
       R"({"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRoleWithWebIdentity"})", kImplicitDeny},
      {"star does not admit a web identity",
       R"({"Effect":"Allow","Principal":"*","Action":"sts:AssumeRoleWithWebIdentity"})", kImplicitDeny},
      {"deny of everyone means a web identity too",
       federated("") + R"(,{"Effect":"Deny","Principal":"*","Action":"sts:*"})", kExplicitDeny},
      {"account of the provider",
       R"({"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"sts:AssumeRoleWithWebIdentity"})",
       kImplicitDeny},
      {"provider without slash (row 44)",
       R"({"Effect":"Allow","Principal":{"Federated":"arn:aws:iam::111122223333:oidc-provider/oidc.example/id"},"Action":"sts:AssumeRoleWithWebIdentity"})",
       kImplicitDeny},
      {"provider of another account (row 44)",
       R"({"Effect":"Allow","Principal":{"Federated":"arn:aws:iam::444455556666:oidc-provider/oidc.example/id/"},"Action":"sts:AssumeRoleWithWebIdentity"})",
       kImplicitDeny},
      {"AssumeRole only (row 50)",
       fmt::format(R"({{"Effect":"Allow","Principal":{{"Federated":"{}"}},"Action":"sts:AssumeRole"}})", kProviderArn),
       kImplicitDeny},
      {"AssumeRole with a star",
       fmt::format(R"({{"Effect":"Allow","Principal":{{"Federated":"{}"}},"Action":"sts:AssumeRole*"}})", kProviderArn),
       kAllow},
      {"explicit deny", federated("") + "," + federated(R"({"StringLike":{"oidc.example/id/:sub":"*"}})", "Deny"),
       kExplicitDeny},
  };
  for (const auto& row : rows)
    EXPECT_EQ(to_string(decide_trust(row.statements).outcome), to_string(row.outcome)) << row.name;
}

TEST(Trust3, MultivaluedClaimNeedsASetOperator) {
  Principal identity = web_identity();
  identity.extra_keys = {{"oidc.example/id/:amr", {"pwd", "mfa"}}};
  EXPECT_EQ(decide_trust(federated(R"({"StringEquals":{"oidc.example/id/:amr":"mfa"}})"), identity).outcome,
            kImplicitDeny);
  EXPECT_EQ(decide_trust(federated(R"({"ForAnyValue:StringEquals":{"oidc.example/id/:amr":"mfa"}})"), identity).outcome,
            kAllow);
}

TEST(Trust, SaysWhetherItNamesTheCallerOrOnlyItsAccount) {
  const std::string_view action = "sts:AssumeRole";
  const Decision by_role = decide_trust(
      fmt::format(R"({{"Effect":"Allow","Principal":{{"AWS":"{}"}},"Action":"sts:AssumeRole"}})", kRoleArn), session(),
      action);
  EXPECT_EQ(by_role.outcome, kAllow);
  EXPECT_FALSE(by_role.delegates_to_account);
  const Decision by_account = decide_trust(
      R"({"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"sts:AssumeRole"})", session(), action);
  EXPECT_EQ(by_account.outcome, kAllow);
  EXPECT_TRUE(by_account.delegates_to_account);
}

TEST(Trust, ImplicitDenyIsTheTrustPolicys) {
  const Decision decision = decide_trust(federated(R"({"StringEquals":{"oidc.example/id/:sub":"x"}})"));
  EXPECT_EQ(decision.denied_by, PolicySource::kTrust);
  ASSERT_EQ(decision.near_misses.size(), 1u);
  EXPECT_EQ(decision.near_misses[0].statement.policy, kRoleArn);
}

}  // namespace
}  // namespace sluice::iam
