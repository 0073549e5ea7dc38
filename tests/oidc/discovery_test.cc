#include "oidc/discovery.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/limits.h"

namespace sluice::oidc {
namespace {

using ::testing::ElementsAre;

TEST(DiscoveryTest, LooksUnderTheIssuerWithoutOneTrailingSlash) {
  EXPECT_EQ(discovery_url("https://h/id/1"), "https://h/id/1/.well-known/openid-configuration");
  EXPECT_EQ(discovery_url("https://h/t/g/"), "https://h/t/g/.well-known/openid-configuration");
  EXPECT_EQ(discovery_url("https://h/t//"), "https://h/t//.well-known/openid-configuration");
}

struct Document {
  std::string name;
  std::string issuer;
  std::string json;
  std::string jwks_uri;
};
class ProviderDocumentTest : public ::testing::TestWithParam<Document> {};

TEST_P(ProviderDocumentTest, IsRead) {
  const auto discovery = parse_discovery(GetParam().json, GetParam().issuer);
  ASSERT_TRUE(discovery) << describe(discovery.error().refusal) << " " << discovery.error().seen;
  EXPECT_EQ(discovery->issuer, GetParam().issuer);
  EXPECT_EQ(discovery->jwks_uri, GetParam().jwks_uri);
  EXPECT_THAT(discovery->algorithms, ElementsAre("RS256"));
}

INSTANTIATE_TEST_SUITE_P(
    DiscoveryTest, ProviderDocumentTest,
    ::testing::Values(
        Document{
            "Eks", "https://oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF",
            R"({"issuer":"https://oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF",)"
            R"("jwks_uri":"https://oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF/keys",)"
            R"("authorization_endpoint":"urn:kubernetes:programmatic_authorization","response_types_supported":["id_token"],)"
            R"("subject_types_supported":["public"],"claims_supported":["sub","iss"],)"
            R"("id_token_signing_alg_values_supported":["RS256"]})",
            "https://oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF/keys"},
        Document{
            "AksWithTrailingSlash",
            "https://westeurope.oic.prod-aks.azure.com/11111111-2222-3333-4444-555555555555/"
            "66666666-7777-8888-9999-000000000000/",
            R"({"issuer":"https://westeurope.oic.prod-aks.azure.com/11111111-2222-3333-4444-555555555555/66666666-7777-8888-9999-000000000000/",)"
            R"("jwks_uri":"https://westeurope.oic.prod-aks.azure.com/11111111-2222-3333-4444-555555555555/66666666-7777-8888-9999-000000000000/openid/v1/jwks",)"
            R"("response_types_supported":["id_token"],"subject_types_supported":["public"],"id_token_signing_alg_values_supported":["RS256"]})",
            "https://westeurope.oic.prod-aks.azure.com/11111111-2222-3333-4444-555555555555/"
            "66666666-7777-8888-9999-000000000000/openid/v1/jwks"},
        Document{
            "Gke", "https://container.googleapis.com/v1/projects/acme/locations/europe-west1/clusters/prod",
            R"({"issuer":"https://container.googleapis.com/v1/projects/acme/locations/europe-west1/clusters/prod",)"
            R"("jwks_uri":"https://container.googleapis.com/v1/projects/acme/locations/europe-west1/clusters/prod/jwks",)"
            R"("response_types_supported":["id_token"],"subject_types_supported":["public"],)"
            R"("id_token_signing_alg_values_supported":["RS256"],"claims_supported":["iss","sub","kubernetes.io"],"grant_types":["urn:kubernetes:grant_type:programmatic_authorization"]})",
            "https://container.googleapis.com/v1/projects/acme/locations/europe-west1/clusters/prod/jwks"},
        Document{
            "K3sWithInternalKeys", "https://kubernetes.default.svc.cluster.local",
            R"({"issuer":"https://kubernetes.default.svc.cluster.local","jwks_uri":"https://10.0.2.15:6443/openid/v1/jwks",)"
            R"("response_types_supported":["id_token"],"subject_types_supported":["public"],"id_token_signing_alg_values_supported":["RS256"]})",
            "https://10.0.2.15:6443/openid/v1/jwks"},
        Document{
            "EntraWithKeysOnAnotherHost", "https://sts.windows.net/11111111-2222-3333-4444-555555555555/",
            R"({"token_endpoint":"https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/oauth2/token",)"
            R"("jwks_uri":"https://login.microsoftonline.com/common/discovery/keys","id_token_signing_alg_values_supported":["RS256"],)"
            R"("issuer":"https://sts.windows.net/11111111-2222-3333-4444-555555555555/","microsoft_multi_refresh_token":true,"tenant_region_scope":"EU"})",
            "https://login.microsoftonline.com/common/discovery/keys"}),
    [](const auto& info) { return info.param.name; });

struct Broken {
  std::string name;
  std::string json;
  DiscoveryRefusal refusal;
};
class BrokenDocumentTest : public ::testing::TestWithParam<Broken> {};

TEST_P(BrokenDocumentTest, IsRefused) {
  const auto discovery = parse_discovery(GetParam().json, "https://h/t/");
  ASSERT_FALSE(discovery);
  EXPECT_EQ(describe(discovery.error().refusal), describe(GetParam().refusal));
}

INSTANTIATE_TEST_SUITE_P(
    DiscoveryTest, BrokenDocumentTest,
    ::testing::Values(Broken{"ErrorPageOfABucket", "<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code></Error>",
                             DiscoveryRefusal::kNotJson},
                      Broken{"List", "[]", DiscoveryRefusal::kNotJson},
                      Broken{"DuplicateIssuer",
                             R"({"issuer":"https://x","issuer":"https://h/t/","jwks_uri":"https://h/k"})",
                             DiscoveryRefusal::kNotJson},
                      Broken{"TooLong", std::string(limits::kDiscoveryBytesMax + 1, ' '), DiscoveryRefusal::kTooLong},
                      Broken{"NoIssuer", R"({"jwks_uri":"https://h/k"})", DiscoveryRefusal::kIssuerMissing},
                      Broken{"Row_6_37_IssuerWithoutSlash", R"({"issuer":"https://h/t","jwks_uri":"https://h/k"})",
                             DiscoveryRefusal::kIssuerDiffers},
                      Broken{"Row_6_37_IssuerOfAnother", R"({"issuer":"https://other","jwks_uri":"https://h/k"})",
                             DiscoveryRefusal::kIssuerDiffers},
                      Broken{"NoJwksUri", R"({"issuer":"https://h/t/"})", DiscoveryRefusal::kJwksUriMissing},
                      Broken{"Row_9_2_JwksOverHttp", R"({"issuer":"https://h/t/","jwks_uri":"http://h/k"})",
                             DiscoveryRefusal::kJwksUriNotHttps},
                      Broken{"Row_9_2_JwksInAFile", R"({"issuer":"https://h/t/","jwks_uri":"file:///etc/passwd"})",
                             DiscoveryRefusal::kJwksUriNotHttps},
                      Broken{"Row_9_2_JwksWithUserInformation",
                             R"({"issuer":"https://h/t/","jwks_uri":"https://h@evil/k"})",
                             DiscoveryRefusal::kJwksUriNotHttps},
                      Broken{"JwksWithFragment", R"({"issuer":"https://h/t/","jwks_uri":"https://h/k#x"})",
                             DiscoveryRefusal::kJwksUriNotHttps},
                      Broken{"JwksWithLineFeed", R"({"issuer":"https://h/t/","jwks_uri":"https://h/k\nHost: x"})",
                             DiscoveryRefusal::kJwksUriNotHttps},
                      Broken{"JwksWithoutHost", R"({"issuer":"https://h/t/","jwks_uri":"https:///k"})",
                             DiscoveryRefusal::kJwksUriNotHttps}),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace sluice::oidc
