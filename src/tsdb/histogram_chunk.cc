#include "tsdb/histogram_chunk.h"

#include <algorithm>
#include <type_traits>
#include <utility>

#include <fmt/format.h>

#include "base/check.h"
#include "base/coding.h"
#include "model/bucket_spans.h"
#include "model/histogram_convert.h"
#include "model/sample.h"
#include "tsdb/varbit.h"

namespace sluice::tsdb {
namespace {

bool has_starts(ChunkEncoding encoding) {
  return encoding == ChunkEncoding::kHistogramSt || encoding == ChunkEncoding::kFloatHistogramSt;
}

uint8_t byte_at(std::string_view chunk, size_t at) {
  return at < chunk.size() ? static_cast<unsigned char>(chunk[at]) : 0;
}

}  // namespace

template <class H>
BasicHistogramChunkReader<H>::BasicHistogramChunkReader(ChunkEncoding encoding, std::string_view chunk)
    : in_(chunk.substr(std::min(chunk.size(), kHistogramHeaderSize))),
      starts_(has_starts(encoding) ? byte_at(chunk, 2) : uint8_t{0}) {
  if (chunk.size() < kHistogramHeaderSize) {
    error_ = "shorter than its header";
    return;
  }
  const uint16_t first = load_be<uint16_t>(chunk.data());
  samples_ = has_starts(encoding) ? first & BasicHistogramChunkWriter<H>::kSamplesMax : first;
  header_ = static_cast<CounterResetHeader>(byte_at(chunk, has_starts(encoding) ? 0 : 2) >> 6);
}

template <class H>
bool BasicHistogramChunkReader<H>::end(const char* reason) {
  error_ = reason;
  return false;
}

template <class H>
Result<void> BasicHistogramChunkReader<H>::status() const {
  if (error_ == nullptr) return {};
  return fail(ErrorCode::kMalformed, fmt::format("histogram chunk: {} at sample {} of {}", error_, read_, samples_));
}

template <class H>
bool BasicHistogramChunkReader<H>::next() {
  if (error_ != nullptr || read_ == samples_) return false;
  const TimestampMs previous_t_ms = t_ms_;
  if (read_ == 0) {
    if (!next_first()) return false;
  } else {
    int64_t dod = 0;
    if (!read_signed_varbit(in_, dod)) return end("cut off in a timestamp");
    delta_ += static_cast<uint64_t>(dod);
    t_ms_ = static_cast<TimestampMs>(static_cast<uint64_t>(t_ms_) + delta_);
    if (const char* error = fields_.next(in_, sample_)) return end(error);
  }
  if (!starts_.read(in_, read_, t_ms_, previous_t_ms)) return end("cut off in a start timestamp");
  ++read_;
  return true;
}

template <class H>
bool BasicHistogramChunkReader<H>::next_first() {
  HistogramLayout layout;
  if (const char* error = read_layout(in_, HistogramFieldReader<H>::kBucketBitsMin, layout)) return end(error);
  positive_buckets(sample_).resize(static_cast<size_t>(model::count_buckets(layout.positive_spans)));
  negative_buckets(sample_).resize(static_cast<size_t>(model::count_buckets(layout.negative_spans)));
  sample_.schema = layout.schema;
  sample_.zero_threshold = layout.zero_threshold;
  sample_.positive_spans = std::move(layout.positive_spans);
  sample_.negative_spans = std::move(layout.negative_spans);
  sample_.custom_values = std::move(layout.custom_values);
  if (!read_signed_varbit(in_, t_ms_)) return end("cut off in a timestamp");
  if (const char* error = fields_.first(in_, sample_)) return end(error);
  // Chunks of newer writers: the finest schema we compute with is the best we can give.
  if (layout.schema <= model::kExponentialSchemaMax) return true;
  H probe = sample_;
  if (!model::reduce_resolution(probe, model::kExponentialSchemaMax)) return end("spans that run backwards");
  return true;
}

template <class H>
bool BasicHistogramChunkReader<H>::is_stale() const {
  return model::is_stale(sample_.sum);
}

template <class H>
template <class Out>
Out BasicHistogramChunkReader<H>::finished(Out histogram) const {
  histogram.counter_reset_hint = counter_reset_hint(header_, static_cast<uint16_t>(read_ - 1));
  if (histogram.schema > model::kExponentialSchemaMax) {
    SLUICE_CHECK(model::reduce_resolution(histogram, model::kExponentialSchemaMax).has_value(),
                 "tried with the first sample");
  }
  return histogram;
}

template <class H>
H BasicHistogramChunkReader<H>::histogram() const {
  if (!is_stale()) return finished(sample_);
  H stale;
  stale.sum = sample_.sum;
  return stale;
}

template <class H>
model::FloatHistogram BasicHistogramChunkReader<H>::float_histogram() const {
  if constexpr (std::is_same_v<H, model::FloatHistogram>) {
    return histogram();
  } else {
    if (!is_stale()) return finished(model::to_float(sample_));
    model::FloatHistogram stale;
    stale.sum = sample_.sum;
    return stale;
  }
}

template class BasicHistogramChunkReader<model::Histogram>;
template class BasicHistogramChunkReader<model::FloatHistogram>;

}  // namespace sluice::tsdb
