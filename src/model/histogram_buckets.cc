#include "model/histogram_buckets.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "base/check.h"

namespace sluice::model {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// 2^x for x in (0, 1/2], by the reduction and polynomial of FreeBSD's e_exp.c. The standard library's exp2 is
// more exact, and that is the trouble: upstream's bounds come from this one, and some differ in the last digit.
constexpr double exp2_small(double x) {
  const int halves = x >= 0.5 ? 1 : 0;
  const double rest = x - halves;
  const double high = rest * 6.93147180369123816490e-01;
  const double low = -rest * 1.90821492927058770002e-10;
  const double r = high - low;
  const double t = r * r;
  const double c =
      r -
      t * (1.66666666666666657415e-01 +
           t * (-2.77777777770155933842e-03 +
                t * (6.61375632143793436117e-05 + t * (-1.65339022054652515390e-06 + t * 4.13813679705723846039e-08))));
  const double y = 1 - ((low - (r * c) / (2 - c)) - high);
  return halves == 1 ? 2 * y : y;
}

// Bounds of the buckets in [0.5, 1) of schemas 0 to 8, one after the other: schema s begins at 2^s - 1.
// Every second bound is the coarser schema's, the others are their left neighbour times 2^(2^-s): the way in
// which upstream's table (exponentialBounds, model/histogram/generic.go) was made. Computed by the compiler,
// so no machine's contraction of multiply and add can change a digit.
constexpr auto make_fractions() {
  std::array<double, 511> bounds{};
  bounds[0] = 0.5;
  for (int schema = 1; schema <= kExponentialSchemaMax; ++schema) {
    const size_t begin = (size_t{1} << schema) - 1;
    const size_t coarser = (size_t{1} << (schema - 1)) - 1;
    const double factor = exp2_small(1.0 / static_cast<double>(1 << schema));
    for (size_t i = 0; i <= begin; ++i) {
      bounds[begin + i] = i % 2 == 0 ? bounds[coarser + i / 2] : bounds[begin + i - 1] * factor;
    }
  }
  return bounds;
}
constexpr auto kFractions = make_fractions();

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
  HistogramBucket bucket{
      .lower = is_positive ? near : -far, .upper = is_positive ? far : -near, .count = count, .index = index};
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
  SLUICE_CHECK(schema >= kExponentialSchemaMinReserved && schema <= kExponentialSchemaMax,
               "histogram schema not checked at the edge");
  constexpr double kLargest = std::numeric_limits<double>::max();
  if (schema <= 0) {
    const int64_t exponent = static_cast<int64_t>(index) * (int64_t{1} << -schema);
    // The bucket that ends at 2^1024 holds the largest doubles: its bound is the largest of them.
    if (exponent == 1024) return kLargest;
    return std::ldexp(1.0, static_cast<int>(std::clamp<int64_t>(exponent, -5000, 5000)));
  }
  const int32_t per_doubling = int32_t{1} << schema;
  const int32_t position = index & (per_doubling - 1);
  const int32_t exponent = (index >> schema) + 1;
  if (position == 0 && exponent == 1025) return kLargest;
  return std::ldexp(kFractions[static_cast<size_t>(per_doubling - 1 + position)], exponent);
}

std::vector<HistogramBucket> buckets_of(const FloatHistogram& histogram) {
  std::vector<HistogramBucket> buckets;
  buckets.reserve(histogram.negative_buckets.size() + 1 + histogram.positive_buckets.size());
  walk(histogram.negative_spans, histogram.negative_buckets,
       [&](int32_t index, double count) { buckets.push_back(make_bucket(histogram, index, count, false)); });
  std::ranges::reverse(buckets);
  if (histogram.zero_count > 0) {
    buckets.push_back({.lower = -histogram.zero_threshold,
                       .upper = histogram.zero_threshold,
                       .lower_inclusive = true,
                       .upper_inclusive = true,
                       .count = histogram.zero_count});
  }
  walk(histogram.positive_spans, histogram.positive_buckets,
       [&](int32_t index, double count) { buckets.push_back(make_bucket(histogram, index, count, true)); });
  return buckets;
}

}  // namespace sluice::model
