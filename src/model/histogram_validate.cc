#include "model/histogram_validate.h"

#include <cmath>
#include <limits>
#include <span>
#include <string>
#include <type_traits>

#include <fmt/format.h>

#include "model/bucket_spans.h"

namespace sluice::model {
namespace {

std::unexpected<Error> refuse(std::string text) { return fail(ErrorCode::kInvalidArgument, std::move(text)); }

Result<void> count_mismatch(std::span<const BucketSpan> spans, size_t buckets, std::string_view side) {
  if (count_buckets(spans) == buckets) return {};
  return refuse(
      fmt::format("{}: spans need {} buckets, have {} buckets: histogram spans specify different number of "
                  "buckets than provided",
                  side, count_buckets(spans), buckets));
}

Result<void> check_offsets(std::span<const BucketSpan> spans, size_t first, std::string_view side) {
  for (size_t i = first; i < spans.size(); ++i) {
    if (spans[i].offset >= 0) continue;
    return refuse(fmt::format("{}: span number {} with offset {}: histogram has a span whose offset is negative", side,
                              i + 1, spans[i].offset));
  }
  return {};
}

// As Go's %f.
std::string fixed(double value) {
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  return fmt::format("{:f}", value);
}

Result<void> check_bounds_order(std::span<const double> bounds) {
  double previous = -std::numeric_limits<double>::infinity();
  for (size_t i = 0; i < bounds.size(); ++i) {
    if (std::isnan(bounds[i])) return refuse("custom buckets: histogram custom bounds must not be NaN");
    if (i != 0 && bounds[i] <= previous) {
      return refuse(
          fmt::format("custom buckets: previous bound is {} and current is {}: histogram custom bounds must be in "
                      "strictly increasing order",
                      fixed(previous), fixed(bounds[i])));
    }
    previous = bounds[i];
  }
  if (previous != std::numeric_limits<double>::infinity()) return {};
  return refuse(
      "custom buckets: last +Inf bound must not be explicitly defined: histogram custom bounds must be finite");
}

template <class H>
Result<void> check_custom(const H& histogram, size_t positive, size_t negative) {
  constexpr std::string_view kSide = "custom buckets";
  SLUICE_TRY(check_bounds_order(histogram.custom_values));
  SLUICE_TRY(check_offsets(histogram.positive_spans, 0, kSide));
  SLUICE_TRY(count_mismatch(histogram.positive_spans, positive, kSide));
  uint64_t length = 0;
  for (const BucketSpan& span : histogram.positive_spans) length += span.length + static_cast<uint64_t>(span.offset);
  if (histogram.custom_values.size() + 1 < length) {
    return refuse(fmt::format(
        "custom buckets: only {} custom bounds defined which is insufficient to cover total span length of {}: "
        "histogram custom bounds are too few",
        histogram.custom_values.size(), length));
  }
  if (histogram.zero_count != 0) return refuse("custom buckets: must have zero count of 0");
  if (histogram.zero_threshold != 0) return refuse("custom buckets: must have zero threshold of 0");
  if (!histogram.negative_spans.empty()) return refuse("custom buckets: must not have negative spans");
  if (negative != 0) return refuse("custom buckets: must not have negative buckets");
  return {};
}

// Adds the buckets to `sum`, which wraps around.
template <class Bucket, class Sum>
Result<void> sum_up(std::span<const Bucket> buckets, std::string_view side, Sum& sum) {
  BucketCounts<Bucket> counts(buckets);
  for (size_t i = 0; i < buckets.size(); ++i) {
    const Bucket count = counts.next();
    if (count < 0) {
      return refuse(
          fmt::format("{}: bucket number {} has observation count of {}: histogram has a bucket whose "
                      "observation count is negative",
                      side, i + 1, count));
    }
    sum += static_cast<Sum>(count);
  }
  return {};
}

Result<void> check_spans(std::span<const BucketSpan> spans, size_t buckets, std::string_view side) {
  SLUICE_TRY(check_offsets(spans, 1, side));
  return count_mismatch(spans, buckets, side);
}

Result<void> check_zero_count(const Histogram&) { return {}; }
Result<void> check_zero_count(const FloatHistogram& histogram) {
  if (!(histogram.zero_count < 0)) return {};
  return refuse(
      fmt::format("zero bucket has observation count of {}: histogram has a bucket whose observation count is negative",
                  histogram.zero_count));
}

Result<void> check_schema(int32_t schema) {
  if (schema >= kExponentialSchemaMin && schema <= kExponentialSchemaMax) return {};
  return refuse(
      fmt::format("histogram has an invalid schema, which must be between {} and {} for exponential buckets, "
                  "or {} for custom buckets, got schema {}",
                  kExponentialSchemaMin, kExponentialSchemaMax, kCustomBucketsSchema, schema));
}

// Spans, buckets and bounds; `sum` is then what the buckets hold, without the zero bucket.
template <class H, class Bucket, class Sum>
Result<void> check_buckets(const H& histogram, const std::vector<Bucket>& positive, const std::vector<Bucket>& negative,
                           Sum& sum) {
  if (histogram.schema == kCustomBucketsSchema) {
    SLUICE_TRY(check_custom(histogram, positive.size(), negative.size()));
  } else {
    SLUICE_TRY(check_schema(histogram.schema));
    SLUICE_TRY(check_spans(histogram.positive_spans, positive.size(), "positive side"));
    SLUICE_TRY(check_spans(histogram.negative_spans, negative.size(), "negative side"));
    SLUICE_TRY(sum_up<Bucket>(negative, "negative side", sum));
    SLUICE_TRY(check_zero_count(histogram));
    if (!histogram.custom_values.empty()) {
      return refuse("histogram with exponential schema must not have custom bounds");
    }
  }
  return {};
}

}  // namespace

Result<void> validate(const Histogram& histogram) {
  uint64_t sum = 0;
  SLUICE_TRY(check_buckets(histogram, histogram.positive_deltas, histogram.negative_deltas, sum));
  SLUICE_TRY(sum_up<int64_t>(histogram.positive_deltas, "positive side", sum));
  sum += histogram.zero_count;
  const bool saw_nan = std::isnan(histogram.sum);
  if (saw_nan ? sum <= histogram.count : sum == histogram.count) return {};
  return refuse(fmt::format("{} observations found in buckets, but the Count field is {}: {}", sum, histogram.count,
                            saw_nan ? "histogram's observation count should be at least the number of observations "
                                      "found in the buckets"
                                    : "histogram's observation count should equal the number of observations found in "
                                      "the buckets (in absence of NaN)"));
}

Result<void> validate(const FloatHistogram& histogram) {
  double sum = 0;
  SLUICE_TRY(check_buckets(histogram, histogram.positive_buckets, histogram.negative_buckets, sum));
  if (histogram.count < 0) {
    return refuse(fmt::format("observation count is  {}: histogram's observation count is negative", histogram.count));
  }
  return sum_up<double>(histogram.positive_buckets, "positive side", sum);
}

}  // namespace sluice::model
