#include "base/hash.h"

#include <gtest/gtest.h>

#include "base/uuid.h"

namespace sluice {
namespace {

// What xxHash's own tool prints (XXH3, seed 0): these values may stand in files and must never change.
TEST(Hash, IsXxh3) {
  EXPECT_EQ(hash64(""), 0x2d06800538d394c2u);
  EXPECT_EQ(hash128(""), (Hash128{.low = 0x6001c324468d497f, .high = 0x99aa06d3014798d8}));
}

TEST(Hash, TellsInputsApart) {
  EXPECT_NE(hash64("a"), hash64("b"));
  EXPECT_NE(hash128("a"), hash128(std::string_view("a\0", 2)));
  EXPECT_EQ(hash128("abc"), hash128("abc"));
}

TEST(Uuid, SetsVersionAndVariant) {
  std::array<uint8_t, 16> bytes{};
  EXPECT_EQ(format_uuid_v4(bytes), "00000000-0000-4000-8000-000000000000");
  bytes.fill(0xff);
  EXPECT_EQ(format_uuid_v4(bytes), "ffffffff-ffff-4fff-bfff-ffffffffffff");
}

}  // namespace
}  // namespace sluice
