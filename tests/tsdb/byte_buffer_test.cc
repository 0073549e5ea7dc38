#include "tsdb/byte_buffer.h"

#include <random>
#include <string>

#include <gtest/gtest.h>

namespace sluice::tsdb {
namespace {

TEST(ByteBuffer, HoldsWhatAStringWould) {
  std::mt19937 random(5);
  ByteBuffer buffer;
  std::string expected;
  for (int i = 0; i < 2000; ++i) {
    const size_t replaced = std::min<size_t>(random() % 2, expected.size());
    const std::string bytes(random() % 20, static_cast<char>(random()));
    expected.replace(expected.size() - replaced, replaced, bytes);
    buffer.replace_tail(replaced, bytes);
    ASSERT_EQ(buffer.view(), expected);
    if (!expected.empty()) ASSERT_EQ(buffer.back(), expected.back());
  }
}

TEST(ByteBuffer, WastesLittle) {
  ByteBuffer buffer;
  for (int i = 0; i < 5000; ++i) {
    buffer.replace_tail(0, "x");
    ASSERT_LE(buffer.capacity(), std::max<size_t>(32, buffer.size() + buffer.size() / 4 + 32));
  }
  buffer.clear();
  EXPECT_EQ(buffer.capacity(), 0u);
  EXPECT_EQ(buffer.view(), "");
}

TEST(ByteBuffer, LeavesNothingBehindWhenMoved) {
  ByteBuffer from;
  from.replace_tail(0, "abc");
  const ByteBuffer to = std::move(from);
  EXPECT_EQ(to.view(), "abc");
  EXPECT_EQ(from.size(), 0u);  // NOLINT(bugprone-use-after-move)
  from.replace_tail(0, "d");
  EXPECT_EQ(from.view(), "d");
}

}  // namespace
}  // namespace sluice::tsdb
