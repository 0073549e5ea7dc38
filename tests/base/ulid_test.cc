#include "base/ulid.h"

#include <random>

#include <gtest/gtest.h>

namespace sluice {
namespace {

std::array<uint8_t, Ulid::kRandomSize> filled(uint8_t byte) {
  std::array<uint8_t, Ulid::kRandomSize> random{};
  random.fill(byte);
  return random;
}

// The time part of the first row is the specification's example.
TEST(Ulid, IsWrittenInCrockfordsBase32) {
  EXPECT_EQ(Ulid::make(1'469'918'176'385, filled(0)).to_string(), "01ARYZ6S410000000000000000");
  EXPECT_EQ(Ulid::make(0, filled(0xff)).to_string(), "0000000000ZZZZZZZZZZZZZZZZ");
  EXPECT_EQ(Ulid::make((int64_t{1} << 48) - 1, filled(0xff)).to_string(), "7ZZZZZZZZZZZZZZZZZZZZZZZZZ");
}

TEST(Ulid, IsReadBackWithItsTime) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 1000; ++i) {
    std::array<uint8_t, Ulid::kRandomSize> bytes{};
    for (auto& byte : bytes) byte = static_cast<uint8_t>(random());
    const auto at_ms = static_cast<TimestampMs>(random() >> 16);
    const Ulid ulid = Ulid::make(at_ms, bytes);
    ASSERT_EQ(Ulid::parse(ulid.to_string()), ulid);
    ASSERT_EQ(ulid.time_ms(), at_ms);
  }
  EXPECT_EQ(Ulid::parse("01aryz6s410000000000000000"), Ulid::make(1'469'918'176'385, filled(0)));
}

TEST(Ulid, SortsByTimeThenRandomness) {
  EXPECT_LT(Ulid::make(1, filled(0xff)), Ulid::make(2, filled(0)));
  EXPECT_LT(Ulid::make(2, filled(1)), Ulid::make(2, filled(2)));
  EXPECT_LT(Ulid::make(1, filled(0xff)).to_string(), Ulid::make(2, filled(0)).to_string());
}

TEST(Ulid, RefusesOtherText) {
  for (const auto* text :
       {"", "01ARYZ6S41000000000000000", "01ARYZ6S4100000000000000000", "81ARYZ6S410000000000000000",
        "01ARYZ6S41000000000000000U", "01ARYZ6S41000000000000000I", "01ARYZ6S4100000-0000000000", "lost+found"}) {
    EXPECT_FALSE(Ulid::parse(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace sluice
