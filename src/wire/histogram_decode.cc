#include "wire/histogram_decode.h"

#include <utility>
#include <vector>

namespace sluice::wire {
namespace {

// Field numbers of Histogram and BucketSpan.
namespace field {
constexpr uint32_t kCountInt = 1, kCountFloat = 2, kSum = 3, kSchema = 4, kZeroThreshold = 5, kZeroCountInt = 6,
                   kZeroCountFloat = 7, kNegativeSpans = 8, kNegativeDeltas = 9, kNegativeCounts = 10,
                   kPositiveSpans = 11, kPositiveDeltas = 12, kPositiveCounts = 13, kResetHint = 14, kTimestamp = 15,
                   kCustomValues = 16, kStartTimestamp = 17;
constexpr uint32_t kAllMask = (1U << 18) - 2;
constexpr uint32_t kOffset = 1, kLength = 2;
constexpr uint32_t kSpanMask = 1U << kOffset | 1U << kLength;
}  // namespace field

constexpr const char* kMessage = "timeseries.histograms";

}  // namespace

/// Both forms at once: which one counts is known by the field of the count that came last.
struct HistogramDecoder::Fields {
  bool is_float = false;
  bool is_zero_count_float = false;
  int32_t reset_hint = 0;
  TimestampMs t_ms = 0;
  TimestampMs start_ms = 0;
  model::Histogram integers;  // and what both forms have
  double count = 0;
  double zero_count = 0;
  std::vector<double> positive_counts;
  std::vector<double> negative_counts;
};

template <class T>
bool HistogramDecoder::add(std::vector<T>& numbers, T number) {
  if (numbers_left_ == 0) return at_.refuse_count("numbers in native histograms", limits_.histogram_numbers_max);
  --numbers_left_;
  numbers.push_back(number);
  return true;
}

template <class T>
bool HistogramDecoder::add_all(std::vector<T>& numbers, auto range) {
  for (const auto number : range) {
    if (!add(numbers, static_cast<T>(number))) return false;
  }
  return true;
}

bool HistogramDecoder::read_span(protozero::pbf_reader reader, std::vector<model::BucketSpan>& spans) {
  model::BucketSpan span;
  while (at_.next(reader, "timeseries.histograms.spans")) {
    switch (reader.tag_and_type()) {
      case field_key(field::kOffset, kVarintField): span.offset = reader.get_sint32(); break;
      case field_key(field::kLength, kVarintField): span.length = reader.get_uint32(); break;
      default:
        if (!at_.pass_over(reader, field::kSpanMask)) return false;
    }
  }
  return add(spans, span);
}

// The two ways in which counts are sent, one of which is set.
bool HistogramDecoder::read_count(protozero::pbf_reader& reader, Fields& fields, bool& is_known) {
  switch (reader.tag_and_type()) {
    case field_key(field::kCountInt, kVarintField):
      fields.is_float = false;
      fields.integers.count = reader.get_uint64();
      return true;
    case field_key(field::kCountFloat, kFixed64Field):
      fields.is_float = true;
      fields.count = reader.get_double();
      return true;
    case field_key(field::kZeroCountInt, kVarintField):
      fields.is_zero_count_float = false;
      fields.integers.zero_count = reader.get_uint64();
      return true;
    case field_key(field::kZeroCountFloat, kFixed64Field):
      fields.is_zero_count_float = true;
      fields.zero_count = reader.get_double();
      return true;
    default: is_known = false; return true;
  }
}

// Repeated numbers come packed, and must be taken one by one as well.
bool HistogramDecoder::read_buckets(protozero::pbf_reader& reader, Fields& fields, bool& is_known) {
  model::Histogram& h = fields.integers;
  switch (reader.tag_and_type()) {
    case field_key(field::kNegativeSpans, kBytesField): return read_span(reader.get_message(), h.negative_spans);
    case field_key(field::kPositiveSpans, kBytesField): return read_span(reader.get_message(), h.positive_spans);
    case field_key(field::kNegativeDeltas, kBytesField): return add_all(h.negative_deltas, reader.get_packed_sint64());
    case field_key(field::kPositiveDeltas, kBytesField): return add_all(h.positive_deltas, reader.get_packed_sint64());
    case field_key(field::kNegativeDeltas, kVarintField): return add(h.negative_deltas, reader.get_sint64());
    case field_key(field::kPositiveDeltas, kVarintField): return add(h.positive_deltas, reader.get_sint64());
    case field_key(field::kNegativeCounts, kBytesField):
      return add_all(fields.negative_counts, reader.get_packed_double());
    case field_key(field::kPositiveCounts, kBytesField):
      return add_all(fields.positive_counts, reader.get_packed_double());
    case field_key(field::kNegativeCounts, kFixed64Field): return add(fields.negative_counts, reader.get_double());
    case field_key(field::kPositiveCounts, kFixed64Field): return add(fields.positive_counts, reader.get_double());
    case field_key(field::kCustomValues, kBytesField): return add_all(h.custom_values, reader.get_packed_double());
    case field_key(field::kCustomValues, kFixed64Field): return add(h.custom_values, reader.get_double());
    default: is_known = false; return true;
  }
}

bool HistogramDecoder::read_field(protozero::pbf_reader& reader, Fields& fields) {
  switch (reader.tag_and_type()) {
    case field_key(field::kSum, kFixed64Field): fields.integers.sum = reader.get_double(); return true;
    case field_key(field::kSchema, kVarintField): fields.integers.schema = reader.get_sint32(); return true;
    case field_key(field::kZeroThreshold, kFixed64Field):
      fields.integers.zero_threshold = reader.get_double();
      return true;
    case field_key(field::kResetHint, kVarintField): fields.reset_hint = reader.get_enum(); return true;
    case field_key(field::kTimestamp, kVarintField): fields.t_ms = reader.get_int64(); return true;
    case field_key(field::kStartTimestamp, kVarintField): fields.start_ms = reader.get_int64(); return true;
    default: break;
  }
  bool is_known = true;
  if (!read_count(reader, fields, is_known)) return false;
  if (is_known) return true;
  is_known = true;
  if (!read_buckets(reader, fields, is_known)) return false;
  return is_known || at_.pass_over(reader, field::kAllMask);
}

bool HistogramDecoder::read(protozero::pbf_reader reader) {
  if (batch_.histograms.size() >= limits_.histograms_max) {
    return at_.refuse_count("native histograms", limits_.histograms_max);
  }
  Fields fields;
  while (at_.next(reader, kMessage)) {
    if (!read_field(reader, fields)) return false;
  }
  batch_.histograms.push_back({static_cast<uint32_t>(batch_.series.size()), sample_of(fields)});
  return true;
}

model::HistogramSample HistogramDecoder::sample_of(Fields& fields) {
  model::HistogramSample sample{.t_ms = fields.t_ms, .start_ms = fields.start_ms, .value = {}};
  model::Histogram& h = fields.integers;
  // A hint that nobody knows says nothing.
  const bool is_hint = fields.reset_hint >= 0 && fields.reset_hint <= static_cast<int>(model::CounterResetHint::kGauge);
  h.counter_reset_hint =
      is_hint ? static_cast<model::CounterResetHint>(fields.reset_hint) : model::CounterResetHint::kUnknown;
  if (!fields.is_float) {
    if (fields.is_zero_count_float) h.zero_count = 0;
    sample.value = std::move(h);
    return sample;
  }
  sample.value = model::FloatHistogram{.counter_reset_hint = h.counter_reset_hint,
                                       .schema = h.schema,
                                       .zero_threshold = h.zero_threshold,
                                       .zero_count = fields.is_zero_count_float ? fields.zero_count : 0,
                                       .count = fields.count,
                                       .sum = h.sum,
                                       .positive_spans = std::move(h.positive_spans),
                                       .negative_spans = std::move(h.negative_spans),
                                       .positive_buckets = std::move(fields.positive_counts),
                                       .negative_buckets = std::move(fields.negative_counts),
                                       .custom_values = std::move(h.custom_values)};
  return sample;
}

}  // namespace sluice::wire
