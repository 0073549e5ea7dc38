#include "promql/native_quantile.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "model/histogram_buckets.h"
#include "promql/kahan.h"

namespace sluice::promql {
namespace {

using model::FloatHistogram;
using model::HistogramBucket;

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

bool is_custom(const FloatHistogram& histogram) { return histogram.schema == model::kCustomBucketsSchema; }

/// Buckets as quantiles see them: a zero bucket only where it holds something.
std::vector<HistogramBucket> quantile_buckets(const FloatHistogram& histogram) {
  std::vector<HistogramBucket> buckets = model::buckets_of(histogram);
  std::erase_if(buckets, [&](const HistogramBucket& b) { return b.count < 0 && b.lower == -b.upper; });
  return buckets;
}

/// Where only one side of zero is populated, the zero bucket ends at zero.
void clip_zero_bucket(const FloatHistogram& histogram, HistogramBucket& bucket) {
  if (histogram.negative_buckets.empty() && !histogram.positive_buckets.empty()) bucket.lower = 0;
  else if (histogram.positive_buckets.empty() && !histogram.negative_buckets.empty()) bucket.upper = 0;
}

double interpolate_exponentially(const HistogramBucket& bucket, double fraction) {
  const double lower = std::log2(std::fabs(bucket.lower));
  const double upper = std::log2(std::fabs(bucket.upper));
  if (bucket.lower > 0) return std::exp2(lower + (upper - lower) * fraction);
  return -std::exp2(upper + (lower - upper) * (1 - fraction));
}

double fraction_below(const HistogramBucket& bucket, double value, bool linear) {
  if (linear) return (value - bucket.lower) / (bucket.upper - bucket.lower);
  const double lower = std::log2(std::fabs(bucket.lower));
  const double upper = std::log2(std::fabs(bucket.upper));
  const double at = std::log2(std::fabs(value));
  return value > 0 ? (at - lower) / (upper - lower) : 1 - (at - upper) / (lower - upper);
}

}  // namespace

double native_quantile(double q, const FloatHistogram& histogram, std::string_view metric_name, PositionRange position,
                       Annotations& annotations) {
  if (q < 0) return -kInfinity;
  if (q > 1) return kInfinity;
  if (histogram.count == 0 || std::isnan(q)) return kNan;

  // From the nearer end, where rounding has done least; NaN observations are in no bucket, so with them only the
  // lower end is known.
  const bool has_nan = std::isnan(histogram.sum);
  const bool forward = has_nan || q < 0.5;
  std::vector<HistogramBucket> buckets = quantile_buckets(histogram);
  if (!forward) std::reverse(buckets.begin(), buckets.end());
  double rank = (forward ? q : 1 - q) * histogram.count;
  HistogramBucket bucket;
  double count = 0;
  size_t next = 0;
  while (next < buckets.size()) {
    bucket = buckets[next++];
    if (bucket.count == 0) continue;
    count += bucket.count;
    if (count >= rank) break;
  }
  if (!is_custom(histogram)) {
    if (bucket.lower < 0 && bucket.upper > 0) clip_zero_bucket(histogram, bucket);
  } else if (bucket.lower == -kInfinity) {
    if (bucket.upper <= 0) return bucket.upper;
    bucket.lower = 0;
  } else if (bucket.upper == kInfinity) {
    return bucket.lower;
  }
  count = std::min(count, histogram.count);
  if (count < rank) {
    if (!has_nan) return bucket.upper;
    annotations.add(AnnotationId::kQuantileNanResult, position, metric_name);
    return kNan;
  }
  if (forward) rank -= count - bucket.count;
  else rank = count - rank;
  if (has_nan) {
    for (; next < buckets.size(); ++next) count += buckets[next].count;
    if (count < histogram.count) annotations.add(AnnotationId::kQuantileNanSkew, position, metric_name);
  }
  const double fraction = rank / bucket.count;
  if (is_custom(histogram) || (bucket.lower <= 0 && bucket.upper >= 0))
    return bucket.lower + (bucket.upper - bucket.lower) * fraction;
  return interpolate_exponentially(bucket, fraction);
}

double native_fraction(double lower, double upper, const FloatHistogram& histogram, std::string_view metric_name,
                       PositionRange position, Annotations& annotations) {
  if (histogram.count == 0 || std::isnan(lower) || std::isnan(upper)) return kNan;
  if (lower >= upper) return 0;
  struct Edge {
    double at;
    double rank = 0;
    bool set = false;
  };
  Edge edges[] = {{lower}, {upper}};
  double count = 0;
  double rank = 0;
  const std::vector<HistogramBucket> buckets = quantile_buckets(histogram);
  size_t next = 0;
  while (next < buckets.size() && !(edges[0].set && edges[1].set)) {
    HistogramBucket bucket = buckets[next++];
    count += bucket.count;
    const bool zero = bucket.lower <= 0 && bucket.upper >= 0;
    if (zero) clip_zero_bucket(histogram, bucket);
    const bool linear = zero || is_custom(histogram);
    for (Edge& edge : edges) {
      if (edge.set) continue;
      if (bucket.lower >= edge.at) {
        edge = {edge.at, rank, true};
      } else if (bucket.upper > edge.at) {
        // Nothing is known of how observations lie in a bucket without lower end.
        const bool open = linear && bucket.lower == -kInfinity;
        edge = {edge.at, open ? bucket.count : rank + bucket.count * fraction_below(bucket, edge.at, linear), true};
      }
    }
    rank += bucket.count;
  }
  if (std::isnan(histogram.sum)) {
    for (; next < buckets.size(); ++next) count += buckets[next].count;
    if (count < histogram.count) annotations.add(AnnotationId::kFractionNans, position, metric_name);
  } else {
    count = histogram.count;
  }
  for (Edge& edge : edges)
    if (!edge.set || edge.rank > count) edge.rank = count;
  return (edges[1].rank - edges[0].rank) / histogram.count;
}

double native_variance(const FloatHistogram& histogram) {
  const double mean = histogram.sum / histogram.count;
  KahanSum variance;
  for (const HistogramBucket& bucket : quantile_buckets(histogram)) {
    if (bucket.count == 0) continue;
    double middle = 0;
    if (is_custom(histogram)) {
      middle = (bucket.upper + bucket.lower) / 2;
    } else if (!(bucket.lower <= 0 && bucket.upper >= 0)) {
      middle = std::sqrt(bucket.upper * bucket.lower);
      if (bucket.upper < 0) middle = -middle;
    }
    const double delta = middle - mean;
    variance.add(bucket.count * delta * delta);
  }
  return variance.value() / histogram.count;
}

}  // namespace sluice::promql
