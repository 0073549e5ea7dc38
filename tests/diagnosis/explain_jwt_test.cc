#include "diagnosis/explain_jwt.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::diagnosis {
namespace {

using oidc::JwtRefusal;
using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string name_of(const Finding& finding) { return std::string(rule(finding.rule).name); }

constexpr std::string_view kEks = "https://oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF";
constexpr std::string_view kAks =
    "https://westeurope.oic.prod-aks.azure.com/11111111-2222-3333-4444-555555555555/"
    "66666666-7777-8888-9999-000000000000/";

TEST(ExplainJwtTest, EveryRefusalHasARuleOfItsLink) {
  for (int i = 0; i < oidc::kJwtRefusalCount; ++i) {
    const auto refusal = static_cast<JwtRefusal>(i);
    const std::string name = name_of(explain({.refusal = refusal, .seen = "s", .wanted = "w"}));
    const bool is_token_alone = stage(refusal) == oidc::JwtStage::kStructure || stage(refusal) == oidc::JwtStage::kTime;
    EXPECT_THAT(name, StartsWith(is_token_alone ? "token." : "oidc.")) << to_string(refusal);
  }
}

struct Miss {
  std::string name;
  std::string issuer;
  RegisteredIssuers registered;
  std::string rule;
  std::string nearest;
};
class IssuerMissTest : public ::testing::TestWithParam<Miss> {};

TEST_P(IssuerMissTest, IsNamed) {
  const Finding finding =
      explain({.refusal = JwtRefusal::kIssuerNotRegistered, .seen = GetParam().issuer}, GetParam().registered);
  EXPECT_EQ(name_of(finding), GetParam().rule);
  EXPECT_EQ(finding.seen, GetParam().issuer);
  if (!GetParam().nearest.empty()) EXPECT_EQ(finding.wanted, GetParam().nearest);
}

const std::string kAksBare(kAks.substr(0, kAks.size() - 1));
const std::string kEksUpper = "https://OIDC.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF";
const std::string kEksWithPort = "https://oidc.eks.eu-west-1.amazonaws.com:8443/id/0123456789ABCDEF0123456789ABCDEF";
const std::string kEksOtherRegion = "https://oidc.eks.eu-west-2.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF";
const std::string kEksRebuilt = "https://oidc.eks.eu-west-1.amazonaws.com/id/FEDCBA9876543210FEDCBA9876543210";

INSTANTIATE_TEST_SUITE_P(
    ExplainJwtTest, IssuerMissTest,
    ::testing::Values(
        Miss{"Row_6_16_NothingRegistered", std::string(kEks), {}, "oidc.issuer-not-registered", ""},
        Miss{"Row_6_16_OnlyOthersRegistered",
             std::string(kEks),
             {{"https://token.actions.githubusercontent.com"}, {}},
             "oidc.issuer-not-registered",
             ""},
        Miss{"Row_6_16_OtherAccount",
             std::string(kEks),
             {{std::string(kAks)}, {std::string(kEks)}},
             "oidc.issuer-other-account",
             std::string(kEks)},
        Miss{"Row_6_17_SlashDropped", std::string(kAks), {{kAksBare}, {}}, "oidc.issuer-trailing-slash", kAksBare},
        Miss{"Row_6_17_SlashAdded",
             kAksBare,
             {{std::string(kAks)}, {}},
             "oidc.issuer-trailing-slash",
             std::string(kAks)},
        Miss{"Row_6_18_Case", std::string(kEks), {{kEksUpper}, {}}, "oidc.issuer-case", kEksUpper},
        Miss{"Row_6_18_Port", kEksWithPort, {{std::string(kEks)}, {}}, "oidc.issuer-port", std::string(kEks)},
        Miss{"Row_6_18_Www",
             "https://www.idp.example.org/realm",
             {{"https://idp.example.org/realm"}, {}},
             "oidc.issuer-spelling",
             "https://idp.example.org/realm"},
        Miss{"Row_6_18_DoubleSlash",
             "https://idp.example.org//realm",
             {{"https://idp.example.org/realm"}, {}},
             "oidc.issuer-spelling",
             ""},
        Miss{"Row_6_18_Scheme",
             "http://idp.example.org/realm",
             {{"https://idp.example.org/realm"}, {}},
             "oidc.issuer-scheme",
             "https://idp.example.org/realm"},
        Miss{"Row_6_19_RebuiltCluster",
             kEksRebuilt,
             {{std::string(kEks)}, {}},
             "oidc.issuer-rebuilt-cluster",
             std::string(kEks)},
        Miss{"Row_6_20_Region", kEksOtherRegion, {{std::string(kEks)}, {}}, "oidc.issuer-spelling", std::string(kEks)},
        Miss{"Row_6_22_ClusterLocal",
             "https://kubernetes.default.svc.cluster.local",
             {{std::string(kEks)}, {}},
             "oidc.issuer-cluster-local",
             ""},
        Miss{"Row_6_22_OldK3s", "k3s", {}, "oidc.issuer-cluster-local", ""},
        Miss{"Row_6_27_LegacySecretToken", "kubernetes/serviceaccount", {}, "oidc.issuer-cluster-local", ""},
        Miss{"NotAUrl", "my-idp", {}, "oidc.issuer-scheme", ""},
        Miss{"GkeSisterClustersAreNoRebuild",
             "https://container.googleapis.com/v1/projects/p/locations/l/clusters/production",
             {{"https://container.googleapis.com/v1/projects/p/locations/l/clusters/qa"}, {}},
             "oidc.issuer-not-registered",
             ""}),
    [](const auto& info) { return info.param.name; });

TEST(ExplainJwtTest, PrefersTheNearestOfSeveralIssuers) {
  const IssuerMiss miss = nearest_issuer(kAks, {{kEksRebuilt, kAksBare, std::string(kEks)}, {}});
  EXPECT_EQ(miss.rule, RuleId::kOidcIssuerTrailingSlash);
  EXPECT_EQ(miss.nearest, kAksBare);
}

TEST(ExplainJwtTest, ShowsWhereIssuersPart) {
  const Finding finding =
      explain({.refusal = JwtRefusal::kIssuerNotRegistered, .seen = kEksOtherRegion}, {{std::string(kEks)}, {}});
  EXPECT_THAT(finding.detail, HasSubstr("character 26"));
}

TEST(FirstDifferenceTest, NamesPositionAndBothSides) {
  EXPECT_EQ(first_difference("same", "same"), "");
  EXPECT_EQ(first_difference("abc", "abd"), "they part at character 3: seen abc wanted abd");
  EXPECT_EQ(first_difference("https://h/x/", "https://h/x"),
            "they part at character 12: seen https://h/x/ wanted https://h/x<end>");
  EXPECT_EQ(first_difference("", "x"), "they part at character 1: seen <end> wanted x");
}

struct WrongAudience {
  std::string name;
  std::string audience;
  std::string rule;
};
class WrongAudienceTest : public ::testing::TestWithParam<WrongAudience> {};

TEST_P(WrongAudienceTest, SaysWhichTokenWasTaken) {
  const Finding finding = explain({.refusal = JwtRefusal::kAudienceNotRegistered,
                                   .seen = GetParam().audience,
                                   .wanted = "one of: sts.amazonaws.com"});
  EXPECT_EQ(name_of(finding), GetParam().rule);
  EXPECT_THAT(finding.fix, HasSubstr("sts.amazonaws.com"));
}

INSTANTIATE_TEST_SUITE_P(
    ExplainJwtTest, WrongAudienceTest,
    ::testing::Values(WrongAudience{"Row_6_24_Other", "vault", "oidc.audience-not-registered"},
                      WrongAudience{"Row_6_8_ApiServer", "https://kubernetes.default.svc", "oidc.audience-api-server"},
                      WrongAudience{"Row_6_8_ApiServerLong", "https://kubernetes.default.svc.cluster.local",
                                    "oidc.audience-api-server"},
                      WrongAudience{"Row_6_8_K3s", "k3s", "oidc.audience-api-server"},
                      WrongAudience{"Row_6_8_Aks", "https://prod-dns-1a2b.hcp.westeurope.azmk8s.io",
                                    "oidc.audience-api-server"},
                      WrongAudience{"Row_6_14_Entra", "api://AzureADTokenExchange", "oidc.audience-azure-exchange"}),
    [](const auto& info) { return info.param.name; });

TEST(ExplainJwtTest, TellsACopiedDiscoveryDocumentFromABrokenOne) {
  EXPECT_EQ(name_of(explain(oidc::parse_discovery(R"({"issuer":"https://a"})", "https://b").error())),
            "oidc.discovery-issuer-differs");
  EXPECT_EQ(name_of(explain(oidc::parse_discovery("<html>", "https://b").error())), "oidc.discovery-malformed");
}

}  // namespace
}  // namespace sluice::diagnosis
