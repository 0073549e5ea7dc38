#include "base/crc32c.h"

#include <random>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice {
namespace {

// RFC 3720 B.4.
TEST(Crc32c, GivesTheVectorsOfRfc3720) {
  std::string ascending;
  for (int i = 0; i < 32; ++i) ascending += static_cast<char>(i);
  const std::string descending(ascending.rbegin(), ascending.rend());
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8a9136aau);
  EXPECT_EQ(crc32c(std::string(32, '\xff')), 0x62a8ab43u);
  EXPECT_EQ(crc32c(ascending), 0x46dd794eu);
  EXPECT_EQ(crc32c(descending), 0x113fdb5cu);
  EXPECT_EQ(crc32c("123456789"), 0xe3069283u);
  EXPECT_EQ(crc32c(""), 0u);
}

TEST(Crc32c, InstructionAndTablesAgreeOnEveryLengthAndCut) {
  std::mt19937_64 random(7);
  std::string bytes(200, '\0');
  for (char& c : bytes) c = static_cast<char>(random());
  for (size_t size = 0; size <= bytes.size(); ++size) {
    const auto view = std::string_view(bytes).substr(0, size);
    const uint32_t whole = crc32c(view);
    EXPECT_EQ(internal::crc32c_extend_portable(0, view), whole) << size;
    const size_t cut = size == 0 ? 0 : random() % size;
    EXPECT_EQ(crc32c_extend(crc32c(view.substr(0, cut)), view.substr(cut)), whole) << size;
  }
}

}  // namespace
}  // namespace sluice
