#include "tsdb/open_chunk.h"

#include <cmath>
#include <random>

#include <gtest/gtest.h>

namespace sluice::tsdb {
namespace {

// Whatever was appended, the bytes are those of XorChunkWriter, which are Prometheus' (xor_chunk_test.cc).
TEST(OpenChunk, HoldsWhatXorChunkWriterWrites) {
  LinePool lines;
  std::mt19937_64 random(5);
  OpenChunk first;
  OpenChunk second;
  XorChunkWriter expected_first;
  XorChunkWriter expected_second;
  TimestampMs t_ms = 1'700'000'000'000;
  for (int i = 0; i < 20'000; ++i) {
    const bool is_first = random() % 2 == 0;
    OpenChunk& chunk = is_first ? first : second;
    XorChunkWriter& expected = is_first ? expected_first : expected_second;
    t_ms += random() % 10 == 0 ? static_cast<TimestampMs>(random() % 100'000) : 15'000;
    const double value = random() % 3 == 0 ? 1.0 : std::ldexp(static_cast<double>(random()), -40);
    chunk.append(lines, t_ms, value);
    expected.append(t_ms, value);
    ASSERT_EQ(chunk.samples(), expected.samples());
    const std::string bytes = expected.chunk();
    ASSERT_EQ(chunk.chunk(lines), bytes);
    XorChunkReader reader(bytes);
    ASSERT_TRUE(reader.next());
    ASSERT_EQ(chunk.first_ms(lines), reader.t_ms());
    ASSERT_EQ(chunk.last_value(), value);
    if (chunk.samples() > random() % 240) ASSERT_EQ(chunk.take(lines), expected.take());
  }
  (void)first.take(lines);
  (void)second.take(lines);
  EXPECT_EQ(lines.bytes(), 0u);
}

}  // namespace
}  // namespace sluice::tsdb
