#include "promql/classic_histogram.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace sluice::promql {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

bool ends_at_infinity(const std::vector<ClassicBucket>& buckets) {
  return !buckets.empty() && buckets.back().upper_bound == kInfinity;
}

/// Adds up buckets of one bound ("1" and "1.0").
void coalesce(std::vector<ClassicBucket>& buckets) {
  size_t last = 0;
  for (size_t i = 1; i < buckets.size(); ++i) {
    if (buckets[i].upper_bound == buckets[last].upper_bound) buckets[last].count += buckets[i].count;
    else buckets[++last] = buckets[i];
  }
  buckets.resize(last + 1);
}

/// Makes counts rise with their bounds: small differences are rounding and ignored either way, falls are levelled.
MonotonicityFix make_monotonic(std::vector<ClassicBucket>& buckets) {
  constexpr double kTolerance = 1e-12;
  MonotonicityFix fix{.bucket_min = kInfinity, .bucket_max = -kInfinity};
  double previous = buckets.front().count;
  for (size_t i = 1; i < buckets.size(); ++i) {
    double& count = buckets[i].count;
    if (count == previous) continue;
    if (almost_equal(previous, count, kTolerance)) {
      count = previous;
    } else if (count < previous) {
      fix.forced = true;
      fix.bucket_min = std::min(fix.bucket_min, buckets[i].upper_bound);
      fix.bucket_max = std::max(fix.bucket_max, buckets[i].upper_bound);
      fix.difference_max = std::max(fix.difference_max, previous - count);
      count = previous;
    } else {
      previous = count;
    }
  }
  return fix;
}

}  // namespace

bool almost_equal(double a, double b, double tolerance) {
  if (std::isnan(a) && std::isnan(b)) return true;
  if (a == b) return true;
  const double sum = std::fabs(a) + std::fabs(b);
  const double difference = std::fabs(a - b);
  constexpr double kSmallestNormal = std::numeric_limits<double>::min();
  if (a == 0 || b == 0 || sum < kSmallestNormal) return difference < tolerance * kSmallestNormal;
  return difference / std::fmin(sum, std::numeric_limits<double>::max()) < tolerance;
}

double classic_quantile(double q, std::vector<ClassicBucket>& buckets, MonotonicityFix& fix) {
  if (std::isnan(q)) return kNan;
  if (q < 0) return -kInfinity;
  if (q > 1) return kInfinity;
  if (!ends_at_infinity(buckets)) return kNan;
  coalesce(buckets);
  fix = make_monotonic(buckets);
  if (buckets.size() < 2) return kNan;
  const double observations = buckets.back().count;
  if (observations == 0) return kNan;
  double rank = q * observations;
  // Written so that NaN counts end in the last bucket, as a search for the first count >= rank does.
  const auto found =
      std::find_if(buckets.begin(), buckets.end() - 1, [&](const ClassicBucket& b) { return b.count >= rank; });
  const auto b = static_cast<size_t>(found - buckets.begin());
  if (b == buckets.size() - 1) return buckets[b - 1].upper_bound;
  if (b == 0 && buckets[0].upper_bound <= 0) return buckets[0].upper_bound;
  double start = 0;
  double count = buckets[b].count;
  if (b > 0) {
    start = buckets[b - 1].upper_bound;
    count -= buckets[b - 1].count;
    rank -= buckets[b - 1].count;
  }
  return start + (buckets[b].upper_bound - start) * (rank / count);
}

double classic_fraction(double lower, double upper, std::vector<ClassicBucket>& buckets) {
  if (!ends_at_infinity(buckets)) return kNan;
  coalesce(buckets);
  const double total = buckets.back().count;
  if (total == 0 || std::isnan(lower) || std::isnan(upper)) return kNan;
  if (lower >= upper) return 0;
  // Observations up to a value, those of its bucket in proportion.
  const auto rank_of = [&](double value) {
    double rank = 0;
    double start = buckets.front().upper_bound <= 0 ? -kInfinity : 0;
    for (const ClassicBucket& bucket : buckets) {
      if (start >= value) return std::min(rank, total);
      if (bucket.upper_bound > value) {
        // Nothing is known of how observations lie in a bucket without lower end.
        if (start == -kInfinity) return std::min(bucket.count, total);
        return std::min(rank + (bucket.count - rank) * (value - start) / (bucket.upper_bound - start), total);
      }
      rank = bucket.count;
      start = bucket.upper_bound;
    }
    return total;
  };
  return (rank_of(upper) - rank_of(lower)) / total;
}

}  // namespace sluice::promql
