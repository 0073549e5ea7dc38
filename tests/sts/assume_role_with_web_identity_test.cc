#include "sts/assume_role_with_web_identity.h"

#include <functional>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "oidc/tokens.h"
#include "sts/caller_identity.h"

namespace sluice::sts {
namespace {

using ::testing::HasSubstr;
using namespace sluice::test;

constexpr std::string_view kRoleArn = "arn:aws:iam::111122223333:role/team/prometheus";
constexpr std::string_view kNotAuthorized = "Not authorized to perform sts:AssumeRoleWithWebIdentity";

iam::OidcProvider eks_provider() {
  const std::string url(kEksIssuer.substr(8));
  return {.arn = "arn:aws:iam::111122223333:oidc-provider/" + url,
          .id = "provider-1",
          .account_id = "111122223333",
          .url = url,
          .client_ids = {"sts.amazonaws.com"}};
}

std::string trust_policy(std::string_view condition) {
  return fmt::format(R"({{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"Federated":"{}"}},)"
                     R"("Action":"sts:AssumeRoleWithWebIdentity","Condition":{}}}]}})",
                     eks_provider().arn, condition);
}
std::string guide_trust_policy() {
  const std::string prefix = eks_provider().url;
  return trust_policy(
      fmt::format(R"({{"StringEquals":{{"{}:sub":"{}","{}:aud":"sts.amazonaws.com"}}}})", prefix, kSubject, prefix));
}

iam::Role prometheus_role() {
  return {.arn = std::string(kRoleArn),
          .id = "AROAABCDEFGHIJKLMNOPQ",
          .account_id = "111122223333",
          .name = "prometheus",
          .path = "/team/",
          .trust_policy = guide_trust_policy(),
          .max_session_seconds = 3600};
}

/// Everything of one exchange, as it is when all is well; a test spoils one thing.
struct Scene {
  std::string token = rs256_token(kubernetes_claims());
  std::string duration = "1500";
  std::string session_name = "x-account";
  std::optional<iam::OidcProvider> provider = eks_provider();
  std::optional<iam::Role> role = prometheus_role();
  std::optional<oidc::KeySet> keys = oidc::KeySet::parse(issuer_jwks()).value();
  diagnosis::RegisteredIssuers registered;
  std::string source_ip = "192.0.2.1";

