#include "ingest/validate_histogram.h"

#include <bit>
#include <cmath>
#include <utility>
#include <variant>

#include <fmt/format.h>

#include "base/limits.h"
#include "model/histogram_convert.h"
#include "model/histogram_validate.h"
#include "model/sample.h"

namespace sluice::ingest {
namespace {

size_t bucket_count(const model::Histogram& h) { return h.positive_deltas.size() + h.negative_deltas.size(); }
size_t bucket_count(const model::FloatHistogram& h) { return h.positive_buckets.size() + h.negative_buckets.size(); }

template <class H>
Result<void> reduce_and_validate(H& histogram) {
  const bool is_too_fine =
      histogram.schema > model::kExponentialSchemaMax && histogram.schema <= model::kExponentialSchemaMaxReserved;
  if (is_too_fine) SLUICE_TRY(model::reduce_resolution(histogram, model::kExponentialSchemaMax));
  return model::validate(histogram);
}

template <class H>
std::optional<HistogramRefusal> prepare(H& histogram) {
  if (model::is_stale(histogram.sum)) {
    // Whether it ends a gauge says which chunk it belongs into.
    histogram = H{.counter_reset_hint = histogram.counter_reset_hint, .sum = histogram.sum};
    return std::nullopt;
  }
  const size_t buckets = bucket_count(histogram);
  const size_t spans = histogram.positive_spans.size() + histogram.negative_spans.size();
  if (buckets > limits::kHistogramBucketsMax || spans > limits::kHistogramBucketsMax ||
      histogram.custom_values.size() > limits::kHistogramBucketsMax) {
    return HistogramRefusal{Refusal::kTooManyHistogramBuckets,
                            fmt::format("received a native histogram sample with too many buckets (buckets: {}, spans: "
                                        "{}, custom bounds: {}, limit of each: {})",
                                        buckets, spans, histogram.custom_values.size(), limits::kHistogramBucketsMax)};
  }
  if (auto valid = reduce_and_validate(histogram); !valid) {
    return HistogramRefusal{Refusal::kInvalidHistogram, std::move(valid.error().message)};
  }
  if (std::isnan(histogram.sum)) histogram.sum = std::bit_cast<double>(model::kNormalNaNBits);
  return std::nullopt;
}

}  // namespace

std::optional<HistogramRefusal> prepare_histogram(model::HistogramSample& sample) {
  return std::visit([](auto& histogram) { return prepare(histogram); }, sample.value);
}

}  // namespace sluice::ingest
