#include "tsdb/typed_chunk_writer.h"

#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/histogram_convert.h"
#include "tsdb/xor_chunk.h"

namespace sluice::tsdb {
namespace {

using model::FloatHistogram;
using model::Histogram;

Histogram integers(uint64_t count) {
  return {.count = count, .positive_spans = {{1, 1}}, .positive_deltas = {static_cast<int64_t>(count)}};
}
FloatHistogram doubles(uint64_t count) { return model::to_float(integers(count)); }

TEST(TypedChunkWriter, AsksForANewChunkWhenTheTypeChanges) {
  const TypedSample samples[] = {{1, 1, 1.5}, {2, 0, integers(1)}, {3, 0, doubles(1)},
                                 {4, 0, 2.5}, {5, 0, doubles(2)},  {6, 0, integers(2)}};
  const ChunkEncoding encodings[] = {ChunkEncoding::kXor2,           ChunkEncoding::kHistogram,
                                     ChunkEncoding::kFloatHistogram, ChunkEncoding::kXor2,
                                     ChunkEncoding::kFloatHistogram, ChunkEncoding::kHistogram};
  TypedChunkWriter writer;
  for (size_t i = 0; i < std::size(samples); ++i) {
    EXPECT_EQ(writer.append(samples[i]), i == 0);
    if (i != 0) {
      EXPECT_EQ(writer.samples(), 1);
      writer.take();
      EXPECT_TRUE(writer.empty());
      EXPECT_TRUE(writer.append(samples[i]));
    }
    EXPECT_EQ(writer.encoding(), encodings[i]) << i;
    EXPECT_EQ(writer.size(), writer.chunk().size());
  }
}

TEST(TypedChunkWriter, SealsByCountAndBySize) {
  TypedChunkWriter floats;
  TimestampMs t = 0;
  while (floats.append({++t, 1, 1.0})) {
  }
  EXPECT_EQ(floats.samples(), kSamplesPerChunk);
  TypedChunkWriter histograms;
  std::mt19937_64 random(1);
  uint64_t count = 0;
  while (histograms.append({++t, 0, integers(count += random() % 1'000'000'000)})) {
  }
  EXPECT_GE(histograms.size(), kHistogramChunkBytes);
  EXPECT_LT(histograms.size(), kHistogramChunkBytes + 100);
}

TEST(TypedChunkWriter, EndsHistogramsByAStaleHistogram) {
  TypedChunkWriter writer;
  const TypedSample end{9, 0, model::stale_nan()};
  EXPECT_TRUE(std::holds_alternative<double>(writer.as_appended(end).value));
  Histogram gauge = integers(1);
  gauge.counter_reset_hint = model::CounterResetHint::kGauge;
  for (const Histogram& histogram : {integers(1), gauge}) {
    TypedChunkWriter of_histograms;
    of_histograms.append({1, 0, histogram});
    const TypedSample stale = of_histograms.as_appended(end);
    ASSERT_TRUE(std::holds_alternative<Histogram>(stale.value));
    EXPECT_TRUE(model::is_stale(std::get<Histogram>(stale.value).sum));
    EXPECT_TRUE(of_histograms.append(stale));
    EXPECT_TRUE(std::holds_alternative<double>(of_histograms.as_appended({9, 0, 1.0}).value));
  }
}

TEST(EncodeChunks, GivesBackSamplesOfAnyTypesInOrder) {
  std::mt19937_64 random(3);
  for (int round = 0; round < 100; ++round) {
    std::vector<TypedSample> samples;
    for (uint64_t i = random() % 200; i > 0; --i) {
      TypedSample sample{static_cast<TimestampMs>(1000 * samples.size()), 0, {}};
      if (!samples.empty() && random() % 8 != 0) sample.value = samples.back().value;
      else if (random() % 3 == 0) sample.value = integers(random() % 100);
      else if (random() % 2 == 0) sample.value = doubles(random() % 100);
      else sample.value = static_cast<double>(random() % 100);
      if (random() % 20 == 0) sample.start_ms = sample.t_ms - 500;
      samples.push_back(sample);
    }
    const auto chunks = encode_chunks(samples);
    size_t next = 0;
    for (const ChunkView& chunk : chunks) {
      const size_t begin = next;
      next += samples_in_chunk(chunk);
      ASSERT_LE(next, samples.size());
      EXPECT_EQ(chunk.min_ms, samples[begin].t_ms);
      EXPECT_EQ(chunk.max_ms, samples[next - 1].t_ms);
      for (size_t i = begin; i < next; ++i) {
        const auto found = find_sample(chunk, samples[i].t_ms);
        ASSERT_TRUE(found && *found);
        EXPECT_TRUE(is_same_value(**found, samples[i])) << i;
      }
      EXPECT_FALSE(*find_sample(chunk, chunk.max_ms + 1));
      EXPECT_FALSE(*find_sample(chunk, chunk.min_ms + 1));
    }
    EXPECT_EQ(next, samples.size());
  }
}

TEST(FindSample, ReportsDamage) {
  const auto damaged = make_chunk_view(0, 0, ChunkEncoding::kHistogram, std::string("\x00\x01\x00", 3));
  EXPECT_EQ(find_sample(damaged, 5).error().code, ErrorCode::kMalformed);
  EXPECT_EQ(find_sample(make_chunk_view(0, 0, static_cast<ChunkEncoding>(9), ""), 5).error().code,
            ErrorCode::kUnsupported);
}

TEST(IsPlain, IsWhatAnXorChunkHolds) {
  EXPECT_TRUE(is_plain({1, 0, 1.0}));
  EXPECT_FALSE(is_plain({1, 1, 1.0}));
  EXPECT_FALSE(is_plain({1, 0, integers(1)}));
}

TEST(IsSameValue, TellsTypesApartAndNotStartTimestamps) {
  EXPECT_TRUE(is_same_value({1, 0, 1.0}, {2, 0, 1.0}));
  EXPECT_FALSE(is_same_value({1, 0, 0.0}, {1, 0, -0.0}));
  EXPECT_TRUE(is_same_value({1, 0, 1.0}, {1, 5, 1.0}));
  EXPECT_FALSE(is_same_value({1, 0, integers(1)}, {1, 0, doubles(1)}));
  EXPECT_TRUE(is_same_value({1, 0, integers(1)}, {1, 0, integers(1)}));
}

}  // namespace
}  // namespace sluice::tsdb
