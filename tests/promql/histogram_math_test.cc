#include "promql/histogram_math.h"

#include <cmath>

#include <gtest/gtest.h>

#include "promql/result_compare.h"
#include "promql/series_description.h"

namespace sluice::promql {
namespace {

model::FloatHistogram histogram(std::string_view text) {
  const auto series = test::parse_series("h {{" + std::string(text) + "}}");
  EXPECT_TRUE(series) << series.error().message;
  return *series->values.at(0).histogram;
}

void expect_same(std::string_view expected, const model::FloatHistogram& actual) {
  test::SequenceValue value;
  value.histogram = std::make_shared<const model::FloatHistogram>(histogram(expected));
  EXPECT_TRUE(test::same_histogram(value, actual)) << "expected " << expected << "\ngot " << to_string(actual);
}

struct Sum {
  std::string_view left;
  std::string_view right;
  std::string_view expected;
};

class AddsHistograms : public testing::TestWithParam<Sum> {};

TEST_P(AddsHistograms, EitherWayRound) {
  HistogramSum forward(histogram(GetParam().left));
  EXPECT_FALSE(forward.add(histogram(GetParam().right)).incompatible);
  expect_same(GetParam().expected, forward.result());
  HistogramSum backward(histogram(GetParam().right));
  EXPECT_FALSE(backward.add(histogram(GetParam().left)).incompatible);
  expect_same(GetParam().expected, backward.result());
}

INSTANTIATE_TEST_SUITE_P(
    Layouts, AddsHistograms,
    testing::ValuesIn(std::vector<Sum>{
        {"count:3 sum:4 buckets:[1 2]", "count:2 sum:1 buckets:[1 1]", "count:5 sum:5 buckets:[2 3]"},
        {"count:1 sum:1 offset:-3 buckets:[1]", "count:1 sum:1 offset:4 buckets:[1]",
         "count:2 sum:2 offset:-3 buckets:[1 0 0 0 0 0 0 1]"},
        {"schema:1 count:4 sum:9 buckets:[1 1 1 1]", "schema:0 count:2 sum:3 buckets:[1 1]",
         "schema:0 count:6 sum:12 buckets:[2 3 1]"},
        {"count:2 sum:1 z_bucket:1 z_bucket_w:0.5 buckets:[1]",
         "count:2 sum:1 z_bucket:1 z_bucket_w:0.001 offset:-2 buckets:[1]",
         "count:4 sum:2 z_bucket:3 z_bucket_w:0.5 buckets:[1]"},
        {"count:2 sum:0 n_buckets:[1 1]", "count:1 sum:-1 n_buckets:[1]", "count:3 sum:-1 n_buckets:[2 1]"},
        {"schema:-53 count:3 sum:4 custom_values:[1 2 4] buckets:[1 1 0 1]",
         "schema:-53 count:2 sum:2 custom_values:[2 3] buckets:[1 0 1]",
         "schema:-53 count:5 sum:6 custom_values:[2] buckets:[3 2]"}}));

TEST(HistogramSum, WidensTheZeroBucketPastAPopulatedBucketItWouldCut) {
  HistogramSum sum(histogram("count:3 sum:1 z_bucket:1 z_bucket_w:0.001 offset:-1 buckets:[2]"));  // (0.25, 0.5]
  sum.add(histogram("count:1 sum:0 z_bucket:1 z_bucket_w:0.3"));
  expect_same("count:4 sum:1 z_bucket:4 z_bucket_w:0.5", sum.result());
}

TEST(HistogramSum, RefusesToMixExponentialAndCustomBuckets) {
  HistogramSum sum(histogram("count:1 sum:1 buckets:[1]"));
  EXPECT_TRUE(sum.add(histogram("schema:-53 count:1 sum:1 custom_values:[1] buckets:[1]")).incompatible);
  expect_same("count:1 sum:1 buckets:[1]", sum.result());
}

TEST(HistogramSum, TellsContradictingResetHints) {
  HistogramSum sum(histogram("count:1 counter_reset_hint:reset"));
  EXPECT_TRUE(sum.add(histogram("count:1 counter_reset_hint:not_reset")).reset_collision);
  EXPECT_EQ(sum.result().counter_reset_hint, model::CounterResetHint::kUnknown);
  HistogramSum gauge(histogram("count:1 counter_reset_hint:gauge"));
  EXPECT_FALSE(gauge.add(histogram("count:1 counter_reset_hint:reset")).reset_collision);
  EXPECT_EQ(gauge.result().counter_reset_hint, model::CounterResetHint::kGauge);
}

TEST(HistogramSum, KeepsSmallPartsOfLargeSums) {
  HistogramSum sum(histogram("count:1e100 sum:1e100 buckets:[1e100]"));
  sum.add(histogram("count:1 sum:1 buckets:[1]"));
  sum.subtract(histogram("count:1e100 sum:1e100 buckets:[1e100]"));
  expect_same("count:1 sum:1 buckets:[1]", sum.result());
}

TEST(IsCounterReset, IsFoundInAnyCount) {
  const auto before = histogram("count:4 sum:1 z_bucket:1 z_bucket_w:0.001 buckets:[1 2]");
  EXPECT_FALSE(is_counter_reset(before, before));
  EXPECT_FALSE(is_counter_reset(histogram("count:5 sum:0 z_bucket:1 z_bucket_w:0.001 buckets:[1 2 1]"), before));
  for (const std::string_view after :
       {"count:3 z_bucket:1 z_bucket_w:0.001 buckets:[1 2]", "count:4 z_bucket:0 z_bucket_w:0.001 buckets:[1 2]",
        "count:4 z_bucket:1 z_bucket_w:0.001 buckets:[0 3]", "count:4 z_bucket:1 z_bucket_w:0.001 offset:1 buckets:[3]",
        "schema:1 count:4 z_bucket:1 z_bucket_w:0.001 buckets:[1 2]", "count:9 z_bucket:9 z_bucket_w:0 buckets:[1 2]",
        "schema:-53 count:4 custom_values:[1] buckets:[4]"})
    EXPECT_TRUE(is_counter_reset(histogram(after), before)) << after;
  EXPECT_FALSE(is_counter_reset(histogram("count:1 counter_reset_hint:not_reset"), before));
  EXPECT_TRUE(is_counter_reset(histogram("count:9 counter_reset_hint:reset buckets:[9 9]"), before));
}

TEST(Divided, ByZeroLeavesNoBuckets) {
  const HistogramPtr result = divided(histogram("count:2 sum:3 buckets:[1 1]"), 0);
  EXPECT_TRUE(std::isinf(result->count));
  EXPECT_TRUE(result->positive_buckets.empty());
}

TEST(ToString, ShowsBucketsInMathematicalNotation) {
  EXPECT_EQ(to_string(histogram("count:4 sum:1.5 z_bucket:1 z_bucket_w:0.5 buckets:[1] n_buckets:[2]")),
            "{count:4, sum:1.5, [-1,-0.5):2, [-0.5,0.5]:1, (0.5,1]:1}");
}

}  // namespace
}  // namespace sluice::promql
