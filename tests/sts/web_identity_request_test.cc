#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "aws/query_protocol.h"
#include "oidc/tokens.h"
#include "sts/assume_role_with_web_identity.h"

namespace sluice::sts {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using namespace sluice::test;

constexpr std::string_view kRoleArn = "arn:aws:iam::111122223333:role/prometheus";

/// The guide's request, with parameters replaced or (by "-") left out.
aws::Parameters parameters(const aws::Parameters& changes = {}) {
  aws::Parameters result = {{"Action", "AssumeRoleWithWebIdentity"},
                            {"Version", "2011-06-15"},
                            {"RoleArn", std::string(kRoleArn)},
                            {"RoleSessionName", "x-account"},
                            {"WebIdentityToken", rs256_token(kubernetes_claims())},
                            {"DurationSeconds", "1500"}};
  for (const auto& [name, value] : changes) {
    std::erase_if(result, [&](const auto& parameter) { return parameter.first == name; });
    if (value != "-") result.emplace_back(name, value);
  }
  return result;
}

TEST(WebIdentityRequestTest, ReadsTheGuidesRequest) {
  const auto request = parse_request(parameters());
  ASSERT_TRUE(request) << request.error().error.message;
  EXPECT_EQ(request->role.arn, kRoleArn);
  EXPECT_EQ(request->role.account_id, "111122223333");
  EXPECT_EQ(request->role.path, "/");
  EXPECT_EQ(request->role.name, "prometheus");
  EXPECT_EQ(request->session_name, "x-account");
  EXPECT_EQ(request->duration_seconds, 1500);
  EXPECT_EQ(request->token.claims().subject, kSubject);
}

TEST(WebIdentityRequestTest, AsksForAnHourByDefault) {
  EXPECT_EQ(parse_request(parameters({{"DurationSeconds", "-"}}))->duration_seconds, 3600);
}

TEST(WebIdentityRequestTest, Row_1_2_ReadsIntegersAsStsDoes) {
  EXPECT_EQ(parse_request(parameters({{"DurationSeconds", "0900"}}))->duration_seconds, 900);
  EXPECT_EQ(parse_request(parameters({{"DurationSeconds", "+900"}}))->duration_seconds, 900);
}

TEST(WebIdentityRequestTest, Row_1_1_FirstOfRepeatedParametersWins) {
  aws::Parameters repeated = parameters();
  repeated.emplace_back("RoleSessionName", "another");
  EXPECT_EQ(parse_request(repeated)->session_name, "x-account");
}

TEST(WebIdentityRequestTest, IgnoresUnknownAndEmptyListParameters) {
  EXPECT_TRUE(parse_request(parameters({{"PolicyArns", ""}, {"Nonsense", "x"}})));
}

struct Refused {
  std::string name;
  aws::Parameters changes;
  int status;
  std::string code;
  std::string message;  ///< a part of it
  std::string rule;
};
class RefusedRequestTest : public ::testing::TestWithParam<Refused> {};

TEST_P(RefusedRequestTest, IsAnswered) {
  const auto request = parse_request(parameters(GetParam().changes));
  ASSERT_FALSE(request);
  EXPECT_EQ(request.error().error.status, GetParam().status);
  EXPECT_EQ(request.error().error.code, GetParam().code);
  EXPECT_THAT(request.error().error.message, HasSubstr(GetParam().message));
  EXPECT_EQ(diagnosis::rule(request.error().finding.rule).name, GetParam().rule);
  EXPECT_FALSE(request.error().retry_with_new_keys);
}

INSTANTIATE_TEST_SUITE_P(
    WebIdentityRequestTest, RefusedRequestTest,
    ::testing::Values(
        Refused{"Row_1_3_MissingRoleArn",
                {{"RoleArn", "-"}},
                400,
                "ValidationError",
                "Value null at 'roleArn' failed to satisfy constraint: Member must not be null",
                "sts.request-invalid"},
        Refused{"Row_1_2_ShortRoleArn",
                {{"RoleArn", "arn"}},
                400,
                "ValidationError",
                "Member must have length greater than or equal to 20",
                "sts.request-invalid"},
        Refused{
            "Row_6_54_SessionNameWithColon",
            {{"RoleSessionName", "system:prometheus"}},
            400,
            "ValidationError",
            "1 validation error detected: Value 'system:prometheus' at 'roleSessionName' failed to satisfy constraint",
            "sts.session-name-invalid"},
        Refused{"Row_6_54_SessionNameOfOne",
                {{"RoleSessionName", "x"}},
                400,
                "ValidationError",
                "greater than or equal to 2",
                "sts.session-name-invalid"},
        Refused{"Row_6_54_SessionNameTooLong",
                {{"RoleSessionName", std::string(65, 'x')}},
                400,
                "ValidationError",
                "less than or equal to 64",
                "sts.session-name-invalid"},
        Refused{"Row_1_3_AllViolationsTogether",
                {{"RoleSessionName", "-"}, {"WebIdentityToken", "-"}, {"RoleArn", "-"}},
                400,
                "ValidationError",
                "3 validation errors detected",
                "sts.session-name-invalid"},
        Refused{"Row_1_2_DurationTooShort",
                {{"DurationSeconds", "899"}},
                400,
                "ValidationError",
                "'durationSeconds'",
                "sts.request-invalid"},
        Refused{"Row_1_2_DurationTooLong",
                {{"DurationSeconds", "43201"}},
                400,
                "ValidationError",
                "'durationSeconds'",
                "sts.request-invalid"},
        Refused{"Row_1_2_DurationNotAnInteger",
                {{"DurationSeconds", "900.0"}},
                400,
                "MalformedInput",
                "",
                "sts.request-invalid"},
        Refused{"Row_1_2_RoleArnThatIsNone",
                {{"RoleArn", "not-an-arn-but-long-enough"}},
                400,
                "ValidationError",
                "not-an-arn-but-long-enough is invalid",
                "sts.role-arn-invalid"},
        Refused{"RoleArnOfAUser",
                {{"RoleArn", "arn:aws:iam::111122223333:user/prometheus"}},
                400,
                "ValidationError",
                "is invalid",
                "sts.role-arn-invalid"},
        Refused{"RoleArnWithoutName",
                {{"RoleArn", "arn:aws:iam::111122223333:role/path/"}},
                400,
                "ValidationError",
                "is invalid",
                "sts.role-arn-invalid"},
        Refused{"RoleArnOfThirteenDigits",
                {{"RoleArn", "arn:aws:iam::1111222233334:role/prometheus"}},
                400,
                "ValidationError",
                "is invalid",
                "sts.role-arn-invalid"},
        Refused{"Row_1_4_ProviderIdAmazon",
                {{"ProviderId", "www.amazon.com"}},
                400,
                "InvalidIdentityToken",
                "Provided Token is not a Login With Amazon token",
                "sts.provider-parameter"},
        Refused{
            "Row_1_4_ProviderIdOther",
            {{"ProviderId", "accounts.google.com"}},
            403,
            "AccessDenied",
            "Unrecognized OAuth provider. Do not include a provider parameter when submitting OpenIDConnect ID tokens",
            "sts.provider-parameter"},
        Refused{"SessionPolicy",
                {{"Policy", "{}"}},
                400,
                "ValidationError",
                "Policy is not supported",
                "sts.session-policy-unsupported"},
        Refused{"SessionPolicyArns",
                {{"PolicyArns.member.1.arn", "arn:aws:iam::aws:policy/X"}},
                400,
                "ValidationError",
                "PolicyArns is not supported",
                "sts.session-policy-unsupported"},
        Refused{"Row_1_4_Garbage",
                {{"WebIdentityToken", "garbage"}},
                400,
                "InvalidIdentityToken",
                "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)",
                "token.not-a-jwt"},
        Refused{"Row_6_6_Path",
                {{"WebIdentityToken", "/var/run/secrets/token"}},
                400,
                "InvalidIdentityToken",
                "The ID Token provided is not a valid JWT",
                "token.file-path"},
        Refused{"Row_1_4_MissingClaim",
                {{"WebIdentityToken", rs256_token(R"({"iss":"https://i"})")}},
                400,
                "InvalidIdentityToken",
                "Missing a required claim: sub",
                "token.claim-missing"},
        Refused{"Row_1_3_RoleArnBeforeToken",
                {{"RoleArn", "not-an-arn-but-long-enough"}, {"WebIdentityToken", "garbage"}},
                400,
                "ValidationError",
                "is invalid",
                "sts.role-arn-invalid"},
        Refused{"Row_1_3_ProviderIdBeforeToken",
                {{"ProviderId", "x.example"}, {"WebIdentityToken", "garbage"}},
                403,
                "AccessDenied",
                "Unrecognized",
                "sts.provider-parameter"}),
    [](const auto& info) { return info.param.name; });

TEST(WebIdentityRequestTest, NeverEchoesTheToken) {
  const std::string token = "eyJ" + std::string(20'100, 'Q');
  for (const auto& request : {parse_request(parameters({{"WebIdentityToken", token}})),
                              parse_request(parameters({{"WebIdentityToken", token}, {"RoleSessionName", "x"}})),
                              parse_request(parameters({{"WebIdentityToken", "eyJ"}})),
                              parse_request(parameters({{"WebIdentityToken", "eyJhbGciOi.QQQQ.eyJ"}}))}) {
    ASSERT_FALSE(request);
    const auto& [error, finding, issuer, subject, retry] = request.error();
    for (const std::string& text : {error.message, finding.seen, finding.wanted, finding.fix, finding.detail}) {
      EXPECT_THAT(text, Not(HasSubstr("eyJ")));
    }
  }
}

TEST(RoleArnTest, KeepsThePath) {
  const auto role = parse_role_arn("arn:aws:iam::111122223333:role/team/a/prometheus");
  ASSERT_TRUE(role);
  EXPECT_EQ(role->path, "/team/a/");
  EXPECT_EQ(role->name, "prometheus");
}

}  // namespace
}  // namespace sluice::sts
