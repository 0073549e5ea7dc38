#include "model/histogram_convert.h"

#include <cmath>
#include <random>

#include <gtest/gtest.h>

#include "model/histogram_buckets.h"

namespace sluice::model {
namespace {

using Spans = std::vector<BucketSpan>;

Histogram sample() {
  return {.counter_reset_hint = CounterResetHint::kGauge,
          .schema = 2,
          .zero_threshold = 0.5,
          .zero_count = 3,
          .count = 20,
          .sum = -1,
          .positive_spans = {{-3, 2}, {1, 3}},
          .negative_spans = {{1, 1}},
          .positive_deltas = {1, 1, 1, 1, -3},
          .negative_deltas = {6}};
}

TEST(ToFloat, AddsUpTheDeltas) {
  const FloatHistogram want{.counter_reset_hint = CounterResetHint::kGauge,
                            .schema = 2,
                            .zero_threshold = 0.5,
                            .zero_count = 3,
                            .count = 20,
                            .sum = -1,
                            .positive_spans = {{-3, 2}, {1, 3}},
                            .negative_spans = {{1, 1}},
                            .positive_buckets = {1, 2, 3, 4, 1},
                            .negative_buckets = {6}};
  EXPECT_EQ(to_float(sample()), want);
}

TEST(ReduceResolution, MergesBucketsOfBothSides) {
  Histogram h = sample();
  ASSERT_TRUE(reduce_resolution(h, 1));
  // -3, -2 | 0, 1, 2 of schema 2 are -1, -1 | 0, 1, 1 of schema 1.
  EXPECT_EQ(h.schema, 1);
  EXPECT_EQ(h.positive_spans, (Spans{{-1, 3}}));
  EXPECT_EQ(h.positive_deltas, (std::vector<int64_t>{3, 0, 2}));
  EXPECT_EQ(h.negative_spans, (Spans{{1, 1}}));
  EXPECT_EQ(h.negative_deltas, (std::vector<int64_t>{6}));
  EXPECT_EQ(h.count, 20u);
}

TEST(ReduceResolution, GivesTheSameWithFloatCounts) {
  std::mt19937_64 random(3);
  for (int round = 0; round < 200; ++round) {
    Histogram h{.schema = 8};
    for (uint64_t i = random() % 6; i > 0; --i) {
      h.positive_spans.push_back({static_cast<int32_t>(random() % 9), static_cast<uint32_t>(random() % 5)});
      for (uint32_t k = 0; k < h.positive_spans.back().length; ++k) {
        h.positive_deltas.push_back(static_cast<int64_t>(random() % 50));
      }
    }
    FloatHistogram f = to_float(h);
    const auto schema = static_cast<int32_t>(random() % 12) - 4;
    ASSERT_TRUE(reduce_resolution(h, schema));
    ASSERT_TRUE(reduce_resolution(f, schema));
    EXPECT_EQ(to_float(h), f);
  }
}

TEST(ReduceResolution, RefusesSpansThatDoNotFit) {
  Histogram h = sample();
  h.positive_spans[1].offset = -1;
  EXPECT_EQ(reduce_resolution(h, 1).error().message,
            "span number 2 with offset -1: histogram has a span whose offset is negative");
  h = sample();
  h.negative_spans.clear();
  const Histogram before = h;
  EXPECT_EQ(reduce_resolution(h, 1).error().message,
            "spans need 0 buckets, have 1 buckets: histogram spans specify different number of buckets than provided");
  EXPECT_EQ(h, before);
}

TEST(BucketUpperBound, KnowsTheCoarseSchemasThatOnlyChunksHave) {
  EXPECT_EQ(bucket_upper_bound(1, -9, {}), std::ldexp(1.0, 512));
  EXPECT_EQ(bucket_upper_bound(0, -9, {}), 1);
}

}  // namespace
}  // namespace sluice::model
