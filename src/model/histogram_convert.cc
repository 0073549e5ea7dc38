#include "model/histogram_convert.h"

#include <span>
#include <utility>

#include <fmt/format.h>

#include "base/check.h"
#include "model/bucket_spans.h"

namespace sluice::model {
namespace {

std::vector<double> to_counts(const std::vector<int64_t>& deltas) {
  std::vector<double> counts;
  counts.reserve(deltas.size());
  BucketCounts<int64_t> buckets(deltas);
  for (size_t i = 0; i < deltas.size(); ++i) counts.push_back(static_cast<double>(buckets.next()));
  return counts;
}

template <class Bucket>
struct Side {
  std::vector<BucketSpan> spans;
  std::vector<Bucket> buckets;
};

/// The buckets of one side in a schema that is coarser by `steps`: reduceResolution of model/histogram/generic.go.
template <class Bucket>
Result<Side<Bucket>> reduce(std::span<const BucketSpan> spans, std::span<const Bucket> buckets, int32_t steps) {
  for (size_t i = 1; i < spans.size(); ++i) {
    if (spans[i].offset >= 0) continue;
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("span number {} with offset {}: histogram has a span whose offset is negative", i + 1,
                            spans[i].offset));
  }
  if (count_buckets(spans) != buckets.size()) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("spans need {} buckets, have {} buckets: histogram spans specify different number of "
                            "buckets than provided",
                            count_buckets(spans), buckets.size()));
  }
  SpanBuilder out_spans;
  BucketWriter<Bucket> out_buckets;
  BucketCounts<Bucket> counts(buckets);
  BucketIndexes at(spans);
  while (at.valid()) {
    const int64_t target = ((at.index() - 1) >> steps) + 1;
    Bucket sum = 0;
    for (; at.valid() && ((at.index() - 1) >> steps) + 1 == target; at.next()) {
      const Bucket count = counts.next();
      if constexpr (std::is_same_v<Bucket, double>) sum += count;
      else sum = static_cast<Bucket>(static_cast<uint64_t>(sum) + static_cast<uint64_t>(count));
    }
    out_spans.add(target);
    out_buckets.add(sum);
  }
  return Side<Bucket>{std::move(out_spans).take(), std::move(out_buckets).take()};
}

template <class H, class Bucket>
Result<void> reduce_both(H& histogram, std::vector<Bucket>& positive, std::vector<Bucket>& negative, int32_t schema) {
  SLUICE_CHECK(histogram.schema != kCustomBucketsSchema && schema != kCustomBucketsSchema && schema < histogram.schema,
               "resolution can only be reduced, and only of exponential buckets");
  const int32_t steps = histogram.schema - schema;
  SLUICE_ASSIGN(auto new_positive, (reduce<Bucket>(histogram.positive_spans, positive, steps)));
  SLUICE_ASSIGN(auto new_negative, (reduce<Bucket>(histogram.negative_spans, negative, steps)));
  histogram.positive_spans = std::move(new_positive.spans);
  positive = std::move(new_positive.buckets);
  histogram.negative_spans = std::move(new_negative.spans);
  negative = std::move(new_negative.buckets);
  histogram.schema = schema;
  return {};
}

}  // namespace

FloatHistogram to_float(const Histogram& histogram) {
  FloatHistogram out{.counter_reset_hint = histogram.counter_reset_hint,
                     .schema = histogram.schema,
                     .count = static_cast<double>(histogram.count),
                     .sum = histogram.sum,
                     .positive_spans = histogram.positive_spans,
                     .positive_buckets = to_counts(histogram.positive_deltas)};
  if (histogram.schema == kCustomBucketsSchema) {
    out.custom_values = histogram.custom_values;
  } else {
    out.zero_threshold = histogram.zero_threshold;
    out.zero_count = static_cast<double>(histogram.zero_count);
    out.negative_spans = histogram.negative_spans;
    out.negative_buckets = to_counts(histogram.negative_deltas);
  }
  return out;
}

Result<void> reduce_resolution(Histogram& histogram, int32_t schema) {
  return reduce_both(histogram, histogram.positive_deltas, histogram.negative_deltas, schema);
}

Result<void> reduce_resolution(FloatHistogram& histogram, int32_t schema) {
  return reduce_both(histogram, histogram.positive_buckets, histogram.negative_buckets, schema);
}

}  // namespace sluice::model
