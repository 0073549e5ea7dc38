#include <bit>
#include <utility>

#include <fmt/format.h>

#include "base/check.h"
#include "base/limits.h"
#include "model/bucket_spans.h"
#include "model/sample.h"
#include "tsdb/histogram_layout.h"
#include "tsdb/wal_record.h"
#include "tsdb/wal_sections.h"

namespace sluice::tsdb {
namespace {

// A histogram begins with varint(zigzag(ref - previous ref) << 6 | flags).
constexpr unsigned kFlagBits = 6;
constexpr uint64_t kNewTimestamp = 1;    // its difference to the previous one follows
constexpr uint64_t kStartTimestamp = 2;  // so does that of the start timestamp to the timestamp
constexpr uint64_t kFloatCounts = 4;
constexpr uint64_t kStale = 8;  // nothing else follows
constexpr unsigned kHintShift = 4;

void append_double(std::string& out, double value) { append_le<uint64_t>(out, std::bit_cast<uint64_t>(value)); }

void append_count(std::string& out, uint64_t count) { append_varint(out, count); }
void append_count(std::string& out, double count) { append_double(out, count); }
void append_bucket(std::string& out, int64_t delta) { append_signed_varint(out, delta); }
void append_bucket(std::string& out, double count) { append_double(out, count); }

template <class Bucket>
void append_side(std::string& out, const std::vector<model::BucketSpan>& spans, const std::vector<Bucket>& buckets) {
  SLUICE_CHECK(model::count_buckets(spans) == buckets.size(), "a histogram that was not validated");
  append_varint(out, spans.size());
  for (const model::BucketSpan& span : spans) {
    append_signed_varint(out, span.offset);
    append_varint(out, span.length);
  }
  for (const Bucket bucket : buckets) append_bucket(out, bucket);
}

}  // namespace

template <class H>
void WalHistogramWriter::add_histogram(const H& histogram) {
  append_signed_varint(bytes_, histogram.schema);
  append_double(bytes_, histogram.zero_threshold);
  append_count(bytes_, histogram.zero_count);
  append_count(bytes_, histogram.count);
  append_double(bytes_, histogram.sum);
  append_side(bytes_, histogram.positive_spans, positive_buckets(histogram));
  append_side(bytes_, histogram.negative_spans, negative_buckets(histogram));
  if (histogram.schema != model::kCustomBucketsSchema) return;
  append_varint(bytes_, histogram.custom_values.size());
  for (const double bound : histogram.custom_values) append_double(bytes_, bound);
}

void WalHistogramWriter::add(uint64_t ref, const model::HistogramSample& sample) {
  SLUICE_CHECK(ref != 0 && ref <= kSeriesRefMax, "a series reference out of range");
  const bool is_float = std::holds_alternative<model::FloatHistogram>(sample.value);
  const bool is_stale = model::is_stale(sample.sum());
  const auto hint = std::visit([](const auto& h) { return static_cast<uint64_t>(h.counter_reset_hint); }, sample.value);
  const bool new_timestamp = sample.t_ms != previous_t_ms_;
  const uint64_t step = zigzag_encode(static_cast<int64_t>(ref - previous_ref_));
  append_varint(bytes_, step << kFlagBits | hint << kHintShift | (is_stale ? kStale : 0) |
                            (is_float ? kFloatCounts : 0) | (sample.start_ms != 0 ? kStartTimestamp : 0) |
                            (new_timestamp ? kNewTimestamp : 0));
  const auto append_difference = [&](TimestampMs to, TimestampMs from) {
    append_signed_varint(bytes_, static_cast<int64_t>(static_cast<uint64_t>(to) - static_cast<uint64_t>(from)));
  };
  if (new_timestamp) append_difference(sample.t_ms, previous_t_ms_);
  if (sample.start_ms != 0) append_difference(sample.start_ms, sample.t_ms);
  if (!is_stale) std::visit([&](const auto& histogram) { add_histogram(histogram); }, sample.value);
  previous_ref_ = ref;
  previous_t_ms_ = sample.t_ms;
  ++count_;
}

std::string WalHistogramWriter::finish() && {
  std::string section;
  section.reserve(kVarintBytesMax + bytes_.size());
  append_varint(section, count_);
  section += bytes_;
  return section;
}

namespace {

class Decoder {
 public:
  explicit Decoder(ByteReader& in) : in_(in) {}

  Result<std::vector<WalHistogram>> run() {
    const auto count = in_.varint();
    if (!count || *count > in_.remaining()) return malformed("no count of histograms that fits the record");
    for (uint64_t i = 0; i < *count; ++i) SLUICE_TRY(histogram());
    if (!in_.empty()) return malformed("bytes after the last histogram");
    return std::move(histograms_);
  }

