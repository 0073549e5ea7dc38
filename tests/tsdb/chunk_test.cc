#include "tsdb/chunk.h"

#include <gtest/gtest.h>

#include "tsdb/histogram_chunk.h"
#include "tsdb/xor2_chunk.h"
#include "tsdb/xor_chunk.h"

namespace sluice::tsdb {
namespace {

using model::CounterResetHint;

model::FloatHistogram histogram(double count, CounterResetHint hint = CounterResetHint::kUnknown) {
  return {.counter_reset_hint = hint, .count = count, .positive_spans = {{1, 1}}, .positive_buckets = {count}};
}

ChunkView floats(TimestampMs from, int count) {
  XorChunkWriter writer;
  for (int i = 0; i < count; ++i) writer.append(from + i, i);
  return make_chunk_view(from, from + count - 1, ChunkEncoding::kXor, writer.take());
}

TEST(ReadChunk, PutsFloatsAndHistogramsIntoOneColumn) {
  FloatHistogramChunkWriter writer;
  for (int i = 0; i < 3; ++i) writer.append(10 + i, 0, histogram(i + 1));
  const auto histograms = make_chunk_view(10, 12, writer.encoding(), writer.take());
  model::SampleColumn column;
  ASSERT_TRUE(read_chunk(floats(0, 2), {}, column));
  ASSERT_TRUE(read_chunk(histograms, {}, column));
  ASSERT_TRUE(read_chunk(floats(20, 1), {}, column));
  EXPECT_EQ(column.t_ms, (std::vector<TimestampMs>{0, 1, 10, 11, 12, 20}));
  EXPECT_EQ(column.values.size(), 6u);
  EXPECT_TRUE(column.start_ms.empty());
  ASSERT_EQ(column.histograms.size(), 3u);
  for (uint32_t i = 0; i < 3; ++i) {
    EXPECT_EQ(column.histograms[i].row, 2 + i);
    EXPECT_EQ(column.histograms[i].histogram->count, i + 1);
    EXPECT_EQ(column.histograms[i].histogram->counter_reset_hint,
              i == 0 ? CounterResetHint::kUnknown : CounterResetHint::kNotReset);
  }
}

TEST(ReadChunk, TakesOnlyWhatIsInsideTheRange) {
  HistogramChunkWriter writer;
  for (int i = 0; i < 10; ++i) writer.append(i, 0, {.sum = static_cast<double>(i)});
  const auto chunk = make_chunk_view(0, 9, writer.encoding(), writer.take());
  model::SampleColumn column;
  ASSERT_TRUE(read_chunk(chunk, {.min_ms = 3, .max_ms = 5}, column));
  EXPECT_EQ(column.t_ms, (std::vector<TimestampMs>{3, 4, 5}));
  EXPECT_EQ(column.histograms.front().histogram->sum, 3);
  EXPECT_EQ(column.histograms.front().histogram->counter_reset_hint, CounterResetHint::kNotReset);
}

TEST(ReadChunk, FillsStartTimestampsFromTheFirstRowThatHasOne) {
  Xor2ChunkWriter with_starts;
  with_starts.append(10, 0, 1);
  with_starts.append(11, 5, 2);
  with_starts.append(12, 5, 3);
  const auto chunk = make_chunk_view(10, 12, ChunkEncoding::kXor2, with_starts.take());
  model::SampleColumn column;
  ASSERT_TRUE(read_chunk(floats(0, 2), {}, column));
  ASSERT_TRUE(read_chunk(chunk, {}, column));
  ASSERT_TRUE(read_chunk(floats(20, 2), {}, column));
  EXPECT_EQ(column.start_ms, (std::vector<TimestampMs>{0, 0, 0, 5, 5, 0, 0}));
}

TEST(SamplesInChunk, IsToldByTheHeaderOfEveryEncoding) {
  EXPECT_EQ(samples_in_chunk(floats(0, 7)), 7);
  EXPECT_EQ(samples_in_chunk(make_chunk_view(0, 0, ChunkEncoding::kXor, "x")), 0);
  for (const TimestampMs start_ms : {0, 1}) {
    HistogramChunkWriter writer;
    for (int i = 0; i < 5; ++i) writer.append(10 + i, start_ms, {.counter_reset_hint = CounterResetHint::kGauge});
    const ChunkEncoding encoding = writer.encoding();
    EXPECT_EQ(samples_in_chunk(make_chunk_view(10, 14, encoding, writer.take())), 5) << start_ms;
  }
}

TEST(ReadChunk, RefusesEncodingsOfNewerPrograms) {
  model::SampleColumn column;
  const auto read = read_chunk(make_chunk_view(0, 0, static_cast<ChunkEncoding>(7), "xyz"), {}, column);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, ErrorCode::kUnsupported);
}

TEST(ForgetResetHint, KeepsWhatDoesNotDependOnTheSampleBefore) {
  const auto forget = [](CounterResetHint hint) {
    return forget_reset_hint(std::make_shared<const model::FloatHistogram>(histogram(1, hint)))->counter_reset_hint;
  };
  EXPECT_EQ(forget(CounterResetHint::kNotReset), CounterResetHint::kUnknown);
  EXPECT_EQ(forget(CounterResetHint::kGauge), CounterResetHint::kGauge);
  EXPECT_EQ(forget(CounterResetHint::kReset), CounterResetHint::kReset);
}

}  // namespace
}  // namespace sluice::tsdb
