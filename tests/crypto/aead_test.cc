#include "crypto/aead.h"

#include <set>

#include <gtest/gtest.h>

#include "base/encoding.h"

namespace sluice::crypto {
namespace {

struct Vector {
  const char *key, *nonce, *associated_data, *plain_text, *cipher_text, *tag;
};

// AES-256 cases 13 to 16 of McGrew and Viega, "The Galois/Counter Mode of Operation", which NIST took over.
TEST(Aead, OpensTheVectorsOfGcm) {
  const char* kZeroKey = "0000000000000000000000000000000000000000000000000000000000000000";
  const char* kKey = "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308";
  const Vector rows[] = {
      {kZeroKey, "000000000000000000000000", "", "", "", "530f8afbc74536b9a963b4f1c4cb738b"},
      {kZeroKey, "000000000000000000000000", "", "00000000000000000000000000000000", "cea7403d4d606b6e074ec5d3baf39d18",
       "d0d1c8a799996bf0265b98b5d48ab919"},
      {kKey, "cafebabefacedbaddecaf888", "feedfacedeadbeeffeedfacedeadbeefabaddad2",
       "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
       "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
       "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
       "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662",
       "76fc6ece0f4e1768cddf8853bb2d551b"},
  };
  for (const auto& row : rows) {
    const std::string sealed = *hex_decode(row.nonce) + *hex_decode(row.cipher_text) + *hex_decode(row.tag);
    const auto opened = open_sealed(Secret(*hex_decode(row.key)), *hex_decode(row.associated_data), sealed);
    ASSERT_TRUE(opened.has_value()) << row.tag;
    EXPECT_EQ(hex_encode(*opened), row.plain_text);
  }
}

TEST(Aead, OpensWhatItSealedAndNeverSealsAlike) {
  const Secret key(std::string(32, 'k'));
  std::set<std::string> nonces;
  for (const size_t size : {0u, 1u, 15u, 16u, 17u, 5000u}) {
    const std::string plain(size, 'p');
    const std::string sealed = seal(key, "ASIAEXAMPLE", plain);
    EXPECT_EQ(sealed.size(), size + kAeadOverheadBytes);
    EXPECT_EQ(open_sealed(key, "ASIAEXAMPLE", sealed).value(), plain);
    nonces.insert(sealed.substr(0, kAeadNonceBytes));
  }
  EXPECT_EQ(nonces.size(), 6u);
}

TEST(Aead, RefusesEveryAlterationWithOneText) {
  const Secret key(std::string(32, 'k'));
  const std::string sealed = seal(key, "data", "plain text");
  const auto refused = [&](const Secret& k, std::string_view data, const std::string& bytes) {
    const auto opened = open_sealed(k, data, bytes);
    return !opened && opened.error() == open_sealed(key, "data", "").error();
  };
  EXPECT_EQ(open_sealed(key, "data", "").error().code, ErrorCode::kUnauthenticated);
  for (size_t i = 0; i < sealed.size(); ++i) {
    std::string altered = sealed;
    altered[i] = static_cast<char>(altered[i] ^ 1);
    EXPECT_TRUE(refused(key, "data", altered)) << i;
    EXPECT_TRUE(refused(key, "data", sealed.substr(0, i))) << i;
  }
  EXPECT_TRUE(refused(key, "data", sealed + "x"));
  EXPECT_TRUE(refused(key, "dat", sealed));
  EXPECT_TRUE(refused(key, "", sealed));
  EXPECT_TRUE(refused(Secret(std::string(32, 'K')), "data", sealed));
}

}  // namespace
}  // namespace sluice::crypto
