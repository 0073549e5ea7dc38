#include "model/histogram_buckets.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace sluice::model {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

double custom_bound(int32_t index, std::span<const double> custom_values) {
  if (index < 0) return -kInfinity;
  if (static_cast<size_t>(index) >= custom_values.size()) return kInfinity;
  return custom_values[static_cast<size_t>(index)];
}

// Makes the buckets of one side, ascending in index (away from zero).
template <class Emit>
void walk(const std::vector<BucketSpan>& spans, const std::vector<double>& counts, Emit emit) {
  size_t next_count = 0;
  int64_t index = 0;
  for (const BucketSpan& span : spans) {
    index += span.offset;
    for (uint32_t i = 0; i < span.length && next_count < counts.size(); ++i, ++index) {
      // Bounds outside int32 do not occur in real schemas; spans that claim them are cut short.
      if (index > std::numeric_limits<int32_t>::max() || index < std::numeric_limits<int32_t>::min() + 1) return;
      emit(static_cast<int32_t>(index), counts[next_count++]);
    }
  }
}

void keep_outside_zero_bucket(HistogramBucket& bucket, double zero_threshold) {
  if (bucket.upper < 0 && bucket.upper > -zero_threshold) bucket.upper = -zero_threshold;
  if (bucket.lower > 0 && bucket.lower < zero_threshold) bucket.lower = zero_threshold;
}

HistogramBucket make_bucket(const FloatHistogram& histogram, int32_t index, double count, bool is_positive) {
  const double far = bucket_upper_bound(index, histogram.schema, histogram.custom_values);
  const double near = bucket_upper_bound(index - 1, histogram.schema, histogram.custom_values);
  HistogramBucket bucket{.lower = is_positive ? near : -far,
                         .upper = is_positive ? far : -near,
                         .count = count,
                         .index = index};
  if (histogram.schema == kCustomBucketsSchema) {
    bucket.lower_inclusive = index == 0;
    bucket.upper_inclusive = true;
  } else {
    bucket.lower_inclusive = bucket.lower < 0;
    bucket.upper_inclusive = bucket.upper > 0;
    keep_outside_zero_bucket(bucket, histogram.zero_threshold);
  }
  return bucket;
}

}  // namespace

double bucket_upper_bound(int32_t index, int32_t schema, std::span<const double> custom_values) {
  if (schema == kCustomBucketsSchema) return custom_bound(index, custom_values);
  constexpr double kLargest = std::numeric_limits<double>::max();
  if (schema <= 0) {
    const int64_t exponent = static_cast<int64_t>(index) * (int64_t{1} << -schema);
    // The bucket that ends at 2^1024 holds the largest doubles: its bound is the largest of them.
    if (exponent == 1024) return kLargest;
    return std::ldexp(1.0, static_cast<int>(std::clamp<int64_t>(exponent, -5000, 5000)));
  }
  const int32_t per_doubling = int32_t{1} << schema;
  const int32_t fraction = index & (per_doubling - 1);
  const int32_t exponent = index >> schema;
  if (fraction == 0 && exponent == 1024) return kLargest;
  // In long double, so that rounding to double gives the nearest value, as upstream's table has it.
  const long double mantissa = std::exp2(static_cast<long double>(fraction) / static_cast<long double>(per_doubling));
  return std::ldexp(static_cast<double>(mantissa), exponent);
}

std::vector<HistogramBucket> buckets_of(const FloatHistogram& histogram) {
  std::vector<HistogramBucket> buckets;
  buckets.reserve(histogram.negative_buckets.size() + 1 + histogram.positive_buckets.size());
  walk(histogram.negative_spans, histogram.negative_buckets, [&](int32_t index, double count) {
    buckets.push_back(make_bucket(histogram, index, count, false));
  });
  std::ranges::reverse(buckets);
  if (histogram.zero_count != 0) {
    buckets.push_back({.lower = -histogram.zero_threshold,
                       .upper = histogram.zero_threshold,
                       .lower_inclusive = true,
                       .upper_inclusive = true,
                       .count = histogram.zero_count});
  }
  walk(histogram.positive_spans, histogram.positive_buckets, [&](int32_t index, double count) {
    buckets.push_back(make_bucket(histogram, index, count, true));
  });
  return buckets;
}

}  // namespace sluice::model
