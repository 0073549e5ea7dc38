#include "tsdb/xor2_chunk.h"

#include <random>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/encoding.h"
#include "model/sample.h"
#include "tsdb/chunk_vectors.h"

namespace sluice::tsdb {
namespace {

using testing_support::parse_number;

struct Point {
  TimestampMs t_ms;
  TimestampMs start_ms;
  uint64_t bits;
  friend bool operator==(const Point&, const Point&) = default;
};

// A scenario of the file: samples, `s <time> <start timestamp> <bits of the value>`, and the chunk of all,
// `c <encoding> <samples> <bytes>`.
struct Scenario {
  std::vector<Point> points;
  std::string hex;
};

std::vector<Scenario> scenarios() {
  std::vector<Scenario> all;
  for (const auto& words : testing_support::read_vector_lines("xor2_chunks.vectors")) {
    if (words[0] == "scenario") all.emplace_back();
    else if (words[0] == "c") all.back().hex = words[3];
    else
      all.back().points.push_back(
          {parse_number<int64_t>(words[1]), parse_number<int64_t>(words[2]), parse_number<uint64_t>(words[3], 16)});
  }
  return all;
}

std::string encode(const std::vector<Point>& points) {
  Xor2ChunkWriter writer;
  for (const Point& p : points) writer.append(p.t_ms, p.start_ms, std::bit_cast<double>(p.bits));
  EXPECT_EQ(writer.size(), writer.chunk().size());
  return writer.take();
}

std::vector<Point> decode(const std::string& chunk) {
  std::vector<Point> points;
  Xor2ChunkReader reader(chunk);
  while (reader.next()) points.push_back({reader.t_ms(), reader.start_ms(), reader.value_bits()});
  EXPECT_TRUE(reader.status()) << reader.status().error().message;
  return points;
}

TEST(Xor2Chunk, WritesPrometheusBytes) {
  ASSERT_GE(scenarios().size(), 8u);
  for (const Scenario& scenario : scenarios()) EXPECT_EQ(hex_encode(encode(scenario.points)), scenario.hex);
}

TEST(Xor2Chunk, ReadsPrometheusBytes) {
  for (const Scenario& scenario : scenarios()) EXPECT_EQ(decode(*hex_decode(scenario.hex)), scenario.points);
}

TEST(Xor2Chunk, GivesBackAnySamplesBitForBit) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 300; ++round) {
    std::vector<Point> points;
    Point p{static_cast<TimestampMs>(random()), static_cast<TimestampMs>(random() % 3), random()};
    for (uint64_t i = random() % 300; i > 0; --i) {
      points.push_back(p);
      p.t_ms = static_cast<TimestampMs>(static_cast<uint64_t>(p.t_ms) + (random() >> (random() % 64)));
      if (round % 2 == 0 && random() % 3 == 0) p.start_ms = static_cast<TimestampMs>(random() >> (random() % 64));
      if (random() % 3 != 0) p.bits ^= random() >> (random() % 64) << (random() % 64);
      if (random() % 9 == 0) p.bits = model::kStaleNaNBits;
    }
    EXPECT_EQ(decode(encode(points)), points) << "round " << round;
  }
}

TEST(Xor2Chunk, BeginsAnewAfterItWasTaken) {
  const auto points = scenarios().back().points;
  Xor2ChunkWriter writer;
  for (int round = 0; round < 2; ++round) {
    for (const Point& p : points) writer.append(p.t_ms, p.start_ms, std::bit_cast<double>(p.bits));
    EXPECT_EQ(writer.samples(), points.size());
    EXPECT_EQ(writer.take(), encode(points)) << "round " << round;
    EXPECT_EQ(writer.samples(), 0);
  }
}

TEST(Xor2ChunkReader, SaysWhereATruncatedChunkEnds) {
  for (const Scenario& scenario : scenarios()) {
    const std::string chunk = *hex_decode(scenario.hex);
    for (size_t size = 0; size < chunk.size(); ++size) {
      const std::string cut = chunk.substr(0, size);
      Xor2ChunkReader reader(cut);
      while (reader.next()) {
      }
      ASSERT_FALSE(reader.status()) << size;
      EXPECT_EQ(reader.status().error().code, ErrorCode::kMalformed);
    }
  }
}

}  // namespace
}  // namespace sluice::tsdb
