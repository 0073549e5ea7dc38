#include "oidc/jwk.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/encoding.h"
#include "base/limits.h"
#include "oidc/tokens.h"

namespace sluice::oidc {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using namespace sluice::test;

TEST(KeySetTest, IndexesUsableKeysOfBothTypesByKid) {
  const auto set = KeySet::parse(issuer_jwks());
  ASSERT_TRUE(set) << set.error().message;
  EXPECT_THAT(set->keys(), SizeIs(4));
  EXPECT_THAT(set->skipped(), IsEmpty());
  ASSERT_NE(set->find("rsa-1"), nullptr);
  EXPECT_EQ(set->find("rsa-1")->type, KeyType::kRsa);
  ASSERT_NE(set->find("ec-521"), nullptr);
  EXPECT_EQ(set->find("ec-521")->type, KeyType::kEc);
  EXPECT_EQ(set->find("RSA-1"), nullptr);
  EXPECT_EQ(set->only_key(), nullptr);
}

TEST(KeySetTest, Row_1_5_AcceptsKeysWithoutUseAndWithAnotherAlg) {
  const auto set = KeySet::parse(
      jwks(jwk(rsa_key(), "a", "") + "," + jwk(other_rsa_key(), "b", R"(,"alg":"RS512","x5c":["x"],"x5t":"y")")));
  ASSERT_TRUE(set);
  EXPECT_THAT(set->keys(), SizeIs(2));
}

struct Lint {
  std::string name;
  std::string key;
  JwkSkip reason;
};
class SkippedKeyTest : public ::testing::TestWithParam<Lint> {};

TEST_P(SkippedKeyTest, IsSkippedWithItsReasonAndSpoilsNoOther) {
  const auto set = KeySet::parse(jwks(GetParam().key + "," + jwk(rsa_key(), "good")));
  ASSERT_TRUE(set) << set.error().message;
  ASSERT_THAT(set->skipped(), SizeIs(1));
  EXPECT_EQ(describe(set->skipped()[0].reason), describe(GetParam().reason)) << set->skipped()[0].detail;
  EXPECT_EQ(set->skipped()[0].index, 0u);
  EXPECT_NE(set->find("good"), nullptr);
  EXPECT_NE(set->only_key(), nullptr);
}

std::string rsa_jwk(std::string_view n, std::string_view e) {
  return fmt::format(R"({{"kty":"RSA","kid":"k","n":"{}","e":"{}"}})", base64url_encode(n), base64url_encode(e));
}
std::string odd_number(size_t bytes) {
  std::string number(bytes, '\xa7');
  number.front() = '\xc1';
  return number;
}
std::string ec_jwk(std::string_view curve, std::string_view x, std::string_view y) {
  return fmt::format(R"({{"kty":"EC","kid":"k","crv":"{}","x":"{}","y":"{}"}})", curve, base64url_encode(x),
                     base64url_encode(y));
}

INSTANTIATE_TEST_SUITE_P(
    KeySetTest, SkippedKeyTest,
    ::testing::Values(
        Lint{"NotAnObject", "17", JwkSkip::kNotAnObject},
        Lint{"SharedSecret", R"({"kty":"oct","kid":"k","k":"c2VjcmV0"})", JwkSkip::kTypeUnsupported},
        Lint{"EdwardsCurve", R"({"kty":"OKP","kid":"k","crv":"Ed25519","x":"eA"})", JwkSkip::kTypeUnsupported},
        Lint{"NoType", R"({"kid":"k"})", JwkSkip::kTypeUnsupported},
        Lint{"Row_6_32_UseEnc", jwk(rsa_key(), "k", R"(,"use":"enc")"), JwkSkip::kUseNotSignature},
        Lint{"UseIsAList", jwk(rsa_key(), "k", R"(,"use":["sig"])"), JwkSkip::kUseNotSignature},
        Lint{"Row_1_5_KeyOpsVerify", jwk(rsa_key(), "k", R"(,"key_ops":["verify"])"), JwkSkip::kHasKeyOps},
        Lint{"Row_1_5_NoKid", "{" + jwk_numbers(rsa_key()) + "}", JwkSkip::kNoKid},
        Lint{"EmptyKid", jwk(rsa_key(), ""), JwkSkip::kNoKid},
        Lint{"KidIsANumber", "{" + jwk_numbers(rsa_key()) + R"(,"kid":7})", JwkSkip::kMembersMalformed},
        Lint{"PrivateRsaKey", jwk(rsa_key(), "k", R"(,"d":"AQ")"), JwkSkip::kPrivate},
        Lint{"PrivatePrimes", jwk(rsa_key(), "k", R"(,"p":"AQ","q":"AQ")"), JwkSkip::kPrivate},
        Lint{"PrivateEcKey", jwk(ec_key(), "k", R"(,"d":"AQ")"), JwkSkip::kPrivate},
        Lint{"Row_1_5_X5cOnly", R"({"kty":"RSA","kid":"k","x5c":["MIIB"]})", JwkSkip::kMembersMissing},
        Lint{"NoExponent", R"({"kty":"RSA","kid":"k","n":"AQAB"})", JwkSkip::kMembersMissing},
        Lint{"NoCurve", R"({"kty":"EC","kid":"k","x":"AQ","y":"AQ"})", JwkSkip::kMembersMissing},
        Lint{"NoY", R"({"kty":"EC","kid":"k","crv":"P-256","x":"AQ"})", JwkSkip::kMembersMissing},
        Lint{"PaddedModulus", R"({"kty":"RSA","kid":"k","n":"AQABAA==","e":"AQAB"})", JwkSkip::kMembersMalformed},
        Lint{"ExponentAsNumber", R"({"kty":"RSA","kid":"k","n":"AQAB","e":65537})", JwkSkip::kMembersMalformed},
        Lint{"Row_9_1_Rsa1024", rsa_jwk(odd_number(128), "\x01\x00\x01"), JwkSkip::kKeyRefused},
        Lint{"Row_9_1_RsaEvenExponent", rsa_jwk(rsa_key().rsa_parts().first, "\x02"), JwkSkip::kKeyRefused},
        Lint{"Row_9_1_RsaExponentOne", rsa_jwk(rsa_key().rsa_parts().first, "\x01"), JwkSkip::kKeyRefused},
        Lint{"RsaHuge", rsa_jwk(odd_number(2048), "\x01\x00\x01"), JwkSkip::kKeyRefused},
        Lint{"BitcoinCurve", R"({"kty":"EC","kid":"k","crv":"secp256k1","x":"AQ","y":"AQ"})",
             JwkSkip::kCurveUnsupported},
        Lint{"PointNotOnTheCurve", ec_jwk("P-256", std::string(32, 'a'), std::string(32, 'b')), JwkSkip::kKeyRefused},
        Lint{"PointOfAnotherCurve",
             ec_jwk("P-384", ec_key(crypto::Curve::kP256).ec_parts().first,
                    ec_key(crypto::Curve::kP256).ec_parts().second),
             JwkSkip::kKeyRefused}),
    [](const auto& info) { return info.param.name; });

TEST(KeySetTest, Row_1_5_LaterKeyWithTheSameKidWins) {
  const auto set = KeySet::parse(jwks(jwk(rsa_key(), "k") + "," + jwk(ec_key(), "k")));
  ASSERT_TRUE(set);
  ASSERT_THAT(set->keys(), SizeIs(1));
  EXPECT_EQ(set->find("k")->type, KeyType::kEc);
  ASSERT_THAT(set->skipped(), SizeIs(1));
  EXPECT_EQ(set->skipped()[0].reason, JwkSkip::kReplaced);
  EXPECT_EQ(set->skipped()[0].index, 0u);
}

std::string many_keys(size_t count) {
  std::string keys;
  for (size_t i = 0; i < count; ++i) keys += (i == 0 ? "" : ",") + jwk(rsa_key(), fmt::format("r{}", i));
  return keys;
}

TEST(KeySetTest, Row_1_5_MoreThan100KeysOfATypeDisableThatTypeOnly) {
  const auto allowed = KeySet::parse(jwks(many_keys(100) + "," + jwk(ec_key(), "e")));
  ASSERT_TRUE(allowed);
  EXPECT_FALSE(allowed->is_disabled(KeyType::kRsa));
  EXPECT_THAT(allowed->keys(), SizeIs(101));

  const auto refused = KeySet::parse(jwks(many_keys(101) + "," + jwk(ec_key(), "e")));
  ASSERT_TRUE(refused);
  EXPECT_TRUE(refused->is_disabled(KeyType::kRsa));
  EXPECT_FALSE(refused->is_disabled(KeyType::kEc));
  EXPECT_EQ(refused->find("r0"), nullptr);
  EXPECT_NE(refused->find("e"), nullptr);
}

TEST(KeySetTest, RefusesDocumentsThatAreNoKeySet) {
  for (const std::string_view document :
       {"", "[]", "{}", R"({"keys":{}})", R"({"keys":[]} x)", R"({"keys":[],"keys":[]})"}) {
    const auto set = KeySet::parse(document);
    ASSERT_FALSE(set) << document;
    EXPECT_EQ(set.error().code, ErrorCode::kMalformed) << document;
    EXPECT_THAT(set.error().message, HasSubstr("key set"));
  }
  EXPECT_EQ(KeySet::parse(std::string(limits::kJwksBytesMax + 1, ' ')).error().code, ErrorCode::kTooLarge);
  EXPECT_TRUE(KeySet::parse(R"({"keys":[]})")->empty());
}

}  // namespace
}  // namespace sluice::oidc
