#include "iam/near_miss.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/limits.h"
#include "iam/fixtures.h"

namespace sluice::iam {
namespace {

using namespace testing;  // NOLINT: the fixtures of this folder
using ::testing::HasSubstr;
using enum StatementElement;

std::string trust_statement(std::string_view condition) {
  return fmt::format(
      R"({{"Effect":"Allow","Principal":{{"Federated":"{}"}},"Action":"sts:AssumeRoleWithWebIdentity","Condition":{}}})",
      kProviderArn, condition);
}

TEST(NearMiss, OfATrustConditionNamesKeySeenAndWanted) {
  const Decision decision = decide_trust(trust_statement(
      R"({"StringEquals":{"oidc.example/id/:aud":"sts.amazonaws.com","oidc.example/id/:sub":"system:serviceaccount:monitoring:agent"}})"));
  ASSERT_EQ(decision.near_misses.size(), 1u);
  const NearMiss& miss = decision.near_misses[0];
  EXPECT_EQ(miss.element, kCondition);
  EXPECT_EQ(miss.condition_operator, "StringEquals");
  EXPECT_EQ(miss.key, "oidc.example/id/:sub");
  EXPECT_EQ(miss.seen, "system:serviceaccount:monitoring:prometheus");
  EXPECT_EQ(miss.wanted, "system:serviceaccount:monitoring:agent");
  EXPECT_EQ(miss.describe(),
            "trust policy \"arn:aws:iam::111122223333:role/team/writer\", statement 0: condition StringEquals on key "
            "'oidc.example/id/:sub' saw \"system:serviceaccount:monitoring:prometheus\", wanted "
            "\"system:serviceaccount:monitoring:agent\" (the service account is 'prometheus', not 'agent')");
  EXPECT_THAT(explain(decision), HasSubstr("implicit deny: no role trust policy allows it\ntrust policy"));
}

TEST(NearMiss, HintsAtWhatTheTrustPolicyProbablyMeant) {
  const std::string sub = "system:serviceaccount:monitoring:prometheus";
  struct Row {
    std::string op, key, value, hint;
  };
  const Row rows[] = {
      {"StringEquals", "oidc.example/id/:sub", "system:serviceaccount:monitoring:*",
       "StringEquals takes '*' and '?' literally; StringLike matches wildcards"},
      {"StringEquals", "oidc.example/id/:sub", "system:serviceaccount:Monitoring:prometheus",
       "they differ in case only"},
      {"StringEquals", "oidc.example/id/:sub", "system:serviceaccount:other:prometheus",
       "the namespace is 'monitoring', not 'other'"},
      {"StringEquals", "oidc.example/id/:sub", "system:serviceaccount:other:agent",
       "namespace and service account differ"},
      {"StringEquals", "oidc.example/id/:sub", "monitoring:prometheus",
       "the policy's value lacks 'system:serviceaccount:'"},
      {"StringEquals", "oidc.example/id/:sub", "sts.amazonaws.com",
       "that is the request's value of 'oidc.example/id/:aud'"},
      {"StringEquals", "oidc.example/id/:aud", sub, "that is the request's value of 'oidc.example/id/:sub'"},
      {"StringEquals", "oidc.example/id:sub", sub,
       "the request's key is 'oidc.example/id/:sub': they differ in a slash"},
      {"StringEquals", "oidc.example/id//:sub", sub,
       "the request's key is 'oidc.example/id/:sub': they differ in a slash"},
      {"StringEquals", "https://oidc.example/id/:sub", sub,
       "the request's key is 'oidc.example/id/:sub': the scheme does not belong there"},
      {"StringEquals", "oidc.example/id/:groups", "x",
       "'groups' is not a claim that conditions can use; sub, aud, amr, oaud and email are"},
      {"StringEquals", "oidc.example/old/:sub", sub,
       "the request's key is 'oidc.example/id/:sub': the issuer is another"},
      {"StringEquals", "oidc.example/id/:sub", "${aws:PrincipalTag/x}",
       "the value holds a policy variable; it may not have resolved"},
      {"StringEquals", "oidc.example/id/:sub", "something else", ""},
  };
  for (const auto& row : rows) {
    const Decision decision =
        decide_trust(trust_statement(fmt::format(R"({{"{}":{{"{}":"{}"}}}})", row.op, row.key, row.value)));
    ASSERT_EQ(decision.near_misses.size(), 1u) << row.key << row.value;
    EXPECT_EQ(decision.near_misses[0].hint, row.hint) << row.key << " " << row.value;
  }
}

TEST(NearMiss, OfAMissingKeySaysSo) {
  const Decision decision = decide_trust(trust_statement(R"({"StringEquals":{"oidc.example/id/:email":"a@b"}})"));
  ASSERT_EQ(decision.near_misses.size(), 1u);
  EXPECT_EQ(decision.near_misses[0].seen, "(missing)");
}

TEST(NearMiss, OfAMultivaluedKeyAsksForASetOperator) {
  Principal identity = web_identity();
  identity.extra_keys = {{"oidc.example/id/:amr", {"pwd", "mfa"}}};
  const Decision decision =
      decide_trust(trust_statement(R"({"StringEquals":{"oidc.example/id/:amr":"mfa"}})"), identity);
  ASSERT_EQ(decision.near_misses.size(), 1u);
  EXPECT_EQ(decision.near_misses[0].seen, "pwd, mfa");
  EXPECT_THAT(decision.near_misses[0].hint, HasSubstr("it needs ForAnyValue:StringEquals"));
}

TEST(NearMiss, OfThePrincipalTellsWhatDiffers) {
  struct Row {
    std::string principal, hint;
  };
  const Row rows[] = {
      {R"({"Federated":"arn:aws:iam::111122223333:oidc-provider/oidc.example/id"})", "they differ in a slash"},
      {R"({"Federated":"arn:aws:iam::111122223333:oidc-provider/OIDC.example/id/"})", "they differ in case"},
      {R"({"Federated":"arn:aws:iam::444455556666:oidc-provider/oidc.example/id/"})",
       "the account is 111122223333, not 444455556666"},
      {R"({"AWS":"111122223333"})", "a web identity needs \"Federated\": the ARN of its provider"},
  };
  for (const auto& row : rows) {
    const Decision decision = decide_trust(
        fmt::format(R"({{"Effect":"Allow","Principal":{},"Action":"sts:AssumeRoleWithWebIdentity"}})", row.principal));
    ASSERT_EQ(decision.near_misses.size(), 1u) << row.principal;
    EXPECT_EQ(decision.near_misses[0].element, kPrincipal);
    EXPECT_EQ(decision.near_misses[0].seen, kProviderArn);
    EXPECT_THAT(decision.near_misses[0].hint, HasSubstr(row.hint));
  }
}

TEST(NearMiss, OfTheActionTellsThatAssumeRoleIsAnother) {
  const Decision decision = decide_trust(
      fmt::format(R"({{"Effect":"Allow","Principal":{{"Federated":"{}"}},"Action":"sts:AssumeRole"}})", kProviderArn));
  ASSERT_EQ(decision.near_misses.size(), 1u);
  EXPECT_EQ(decision.near_misses[0].element, kAction);
  EXPECT_EQ(decision.near_misses[0].hint, "'sts:AssumeRole' does not include 'sts:AssumeRoleWithWebIdentity'");
}

TEST(NearMiss, OfTheResourceTellsTheComponentThatDiffers) {
  struct Row {
    std::string resource, hint;
  };
  const Row rows[] = {
      {"arn:aws:aps:eu-west-1:1111222233334:workspace/ws-1", "the account is '111122223333', not '1111222233334'"},
      {"arn:aws:aps:us-west-2:111122223333:workspace/*", "the region is 'eu-west-1', not 'us-west-2'"},
      {"arn:aws:aps:*:111122223333:workspace/ws-2", "the resource is 'workspace/ws-1', not 'workspace/ws-2'"},
  };
  for (const auto& row : rows) {
    const Decision decision =
        decide({.identity = {identity(fmt::format(
                    R"({{"Effect":"Allow","Action":"*","Resource":["arn:aws:s3:::x","{}"]}})", row.resource))}});
    ASSERT_EQ(decision.near_misses.size(), 1u) << row.resource;
    EXPECT_EQ(decision.near_misses[0].element, kResource);
    EXPECT_EQ(decision.near_misses[0].seen, kWorkspace);
    EXPECT_EQ(decision.near_misses[0].hint, row.hint);
  }
}

TEST(NearMiss, TheNearestStatementComesFirstAndTheListIsBounded) {
  std::string statements;
  for (int i = 0; i < 20; ++i) statements += R"({"Effect":"Allow","Action":"s3:Get","Resource":"*"},)";
  statements += R"({"Effect":"Allow","Action":"aps:*","Resource":"arn:aws:aps:*:*:workspace/ws-2"},)";
  statements += R"({"Effect":"Deny","Action":"s3:*","Resource":"*"},)";
  statements +=
      R"({"Sid":"Near","Effect":"Allow","Action":"aps:*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"true"}}})";
  const Decision decision = decide({.identity = {identity(statements)}});
  ASSERT_EQ(decision.near_misses.size(), limits::kNearMissesMax);
  EXPECT_EQ(decision.near_misses[0].statement.sid, "Near");
  EXPECT_EQ(decision.near_misses[1].element, kResource);
  EXPECT_EQ(decision.near_misses[2].statement.index, 0u);
}

TEST(NearMiss, NeverPrintsControlCharactersOrEndlessValues) {
  Principal identity = web_identity();
  identity.subject = "a\n\x1b[31m" + std::string(100'000, 'x');
  const Decision decision = decide_trust(trust_statement(R"({"StringEquals":{"oidc.example/id/:sub":"y"}})"), identity);
  ASSERT_EQ(decision.near_misses.size(), 1u);
  EXPECT_LT(decision.near_misses[0].seen.size(), 3'000u);
  EXPECT_EQ(decision.near_misses[0].seen.find('\x1b'), std::string::npos);
  EXPECT_EQ(decision.near_misses[0].seen.find('\n'), std::string::npos);
}

}  // namespace
}  // namespace sluice::iam
