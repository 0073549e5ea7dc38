#include "promql/classic_histogram.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

namespace sluice::promql {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();

struct QuantileCase {
  double q;
  std::vector<ClassicBucket> buckets;
  double expected;
};

class ClassicQuantile : public testing::TestWithParam<QuantileCase> {};

TEST_P(ClassicQuantile, InterpolatesInItsBucket) {
  std::vector<ClassicBucket> buckets = GetParam().buckets;
  MonotonicityFix fix;
  const double actual = classic_quantile(GetParam().q, buckets, fix);
  EXPECT_TRUE(almost_equal(actual, GetParam().expected, 1e-12)) << actual << " instead of " << GetParam().expected;
}

INSTANTIATE_TEST_SUITE_P(
    Cases, ClassicQuantile,
    testing::ValuesIn(std::vector<QuantileCase>{
        {0.5, {{1, 10}, {2, 20}, {kInf, 20}}, 1},
        {0.75, {{1, 10}, {2, 20}, {kInf, 20}}, 1.5},
        {1, {{1, 10}, {2, 20}, {kInf, 30}}, 2},       // highest bucket: the bound below it
        {0.1, {{-1, 10}, {2, 20}, {kInf, 20}}, -1},   // nothing is known below a bound that is not positive
        {0.5, {{1, 10}, {1, 10}, {kInf, 20}}, 0.5},   // "1" and "1.0" are one bucket
        {NAN, {{1, 10}, {kInf, 20}}, NAN},
        {-0.1, {{1, 10}, {kInf, 20}}, -kInf},
        {1.1, {{1, 10}, {kInf, 20}}, kInf},
        {0.5, {{1, 10}, {2, 20}}, NAN},
        {0.5, {{kInf, 20}}, NAN},
        {0.5, {{1, 0}, {kInf, 0}}, NAN}}));

TEST(ClassicQuantileFix, TellsWhatHadToBeLevelled) {
  std::vector<ClassicBucket> buckets{{1, 10}, {2, 8}, {3, 20}, {4, 19}, {kInf, 20}};
  MonotonicityFix fix;
  classic_quantile(0.5, buckets, fix);
  EXPECT_TRUE(fix.forced);
  EXPECT_EQ(fix.bucket_min, 2);
  EXPECT_EQ(fix.bucket_max, 4);
  EXPECT_EQ(fix.difference_max, 2);
}

TEST(ClassicQuantileFix, IgnoresRounding) {
  std::vector<ClassicBucket> buckets{{1, 10}, {2, 10 - 1e-13}, {kInf, 10}};
  MonotonicityFix fix;
  classic_quantile(0.5, buckets, fix);
  EXPECT_FALSE(fix.forced);
}

TEST(ClassicFraction, CountsBetweenTwoValues) {
  const auto fraction = [](double lower, double upper) {
    std::vector<ClassicBucket> buckets{{1, 10}, {2, 20}, {kInf, 40}};
    return classic_fraction(lower, upper, buckets);
  };
  EXPECT_DOUBLE_EQ(fraction(-kInf, kInf), 1);
  EXPECT_DOUBLE_EQ(fraction(0, 1), 0.25);
  EXPECT_DOUBLE_EQ(fraction(0.5, 1.5), 0.25);
  EXPECT_DOUBLE_EQ(fraction(5, 6), 0);
  EXPECT_DOUBLE_EQ(fraction(2, 1), 0);
  EXPECT_TRUE(std::isnan(fraction(NAN, 1)));
}

}  // namespace
}  // namespace sluice::promql
