#include "crypto/private_key.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::crypto {
namespace {

using ::testing::HasSubstr;

TEST(PrivateKey, SurvivesItsPem) {
  const PrivateKey keys[] = {PrivateKey::generate_rsa().value(), PrivateKey::generate_ec(Curve::kP384).value()};
  for (const auto& key : keys) {
    const auto algorithm = key.is_rsa() ? SignatureAlgorithm::kRs512 : SignatureAlgorithm::kEs384;
    const auto again = PrivateKey::from_pem(key.pem().reveal());
    ASSERT_TRUE(again.has_value()) << again.error().message;
    ASSERT_EQ(again->is_rsa(), key.is_rsa());
    const auto public_key = key.public_key().value();
    EXPECT_EQ(public_key.verify(algorithm, "m", again->sign(algorithm, "m").value()), Verification::kValid);
    EXPECT_THAT(key.public_pem(), HasSubstr("-----BEGIN PUBLIC KEY-----"));
  }
}

TEST(PrivateKey, GivesItsPublicPartsAsJwkWantsThem) {
  const auto rsa = PrivateKey::generate_rsa().value();
  const auto [n, e] = rsa.rsa_parts();
  EXPECT_EQ(n.size(), 256u);
  EXPECT_EQ(e, std::string("\x01\x00\x01", 3));
  for (const auto curve : {Curve::kP256, Curve::kP384, Curve::kP521}) {
    const auto [x, y] = PrivateKey::generate_ec(curve).value().ec_parts();
    EXPECT_EQ(x.size(), coordinate_bytes(curve));
    EXPECT_EQ(y.size(), coordinate_bytes(curve));
  }
}

TEST(PrivateKey, SignaturesHaveTheLengthOfJose) {
  const auto key = PrivateKey::generate_ec(Curve::kP521).value();
  // r and s are often shorter than the field: 20 signatures would show a missing padding.
  for (int i = 0; i < 20; ++i) EXPECT_EQ(key.sign(SignatureAlgorithm::kEs512, "m").value().size(), 132u);
}

TEST(PrivateKey, RefusesAlgorithmsThatDoNotFit) {
  const auto key = PrivateKey::generate_ec(Curve::kP256).value();
  EXPECT_THAT(key.sign(SignatureAlgorithm::kEs384, "m").error().message,
              HasSubstr("ES384 does not fit a key of P-256"));
  EXPECT_EQ(key.sign(SignatureAlgorithm::kRs256, "m").error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(PrivateKey::generate_rsa(1024).error().code, ErrorCode::kInvalidArgument);
}

TEST(PrivateKey, RefusesWhatIsNoUsablePem) {
  for (const auto* pem : {"", "garbage", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"}) {
    EXPECT_EQ(PrivateKey::from_pem(pem).error().code, ErrorCode::kMalformed) << pem;
  }
  // RFC 8410 10.3: Ed25519 is not among JOSE's algorithms here.
  const auto ed25519 = PrivateKey::from_pem(
      "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n"
      "-----END PRIVATE KEY-----\n");
  EXPECT_EQ(ed25519.error().code, ErrorCode::kUnsupported);
}

}  // namespace
}  // namespace sluice::crypto
