#include <algorithm>
#include <optional>
#include <type_traits>
#include <utility>

#include "base/check.h"
#include "base/coding.h"
#include "base/limits.h"
#include "model/bucket_spans.h"
#include "model/sample.h"
#include "tsdb/histogram_chunk.h"
#include "tsdb/varbit.h"

namespace sluice::tsdb {
namespace {

using model::BucketSpan;
using model::CounterResetHint;

/// Two sides' sets of buckets, compared.
struct SideFit {
  bool is_lacking = false;  // the sample has not every bucket of the chunk
  bool grows = false;       // the chunk has not every bucket of the sample
};

/// nullopt when the counts say that the counter was reset in between: a bucket went down, or vanished that was not
/// empty. `is_counter` false looks at the sets alone.
template <class Bucket>
std::optional<SideFit> compare(const std::vector<BucketSpan>& chunk_spans, const std::vector<Bucket>& chunk_buckets,
                               const std::vector<BucketSpan>& spans, const std::vector<Bucket>& buckets,
                               bool is_counter) {
  SideFit fit;
  model::BucketIndexes had(chunk_spans);
  model::BucketIndexes has(spans);
  model::BucketCounts<Bucket> had_counts(chunk_buckets);
  model::BucketCounts<Bucket> has_counts(buckets);
  while (had.valid() || has.valid()) {
    const bool in_chunk = had.valid() && (!has.valid() || had.index() <= has.index());
    const bool in_sample = has.valid() && (!had.valid() || has.index() <= had.index());
    const Bucket before = in_chunk ? had_counts.next() : 0;
    const Bucket now = in_sample ? has_counts.next() : 0;
    fit.is_lacking |= !in_sample;
    fit.grows |= !in_chunk;
    const bool is_reset = in_sample ? before > now : before != 0;
    if (is_counter && in_chunk && is_reset) return std::nullopt;
    if (in_chunk) had.next();
    if (in_sample) has.next();
  }
  return fit;
}

template <class H>
bool has_layout_apart_from_buckets(const H& a, const H& b) {
  return a.schema == b.schema && a.zero_threshold == b.zero_threshold;
}

template <class H>
bool has_same_bounds(const H& a, const H& b) {
  return a.schema != model::kCustomBucketsSchema || std::ranges::equal(a.custom_values, b.custom_values);
}

template <class Bucket>
void move_side(std::vector<BucketSpan>& spans, std::vector<Bucket>& buckets, const std::vector<BucketSpan>& to) {
  buckets = model::move_buckets<Bucket>(spans, buckets, to);
  spans = to;
}

template <class H>
void move_to_spans(H& histogram, const std::vector<BucketSpan>& positive, const std::vector<BucketSpan>& negative) {
  move_side(histogram.positive_spans, positive_buckets(histogram), positive);
  move_side(histogram.negative_spans, negative_buckets(histogram), negative);
}

}  // namespace

template <class H>
auto BasicHistogramChunkWriter<H>::fit_of_gauge(const H& sample) const -> Fit {
  Fit fit{.header = CounterResetHeader::kGauge};
  if (header_ != CounterResetHeader::kGauge) return fit;
  if (model::is_stale(sample.sum)) {
    fit.fits = true;
    return fit;
  }
  if (model::is_stale(last_.sum) || !has_layout_apart_from_buckets(sample, last_) || !has_same_bounds(sample, last_)) {
    return fit;
  }
  const auto positive =
      compare(last_.positive_spans, positive_buckets(last_), sample.positive_spans, positive_buckets(sample), false);
  const auto negative =
      compare(last_.negative_spans, negative_buckets(last_), sample.negative_spans, negative_buckets(sample), false);
  return {.fits = true,
          .header = CounterResetHeader::kGauge,
          .is_positive_lacking = positive->is_lacking,
          .is_negative_lacking = negative->is_lacking,
          .grows = positive->grows || negative->grows};
}

template <class H>
auto BasicHistogramChunkWriter<H>::fit_of_counter(const H& sample) const -> Fit {
  using enum CounterResetHeader;
  // Of doubles, upstream claims that there was no reset only where it has looked at the buckets.
  constexpr bool is_integer = std::is_same_v<H, model::Histogram>;
  if (header_ == kGauge) return {.header = is_integer ? kNotReset : kUnknown};
  if (sample.counter_reset_hint == CounterResetHint::kReset) return {.header = kReset};
  if (model::is_stale(sample.sum)) return {.fits = true, .header = kNotReset};
  if (model::is_stale(last_.sum)) return {.header = kUnknown};
  if (sample.count < last_.count) return {.header = kReset};
  if (!has_layout_apart_from_buckets(sample, last_)) return {.header = kUnknown};
  if (!has_same_bounds(sample, last_) || sample.zero_count < last_.zero_count) return {.header = kReset};
  const auto positive =
      compare(last_.positive_spans, positive_buckets(last_), sample.positive_spans, positive_buckets(sample), true);
  if (!positive) return {.header = kReset};
  const auto negative =
      compare(last_.negative_spans, negative_buckets(last_), sample.negative_spans, negative_buckets(sample), true);
  if (!negative) return {.header = kReset};
  return {.fits = true,
          .header = kNotReset,
          .is_positive_lacking = positive->is_lacking,
          .is_negative_lacking = negative->is_lacking,
          .grows = positive->grows || negative->grows};
}

template <class H>
CounterResetHeader BasicHistogramChunkWriter<H>::header_for(const H& sample) const {
  if (sample.counter_reset_hint == CounterResetHint::kGauge) return CounterResetHeader::kGauge;
  if (sample.counter_reset_hint == CounterResetHint::kReset) return CounterResetHeader::kReset;
  return has_last_ ? fit_of_counter(sample).header : CounterResetHeader::kUnknown;
}

template <class H>
HistogramAppend BasicHistogramChunkWriter<H>::append(TimestampMs t_ms, TimestampMs start_ms, const H& sample) {
  if (samples_ == 0) {
    header_ = header_for(sample);
    write(t_ms, start_ms, sample);
    return HistogramAppend::kAppended;
  }
  const bool begins_starts = start_ms != 0 && !has_starts_;
  if (samples_ == kSamplesMax || (begins_starts && !StartTimeWriter::can_begin_at(samples_))) {
    return HistogramAppend::kNewChunkNeeded;
  }
  const bool is_gauge = sample.counter_reset_hint == CounterResetHint::kGauge;
  const Fit fit = is_gauge ? fit_of_gauge(sample) : fit_of_counter(sample);
  if (!fit.fits) return HistogramAppend::kNewChunkNeeded;
  if (!fit.is_lacking() && !fit.grows) {
    write(t_ms, start_ms, sample);
    return HistogramAppend::kAppended;
  }
  return append_fitting(t_ms, start_ms, sample, fit);
}

// The spans that the chunk gets are spelled as upstream spells them, for the same bytes.
template <class H>
HistogramAppend BasicHistogramChunkWriter<H>::append_fitting(TimestampMs t_ms, TimestampMs start_ms, const H& sample,
                                                             const Fit& fit) {
  H moved = sample;
  if (!fit.grows) {
    move_to_spans(moved, last_.positive_spans, last_.negative_spans);
    write(t_ms, start_ms, moved);
    return HistogramAppend::kAppended;
  }
  const bool merges_both = header_ == CounterResetHeader::kGauge && fit.is_lacking();
  const auto positive = fit.is_positive_lacking || merges_both
                            ? model::merge_spans(last_.positive_spans, sample.positive_spans)
                            : sample.positive_spans;
  const auto negative = fit.is_negative_lacking || merges_both
                            ? model::merge_spans(last_.negative_spans, sample.negative_spans)
                            : sample.negative_spans;
  // A chunk does not grow beyond what one sample may have: each step writes all of it anew.
  if (model::count_buckets(positive) + model::count_buckets(negative) > limits::kHistogramBucketsMax) {
    return HistogramAppend::kNewChunkNeeded;
  }
  recode(positive, negative);
  move_to_spans(moved, positive, negative);
  write(t_ms, start_ms, moved);
  return HistogramAppend::kRecoded;
}

template <class H>
void BasicHistogramChunkWriter<H>::recode(const std::vector<BucketSpan>& positive,
                                          const std::vector<BucketSpan>& negative) {
  const ChunkEncoding old_encoding = encoding();
  const std::string old = take();
  BasicHistogramChunkReader<H> reader(old_encoding, old);
  while (reader.next()) {
    H sample = reader.raw();
    move_to_spans(sample, positive, negative);
    write(reader.t_ms(), reader.start_ms(), sample);
  }
  SLUICE_CHECK(reader.status().has_value(), "a chunk of our own is readable");
}

template <class H>
void BasicHistogramChunkWriter<H>::write(TimestampMs t_ms, TimestampMs start_ms, const H& sample) {
  // Of a stale sample nothing is kept but that it is stale.
  const bool is_stale = model::is_stale(sample.sum);
  H bare;
  bare.sum = sample.sum;
  const H& kept = is_stale ? bare : sample;
  const uint64_t delta = static_cast<uint64_t>(t_ms) - static_cast<uint64_t>(t_ms_);
  BitWriter out(data_, free_);
  if (samples_ == 0) {
    append_layout(out, kept);
    append_signed_varbit(out, t_ms);
    fields_.first(out, kept);
    delta_ = 0;
  } else {
    append_signed_varbit(out, static_cast<int64_t>(delta - delta_));
    fields_.next(out, last_, kept);
    delta_ = delta;
  }
  has_starts_ = has_starts_ || start_ms != 0;
  if (has_starts_) starts_.append(out, samples_, start_ms, t_ms, t_ms_);
  free_ = static_cast<uint8_t>(out.finish());
  t_ms_ = t_ms;
  ++samples_;
  has_last_ = true;
  if (samples_ == 1) {
    last_ = kept;
    last_.counter_reset_hint = CounterResetHint::kUnknown;
    return;
  }
  // The spans stay those of the chunk: a sample may spell the same buckets otherwise.
  last_.count = kept.count;
  last_.zero_count = kept.zero_count;
  last_.sum = kept.sum;
  if (is_stale) return;
  positive_buckets(last_) = positive_buckets(kept);
  negative_buckets(last_) = negative_buckets(kept);
}

template <class H>
ChunkEncoding BasicHistogramChunkWriter<H>::encoding() const {
  if constexpr (std::is_same_v<H, model::Histogram>) {
    return has_starts_ ? ChunkEncoding::kHistogramSt : ChunkEncoding::kHistogram;
  } else {
    return has_starts_ ? ChunkEncoding::kFloatHistogramSt : ChunkEncoding::kFloatHistogram;
  }
}

template <class H>
std::string BasicHistogramChunkWriter<H>::chunk() const {
  std::string bytes;
  bytes.reserve(size());
  const auto header = static_cast<unsigned>(header_);
  append_be<uint16_t>(bytes, static_cast<uint16_t>(has_starts_ ? header << 14 | samples_ : samples_));
  bytes += static_cast<char>(has_starts_ ? starts_.header() : header << 6);
  bytes += data_.view();
  return bytes;
}

template <class H>
std::string BasicHistogramChunkWriter<H>::take() {
  std::string bytes = chunk();
  data_.clear();
  fields_ = {};
  starts_ = {};
  samples_ = 0;
  free_ = 0;
  has_starts_ = false;
  return bytes;
}

template <class H>
size_t BasicHistogramChunkWriter<H>::memory_bytes() const {
  const size_t spans = (last_.positive_spans.capacity() + last_.negative_spans.capacity()) * sizeof(BucketSpan);
  const size_t buckets = positive_buckets(last_).capacity() + negative_buckets(last_).capacity();
  // Each bucket has its last count here and its last change in the fields.
  return data_.capacity() + spans + (2 * buckets + last_.custom_values.capacity()) * sizeof(double);
}

template class BasicHistogramChunkWriter<model::Histogram>;
template class BasicHistogramChunkWriter<model::FloatHistogram>;

}  // namespace sluice::tsdb
