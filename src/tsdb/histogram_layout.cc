#include "tsdb/histogram_layout.h"

#include <bit>
#include <cmath>

#include "base/limits.h"
#include "model/bucket_spans.h"
#include "tsdb/varbit.h"

namespace sluice::tsdb {
namespace {

using model::BucketSpan;

// A zero threshold is one byte: 0 for 0, 1 to 254 for the powers of two from 2^-243 to 2^10, 255 before eight bytes.
constexpr uint64_t kRawThreshold = 255;
constexpr int kThresholdBias = 243;
constexpr int kThresholdExponentMin = -242;
constexpr int kThresholdExponentMax = 11;

// Custom bounds up to there that are whole thousandths are written as integers, one up.
constexpr double kCustomThousandthsMax = 33554430;

void append_zero_threshold(BitWriter& out, double threshold) {
  if (threshold == 0) return out.bits(0, 8);
  int exponent = 0;
  const double fraction = std::frexp(threshold, &exponent);
  if (fraction == 0.5 && exponent >= kThresholdExponentMin && exponent <= kThresholdExponentMax) {
    return out.bits(static_cast<uint64_t>(exponent + kThresholdBias), 8);
  }
  out.bits(kRawThreshold, 8);
  out.bits(std::bit_cast<uint64_t>(threshold), 64);
}

bool read_zero_threshold(BitReader& in, double& threshold) {
  uint64_t bits = 0;
  if (!in.read(8, bits)) return false;
  if (bits == kRawThreshold) {
    if (!in.read(64, bits)) return false;
    threshold = std::bit_cast<double>(bits);
  } else {
    threshold = bits == 0 ? 0 : std::ldexp(0.5, static_cast<int>(bits) - kThresholdBias);
  }
  return true;
}

void append_spans(BitWriter& out, std::span<const BucketSpan> spans) {
  append_varbit(out, spans.size());
  for (const BucketSpan& span : spans) {
    append_varbit(out, span.length);
    append_signed_varbit(out, span.offset);
  }
}

bool read_spans(BitReader& in, std::vector<BucketSpan>& spans) {
  uint64_t count = 0;
  if (!read_varbit(in, count) || count > in.remaining()) return false;
  for (uint64_t i = 0; i < count; ++i) {
    uint64_t length = 0;
    int64_t offset = 0;
    if (!read_varbit(in, length) || !read_signed_varbit(in, offset)) return false;
    if (length > UINT32_MAX || offset > INT32_MAX || offset < INT32_MIN) return false;
    spans.push_back({static_cast<int32_t>(offset), static_cast<uint32_t>(length)});
  }
  return true;
}

void append_custom_bound(BitWriter& out, double bound) {
  const double thousandths = bound * 1000;
  const double whole = std::round(thousandths);
  const bool is_short = thousandths >= 0 && thousandths <= kCustomThousandthsMax && whole / 1000 == bound;
  if (is_short) return append_varbit(out, static_cast<uint64_t>(whole) + 1);
  out.bit(false);
  out.bits(std::bit_cast<uint64_t>(bound), 64);
}

bool read_custom_bounds(BitReader& in, std::vector<double>& bounds) {
  uint64_t count = 0;
  if (!read_varbit(in, count) || count > in.remaining()) return false;
  for (uint64_t i = 0; i < count; ++i) {
    uint64_t bits = 0;
    if (!read_varbit(in, bits)) return false;
    if (bits != 0) {
      bounds.push_back(static_cast<double>(bits - 1) / 1000);
    } else {
      if (!in.read(64, bits)) return false;
      bounds.push_back(std::bit_cast<double>(bits));
    }
  }
  return true;
}

bool is_known_schema(int64_t schema) {
  return schema == model::kCustomBucketsSchema ||
         (schema >= model::kExponentialSchemaMinReserved && schema <= model::kExponentialSchemaMaxReserved);
}

}  // namespace

model::CounterResetHint counter_reset_hint(CounterResetHeader header, uint16_t index) {
  if (header == CounterResetHeader::kGauge) return model::CounterResetHint::kGauge;
  return index == 0 ? model::CounterResetHint::kUnknown : model::CounterResetHint::kNotReset;
}

template <class H>
void append_layout(BitWriter& out, const H& histogram) {
  append_zero_threshold(out, histogram.zero_threshold);
  append_signed_varbit(out, histogram.schema);
  append_spans(out, histogram.positive_spans);
  append_spans(out, histogram.negative_spans);
  if (histogram.schema != model::kCustomBucketsSchema) return;
  append_varbit(out, histogram.custom_values.size());
  for (const double bound : histogram.custom_values) append_custom_bound(out, bound);
}
template void append_layout(BitWriter&, const model::Histogram&);
template void append_layout(BitWriter&, const model::FloatHistogram&);

const char* read_layout(BitReader& in, unsigned bits_per_bucket, HistogramLayout& layout) {
  constexpr const char* kCutOff = "cut off in the layout";
  int64_t schema = 0;
  if (!read_zero_threshold(in, layout.zero_threshold) || !read_signed_varbit(in, schema)) return kCutOff;
  if (!is_known_schema(schema)) return "a histogram schema that is not known";
  layout.schema = static_cast<int32_t>(schema);
  if (!read_spans(in, layout.positive_spans) || !read_spans(in, layout.negative_spans)) return kCutOff;
  if (layout.schema == model::kCustomBucketsSchema && !read_custom_bounds(in, layout.custom_values)) return kCutOff;
  const uint64_t buckets = model::count_buckets(layout.positive_spans) + model::count_buckets(layout.negative_spans);
  if (buckets > limits::kChunkHistogramBucketsMax) return "more buckets than a histogram can have";
  if (buckets > in.remaining() / bits_per_bucket) return "more buckets than the chunk can hold";
  return nullptr;
}

}  // namespace sluice::tsdb
