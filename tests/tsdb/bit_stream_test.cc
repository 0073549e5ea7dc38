#include "tsdb/bit_stream.h"

#include <random>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace sluice::tsdb {
namespace {

// One collector after the other, each going on in the byte where the one before stopped.
TEST(BitCollector, WritesWhatTheReaderReads) {
  std::mt19937_64 random(11);
  std::string stream;
  unsigned free = 0;
  std::vector<std::pair<uint64_t, unsigned>> written;
  for (int i = 0; i < 5000; ++i) {
    BitCollector out(free == 0 ? '\0' : stream.back(), free);
    for (unsigned left = static_cast<unsigned>(random() % 170); left > 0;) {
      const unsigned count = std::min<unsigned>(left, 1 + static_cast<unsigned>(random() % 64));
      const uint64_t value = random() >> (64 - count);
      out.bits(value, count);
      written.emplace_back(value, count);
      left -= count;
    }
    if (free != 0) stream.pop_back();
    stream += out.finish();
    free = out.free();
  }
  BitReader reader(stream);
  for (const auto& [value, count] : written) {
    uint64_t read = 0;
    ASSERT_TRUE(reader.read(count, read));
    ASSERT_EQ(read, value);
  }
  EXPECT_EQ(reader.remaining(), free);
}

}  // namespace
}  // namespace sluice::tsdb
