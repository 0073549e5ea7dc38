#include "iam/policy.h"

#include <string>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/limits.h"

namespace sluice::iam {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using enum PolicyKind;

std::string document(std::string_view statement, std::string_view version = "2012-10-17") {
  return fmt::format(R"({{"Version":"{}","Statement":[{}]}})", version, statement);
}

constexpr std::string_view kIdentityStatement = R"("Effect":"Allow","Action":"aps:RemoteWrite","Resource":"*")";
constexpr std::string_view kProvider = "arn:aws:iam::111122223333:oidc-provider/oidc.example/id/";

std::string identity(std::string_view more = "") { return document(fmt::format("{{{}{}}}", kIdentityStatement, more)); }
std::string trust(std::string_view principal, std::string_view action = "sts:AssumeRoleWithWebIdentity") {
  return document(fmt::format(R"({{"Effect":"Allow","Principal":{},"Action":"{}"}})", principal, action));
}

TEST(ParsePolicy, TakesEveryElement) {
  const auto policy = parse_policy(kIdentity, R"({
    "Version": "2012-10-17", "Id": "my id",
    "Statement": [
      {"Sid": "A1", "Effect": "Allow", "Action": ["aps:RemoteWrite", "APS:Query*"],
       "Resource": ["arn:aws:aps:*:111122223333:workspace/${aws:PrincipalTag/ws}", "*"],
       "Condition": {"StringEquals": {"aws:PrincipalTag/env": ["prod", "uat"]}, "Bool": {"aws:SecureTransport": true},
                     "NumericLessThan": {"aws:EpochTime": 5}}},
      {"Sid": "", "Effect": "Deny", "NotAction": "iam:*", "NotResource": "arn:aws:iam::111122223333:role/x"}
    ]})");
  ASSERT_TRUE(policy) << policy.error().message;
  EXPECT_EQ((*policy)->version, "2012-10-17");
  EXPECT_EQ((*policy)->id, "my id");
  ASSERT_EQ((*policy)->statements.size(), 2u);
  const Statement& first = (*policy)->statements[0];
  EXPECT_EQ(first.sid, "A1");
  EXPECT_THAT(first.action_sources, ElementsAre("aps:RemoteWrite", "APS:Query*"));
  EXPECT_EQ(first.resources.size(), 2u);
  ASSERT_EQ(first.conditions.size(), 3u);
  EXPECT_THAT(first.conditions[1].values(), ElementsAre("true"));
  EXPECT_THAT(first.conditions[2].values(), ElementsAre("5"));
  const Statement& second = (*policy)->statements[1];
  EXPECT_EQ(second.effect, Effect::kDeny);
  EXPECT_TRUE(second.is_not_action && second.is_not_resource);
}

TEST(ParsePolicy, TakesWhatTerraformAndTheGuidesWrite) {
  struct Row {
    PolicyKind kind;
    std::string text;
  };
  const Row rows[] = {
      {kIdentity, R"({"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}})"},
      {kIdentity, document(R"({"Effect":"Allow","Action":"*","Resource":"*"})", "2008-10-17")},
      {kIdentity, identity(R"(,"Sid":"")")},
      {kIdentity,
       document(
           R"({"Effect":"Allow","Action":"sts:AssumeRole","Resource":"arn:aws:aps:us-west-2:111122223333:workspace/ws-1"})")},
      {kIdentity, document(R"({"Effect":"Allow","Action":"aps:*","Resource":"arn:aws:aps:*"})")},
      {kTrust, trust(fmt::format(R"({{"Federated":"{}"}})", kProvider))},
      {kTrust,
       document(fmt::format(
           R"({{"Sid":"","Effect":"Allow","Principal":{{"Federated":["{}"]}},"Action":["sts:AssumeRoleWithWebIdentity"],
        "Condition":{{"StringEquals":{{"oidc.example/id/:sub":"system:serviceaccount:a:b"}}}}}})",
           kProvider))},
      {kTrust, trust(R"({"Federated":"accounts.google.com"})")},
      {kTrust, trust(R"({"AWS":"111122223333"})", "sts:AssumeRole")},
      {kTrust,
       trust(
           R"({"AWS":["arn:aws:iam::111122223333:role/p/r","arn:aws:iam::111122223333:user/u","arn:aws:sts::111122223333:assumed-role/r/s","*"]})",
           "sts:*")},
      {kTrust, trust(R"("*")", "sts:TagSession")},
      {kTrust, trust(R"({"Service":"ec2.amazonaws.com"})", "sts:AssumeRole")},
      {kResource, document(R"({"Effect":"Allow","Principal":"*","Action":"aps:QueryMetrics","Resource":"*"})")},
      {kResource,
       document(
           R"({"Sid":"has blanks","Effect":"Deny","NotPrincipal":{"AWS":"111122223333"},"Action":"aps:*","Resource":"*"})")},
      {kSession, identity()},
  };
  for (const auto& row : rows) {
    const auto policy = parse_policy(row.kind, row.text);
    EXPECT_TRUE(policy) << row.text << ": " << policy.error().message;
  }
}

