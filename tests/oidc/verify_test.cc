#include "oidc/verify.h"

#include <functional>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/encoding.h"
#include "crypto/hmac.h"
#include "oidc/tokens.h"

namespace sluice::oidc {
namespace {

using crypto::Curve;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using enum crypto::SignatureAlgorithm;
using namespace sluice::test;

VerifyRules rules(std::string_view issuer = kEksIssuer) {
  return {.issuer = std::string(issuer), .client_ids = {"sts.amazonaws.com", "https://sluice.example.org"}};
}

std::expected<VerifiedToken, JwtRejection> verify_text(const std::string& token,
                                                       const std::string& keys = issuer_jwks(),
                                                       const VerifyRules& rules_now = rules(), UnixSeconds now = kNow) {
  const auto jwt = Jwt::parse(token);
  if (!jwt) return std::unexpected(jwt.error());
  return verify(*jwt, KeySet::parse(keys).value(), rules_now, now);
}

std::string refusal_of(const std::expected<VerifiedToken, JwtRejection>& result) {
  return result ? "accepted" : std::string(to_string(result.error().refusal));
}

// Identity providers as they are.

struct Provider {
  std::string name;
  std::string issuer;
  std::string claims;  ///< {iat}, {nbf}, {exp} stand for times
  std::vector<std::string> client_ids;
  std::string subject;
  std::string audience;
};

std::string with_times(std::string text) {
  for (const auto& [name, value] :
       {std::pair("{iat}", kNow - 60), std::pair("{nbf}", kNow - 60), std::pair("{exp}", kNow + 3540)}) {
    for (size_t at = text.find(name); at != std::string::npos; at = text.find(name)) {
      text.replace(at, std::string_view(name).size(), std::to_string(value));
    }
  }
  return text;
}

class ProviderTokenTest : public ::testing::TestWithParam<Provider> {};

TEST_P(ProviderTokenTest, IsAcceptedAsTheProviderWritesIt) {
  const Provider& provider = GetParam();
  const auto verified = verify_text(rs256_token(with_times(provider.claims)), issuer_jwks(),
                                    {.issuer = provider.issuer, .client_ids = provider.client_ids});
  ASSERT_TRUE(verified) << refusal_of(verified) << ": " << verified.error().seen;
  EXPECT_EQ(verified->issuer, provider.issuer);
  EXPECT_EQ(verified->subject, provider.subject);
  EXPECT_EQ(verified->audience, provider.audience);
  EXPECT_EQ(verified->kid, "rsa-1");
}

TEST_P(ProviderTokenTest, IsRefusedUnderTheIssuerWithItsTrailingSlashChanged) {
  const Provider& provider = GetParam();
  std::string issuer = provider.issuer;
  issuer.ends_with('/') ? issuer.pop_back() : issuer.push_back('/');
  EXPECT_EQ(refusal_of(verify_text(rs256_token(with_times(provider.claims)), issuer_jwks(),
                                   {.issuer = issuer, .client_ids = provider.client_ids})),
            "issuer-not-registered");
}

TEST_P(ProviderTokenTest, IsRefusedByAProviderWithAnotherClientId) {
  const Provider& provider = GetParam();
  const auto result = verify_text(rs256_token(with_times(provider.claims)), issuer_jwks(),
                                  {.issuer = provider.issuer, .client_ids = {"vault"}});
  EXPECT_THAT(refusal_of(result), HasSubstr("not-registered"));
  EXPECT_EQ(result.error().seen, provider.audience);
}

INSTANTIATE_TEST_SUITE_P(
    VerifyTest, ProviderTokenTest,
    ::testing::Values(
        Provider{"Eks",
                 std::string(kEksIssuer),
                 kubernetes_claims(),
                 {"sts.amazonaws.com"},
                 std::string(kSubject),
                 "sts.amazonaws.com"},
        Provider{"AksWithTrailingSlash",
                 "https://westeurope.oic.prod-aks.azure.com/11111111-2222-3333-4444-555555555555/"
                 "66666666-7777-8888-9999-000000000000/",
                 kubernetes_claims("https://westeurope.oic.prod-aks.azure.com/11111111-2222-3333-4444-555555555555/"
                                   "66666666-7777-8888-9999-000000000000/"),
                 {"sts.amazonaws.com"},
                 std::string(kSubject),
                 "sts.amazonaws.com"},
        Provider{
            "Gke",
            "https://container.googleapis.com/v1/projects/acme/locations/europe-west1/clusters/prod",
            kubernetes_claims("https://container.googleapis.com/v1/projects/acme/locations/europe-west1/clusters/prod",
                              kSubject, "https://sluice.example.org"),
            {"https://sluice.example.org"},
            std::string(kSubject),
            "https://sluice.example.org"},
        Provider{"K3s",
                 "https://kubernetes.default.svc.cluster.local",
                 kubernetes_claims("https://kubernetes.default.svc.cluster.local"),
                 {"sts.amazonaws.com"},
                 std::string(kSubject),
                 "sts.amazonaws.com"},
        Provider{
            "EntraV1",
            "https://sts.windows.net/11111111-2222-3333-4444-555555555555/",
            R"({"aud":"api://sluice","iss":"https://sts.windows.net/11111111-2222-3333-4444-555555555555/","iat":{iat},"nbf":{nbf},"exp":{exp},)"
            R"("aio":"E2Zg","appid":"aaaaaaaa-0000-0000-0000-000000000000","appidacr":"2","idp":"https://sts.windows.net/11111111-2222-3333-4444-555555555555/",)"
            R"("oid":"bbbbbbbb-0000-0000-0000-000000000000","rh":"0.A","sub":"bbbbbbbb-0000-0000-0000-000000000000","tid":"11111111-2222-3333-4444-555555555555","uti":"x","ver":"1.0"})",
            {"api://sluice"},
            "bbbbbbbb-0000-0000-0000-000000000000",
            "api://sluice"},
        Provider{
            "EntraV2WithAuthorizedParty",
            "https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/v2.0",
            R"({"aud":"cccccccc-0000-0000-0000-000000000000","iss":"https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/v2.0",)"
            R"("iat":{iat},"nbf":{nbf},"exp":{exp},"azp":"aaaaaaaa-0000-0000-0000-000000000000","azpacr":"2","oid":"bbbbbbbb-0000-0000-0000-000000000000",)"
            R"("sub":"bbbbbbbb-0000-0000-0000-000000000000","tid":"11111111-2222-3333-4444-555555555555","ver":"2.0"})",
            {"aaaaaaaa-0000-0000-0000-000000000000"},
            "bbbbbbbb-0000-0000-0000-000000000000",
            "aaaaaaaa-0000-0000-0000-000000000000"}),
    [](const auto& info) { return info.param.name; });

// Algorithms.

struct Algorithm {
  std::string name;
  crypto::SignatureAlgorithm algorithm;
  std::string kid;
  std::function<const crypto::PrivateKey&()> key;
};
class AlgorithmTest : public ::testing::TestWithParam<Algorithm> {
 protected:
  std::string header() const { return fmt::format(R"({{"alg":"{}","kid":"{}"}})", GetParam().name, GetParam().kid); }
};

TEST_P(AlgorithmTest, VerifiesWhatItsKeySigned) {
  const std::string token = signed_token(GetParam().key(), GetParam().algorithm, header(), kubernetes_claims());
  EXPECT_EQ(refusal_of(verify_text(token)), "accepted");
}

TEST_P(AlgorithmTest, RefusesClaimsChangedAfterSigning) {
  const std::string token = signed_token(GetParam().key(), GetParam().algorithm, header(), kubernetes_claims());
  const std::string signature = token.substr(token.rfind('.'));
  const std::string forged =
      unsigned_token(header(), kubernetes_claims(kEksIssuer, "system:serviceaccount:kube-system:admin"));
  EXPECT_EQ(refusal_of(verify_text(forged + signature)), "signature-invalid");
}

TEST_P(AlgorithmTest, RefusesASignatureCutOrLengthenedOrMissing) {
  const std::string input = unsigned_token(header(), kubernetes_claims());
  const std::string signature = GetParam().key().sign(GetParam().algorithm, input).value();
  EXPECT_EQ(refusal_of(verify_text(with_signature(input, signature.substr(1)))), "signature-invalid");
  EXPECT_EQ(refusal_of(verify_text(with_signature(input, signature + '\0'))), "signature-invalid");
  EXPECT_EQ(refusal_of(verify_text(with_signature(input, std::string(1, '\0') + signature))), "signature-invalid");
  EXPECT_EQ(refusal_of(verify_text(with_signature(input, ""))), "signature-invalid");
}

INSTANTIATE_TEST_SUITE_P(
    VerifyTest, AlgorithmTest,
    ::testing::Values(
        Algorithm{"RS256", kRs256, "rsa-1", [] -> const crypto::PrivateKey& { return rsa_key(); }},
        Algorithm{"RS384", kRs384, "rsa-1", [] -> const crypto::PrivateKey& { return rsa_key(); }},
        Algorithm{"RS512", kRs512, "rsa-1", [] -> const crypto::PrivateKey& { return rsa_key(); }},
        Algorithm{"ES256", kEs256, "ec-256", [] -> const crypto::PrivateKey& { return ec_key(Curve::kP256); }},
        Algorithm{"ES384", kEs384, "ec-384", [] -> const crypto::PrivateKey& { return ec_key(Curve::kP384); }},
        Algorithm{"ES512", kEs512, "ec-521", [] -> const crypto::PrivateKey& { return ec_key(Curve::kP521); }}),
    [](const auto& info) { return info.param.name; });

// Forgeries and broken issuers.

struct Forgery {
  std::string name;
  std::function<std::string()> token;
  std::string refusal;
  std::function<std::string()> keys = issuer_jwks;
};
class ForgeryTest : public ::testing::TestWithParam<Forgery> {};

TEST_P(ForgeryTest, IsRefused) {
  EXPECT_EQ(refusal_of(verify_text(GetParam().token(), GetParam().keys())), GetParam().refusal);
}

std::string mac_token(std::string_view secret, std::string_view alg) {
  const std::string input = unsigned_token(fmt::format(R"({{"alg":"{}","kid":"rsa-1"}})", alg), kubernetes_claims());
  return with_signature(input, crypto::hmac_sha256(secret, input));
}
std::string es256_with(const std::string& signature) {
  return with_signature(unsigned_token(R"({"alg":"ES256","kid":"ec-256"})", kubernetes_claims()), signature);
}
/// A well-formed ECDSA signature in DER, as X.509 and many libraries write it.
std::string der_token() {
  const std::string input = unsigned_token(R"({"alg":"ES256","kid":"ec-256"})", kubernetes_claims());
  const std::string raw = ec_key().sign(kEs256, input).value();
  const auto integer = [](std::string number) {
    if (static_cast<unsigned char>(number[0]) >= 0x80) number.insert(0, 1, '\0');
    return std::string("\x02").append(1, static_cast<char>(number.size())).append(number);
  };
  const std::string body = integer(raw.substr(0, 32)) + integer(raw.substr(32));
  return with_signature(input, std::string("\x30").append(1, static_cast<char>(body.size())).append(body));
}
std::string with_header(std::string_view header) {
  return signed_token(rsa_key(), kRs256, header, kubernetes_claims());
}

INSTANTIATE_TEST_SUITE_P(
    VerifyTest, ForgeryTest,
    ::testing::Values(
        Forgery{"Row_9_1_AlgNone",
                [] { return unsigned_token(R"({"alg":"none","kid":"rsa-1"})", kubernetes_claims()) + "."; },
                "algorithm-none"},
        Forgery{"Row_9_1_HS256WithThePublicKeyAsPem", [] { return mac_token(rsa_key().public_pem(), "HS256"); },
                "algorithm-symmetric"},
        Forgery{"Row_9_1_HS256WithTheModulusBytes", [] { return mac_token(rsa_key().rsa_parts().first, "HS256"); },
                "algorithm-symmetric"},
        Forgery{"Row_9_1_RS256WithAMacAsSignature", [] { return mac_token(rsa_key().public_pem(), "RS256"); },
                "signature-invalid"},
        Forgery{"Row_9_1_HS256UnderASharedSecretInTheKeySet", [] { return mac_token("secret", "HS256"); },
                "algorithm-symmetric", [] { return jwks(R"({"kty":"oct","kid":"rsa-1","k":"c2VjcmV0"})"); }},
        Forgery{"Row_9_1_PS256", [] { return with_header(R"({"alg":"PS256","kid":"rsa-1"})"); },
                "algorithm-unsupported"},
        Forgery{"Row_9_1_EdDSA", [] { return with_header(R"({"alg":"EdDSA","kid":"rsa-1"})"); },
                "algorithm-unsupported"},
        Forgery{"Row_9_1_AnotherIssuersKeyUnderThisKid",
                [] {
                  return signed_token(other_rsa_key(), kRs256, R"({"alg":"RS256","kid":"rsa-1"})", kubernetes_claims());
                },
                "signature-invalid"},
        Forgery{"Row_9_1_KeyInTheHeader",
                [] {
                  return signed_token(other_rsa_key(), kRs256,
                                      R"({"alg":"RS256","kid":"rsa-1","jwk":)" + jwk(other_rsa_key(), "rsa-1") + "}",
                                      kubernetes_claims());
                },
                "signature-invalid"},
        Forgery{"Row_9_1_KeyUrlInTheHeader",
                [] {
                  return signed_token(other_rsa_key(), kRs256, R"({"alg":"RS256","kid":"x","jku":"https://evil/jwks"})",
                                      kubernetes_claims());
                },
                "kid-unknown"},
        Forgery{"Row_9_1_KidAsPath", [] { return with_header(R"({"alg":"RS256","kid":"../../../../dev/null"})"); },
                "kid-unknown"},
        Forgery{"Row_9_1_KidAsSql", [] { return with_header(R"({"alg":"RS256","kid":"x' UNION SELECT 'rsa-1"})"); },
                "kid-unknown"},
        Forgery{"Row_9_1_KidWithNulByte", [] { return with_header(R"({"alg":"RS256","kid":"rsa-1\u0000"})"); },
                "kid-unknown"},
        Forgery{"Row_9_1_KidInAnotherCase", [] { return with_header(R"({"alg":"RS256","kid":"RSA-1"})"); },
                "kid-unknown"},
        Forgery{"Row_1_4_NoKidWithSeveralKeys", [] { return with_header(R"({"alg":"RS256"})"); }, "kid-missing"},
        Forgery{"Row_1_4_EmptyKidWithSeveralKeys", [] { return with_header(R"({"alg":"RS256","kid":""})"); },
                "kid-missing"},
        Forgery{"Row_1_4_NoKidWithoutKeys", [] { return with_header(R"({"alg":"RS256"})"); }, "kid-missing",
                [] { return jwks(""); }},
        Forgery{"Row_1_5_NoKidAndKeyWithoutKid", [] { return with_header(R"({"alg":"RS256"})"); }, "kid-missing",
                [] { return jwks("{" + jwk_numbers(rsa_key()) + "}"); }},
        Forgery{"Row_1_5_NoKidWithOneKey", [] { return with_header(R"({"alg":"RS256"})"); }, "accepted",
                [] { return jwks(jwk(rsa_key(), "only")); }},
        Forgery{"Row_1_5_NoKidWithOneKeyBesideAnEmptyKid", [] { return with_header(R"({"alg":"RS256","kid":""})"); },
                "accepted", [] { return jwks(jwk(rsa_key(), "only") + "," + jwk(rsa_key(), "")); }},
        Forgery{"Row_1_5_KeyOps", [] { return with_header(R"({"alg":"RS256","kid":"rsa-1"})"); }, "key-unusable",
                [] { return jwks(jwk(rsa_key(), "rsa-1", R"(,"key_ops":["verify"])")); }},
        Forgery{"Row_6_32_UseEnc", [] { return with_header(R"({"alg":"RS256","kid":"rsa-1"})"); }, "key-unusable",
                [] { return jwks(jwk(rsa_key(), "rsa-1", R"(,"use":"enc")")); }},
        Forgery{"Row_9_1_PublishedPrivateKey", [] { return with_header(R"({"alg":"RS256","kid":"rsa-1"})"); },
                "key-unusable", [] { return jwks(jwk(rsa_key(), "rsa-1", R"(,"d":"AQAB")")); }},
        Forgery{"Row_1_5_LaterKeyOfTheSameKid", [] { return with_header(R"({"alg":"RS256","kid":"rsa-1"})"); },
                "signature-invalid",
                [] { return jwks(jwk(rsa_key(), "rsa-1") + "," + jwk(other_rsa_key(), "rsa-1")); }},
        Forgery{"Row_1_5_AlgOfTheKeyIsIgnored", [] { return with_header(R"({"alg":"RS256","kid":"rsa-1"})"); },
                "accepted", [] { return jwks(jwk(rsa_key(), "rsa-1", R"(,"alg":"RS512")")); }},
        Forgery{"Row_9_1_RsaAlgorithmUnderAnEcKey", [] { return with_header(R"({"alg":"RS256","kid":"ec-256"})"); },
                "key-type-mismatch"},
        Forgery{"Row_9_1_EcAlgorithmUnderAnRsaKey", [] { return with_header(R"({"alg":"ES256","kid":"rsa-1"})"); },
                "key-type-mismatch"},
        Forgery{"Row_9_1_WrongCurve",
                [] {
                  return signed_token(ec_key(Curve::kP384), kEs384, R"({"alg":"ES256","kid":"ec-384"})",
                                      kubernetes_claims());
                },
                "key-type-mismatch"},
        Forgery{"Row_9_1_WrongHash",
                [] { return signed_token(rsa_key(), kRs512, R"({"alg":"RS256","kid":"rsa-1"})", kubernetes_claims()); },
                "signature-invalid"},
        Forgery{"Row_9_1_ZeroR", [] { return es256_with(std::string(32, '\0') + std::string(32, '\1')); },
                "signature-invalid"},
        Forgery{"Row_9_1_ZeroS", [] { return es256_with(std::string(32, '\1') + std::string(32, '\0')); },
                "signature-invalid"},
        Forgery{"Row_9_1_AllZeroes", [] { return es256_with(std::string(64, '\0')); }, "signature-invalid"},
        Forgery{"Row_9_1_AllOnes", [] { return es256_with(std::string(64, '\xff')); }, "signature-invalid"},
        Forgery{"Row_9_1_DerSignature", der_token, "signature-invalid"}),
    [](const auto& info) { return info.param.name; });

TEST(VerifyTest, Row_6_31_TooManyKeysOfTheTypeRefuseEvenTheRightOne) {
  std::string keys = jwk(rsa_key(), "rsa-1") + "," + jwk(ec_key(), "ec-256");
  for (int i = 0; i < 100; ++i) keys += "," + jwk(rsa_key(), fmt::format("r{}", i));
  EXPECT_EQ(refusal_of(verify_text(rs256_token(kubernetes_claims()), jwks(keys))), "key-type-disabled");
  EXPECT_EQ(refusal_of(verify_text(
                signed_token(ec_key(), kEs256, R"({"alg":"ES256","kid":"ec-256"})", kubernetes_claims()), jwks(keys))),
            "accepted");
}

TEST(VerifyTest, OnlyRefusalsOfTheKidAskForNewKeys) {
  for (int i = 0; i < kJwtRefusalCount; ++i) {
    const auto refusal = static_cast<JwtRefusal>(i);
    EXPECT_EQ(may_retry_with_new_keys(refusal),
              refusal == JwtRefusal::kKidUnknown || refusal == JwtRefusal::kKidMissing);
  }
}

// Time.

std::string timed(int64_t iat, int64_t exp, std::string_view more = "") {
  return rs256_token(fmt::format(R"({{"iss":"{}","sub":"s","aud":"sts.amazonaws.com","iat":{},"exp":{}{}}})",
                                 kEksIssuer, iat, exp, more));
}

struct Moment {
  std::string name;
  int64_t iat;
  int64_t exp;
  int64_t nbf;
  std::string refusal;
};
class MomentTest : public ::testing::TestWithParam<Moment> {};

TEST_P(MomentTest, IsJudgedWithFiveMinutesTolerance) {
  const Moment& moment = GetParam();
  EXPECT_EQ(refusal_of(verify_text(
                timed(kNow + moment.iat, kNow + moment.exp, fmt::format(",\"nbf\":{}", kNow + moment.nbf)))),
            moment.refusal);
}

INSTANTIATE_TEST_SUITE_P(VerifyTest, MomentTest,
                         ::testing::Values(Moment{"Fresh", 0, 3600, 0, "accepted"},
                                           Moment{"ExpiredWithinTolerance", -3600, -299, -3600, "accepted"},
                                           Moment{"Row_1_4_Expired", -3600, -300, -3600, "expired"},
                                           Moment{"IssuedAheadWithinTolerance", 300, 3600, 0, "accepted"},
                                           Moment{"Row_1_4_IssuedInTheFuture", 301, 3600, 0, "issued-in-future"},
                                           Moment{"ValidAheadWithinTolerance", 0, 3600, 300, "accepted"},
                                           Moment{"Row_1_4_NotYetValid", 0, 3600, 301, "not-yet-valid"},
                                           Moment{"EksLifetime", 0, 86400, 0, "accepted"},
                                           Moment{"Row_9_1_LifetimeOverADay", 0, 86401, 0, "lifetime-too-long"},
                                           Moment{"Row_6_8_YearLongApiToken", -86400, 31449600, -86400,
                                                  "lifetime-too-long"}),
                         [](const auto& info) { return info.param.name; });

TEST(VerifyTest, Row_1_4_TextsOfTimePrintTheClockMovedByTheTolerance) {
  EXPECT_EQ(wire_answer(verify_text(timed(kNow - 3600, kNow - 400)).error()).message,
            fmt::format("Token expired: current date/time {} must be before the expiration date/time {}", kNow - 300,
                        kNow - 400));
  EXPECT_EQ(
      wire_answer(verify_text(timed(kNow, kNow + 3600, fmt::format(",\"nbf\":{}", kNow + 400))).error()).message,
      fmt::format("Token not yet valid: current date/time {} must be after or equal to the not-before date/time {}",
                  kNow + 300, kNow + 400));
  EXPECT_EQ(wire_answer(verify_text(timed(kNow + 500, kNow + 3600)).error()).message,
            fmt::format("Token issued in the future: {}", kNow + 500));
}

TEST(VerifyTest, TheToleranceIsARule) {
  VerifyRules strict = rules();
  strict.skew_seconds = 0;
  EXPECT_EQ(refusal_of(verify_text(timed(kNow - 60, kNow), issuer_jwks(), strict)), "expired");
  EXPECT_EQ(refusal_of(verify_text(timed(kNow - 60, kNow + 1), issuer_jwks(), strict)), "accepted");
}

// Audience.

struct Audience {
  std::string name;
  std::string claims;
  std::string refusal;
  std::string audience;
};
class AudienceTest : public ::testing::TestWithParam<Audience> {};

TEST_P(AudienceTest, IsJudged) {
  const auto result = verify_text(rs256_token(fmt::format(R"({{"iss":"{}","sub":"s","iat":{},"exp":{},{}}})",
                                                          kEksIssuer, kNow, kNow + 600, GetParam().claims)));
  EXPECT_EQ(refusal_of(result), GetParam().refusal);
  if (result) EXPECT_EQ(result->audience, GetParam().audience);
}

INSTANTIATE_TEST_SUITE_P(
    VerifyTest, AudienceTest,
    ::testing::Values(
        Audience{"Single", R"("aud":"sts.amazonaws.com")", "accepted", "sts.amazonaws.com"},
        Audience{"SecondClientId", R"("aud":["https://sluice.example.org"])", "accepted", "https://sluice.example.org"},
        Audience{"Row_1_4_NotRegistered", R"("aud":"https://kubernetes.default.svc")", "audience-not-registered", ""},
        Audience{"InAnotherCase", R"("aud":"STS.amazonaws.com")", "audience-not-registered", ""},
        Audience{"WithTrailingSlash", R"("aud":"https://sluice.example.org/")", "audience-not-registered", ""},
        Audience{"Row_1_4_SeveralWithoutAuthorizedParty", R"("aud":["sts.amazonaws.com","x"])", "several-audiences",
                 ""},
        Audience{"Row_1_5_AuthorizedPartyNeedNotBeAmongThem", R"("aud":["x","y"],"azp":"sts.amazonaws.com")",
                 "accepted", "sts.amazonaws.com"},
        Audience{"Row_1_4_AuthorizedPartyNotRegistered", R"("aud":"sts.amazonaws.com","azp":"other")",
                 "authorized-party-not-registered", ""},
        Audience{"Row_1_4_AuthorizedPartyBlank", R"("aud":"sts.amazonaws.com","azp":"")", "authorized-party-blank",
                 ""}),
    [](const auto& info) { return info.param.name; });

TEST(VerifyTest, KeepsWhatPoliciesMayAsk) {
  const auto verified = verify_text(rs256_token(fmt::format(
      R"({{"iss":"{}","sub":"s","iat":{},"exp":{},"aud":["x","y"],"azp":"sts.amazonaws.com","amr":["mfa"],"email":"a@b"}})",
      kEksIssuer, kNow, kNow + 600)));
  ASSERT_TRUE(verified) << refusal_of(verified);
  EXPECT_THAT(verified->audiences, ElementsAre("x", "y"));
  EXPECT_THAT(verified->authentication_methods, ElementsAre("mfa"));
  EXPECT_EQ(verified->email, "a@b");
  EXPECT_NE(verified->claims.find("azp"), nullptr);
}

// Order: what shows to a stranger, and what only to holders of genuine tokens.

TEST(VerifyTest, Row_9_1_AsksIssuerThenSignatureThenTimeThenAudience) {
  const auto claims = [](std::string_view issuer, int64_t exp, std::string_view audience) {
    return fmt::format(R"({{"iss":"{}","sub":"s","iat":{},"exp":{},"aud":"{}"}})", issuer, kNow - 7200, exp, audience);
  };
  const auto forged = [](const std::string& text) {
    return signed_token(other_rsa_key(), kRs256, R"({"alg":"RS256","kid":"rsa-1"})", text);
  };
  EXPECT_EQ(refusal_of(verify_text(forged(claims("https://other", kNow - 3600, "x")))), "issuer-not-registered");
  EXPECT_EQ(refusal_of(verify_text(forged(claims(kEksIssuer, kNow - 3600, "x")))), "signature-invalid");
  EXPECT_EQ(refusal_of(verify_text(rs256_token(claims(kEksIssuer, kNow - 3600, "x")))), "expired");
  EXPECT_EQ(refusal_of(verify_text(rs256_token(claims(kEksIssuer, kNow + 60, "x")))), "audience-not-registered");
}

}  // namespace
}  // namespace sluice::oidc
