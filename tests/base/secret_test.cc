#include "base/secret.h"

#include <type_traits>

#include <gtest/gtest.h>

namespace sluice {
namespace {

static_assert(!std::is_convertible_v<Secret, std::string>);
static_assert(!std::is_convertible_v<Secret, std::string_view>);
static_assert(!std::is_convertible_v<std::string, Secret>);

TEST(Secret, LeavesNothingBehindWhenMovedOrCleared) {
  Secret secret(std::string("short"));
  const char* bytes = secret.reveal().data();
  const Secret moved = std::move(secret);
  EXPECT_EQ(moved.reveal(), "short");
  EXPECT_TRUE(secret.empty());  // NOLINT(bugprone-use-after-move): the promise under test
  EXPECT_EQ(std::string_view(bytes, 5), std::string_view("\0\0\0\0\0", 5));
}

TEST(Secret, CopiesAreIndependent) {
  Secret a(std::string(100, 'x'));
  Secret b = a;
  a.clear();
  EXPECT_TRUE(a.empty());
  EXPECT_EQ(b.reveal(), std::string(100, 'x'));
  const Secret& same = b;
  b = same;
  EXPECT_EQ(b.size(), 100u);
}

TEST(Wipe, ZeroesMemory) {
  std::string bytes = "0123456789";
  wipe(bytes.data(), 4);
  EXPECT_EQ(bytes, std::string("\0\0\0\0", 4) + "456789");
}

}  // namespace
}  // namespace sluice
