#include <cmath>

#include "model/histogram_buckets.h"
#include "promql/histogram_math.h"

namespace sluice::promql {
namespace {

using model::FloatHistogram;

struct Bounds {
  double lower;
  double upper;
};

/// How much of a bucket stays, and around which value it is thought to lie.
struct Kept {
  double count = 0;
  double middle = 0;
};

double finite_or_zero(double value) { return std::isinf(value) ? 0 : value; }

/// The value that stands for all observations between two bounds.
double middle_of(Bounds b, bool positive, bool linear) {
  if (std::isinf(b.lower)) {
    if (std::isinf(b.upper)) return 0;
    return b.upper > 0 ? b.upper / 2 : b.upper;
  }
  if (std::isinf(b.upper)) return b.lower;
  if (linear) return (b.lower + b.upper) / 2;
  const double geometric = std::sqrt(std::fabs(b.lower * b.upper));
  return positive ? geometric : -geometric;
}

double fraction_below(Bounds b, double value, bool linear) {
  if (linear) return (value - b.lower) / (b.upper - b.lower);
  const double lower = std::log2(std::fabs(b.lower));
  const double upper = std::log2(std::fabs(b.upper));
  const double at = std::log2(std::fabs(value));
  return value > 0 ? (at - lower) / (upper - lower) : 1 - (at - upper) / (lower - upper);
}

/// Buckets that reach to infinity: how their observations lie is unknown, so they stay or go whole, but for a
/// lowest one with a positive end, which is taken to begin at 0.
Kept split_infinite(Bounds b, double count, double bound, bool keep_below) {
  if (std::isinf(b.lower) && b.lower < 0) {
    const bool from_zero = b.upper > 0 && !std::isinf(b.upper);
    if (keep_below) {
      if (bound >= b.upper) return {count, 0};
      if (bound > 0 && from_zero) return {count * bound / b.upper, bound / 2};
      if (b.upper <= 0) return {count, bound};
      return {0, finite_or_zero(b.upper)};
    }
    if (bound <= b.lower) return {count, 0};
    if (bound >= 0 && b.upper > bound && from_zero) return {count * (1 - bound / b.upper), (bound + b.upper) / 2};
    return {0, finite_or_zero(b.upper)};
  }
  if (!keep_below && bound >= b.lower) return {count, bound};
  return {0, finite_or_zero(b.lower)};
}

Kept split(Bounds b, double count, double bound, bool keep_below, bool positive, bool linear) {
  if (std::isinf(b.lower) || std::isinf(b.upper)) return split_infinite(b, count, bound, keep_below);
  const double below = bound <= b.lower ? 0 : bound >= b.upper ? count : count * fraction_below(b, bound, linear);
  if (keep_below) return {below, middle_of({b.lower, bound}, positive, linear)};
  return {count - below, middle_of({bound, b.upper}, positive, linear)};
}

Kept keep_of(Bounds b, double count, double bound, bool keep_below, bool positive, bool linear) {
  const bool whole = keep_below ? b.upper <= bound : b.lower >= bound;
  if (whole) return {count, middle_of(b, positive, linear)};
  const bool part = keep_below ? b.lower < bound : b.upper > bound;
  return part ? split(b, count, bound, keep_below, positive, linear) : Kept{};
}

Kept keep_of_zero(double threshold, double count, double bound, bool keep_below, bool negatives, bool positives) {
  const double lower = positives && !negatives ? 0 : -threshold;
  const double upper = negatives && !positives ? 0 : threshold;
  if (bound <= lower) return keep_below ? Kept{} : Kept{count, (lower + upper) / 2};
  if (bound >= upper) return keep_below ? Kept{count, (lower + upper) / 2} : Kept{};
  if (keep_below) return {count * ((bound - lower) / (upper - lower)), (lower + bound) / 2};
  return {count * ((upper - bound) / (upper - lower)), (bound + upper) / 2};
}

}  // namespace

HistogramPtr trimmed(const FloatHistogram& histogram, double bound, bool upper) {
  auto out = std::make_shared<FloatHistogram>(histogram);
  const bool linear = histogram.schema == model::kCustomBucketsSchema;
  double count = 0;
  double sum = 0;
  bool changed = false;
  const auto trim_side = [&](const std::vector<model::BucketSpan>& spans, std::vector<double>& buckets, bool positive) {
    bool populated = false;
    int32_t index = 0;
    size_t next = 0;
    for (const model::BucketSpan& span : spans) {
      index += span.offset;
      for (uint32_t i = 0; i < span.length && next < buckets.size(); ++i, ++index) {
        double& here = buckets[next++];
        if (here == 0) continue;
        populated = true;
        const double far = model::bucket_upper_bound(index, histogram.schema, histogram.custom_values);
        const double near = model::bucket_upper_bound(index - 1, histogram.schema, histogram.custom_values);
        const Bounds bounds = positive ? Bounds{near, far} : Bounds{-far, -near};
        const Kept kept = keep_of(bounds, here, bound, upper, positive, linear);
        count += kept.count;
        sum += kept.middle * kept.count;
        changed = changed || kept.count != here;
        here = kept.count;
      }
    }
    return populated;
  };
  const bool positives = trim_side(out->positive_spans, out->positive_buckets, true);
  const bool negatives = trim_side(out->negative_spans, out->negative_buckets, false);
  if (out->zero_count > 0) {
    const Kept kept = keep_of_zero(histogram.zero_threshold, out->zero_count, bound, upper, negatives, positives);
    count += kept.count;
    sum += kept.middle * kept.count;
    changed = changed || kept.count != out->zero_count;
    out->zero_count = kept.count;
  }
  if (!changed) return out;
  out->count = count;
  out->sum = sum;
  return compacted(*out);
}

}  // namespace sluice::promql
