#include "tsdb/sample_buffer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tsdb/xor_chunk.h"

namespace sluice::tsdb {
namespace {

model::Labels series(std::string name) { return model::Labels::from({{"__name__", std::move(name)}}); }

/// "name t:value ..." for each series, a '|' between chunks.
std::string show(SeriesSource& source) {
  std::string out;
  while (source.next().value()) {
    out += source.labels().to_string();
    bool is_first = true;
    for (const auto& chunk : source.chunks()) {
      if (!std::exchange(is_first, false)) out += " |";
      model::SampleColumn column;
      EXPECT_TRUE(read_chunk(chunk, {}, column));
      EXPECT_EQ(chunk.min_ms, column.t_ms.front());
      EXPECT_EQ(chunk.max_ms, column.t_ms.back());
      for (size_t i = 0; i < column.size(); ++i) {
        out += " " + std::to_string(column.t_ms[i]) + ":" + std::to_string(static_cast<int>(column.values[i]));
      }
    }
    out += "\n";
  }
  return out;
}

TEST(SampleBuffer, PutsSeriesAndSamplesInOrder) {
  SampleBuffer buffer;
  buffer.add(series("b"), {30, 3});
  buffer.add(series("a"), {20, 2});
  buffer.add(series("b"), {10, 1});
  EXPECT_EQ(buffer.samples(), 3u);
  EXPECT_EQ(buffer.min_ms(), 10);
  EXPECT_EQ(buffer.max_ms(), 30);
  SampleBuffer::Counts counts;
  EXPECT_EQ(show(*buffer.take(counts)), "a 20:2\nb 10:1 30:3\n");
  EXPECT_EQ(buffer.samples(), 0u);
  EXPECT_EQ(show(*buffer.take(counts)), "");
}

TEST(SampleBuffer, KeepsTheFirstOfSeveralAtOneTimeAndCountsTheOthers) {
  SampleBuffer buffer;
  for (const double value : {1.0, 1.0, 2.0}) buffer.add(series("a"), {10, value});
  buffer.add(series("b"), {10, 5});
  SampleBuffer::Counts counts;
  EXPECT_EQ(show(*buffer.take(counts)), "a 10:1\nb 10:5\n");
  EXPECT_EQ(counts.duplicates, 1u);
  EXPECT_EQ(counts.conflicts, 1u);
}

TEST(SampleBuffer, CutsChunksAsTheHeadDoes) {
  SampleBuffer buffer;
  for (int i = 2 * kSamplesPerChunk; i >= 0; --i) buffer.add(series("a"), {i, 1});
  SampleBuffer::Counts counts;
  const auto source = buffer.take(counts);
  ASSERT_TRUE(source->next().value());
  ASSERT_EQ(source->chunks().size(), 3u);
  EXPECT_EQ(source->chunks()[0].max_ms, kSamplesPerChunk - 1);
  EXPECT_EQ(source->chunks()[2].min_ms, 2 * kSamplesPerChunk);
}

}  // namespace
}  // namespace sluice::tsdb
