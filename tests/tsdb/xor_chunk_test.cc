#include "tsdb/xor_chunk.h"

#include <bit>
#include <cmath>
#include <limits>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/crc32c.h"
#include "base/encoding.h"
#include "model/sample.h"

namespace sluice::tsdb {
namespace {

struct Point {
  TimestampMs t_ms;
  uint64_t bits;
  friend bool operator==(const Point&, const Point&) = default;
};

Point point(TimestampMs t_ms, double value) { return {t_ms, std::bit_cast<uint64_t>(value)}; }

std::string encode(const std::vector<Point>& points) {
  XorChunkWriter writer;
  for (const auto& p : points) writer.append(p.t_ms, std::bit_cast<double>(p.bits));
  EXPECT_EQ(writer.samples(), points.size());
  return writer.chunk();
}

std::vector<Point> decode(const std::string& chunk) {
  std::vector<Point> points;
  XorChunkReader reader(chunk);
  while (reader.next()) points.push_back({reader.t_ms(), reader.value_bits()});
  EXPECT_TRUE(reader.status()) << reader.status().error().message;
  return points;
}

// Bytes that Prometheus' chunkenc.XORChunk writes for the same samples (v3.14 development tree, August 2026).
struct Vector {
  std::string name;
  std::vector<Point> points;
  std::string hex;
};

std::vector<Point> counter() {
  std::vector<Point> points;
  for (int i = 0; i < 10; ++i) points.push_back(point(1'700'000'000'000 + 15'000 * i, 100 + 7 * i));
  return points;
}

// Deltas of deltas at the edges of every size class.
std::vector<Point> delta_edges() {
  int64_t delta = 1 << 21;
  int64_t t = delta;
  std::vector<Point> points = {point(0, 1), point(t, 1)};
  for (const int64_t dod :
       {8191l,   -8191l,   8192l,   -8192l,   8193l,   65535l,   -65535l,     65536l, -65536l, 65537l,
        524287l, -524287l, 524288l, -524288l, 524289l, 1l << 40, -(1l << 40), 0l,     1l,      -1l}) {
    delta += dod;
    t += delta;
    points.push_back(point(t, 1));
  }
  return points;
}

const double kInf = std::numeric_limits<double>::infinity();

const std::vector<Vector>& vectors() {
  static const std::vector<Vector> all = {
      {"one", {point(1'700'000'000'000, 1)}, "000180a0abfef9623ff0000000000000"},
      {"two",
       {point(1'700'000'000'000, 1), point(1'700'000'015'000, 2.5)},
       "000280a0abfef9623ff00000000000009875c26fff40"},
      {"counter", counter(), "000a80a0abfef96240590000000000009875dc27b68b94b6a23e5c03ede24b70bb496d1bf0"},
      {"negative", {point(-5, -0.5), point(0, 0), point(3, -0.0)}, "000309bfe000000000000005c05dffbffea000"},
      {"specials",
       {point(0, kInf),
        point(1000, -kInf),
        {2000, model::kStaleNaNBits},
        {3000, model::kNormalNaNBits},
        point(4000, std::numeric_limits<double>::max()),
        point(5000, 5e-324)},
       "0006007ff0000000000000e807c00d83f8000000000000002d9a4000000000001b5e97fffffffffffec3f7feffffffffffffe0"},
      {"delta edges", delta_edges(),
       "0016003ff0000000000000808080014fffa80054000de00061000b3fffda0002d00007780003840005cffffee800017400003fffffff"
       "ffffe00001e0000000000100002f00000100000000007ffffff8000000000080015fff80"},
      {"extremes",
       {point(INT64_MIN, 1), point(INT64_MAX, 2), point(0, 3)},
       "0003ffffffffffffffffff013ff0000000000000ffffffffffffffffff01c25ffff8000000000000002d80c0"},
  };
  return all;
}

TEST(XorChunk, WritesPrometheusBytes) {
  for (const auto& vector : vectors()) EXPECT_EQ(hex_encode(encode(vector.points)), vector.hex) << vector.name;
}

TEST(XorChunk, ReadsPrometheusBytes) {
  for (const auto& vector : vectors()) EXPECT_EQ(decode(*hex_decode(vector.hex)), vector.points) << vector.name;
}

// A walk over all kinds of values; size and checksum of Prometheus' chunk for it.
TEST(XorChunk, WritesPrometheusBytesForALongWalk) {
  uint64_t state = 42;
  const auto next = [&] {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return state >> 33;
  };
  std::vector<Point> points;
  TimestampMs t = 1'700'000'000'000;
  for (int i = 0; i < 240; ++i) {
    t += static_cast<TimestampMs>(next() % 30'000) + 1;
    uint64_t bits = model::kStaleNaNBits;
    switch (next() % 4) {
      case 0: bits = std::bit_cast<uint64_t>(static_cast<double>(next() % 1000)); break;
      case 1: bits = std::bit_cast<uint64_t>(static_cast<double>(next()) / 1000); break;
      case 2:
        bits = next() << 33;
        bits ^= next();
        break;
      default: break;
    }
    points.push_back({t, bits});
  }
  const std::string chunk = encode(points);
  EXPECT_EQ(chunk.size(), 2370u);
  EXPECT_EQ(crc32c(chunk), 0x086dd67cu);
  EXPECT_EQ(decode(chunk), points);
}

TEST(XorChunk, GivesBackAnySamplesBitForBit) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 300; ++round) {
    std::vector<Point> points;
    const size_t count = random() % 300;
    TimestampMs t = static_cast<TimestampMs>(random());
    uint64_t bits = random();
    for (size_t i = 0; i < count; ++i) {
      points.push_back({t, bits});
      t = static_cast<TimestampMs>(static_cast<uint64_t>(t) + (random() >> (random() % 64)));
      if (random() % 3 != 0) bits ^= random() >> (random() % 64) << (random() % 64);
    }
    EXPECT_EQ(decode(encode(points)), points);
  }
}

TEST(XorChunk, IsAWholeChunkAfterEverySample) {
  XorChunkWriter writer;
  const auto points = counter();
  for (size_t i = 0; i < points.size(); ++i) {
    writer.append(points[i].t_ms, std::bit_cast<double>(points[i].bits));
    EXPECT_EQ(decode(writer.chunk()), std::vector<Point>(points.begin(), points.begin() + static_cast<int>(i) + 1));
  }
}

TEST(XorChunk, BeginsAnewAfterItWasTaken) {
  XorChunkWriter writer;
  const auto points = counter();
  for (int round = 0; round < 2; ++round) {
    for (const auto& point : points) writer.append(point.t_ms, std::bit_cast<double>(point.bits));
    EXPECT_EQ(writer.size(), writer.chunk().size());
    EXPECT_EQ(writer.take(), encode(points)) << "round " << round;
    EXPECT_EQ(writer.samples(), 0);
  }
}

TEST(XorChunk, SpendsLittleOnARegularCounter) {
  XorChunkWriter writer;
  for (int i = 0; i < kSamplesPerChunk; ++i) writer.append(15'000 * i, 1'000'000 + 1000 * i);
  EXPECT_LT(writer.size(), 3.5 * kSamplesPerChunk);
}

TEST(XorChunkReader, SaysWhereATruncatedChunkEnds) {
  const std::string chunk = encode(counter());
  for (size_t size = 0; size < chunk.size(); ++size) {
    const std::string cut = chunk.substr(0, size);
    XorChunkReader reader(cut);
    int read = 0;
    while (reader.next()) ++read;
    ASSERT_FALSE(reader.status()) << size;
    EXPECT_EQ(reader.status().error().code, ErrorCode::kMalformed);
    EXPECT_LT(read, 10);
  }
}

TEST(XorChunkReader, RefusesImpossibleWindows) {
  // Control bits 11, 31 leading zeros, 63 significant bits: more than 64.
  XorChunkReader wide(std::string_view("\x00\x02\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\xff\xf8\x00", 15));
  while (wide.next()) {
  }
  ASSERT_FALSE(wide.status());
  EXPECT_THAT(wide.status().error().message, testing::HasSubstr("more than 64 bits"));
}

// Upstream writes this when it goes on with a chunk whose values had never changed.
TEST(XorChunkReader, TakesAllBitsForTheWindowBeforeThereIsOne) {
  std::string chunk("\x00\x02\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01", 12);
  chunk += *hex_decode("8ffc000000000000");  // 10, then the 64 bits of 1.0
  chunk += '\0';
  EXPECT_EQ(decode(chunk), (std::vector<Point>{point(0, 0), point(1, 1)}));
}

}  // namespace
}  // namespace sluice::tsdb
