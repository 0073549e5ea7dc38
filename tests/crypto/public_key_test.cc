#include "crypto/public_key.h"

#include <atomic>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/encoding.h"
#include "crypto/private_key.h"

namespace sluice::crypto {
namespace {

using ::testing::HasSubstr;
using Algorithm = SignatureAlgorithm;

constexpr Algorithm kAll[] = {Algorithm::kRs256, Algorithm::kRs384, Algorithm::kRs512,
                              Algorithm::kEs256, Algorithm::kEs384, Algorithm::kEs512};

std::string decoded(std::string_view base64url) { return base64url_decode(base64url).value(); }

// RFC 7515 A.2 to A.4.
constexpr std::string_view kRsaModulus =
    "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-p"
    "CgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapH"
    "g665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4"
    "FRWyuXpoQ";
constexpr std::string_view kClaims =
    ".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
constexpr std::string_view kRsaSignature =
    "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7"
    "t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi1"
    "2jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGl"
    "UPQGe77Rw";
constexpr std::string_view kEcX = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU";
constexpr std::string_view kEcY = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0";

TEST(PublicKey, VerifiesRs256OfRfc7515A2) {
  const auto key = PublicKey::rsa(decoded(kRsaModulus), decoded("AQAB")).value();
  const std::string message = "eyJhbGciOiJSUzI1NiJ9" + std::string(kClaims);
  EXPECT_EQ(key.verify(Algorithm::kRs256, message, decoded(kRsaSignature)), Verification::kValid);
  EXPECT_EQ(key.verify(Algorithm::kRs384, message, decoded(kRsaSignature)), Verification::kInvalid);
  EXPECT_EQ(key.verify(Algorithm::kEs256, message, decoded(kRsaSignature)), Verification::kWrongAlgorithm);
}

TEST(PublicKey, VerifiesEs256OfRfc7515A3) {
  const auto key = PublicKey::ec(Curve::kP256, decoded(kEcX), decoded(kEcY)).value();
  const std::string message = "eyJhbGciOiJFUzI1NiJ9" + std::string(kClaims);
  const std::string signature =
      decoded("DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q");
  EXPECT_EQ(key.verify(Algorithm::kEs256, message, signature), Verification::kValid);
  EXPECT_EQ(key.verify(Algorithm::kEs256, message + "x", signature), Verification::kInvalid);
  EXPECT_EQ(key.verify(Algorithm::kEs384, message, signature), Verification::kWrongAlgorithm);
  EXPECT_EQ(key.verify(Algorithm::kRs256, message, signature), Verification::kWrongAlgorithm);
}

TEST(PublicKey, VerifiesEs512OfRfc7515A4) {
  const auto key = PublicKey::ec(
      Curve::kP521, decoded("AekpBQ8ST8a8VcfVOTNl353vSrDCLLJXmPk06wTjxrrjcBpXp5EOnYG_NjFZ6OvLFV1jSfS9tsz4qUxcWceqwQGk"),
      decoded("ADSmRA43Z1DSNx_RvcLI87cdL07l6jQyyBXMoxVg_l2Th-x3S1WDhjDly79ajL4Kkd0AZMaZmh9ubmf63e3kyMj2"));
  ASSERT_TRUE(key.has_value()) << key.error().message;
  EXPECT_EQ(key->verify(Algorithm::kEs512, "eyJhbGciOiJFUzUxMiJ9.UGF5bG9hZA",
                        decoded("AdwMgeerwtHoh-l192l60hp9wAHZFVJbLfD_UxMi70cwnZOYaRI1bKPWROc-mZZqwqT2SI-KGDKB34XO0aw_7"
                                "XdtAG8GaSwFKdCAPZgoXD2YBJZCPEX3xKpRwcdOO8KpEHwJjyqOgzDO7iKvU8vcnwNrmxYbSW9ERBXukOXolL"
                                "zeO_Jn")),
            Verification::kValid);
}

TEST(PublicKey, VerifiesWhatEachAlgorithmSignsAndNothingElse) {
  const PrivateKey keys[] = {PrivateKey::generate_rsa().value(), PrivateKey::generate_ec(Curve::kP256).value(),
                             PrivateKey::generate_ec(Curve::kP384).value(),
                             PrivateKey::generate_ec(Curve::kP521).value()};
  for (const auto& private_key : keys) {
    const auto public_key = private_key.public_key().value();
    for (const auto algorithm : kAll) {
      const auto signature = private_key.sign(algorithm, "message");
      ASSERT_EQ(signature.has_value(), public_key.fits(algorithm)) << to_string(algorithm);
      if (!signature) continue;
      EXPECT_EQ(public_key.verify(algorithm, "message", *signature), Verification::kValid) << to_string(algorithm);
      EXPECT_EQ(public_key.verify(algorithm, "massage", *signature), Verification::kInvalid);
      EXPECT_EQ(public_key.verify(algorithm, "message", signature->substr(1)), Verification::kInvalid);
      EXPECT_EQ(public_key.verify(algorithm, "message", '\0' + *signature), Verification::kInvalid);
      EXPECT_EQ(public_key.verify(algorithm, "message", ""), Verification::kInvalid);
      for (const size_t at : {size_t{0}, signature->size() / 2, signature->size() - 1}) {
        std::string altered = *signature;
        altered[at] = static_cast<char>(altered[at] ^ 1);
        EXPECT_EQ(public_key.verify(algorithm, "message", altered), Verification::kInvalid) << at;
      }
    }
  }
}

TEST(PublicKey, RefusesEcSignaturesOfZeroOrOfTheOrder) {
  const auto private_key = PrivateKey::generate_ec(Curve::kP256).value();
  const auto key = private_key.public_key().value();
  const std::string good = private_key.sign(Algorithm::kEs256, "m").value();
  const std::string zero(32, '\0');
  const std::string order = *hex_decode("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551");
  const std::string r = good.substr(0, 32);
  const std::string s = good.substr(32);
  for (const auto& forged :
       {zero + zero, r + zero, zero + s, order + s, r + order, order + order, std::string(64, '\xff')}) {
    EXPECT_EQ(key.verify(Algorithm::kEs256, "m", forged), Verification::kInvalid) << hex_encode(forged);
  }
}

TEST(PublicKey, RefusesEcSignaturesInDer) {
  const auto private_key = PrivateKey::generate_ec(Curve::kP256).value();
  const auto key = private_key.public_key().value();
  const std::string raw = private_key.sign(Algorithm::kEs256, "m").value();
  const auto der_integer = [](std::string bytes) {
    if ((bytes[0] & 0x80) != 0) bytes.insert(0, 1, '\0');
    return std::string("\x02") + static_cast<char>(bytes.size()) + bytes;
  };
  const std::string body = der_integer(raw.substr(0, 32)) + der_integer(raw.substr(32));
  EXPECT_EQ(key.verify(Algorithm::kEs256, "m", std::string("\x30") + static_cast<char>(body.size()) + body),
            Verification::kInvalid);
}

TEST(PublicKey, RefusesWeakAndOddRsaKeys) {
  const std::string e(std::string_view("\x01\x00\x01", 3));
  const auto modulus = [](size_t bits) {
    std::string n(bits / 8, '\x55');
    n.front() = '\x80';
    n.back() = '\x01';
    return n;
  };
  struct Row {
    std::string n, e;
    const char* reason;
  };
  const Row rows[] = {
      {modulus(1024), e, "1024 bits; 2048 to 8192"},
      {std::string(128, '\0') + modulus(1024), e, "1024 bits"},
      {'\x7f' + modulus(2048).substr(1), e, "2047 bits"},
      {'\x01' + modulus(8192), e, "8193 bits"},
      {"", e, "0 bits"},
      {std::string(256, '\0'), e, "0 bits"},
      {modulus(2048).substr(0, 255) + '\x02', e, "even"},
      {modulus(2048), "", "odd number of at least 3"},
      {modulus(2048), std::string(3, '\0'), "odd number of at least 3"},
      {modulus(2048), "\x01", "odd number of at least 3"},
      {modulus(2048), "\x02", "odd number of at least 3"},
      {modulus(2048), std::string("\x01\x00", 2), "odd number of at least 3"},
      {modulus(2048), std::string("\x01\x00\x00\x00\x01", 5), "33 bits; at most 32"},
  };
  for (const auto& row : rows) {
    const auto key = PublicKey::rsa(row.n, row.e);
    ASSERT_FALSE(key.has_value()) << row.reason;
    EXPECT_EQ(key.error().code, ErrorCode::kInvalidArgument);
    EXPECT_THAT(key.error().message, HasSubstr(row.reason));
  }
  EXPECT_TRUE(PublicKey::rsa(modulus(2048), "\x03").has_value());
  EXPECT_TRUE(PublicKey::rsa(std::string(4, '\0') + modulus(2048), '\0' + e).has_value());
  EXPECT_TRUE(PublicKey::rsa(modulus(8192), e).has_value());
}

TEST(PublicKey, RefusesPointsOffTheCurve) {
  const std::string x = decoded(kEcX);
  const std::string y = decoded(kEcY);
  struct Row {
    Curve curve;
    std::string x, y;
    const char* reason;
  };
  std::string off = y;
  off.back() = static_cast<char>(off.back() ^ 1);
  const Row rows[] = {
      {Curve::kP256, x, off, "not on P-256"},
      {Curve::kP256, y, x, "not on P-256"},
      {Curve::kP256, std::string(32, '\0'), std::string(32, '\0'), "not on P-256"},
      {Curve::kP256, std::string(32, '\xff'), std::string(32, '\xff'), "not on P-256"},
      {Curve::kP384, x, y, "32 and 32 bytes; P-384 has 48"},
      {Curve::kP256, x.substr(1), y, "31 and 32 bytes"},
      {Curve::kP256, '\0' + x, y, "33 and 32 bytes"},
      {Curve::kP256, x, "", "32 and 0 bytes"},
      {Curve::kP384, std::string(16, '\0') + x, std::string(16, '\0') + y, "not on P-384"},
  };
  for (const auto& row : rows) {
    const auto key = PublicKey::ec(row.curve, row.x, row.y);
    ASSERT_FALSE(key.has_value()) << row.reason;
    EXPECT_EQ(key.error().code, ErrorCode::kInvalidArgument);
    EXPECT_THAT(key.error().message, HasSubstr(row.reason));
  }
}

TEST(PublicKey, ManyThreadsMayVerifyWithOneKey) {
  const auto private_key = PrivateKey::generate_ec(Curve::kP256).value();
  const auto key = private_key.public_key().value();
  const std::string signature = private_key.sign(Algorithm::kEs256, "m").value();
  std::atomic<int> valid = 0;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&, copy = key] {
        for (int i = 0; i < 50; ++i) valid += copy.verify(Algorithm::kEs256, "m", signature) == Verification::kValid;
      });
    }
  }
  EXPECT_EQ(valid, 200);
}

TEST(SignatureAlgorithms, AreAClosedList) {
  for (const auto algorithm : kAll) EXPECT_EQ(parse_signature_algorithm(to_string(algorithm)), algorithm);
  for (const auto* name : {"", "none", "None", "HS256", "PS256", "rs256", "RS256 ", "EdDSA", "ES256K", "RS1"}) {
    EXPECT_EQ(parse_signature_algorithm(name), std::nullopt) << name;
  }
  for (const auto curve : {Curve::kP256, Curve::kP384, Curve::kP521}) EXPECT_EQ(parse_curve(to_string(curve)), curve);
  for (const auto* name : {"", "P-224", "p-256", "secp256k1", "Ed25519"})
    EXPECT_EQ(parse_curve(name), std::nullopt) << name;
}

}  // namespace
}  // namespace sluice::crypto
