#include "crypto/hkdf.h"

#include <gtest/gtest.h>

#include "base/encoding.h"

namespace sluice::crypto {
namespace {

std::string ascending(int first, int last) {
  std::string out;
  for (int i = first; i <= last; ++i) out += static_cast<char>(i);
  return out;
}

struct Vector {
  std::string salt, input_key, info;
  size_t length;
  const char* pseudorandom_key;
  const char* output;
};

// RFC 5869 appendix A.1 to A.3.
TEST(HkdfSha256, GivesTheVectorsOfRfc5869) {
  const Vector rows[] = {
      {ascending(0x00, 0x0c), std::string(22, '\x0b'), ascending(0xf0, 0xf9), 42,
       "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5",
       "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"},
      {ascending(0x60, 0xaf), ascending(0x00, 0x4f), ascending(0xb0, 0xff), 82,
       "06a6b88c5853361a06104c9ceb35b45cef760014904671014a193f40c15fc244",
       "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09"
       "da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87"},
      {"", std::string(22, '\x0b'), "", 42, "19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04",
       "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"},
  };
  for (const auto& row : rows) {
    const Secret extracted = hkdf_extract(row.salt, row.input_key);
    EXPECT_EQ(hex_encode(extracted.reveal()), row.pseudorandom_key);
    EXPECT_EQ(hex_encode(hkdf_expand(extracted.reveal(), row.info, row.length).reveal()), row.output);
    EXPECT_EQ(hex_encode(hkdf(row.salt, row.input_key, row.info, row.length).reveal()), row.output);
  }
}

TEST(HkdfSha256, YieldsAsMuchAsTheRfcAllows) {
  const std::string most(hkdf("s", "k", "i", 255 * 32).reveal());
  EXPECT_EQ(most.size(), 8160u);
  EXPECT_EQ(hkdf("s", "k", "i", 33).reveal(), most.substr(0, 33));
  EXPECT_DEATH((void)hkdf("s", "k", "i", 255 * 32 + 1), "8160");
}

}  // namespace
}  // namespace sluice::crypto
