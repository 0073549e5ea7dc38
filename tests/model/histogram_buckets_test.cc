#include "model/histogram_buckets.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

namespace sluice::model {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

TEST(HistogramBuckets, BoundsAreThoseOfTheSchema) {
  struct Case {
    int32_t index;
    int32_t schema;
    double bound;
  };
  const Case cases[] = {
      {0, 0, 1},
      {1, 0, 2},
      {-1, 0, 0.5},
      {4, 2, 2},
      {1, 2, 1.189207115002721},
      {-1, 1, 0.7071067811865475},
      {-1, 2, 0.8408964152537144},
      {-5, 3, 0.6484197773255048},
      {-1, 3, 0.9170040432046711},
      {1, 1, 1.414213562373095},
      {1, -1, 4},
      {-1, -2, 0.0625},
      {0, -4, 1},
      {8, 3, 2},
      {256, 8, 2},
      {1024, 0, std::numeric_limits<double>::max()},
      {64, -4, std::numeric_limits<double>::max()},
      {1025, 0, kInfinity},
      {1024 * 256, 8, std::numeric_limits<double>::max()},
      {0, 3, 1},
      {-3000, 0, 0},
  };
  for (const auto& [index, schema, bound] : cases) {
    EXPECT_EQ(bucket_upper_bound(index, schema, {}), bound) << index << " " << schema;
  }
}

TEST(HistogramBuckets, BoundsGrowStrictly) {
  for (int32_t schema = kExponentialSchemaMin; schema <= kExponentialSchemaMax; ++schema) {
    double previous = 0;
    for (int32_t index = -40; index < 40; ++index) {
      const double bound = bucket_upper_bound(index, schema, {});
      EXPECT_GT(bound, previous) << index << " " << schema;
      previous = bound;
    }
  }
}

TEST(HistogramBuckets, AscendFromNegativeOverZeroToPositive) {
  FloatHistogram histogram;
  histogram.zero_threshold = 0.001;
  histogram.zero_count = 2;
  histogram.positive_spans = {{0, 1}, {1, 2}};
  histogram.positive_buckets = {1, 3, 4};
  histogram.negative_spans = {{0, 2}};
  histogram.negative_buckets = {5, 6};
  const std::vector<HistogramBucket> wanted = {
      {-2, -1, true, false, 6, 1}, {-1, -0.5, true, false, 5, 0}, {-0.001, 0.001, true, true, 2, 0},
      {0.5, 1, false, true, 1, 0}, {2, 4, false, true, 3, 2},     {4, 8, false, true, 4, 3},
  };
  EXPECT_EQ(buckets_of(histogram), wanted);
}

TEST(HistogramBuckets, BoundsInsideTheZeroBucketMoveToItsEdge) {
  FloatHistogram histogram;
  histogram.zero_threshold = 0.75;
  histogram.positive_spans = {{0, 1}};
  histogram.positive_buckets = {1};
  histogram.negative_spans = {{0, 1}};
  histogram.negative_buckets = {1};
  const auto buckets = buckets_of(histogram);
  ASSERT_EQ(buckets.size(), 2u);
  EXPECT_EQ(buckets[0].upper, -0.75);
  EXPECT_EQ(buckets[1].lower, 0.75);
}

TEST(HistogramBuckets, CustomBoundsBeginAtMinusInfinityAndEndAtInfinity) {
  FloatHistogram histogram;
  histogram.schema = kCustomBucketsSchema;
  histogram.custom_values = {5, 10};
  histogram.positive_spans = {{0, 3}};
  histogram.positive_buckets = {1, 2, 3};
  const std::vector<HistogramBucket> wanted = {
      {-kInfinity, 5, true, true, 1, 0},
      {5, 10, false, true, 2, 1},
      {10, kInfinity, false, true, 3, 2},
  };
  EXPECT_EQ(buckets_of(histogram), wanted);
}

TEST(HistogramBuckets, SpansThatPromiseMoreThanThereIsAreCutShort) {
  FloatHistogram histogram;
  histogram.positive_spans = {{0, 4'000'000'000U}, {INT32_MAX, 5}, {INT32_MAX, 5}};
  histogram.positive_buckets = {1};
  EXPECT_EQ(buckets_of(histogram).size(), 1u);
  histogram.positive_spans = {{INT32_MAX, 5}};
  histogram.positive_buckets = {1, 2, 3};
  EXPECT_EQ(buckets_of(histogram).size(), 1u);
}

}  // namespace
}  // namespace sluice::model