  std::expected<Exchange, ExchangeRefusal> run() const {
    const auto request = parse_request({{"RoleArn", std::string(kRoleArn)},
                                        {"RoleSessionName", session_name},
                                        {"WebIdentityToken", token},
                                        {"DurationSeconds", duration}});
    if (!request) return std::unexpected(request.error());
    return decide(*request,
                  {.provider = provider ? &*provider : nullptr,
                   .role = role ? &*role : nullptr,
                   .keys = keys ? &*keys : nullptr,
                   .keys_problem = diagnosis::make_finding(diagnosis::RuleId::kOidcKeysUnavailable, "timeout", "keys"),
                   .registered = registered,
                   .now = kNow,
                   .source_ip = source_ip,
                   .region = "us-east-1"});
  }
};

/// Claims of the EKS token plus `more` members.
std::string claims_with(std::string_view more) {
  std::string claims = kubernetes_claims();
  claims.insert(claims.size() - 1, "," + std::string(more));
  return claims;
}

TEST(ExchangeTest, GivesTheGuidesTokenItsSession) {
  const auto exchange = Scene().run();
  ASSERT_TRUE(exchange) << exchange.error().error.message << " | " << exchange.error().finding.fix;
  EXPECT_EQ(exchange->assumed_role_arn, "arn:aws:sts::111122223333:assumed-role/prometheus/x-account");
  EXPECT_EQ(exchange->assumed_role_id, "AROAABCDEFGHIJKLMNOPQ:x-account");
  EXPECT_EQ(exchange->claims.role_arn, kRoleArn);
  EXPECT_EQ(exchange->claims.provider_id, "provider-1");
  EXPECT_EQ(exchange->claims.subject, kSubject);
  EXPECT_EQ(exchange->claims.issued_at, kNow);
  EXPECT_EQ(exchange->claims.expires_at, kNow + 1500);
  // AWS shows 24 to 34 for such tokens.
  EXPECT_GE(exchange->packed_policy_percent, 20);
  EXPECT_LE(exchange->packed_policy_percent, 40);
}

TEST(ExchangeTest, Row_1_5_SessionMayOutliveTheToken) {
  Scene scene;
  scene.token = rs256_token(fmt::format(R"({{"iss":"{}","sub":"{}","aud":"sts.amazonaws.com","iat":{},"exp":{}}})",
                                        kEksIssuer, kSubject, kNow - 3000, kNow + 90));
  scene.duration = "3600";
  EXPECT_EQ(scene.run()->claims.expires_at, kNow + 3600);
}

struct Refused {
  std::string name;
  std::function<void(Scene&)> spoil;
  int status;
  std::string code;
  std::string message;
  std::string rule;
  bool retry = false;
};
class RefusedExchangeTest : public ::testing::TestWithParam<Refused> {};

TEST_P(RefusedExchangeTest, IsAnsweredAsAwsDoesAndExplained) {
  Scene scene;
  GetParam().spoil(scene);
  const auto exchange = scene.run();
  ASSERT_FALSE(exchange);
  const ExchangeRefusal& refusal = exchange.error();
  EXPECT_EQ(refusal.error.status, GetParam().status);
  EXPECT_EQ(refusal.error.code, GetParam().code);
  EXPECT_EQ(refusal.error.message, GetParam().message);
  EXPECT_EQ(diagnosis::rule(refusal.finding.rule).name, GetParam().rule) << refusal.finding.seen;
  EXPECT_EQ(refusal.retry_with_new_keys, GetParam().retry);
  EXPECT_EQ(refusal.issuer, kEksIssuer);
  EXPECT_FALSE(refusal.subject.empty());
  EXPECT_FALSE(refusal.finding.fix.empty());
}

constexpr std::string_view kGeneral =
    "The web identity token provided could not be validated. See the AssumeRoleWithWebIdentity documentation for "
    "requirements.";
constexpr std::string_view kNoKey =
    "Couldn't retrieve verification key from your identity provider,  please reference AssumeRoleWithWebIdentity "
    "documentation for requirements";

Refused token_refusal(std::string name, std::function<void(Scene&)> spoil, std::string_view message, std::string rule,
                      bool retry = false) {
  return {std::move(name), std::move(spoil), 400, "InvalidIdentityToken", std::string(message), std::move(rule), retry};
}
Refused trust_refusal(std::string name, std::function<void(Scene&)> spoil, std::string rule) {
  return {std::move(name), std::move(spoil), 403, "AccessDenied", std::string(kNotAuthorized), std::move(rule)};
}
std::function<void(Scene&)> with_claim(std::string member) {
  return [member](Scene& scene) { scene.token = rs256_token(claims_with(member)); };
}
std::function<void(Scene&)> with_trust(std::string policy) {
  return [policy](Scene& scene) { scene.role->trust_policy = policy; };
}

INSTANTIATE_TEST_SUITE_P(
    Token, RefusedExchangeTest,
    ::testing::Values(
        token_refusal(
            "Row_1_4_NoProvider", [](Scene& scene) { scene.provider.reset(); },
            "No OpenIDConnect provider found in your account for " + std::string(kEksIssuer),
            "oidc.issuer-not-registered"),
        token_refusal(
            "Row_6_17_ProviderWithTrailingSlash",
            [](Scene& scene) {
              scene.provider.reset();
              scene.registered.same_account = {std::string(kEksIssuer) + "/"};
            },
            "No OpenIDConnect provider found in your account for " + std::string(kEksIssuer),
            "oidc.issuer-trailing-slash"),
        token_refusal(
            "Row_1_3_ProviderOfAnotherAccount", [](Scene& scene) { scene.provider->account_id = "999922223333"; },
            "No OpenIDConnect provider found in your account for " + std::string(kEksIssuer),
            "oidc.issuer-not-registered"),
        token_refusal(
            "Row_1_4_KeysUnavailable", [](Scene& scene) { scene.keys.reset(); }, kNoKey, "oidc.keys-unavailable"),
        token_refusal(
            "Row_1_4_UnknownKid",
            [](Scene& scene) { scene.keys = oidc::KeySet::parse(jwks(jwk(ec_key(), "other"))).value(); }, kNoKey,
            "oidc.kid-unknown", true),
        token_refusal(
            "Row_9_1_Forged",
            [](Scene& scene) {
              scene.token = signed_token(other_rsa_key(), crypto::SignatureAlgorithm::kRs256,
                                         R"({"alg":"RS256","kid":"rsa-1"})", kubernetes_claims());
            },
            kGeneral, "oidc.signature-invalid"),
        token_refusal(
            "Row_1_4_Audience",
            [](Scene& scene) { scene.token = rs256_token(kubernetes_claims(kEksIssuer, kSubject, "vault")); },
            "Incorrect token audience", "oidc.audience-not-registered"),
        token_refusal(
            "Row_6_8_DefaultToken",
            [](Scene& scene) {
              scene.token = rs256_token(kubernetes_claims(kEksIssuer, kSubject, "https://kubernetes.default.svc"));
            },
            "Incorrect token audience", "oidc.audience-api-server"),
        token_refusal(
            "Row_6_52_SessionTags", with_claim(R"("https://aws.amazon.com/tags":{"principal_tags":{"Team":["a"]}})"),
            "The claim https://aws.amazon.com/tags is not supported: this server does not offer session tags yet.",
            "sts.session-tags-unsupported"),
        token_refusal(
            "Row_3_4_FlattenedSessionTags", with_claim(R"("https://aws.amazon.com/tags/principal_tags/Team":"a")"),
            "The claim https://aws.amazon.com/tags is not supported: this server does not offer session tags yet.",
            "sts.session-tags-unsupported"),
        token_refusal("Row_3_4_SourceIdentity", with_claim(R"("https://aws.amazon.com/source_identity":"me")"),
                      "The claim https://aws.amazon.com/source_identity is not supported: this server does not offer "
                      "source identities yet.",
                      "sts.source-identity-unsupported"),
        token_refusal("Row_1_4_RolesClaimWithoutThisRole",
                      with_claim(R"("https://aws.amazon.com/roles":["arn:aws:iam::111122223333:role/other"])"),
                      "The target role ARN is not present in the roles claim of the identity token", "sts.roles-claim"),
        token_refusal("Row_1_4_RolesClaimWithoutArns", with_claim(R"("https://aws.amazon.com/roles":"x; ;y")"),
                      "The roles claim contains no valid role ARNs", "sts.roles-claim"),
        token_refusal("Row_1_4_RolesClaimEmpty", with_claim(R"("https://aws.amazon.com/roles":[])"),
                      "The roles claim contains no valid role ARNs", "sts.roles-claim"),
        token_refusal("Row_1_4_RolesClaimAsObject", with_claim(R"("https://aws.amazon.com/roles":{})"),
                      "The roles claim is not in a supported format", "sts.roles-claim"),
        Refused{"Row_1_4_Expired",
                [](Scene& scene) {
                  scene.token =
                      rs256_token(fmt::format(R"({{"iss":"{}","sub":"s","aud":"sts.amazonaws.com","iat":{},"exp":{}}})",
                                              kEksIssuer, kNow - 4000, kNow - 400));
                },
                400, "ExpiredTokenException",
                fmt::format("Token expired: current date/time {} must be before the expiration date/time {}",
                            kNow - 300, kNow - 400),
                "token.expired"}),
    [](const auto& info) { return info.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Role, RefusedExchangeTest,
    ::testing::Values(
        trust_refusal(
            "Row_1_4_RoleMissing", [](Scene& scene) { scene.role.reset(); }, "sts.role-missing"),
        trust_refusal(
            "Row_6_43_RoleOfAnotherPath",
            [](Scene& scene) { scene.role->arn = "arn:aws:iam::111122223333:role/prometheus"; }, "sts.role-missing"),
        trust_refusal(
            "Row_1_4_TrustMismatch",
            [](Scene& scene) {
              scene.token = rs256_token(kubernetes_claims(kEksIssuer, "system:serviceaccount:monitoring:grafana"));
            },
            "trust.sub-mismatch"),
        trust_refusal(
            "Row_6_50_ActionMissing",
            [](Scene& scene) {
              std::string& policy = scene.role->trust_policy;
              policy.replace(policy.find("WithWebIdentity"), 15, "");
            },
            "trust.action-missing"),
        trust_refusal(
            "Row_6_44_OtherProvider", [](Scene& scene) { scene.provider->arn += "/"; },
            "trust.principal-trailing-slash"),
        trust_refusal("TrustPolicyBroken", with_trust("{"), "trust.policy-broken"),
        trust_refusal("SourceAddress", with_trust(trust_policy(R"({"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}})")),
                      "trust.condition-mismatch"),
        Refused{"Row_6_55_DurationOverTheRoles", [](Scene& scene) { scene.duration = "3601"; }, 400, "ValidationError",
                "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
                "sts.duration-too-long"},
        Refused{"Row_6_58_SubjectTooLong",
                [](Scene& scene) {
                  scene.token = rs256_token(kubernetes_claims(kEksIssuer, std::string(2000, 's')));
                  scene.role->trust_policy = trust_policy("{}");
                },
                400, "PackedPolicyTooLarge", "Packed size of session tags consumes 221% of allotted space.",
                "sts.packed-size-too-large"}),
    [](const auto& info) { return info.param.name; });

TEST(ExchangeTest, Row_1_4_MissingRoleAndMismatchGetOneAnswer) {
  Scene missing;
  missing.role.reset();
  Scene mismatch;
  mismatch.token = rs256_token(kubernetes_claims(kEksIssuer, "system:serviceaccount:a:b"));
  const aws::AwsError a = missing.run().error().error;
  const aws::AwsError b = mismatch.run().error().error;
  EXPECT_EQ(a.status, b.status);
  EXPECT_EQ(a.code, b.code);
  EXPECT_EQ(a.message, b.message);
}

TEST(ExchangeTest, ForgedTokensLearnNothingOfRoleOrTrust) {
  Scene forged;
  forged.token = signed_token(other_rsa_key(), crypto::SignatureAlgorithm::kRs256, R"({"alg":"RS256","kid":"rsa-1"})",
                              kubernetes_claims(kEksIssuer, "system:serviceaccount:a:b", "vault"));
  const std::string with_role = forged.run().error().error.message;
  forged.role.reset();
  EXPECT_EQ(forged.run().error().error.message, with_role);
}

struct Trusted {
  std::string name;
  std::string condition;  ///< {p} stands for the issuer's key prefix
  std::string claim;
};
class TrustedTest : public ::testing::TestWithParam<Trusted> {};

TEST_P(TrustedTest, IsAdmitted) {
  Scene scene;
  std::string condition = GetParam().condition;
  for (size_t at = condition.find("{p}"); at != std::string::npos; at = condition.find("{p}")) {
    condition.replace(at, 3, eks_provider().url);
  }
  scene.role->trust_policy = trust_policy(condition);
  if (!GetParam().claim.empty()) scene.token = rs256_token(claims_with(GetParam().claim));
  const auto exchange = scene.run();
  EXPECT_TRUE(exchange) << exchange.error().error.message << " | " << exchange.error().finding.detail;
}

INSTANTIATE_TEST_SUITE_P(
    Rows_3_1, TrustedTest,
    ::testing::Values(
        Trusted{"SubWithWildcard", R"({"StringLike":{"{p}:sub":"system:serviceaccount:monitoring:*"}})", ""},
        Trusted{"KeyInAnotherCase", R"({"StringEquals":{"{p}:SUB":"system:serviceaccount:monitoring:prometheus"}})",
                ""},
        Trusted{"OriginalAudiences", R"({"ForAnyValue:StringEquals":{"{p}:oaud":"sts.amazonaws.com"}})", ""},
        Trusted{"AuthenticationMethods", R"({"ForAnyValue:StringEquals":{"{p}:amr":"mfa"}})", R"("amr":["pwd","mfa"])"},
        Trusted{"Email", R"({"StringEquals":{"{p}:email":"a@example.org"}})", R"("email":"a@example.org")"},
        Trusted{"SessionName", R"({"StringLike":{"sts:RoleSessionName":"x-*"}})", ""},
        Trusted{"SourceAddress", R"({"IpAddress":{"aws:SourceIp":"192.0.2.0/24"}})", ""},
        Trusted{"FederatedProvider",
                R"({"ArnLike":{"aws:FederatedProvider":"arn:aws:iam::111122223333:oidc-provider/{p}"}})", ""},
        Trusted{"PrincipalTypeIsUser",
                R"({"StringEquals":{"aws:PrincipalType":"User"},"Null":{"aws:PrincipalArn":"true"}})", ""},
        Trusted{"RolesClaimAuthorises", R"({"Bool":{"sts:RoleAuthorizedByIdp":"true"}})",
                R"("https://aws.amazon.com/roles":["nonsense"," arn:aws:iam::111122223333:role/team/prometheus "])"},
        Trusted{
            "RolesClaimAsText", R"({"Bool":{"sts:RoleAuthorizedByIdp":"true"}})",
            R"("https://aws.amazon.com/roles":"arn:aws:iam::111122223333:role/other;arn:aws:iam::111122223333:role/team/prometheus")"},
        Trusted{"NullRolesClaimIsAbsent", R"({"Bool":{"sts:RoleAuthorizedByIdp":"false"}})",
                R"("https://aws.amazon.com/roles":null)"},
        Trusted{"NullTagsClaimIsAbsent", "{}", R"("https://aws.amazon.com/tags":null)"}),
    [](const auto& info) { return info.param.name; });

TEST(ExchangeTest, IssuedSessionOpensAgain) {
  const auto exchange = Scene().run();
  ASSERT_TRUE(exchange);
  const SealingKeys keys = SealingKeys::generate(kNow);
  const SessionCredentials credentials = issue_session(keys, exchange->claims);
  const auto unsealed = unseal_session(keys, credentials.session_token.reveal(), credentials.access_key_id);
  ASSERT_TRUE(unsealed);
  EXPECT_EQ(to_principal(unsealed->claims, credentials.access_key_id).arn, exchange->assumed_role_arn);
}

TEST(ExchangeAnswerTest, Row_1_6_HasAwsElementsInAwsOrder) {
  const auto exchange = Scene().run();
  ASSERT_TRUE(exchange);
  SessionCredentials credentials{.access_key_id = "ASIASLU0ABCDEFGHIJKL",
                                 .secret_access_key = Secret("secret/+"),
                                 .session_token = Secret("token=="),
                                 .expires_at = kNow + 1500};
  EXPECT_EQ(assume_role_with_web_identity_result(*exchange, credentials),
            fmt::format("    <SubjectFromWebIdentityToken>{}</SubjectFromWebIdentityToken>\n"
                        "    <Audience>sts.amazonaws.com</Audience>\n"
                        "    <AssumedRoleUser>\n"
                        "      <Arn>arn:aws:sts::111122223333:assumed-role/prometheus/x-account</Arn>\n"
                        "      <AssumedRoleId>AROAABCDEFGHIJKLMNOPQ:x-account</AssumedRoleId>\n"
                        "    </AssumedRoleUser>\n"
                        "    <Credentials>\n"
                        "      <AccessKeyId>ASIASLU0ABCDEFGHIJKL</AccessKeyId>\n"
                        "      <SecretAccessKey>secret/+</SecretAccessKey>\n"
                        "      <SessionToken>token==</SessionToken>\n"
                        "      <Expiration>2026-09-11T11:18:20Z</Expiration>\n"
                        "    </Credentials>\n"
                        "    <PackedPolicySize>{}</PackedPolicySize>\n"
                        "    <Provider>{}</Provider>\n",
                        kSubject, exchange->packed_policy_percent, eks_provider().arn));
}

TEST(CallerIdentityTest, Row_1_6_AnswersArnUserIdAccount) {
  const iam::Principal caller = to_principal(Scene().run()->claims, "ASIAX");
  EXPECT_EQ(get_caller_identity_result(caller),
            "    <Arn>arn:aws:sts::111122223333:assumed-role/prometheus/x-account</Arn>\n"
            "    <UserId>AROAABCDEFGHIJKLMNOPQ:x-account</UserId>\n"
            "    <Account>111122223333</Account>\n");
}

}  // namespace
}  // namespace sluice::sts
