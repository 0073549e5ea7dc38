#include "ingest/validate_histogram.h"

#include <bit>
#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/limits.h"
#include "model/sample.h"

namespace sluice::ingest {
namespace {

using model::Histogram;
using model::HistogramSample;

TEST(PrepareHistogram, LeavesGoodOnesAlone) {
  const HistogramSample good{
      .t_ms = 1, .value = Histogram{.schema = 3, .count = 2, .positive_spans = {{0, 1}}, .positive_deltas = {2}}};
  HistogramSample sample = good;
  EXPECT_FALSE(prepare_histogram(sample));
  EXPECT_EQ(sample, good);
}

TEST(PrepareHistogram, KeepsNothingOfAStaleMarkerButItsForm) {
  HistogramSample sample{.value = model::FloatHistogram{.counter_reset_hint = model::CounterResetHint::kGauge,
                                                        .schema = 99,
                                                        .count = -1,
                                                        .sum = model::stale_nan(),
                                                        .positive_spans = {{0, 9}}}};
  EXPECT_FALSE(prepare_histogram(sample));
  const auto& kept = std::get<model::FloatHistogram>(sample.value);
  EXPECT_TRUE(model::is_stale(kept.sum));
  EXPECT_EQ(kept.schema, 0);
  EXPECT_TRUE(kept.positive_spans.empty());
  EXPECT_EQ(kept.counter_reset_hint, model::CounterResetHint::kGauge);
}

TEST(PrepareHistogram, ReducesFinerSchemas) {
  HistogramSample sample{
      .value = Histogram{.schema = 10, .count = 3, .positive_spans = {{1, 3}}, .positive_deltas = {1, 0, 0}}};
  EXPECT_FALSE(prepare_histogram(sample));
  const auto& kept = std::get<Histogram>(sample.value);
  EXPECT_EQ(kept.schema, 8);
  EXPECT_EQ(kept.positive_deltas, (std::vector<int64_t>{3}));
}

TEST(PrepareHistogram, MakesEveryOtherNanTheNormalOne) {
  HistogramSample sample{.value = Histogram{.sum = -NAN}};
  EXPECT_FALSE(prepare_histogram(sample));
  EXPECT_EQ(std::bit_cast<uint64_t>(sample.sum()), model::kNormalNaNBits);
}

TEST(PrepareHistogram, RefusesWhatIsInvalidOrTooLarge) {
  HistogramSample invalid{.value = Histogram{.schema = 53}};
  auto refusal = prepare_histogram(invalid);
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->refusal, Refusal::kInvalidHistogram);
  EXPECT_THAT(refusal->reason, testing::HasSubstr("got schema 53"));

  HistogramSample large{.value = Histogram{}};
  std::get<Histogram>(large.value).positive_deltas.resize(limits::kHistogramBucketsMax + 1);
  refusal = prepare_histogram(large);
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->refusal, Refusal::kTooManyHistogramBuckets);
  EXPECT_THAT(refusal->reason, testing::HasSubstr("too many buckets (buckets: 16385"));

  HistogramSample spans{.value = model::FloatHistogram{}};
  std::get<model::FloatHistogram>(spans.value).negative_spans.resize(limits::kHistogramBucketsMax + 1);
  EXPECT_EQ(prepare_histogram(spans)->refusal, Refusal::kTooManyHistogramBuckets);
}

}  // namespace
}  // namespace sluice::ingest
