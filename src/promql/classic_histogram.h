#pragma once

#include <vector>

namespace sluice::promql {

/// A bucket of a classic histogram: how many observations are at most `upper_bound` (label `le`).
struct ClassicBucket {
  double upper_bound;
  double count;
};

/// What had to be mended before a quantile could be taken.
struct MonotonicityFix {
  bool forced = false;  ///< a count was below that of a smaller bucket, by more than rounding explains
  double bucket_min = 0;
  double bucket_max = 0;
  double difference_max = 0;
};

/// histogram_quantile of buckets sorted by upper bound (promql/quantile.go, BucketQuantile). Changes the buckets: those
/// of equal bound are added up, counts are made to rise. NaN without observations, with fewer than two buckets or
/// without one for +Inf; the second highest bound when the quantile is in the highest bucket.
double classic_quantile(double q, std::vector<ClassicBucket>& buckets, MonotonicityFix& fix);

/// The fraction of observations between two values, linear inside a bucket.
double classic_fraction(double lower, double upper, std::vector<ClassicBucket>& buckets);

/// Equal but for what rounding does: relative difference below `tolerance`. NaN equals NaN.
bool almost_equal(double a, double b, double tolerance);

}  // namespace sluice::promql