 private:
  std::unexpected<Error> malformed(std::string_view what) const {
    return fail(ErrorCode::kMalformed, fmt::format("histogram record: {} at byte {}", what, in_.offset()));
  }

  Result<void> histogram() {
    const auto head = in_.varint();
    if (!head) return malformed("no histogram");
    ref_ += static_cast<uint64_t>(zigzag_decode(*head >> kFlagBits));
    if (ref_ == 0 || ref_ > kSeriesRefMax) return malformed("a series reference out of range");
    if ((*head & kNewTimestamp) != 0 && !add_difference(t_ms_)) return malformed("no timestamp");
    WalHistogram& out = histograms_.emplace_back(WalHistogram{.ref = ref_, .sample = {}});
    out.sample.t_ms = t_ms_;
    if ((*head & kStartTimestamp) != 0) {
      out.sample.start_ms = t_ms_;
      if (!add_difference(out.sample.start_ms) || out.sample.start_ms == 0) return malformed("no start timestamp");
    }
    const auto hint = static_cast<model::CounterResetHint>(*head >> kHintShift & 3);
    const bool is_stale = (*head & kStale) != 0;
    if ((*head & kFloatCounts) != 0) return fields(out.sample.value.emplace<model::FloatHistogram>(), hint, is_stale);
    return fields(out.sample.value.emplace<model::Histogram>(), hint, is_stale);
  }

  bool add_difference(TimestampMs& t_ms) {
    const auto difference = in_.signed_varint();
    if (!difference) return false;
    t_ms = static_cast<TimestampMs>(static_cast<uint64_t>(t_ms) + static_cast<uint64_t>(*difference));
    return true;
  }

  template <class H>
  Result<void> fields(H& h, model::CounterResetHint hint, bool is_stale) {
    h.counter_reset_hint = hint;
    if (is_stale) {
      h.sum = model::stale_nan();
      return {};
    }
    const auto schema = in_.signed_varint();
    if (!schema || *schema < INT32_MIN || *schema > INT32_MAX) return malformed("no schema");
    h.schema = static_cast<int32_t>(*schema);
    const bool is_whole = number(h.zero_threshold) && number(h.zero_count) && number(h.count) && number(h.sum);
    if (!is_whole) return malformed("no counts");
    if (model::is_stale(h.sum)) return malformed("a stale marker with counts");
    SLUICE_TRY(side(h.positive_spans, positive_buckets(h)));
    SLUICE_TRY(side(h.negative_spans, negative_buckets(h)));
    if (h.schema == model::kCustomBucketsSchema) return bounds(h.custom_values);
    return {};
  }

  bool number(double& value) {
    const auto bits = in_.le<uint64_t>();
    if (bits) value = std::bit_cast<double>(*bits);
    return bits.has_value();
  }
  bool number(uint64_t& value) {
    const auto varint = in_.varint();
    if (varint) value = *varint;
    return varint.has_value();
  }
  bool number(int64_t& value) {
    const auto varint = in_.signed_varint();
    if (varint) value = *varint;
    return varint.has_value();
  }

  template <class Bucket>
  Result<void> side(std::vector<model::BucketSpan>& spans, std::vector<Bucket>& buckets) {
    const auto count = in_.varint();
    if (!count || *count > in_.remaining()) return malformed("no count of spans that fits the record");
    for (uint64_t i = 0; i < *count; ++i) {
      const auto offset = in_.signed_varint();
      const auto length = in_.varint();
      const bool is_span = offset && length && *offset >= INT32_MIN && *offset <= INT32_MAX && *length <= UINT32_MAX;
      if (!is_span) return malformed("no span");
      spans.push_back({static_cast<int32_t>(*offset), static_cast<uint32_t>(*length)});
    }
    const uint64_t wanted = model::count_buckets(spans);
    if (wanted > limits::kChunkHistogramBucketsMax || wanted > in_.remaining()) return malformed("too many buckets");
    buckets.resize(static_cast<size_t>(wanted));
    for (Bucket& bucket : buckets) {
      if (!number(bucket)) return malformed("no bucket");
    }
    return {};
  }

  Result<void> bounds(std::vector<double>& bounds) {
    const auto count = in_.varint();
    if (!count || *count > in_.remaining() / sizeof(double))
      return malformed("no count of bounds that fits the record");
    bounds.resize(static_cast<size_t>(*count));
    for (double& bound : bounds) (void)number(bound);
    return {};
  }

  ByteReader& in_;
  std::vector<WalHistogram> histograms_;
  uint64_t ref_ = 0;
  TimestampMs t_ms_ = 0;
};

}  // namespace

Result<std::vector<WalHistogram>> read_wal_histograms(ByteReader& in) { return Decoder(in).run(); }

}  // namespace sluice::tsdb