TEST(ParsePolicy, KeepsAnAccountPrincipalAsItsRoot) {
  const auto policy = parse_policy(kTrust, trust(R"({"AWS":"111122223333"})", "sts:AssumeRole"));
  ASSERT_TRUE(policy);
  EXPECT_EQ((*policy)->statements[0].principals[0].value, "arn:aws:iam::111122223333:root");
}

TEST(ParsePolicy41, RefusesWithAwsTextsOrThePlace) {
  struct Row {
    PolicyKind kind;
    std::string text, message;
  };
  const Row rows[] = {
      {kIdentity, "", "This policy contains invalid Json"},
      {kIdentity, "{", "This policy contains invalid Json"},
      {kIdentity, R"({"Statement":[],})", "This policy contains invalid Json"},
      {kIdentity, R"({"Statement":[] /* no */})", "This policy contains invalid Json"},
      {kIdentity, R"({"Statement":[],"Statement":[]})", "This policy contains invalid Json"},
      {kIdentity, "[]", "the document is not a JSON object"},
      {kIdentity, R"({"Version":"2012-10-17"})", "Statement is missing"},
      {kIdentity, R"({"Statement":[]})", "Statement is empty"},
      {kIdentity, R"({"Statement":["x"]})", "Statement[0] is not an object but string"},
      {kIdentity, R"({"statement":[]})", "unknown element 'statement'"},
      {kIdentity, document(R"({"Effect":"Allow","Action":"*","Resource":"*"})", "2012-10-18"),
       "The policy must contain a valid version string"},
      {kIdentity, identity(R"(,"Conditions":{})"), "Statement[0] has an unknown element 'Conditions'"},
      {kIdentity, document(R"({"Action":"*","Resource":"*"})"), "Statement[0] has no Effect"},
      {kIdentity, document(R"({"Effect":"allow","Action":"*","Resource":"*"})"),
       "Statement[0].Effect is 'allow', not 'Allow' or 'Deny'"},
      {kIdentity, document(R"({"Effect":"Allow","Resource":"*"})"), "Policy statement must contain actions."},
      {kIdentity, document(R"({"Effect":"Allow","Action":[],"Resource":"*"})"),
       "Policy statement must contain actions."},
      {kIdentity, document(R"({"Effect":"Allow","Action":"*"})"), "Policy statement must contain resources."},
      {kIdentity, document(R"({"Effect":"Allow","Action":"*","Resource":[]})"),
       "Policy statement must contain resources."},
      {kIdentity, document(R"({"Effect":"Allow","Action":"*","NotAction":"a:b","Resource":"*"})"),
       "an element and its Not form"},
      {kIdentity, document(R"({"Effect":"Allow","Action":"RemoteWrite","Resource":"*"})"),
       "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."},
      {kIdentity, document(R"({"Effect":"Allow","Action":7,"Resource":"*"})"),
       "Statement[0].Action must be a string or a list of strings, got integer"},
      {kIdentity, document(R"({"Effect":"Allow","Action":"*","Resource":"workspace/ws-1"})"),
       "Resource workspace/ws-1 must be in ARN format or \"*\"."},
      {kIdentity, document(R"({"Effect":"Allow","Action":"*","Resource":"arn:aws:aps:us-west-2"})"),
       "must be in ARN format"},
      {kIdentity, document(R"({"Effect":"Allow","Action":"*","Resource":"arn:aws:aps:*:*:${"})"),
       "is not closed by '}'"},
      {kIdentity, identity(R"(,"Sid":"has blanks")"), "Statement IDs (SID) must be alpha-numeric."},
      {kIdentity, document(fmt::format(R"({{{0},"Sid":"A"}},{{{0},"Sid":"A"}})", kIdentityStatement)),
       "Statement IDs (SID) in a single policy must be unique."},
      {kIdentity, identity(R"(,"Principal":"*")"), "Policy document should not specify a principal."},
      {kIdentity, identity(R"(,"NotPrincipal":"*")"), "Policy document should not specify a principal."},
      {kSession, identity(R"(,"Principal":"*")"), "Policy document should not specify a principal."},
      {kIdentity, identity(R"(,"Condition":[])"), "Statement[0].Condition must be an object"},
      {kIdentity, identity(R"(,"Condition":{"StringEquals":"x"})"),
       "Statement[0].Condition.StringEquals must be an object of keys"},
      {kIdentity, identity(R"(,"Condition":{"StringEquls":{"a:b":"x"}})"), "Invalid Condition type : StringEquls"},
      {kIdentity, identity(R"(,"Condition":{"StringEquals":{"nocolon":"x"}})"), "must be prefaced by a vendor"},
      {kIdentity, identity(R"(,"Condition":{"StringEquals":{"a:b":{}}})"),
       "Statement[0].Condition.StringEquals[\"a:b\"]: a condition value must be"},
      {kIdentity, identity(R"(,"Condition":{"StringEquals":{"a:b":"x","a:b":"y"}})"),
       "This policy contains invalid Json"},
      {kTrust, document(R"({"Effect":"Allow","Action":"sts:AssumeRole"})"), "Missing required field Principal"},
      {kTrust, trust("{}"), "Missing required field Principal cannot be empty!"},
      {kTrust, trust(R"("arn:aws:iam::111122223333:root")"), "Invalid principal in policy"},
      {kTrust, document(R"({"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole","Resource":"*"})"),
       "Has prohibited field Resource"},
      {kTrust, document(R"({"Effect":"Allow","NotPrincipal":"*","Action":"sts:AssumeRole"})"),
       "Has prohibited field NotPrincipal"},
      {kTrust, trust(R"("*")", "aps:RemoteWrite"), "AssumeRole policy may only specify STS AssumeRole actions."},
      {kTrust, trust(R"("*")", "*"), "AssumeRole policy may only specify STS AssumeRole actions."},
      {kTrust, trust(R"({"Federated":"oidc.example/id/"})"),
       "Federated principals must be valid domain names or SAML metadata ARNs"},
      {kTrust, trust(R"({"Federated":"https://oidc.example"})"),
       "Federated principals must be valid domain names or SAML metadata ARNs"},
      {kTrust, trust(R"({"Federated":"*"})"), "Federated principals must be valid domain names or SAML metadata ARNs"},
      {kTrust, trust(R"({"Federated":"arn:aws:iam::111122223333:role/x"})"), "Federated principals must be"},
      {kTrust, trust(R"({"AWS":"arn:aws:iam::111122223333:role/*"})"),
       R"(Invalid principal in policy: "AWS":"arn:aws:iam::111122223333:role/*")"},
      {kTrust, trust(R"({"AWS":"11112222333"})"), R"(Invalid principal in policy: "AWS":"11112222333")"},
      {kTrust, trust(R"({"Service":"*"})"), R"(Invalid principal in policy: "SERVICE":"*")"},
      {kTrust, trust(R"({"OIDC":"x"})"), "Invalid principal type 'OIDC'"},
      {kResource, identity(), "Missing required field Principal"},
  };
  for (const auto& row : rows) {
    const auto policy = parse_policy(row.kind, row.text);
    ASSERT_FALSE(policy) << row.text;
    EXPECT_EQ(policy.error().code, ErrorCode::kMalformed);
    EXPECT_THAT(policy.error().message, HasSubstr(row.message)) << row.text;
    EXPECT_EQ(malformed_policy(policy.error()).code, "MalformedPolicyDocument");
    EXPECT_EQ(malformed_policy(policy.error()).status, 400);
  }
}

TEST(ParsePolicy, IsBounded) {
  EXPECT_EQ(parse_policy(kIdentity, std::string(limits::kPolicyBytesMax + 1, ' ')).error().code, ErrorCode::kTooLarge);
  std::string statements;
  for (size_t i = 0; i <= limits::kPolicyStatementsMax; ++i) {
    statements += fmt::format("{}{{{}}}", i == 0 ? "" : ",", kIdentityStatement);
  }
  EXPECT_EQ(parse_policy(kIdentity, document(statements)).error().code, ErrorCode::kTooLarge);
  const std::string long_value(limits::kPolicyTextBytesMax + 1, 'x');
  EXPECT_EQ(
      parse_policy(kIdentity, identity(fmt::format(R"(,"Condition":{{"StringEquals":{{"a:b":"{}"}}}})", long_value)))
          .error()
          .code,
      ErrorCode::kTooLarge);
  EXPECT_FALSE(parse_policy(kIdentity, std::string(1000, '[')));
}

TEST(PolicySize, CountsNoWhiteSpaceOutsideStrings) {
  EXPECT_EQ(policy_size("{ \"a b\" :\n\t1 }"), std::string("{\"a b\":1}").size());
  EXPECT_EQ(policy_size(R"({"a\" b":1})"), std::string(R"({"a\" b":1})").size());
  EXPECT_EQ(policy_size("\"\xc3\xa9\""), 3u);
}

}  // namespace
}  // namespace sluice::iam
