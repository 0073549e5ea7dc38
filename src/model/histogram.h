#pragma once

#include <cstdint>
#include <variant>
#include <vector>

#include "base/clock.h"

namespace sluice::model {

/// A run of consecutive buckets: `offset` buckets after the end of the previous span (or, in the first
/// span, the absolute index), `length` of them.
struct BucketSpan {
  int32_t offset = 0;
  uint32_t length = 0;
  friend bool operator==(const BucketSpan&, const BucketSpan&) = default;
};

/// Schemas -4..8 are exponential (growth factor 2^(2^-schema)); -53 has the custom upper bounds of
/// `custom_values` (Prometheus, model/histogram/generic.go).
inline constexpr int32_t kCustomBucketsSchema = -53;
inline constexpr int32_t kExponentialSchemaMin = -4;
inline constexpr int32_t kExponentialSchemaMax = 8;
/// Schemas that chunks of newer writers may have. Finer ones than kExponentialSchemaMax are reduced to it when they
/// are read or received, coarser ones than kExponentialSchemaMin are only ever read.
inline constexpr int32_t kExponentialSchemaMinReserved = -9;
inline constexpr int32_t kExponentialSchemaMaxReserved = 52;

enum class CounterResetHint : uint8_t { kUnknown, kReset, kNotReset, kGauge };

/// A native histogram with float counts: what queries compute with. Bucket counts are absolute, one per
/// bucket of the spans, in order.
struct FloatHistogram {
  CounterResetHint counter_reset_hint = CounterResetHint::kUnknown;
  int32_t schema = 0;
  double zero_threshold = 0;
  double zero_count = 0;
  double count = 0;
  double sum = 0;
  std::vector<BucketSpan> positive_spans;
  std::vector<BucketSpan> negative_spans;
  std::vector<double> positive_buckets;
  std::vector<double> negative_buckets;
  std::vector<double> custom_values;  ///< upper bounds, only with kCustomBucketsSchema
  friend bool operator==(const FloatHistogram&, const FloatHistogram&) = default;
};

/// A native histogram with integer counts, as instrumented programs send it: bucket counts are deltas to
/// the bucket before.
struct Histogram {
  CounterResetHint counter_reset_hint = CounterResetHint::kUnknown;
  int32_t schema = 0;
  double zero_threshold = 0;
  uint64_t zero_count = 0;
  uint64_t count = 0;
  double sum = 0;
  std::vector<BucketSpan> positive_spans;
  std::vector<BucketSpan> negative_spans;
  std::vector<int64_t> positive_deltas;
  std::vector<int64_t> negative_deltas;
  std::vector<double> custom_values;
  friend bool operator==(const Histogram&, const Histogram&) = default;
};

/// A native histogram of a series at a time. A stale marker is one whose `sum` is the stale NaN; nothing else of it
/// counts.
struct HistogramSample {
  TimestampMs t_ms = 0;
  TimestampMs start_ms = 0;  ///< when its counter began, 0 where unknown
  std::variant<Histogram, FloatHistogram> value;

  double sum() const {
    return std::visit([](const auto& histogram) { return histogram.sum; }, value);
  }
  friend bool operator==(const HistogramSample&, const HistogramSample&) = default;
};

}  // namespace sluice::model
