#pragma once

#include <bit>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/clock.h"
#include "model/histogram.h"

namespace sluice::model {

/// Both ends inclusive, as Prometheus' storage interfaces have them.
struct TimeRange {
  TimestampMs min_ms = INT64_MIN;
  TimestampMs max_ms = INT64_MAX;
  bool contains(TimestampMs t) const { return t >= min_ms && t <= max_ms; }
  friend bool operator==(const TimeRange&, const TimeRange&) = default;
};

struct Sample {
  TimestampMs t_ms = 0;
  double value = 0;
};

/// The NaN bit patterns that Prometheus gives a meaning (model/value/value.go): a stale marker ends a
/// series; any other NaN is stored as kNormalNaN.
inline constexpr uint64_t kStaleNaNBits = 0x7ff0000000000002;
inline constexpr uint64_t kNormalNaNBits = 0x7ff8000000000001;
inline double stale_nan() { return std::bit_cast<double>(kStaleNaNBits); }
inline bool is_stale(double value) { return std::bit_cast<uint64_t>(value) == kStaleNaNBits; }

/// The samples of one series over a range, as columns; timestamps strictly increase. A row is a float
/// unless `histograms` names its index (rows of native histograms are few in most series).
struct SampleColumn {
  struct HistogramRow {
    uint32_t row;
    std::shared_ptr<const FloatHistogram> histogram;
  };
  std::vector<TimestampMs> t_ms;
  std::vector<double> values;
  std::vector<HistogramRow> histograms;  ///< by increasing row
  /// When the counter of each row began (remote write 2.0's start timestamp), 0 where unknown; empty when no row
  /// has one.
  std::vector<TimestampMs> start_ms;

  size_t size() const { return t_ms.size(); }
  void clear() {
    t_ms.clear();
    values.clear();
    histograms.clear();
    start_ms.clear();
  }
};

}  // namespace sluice::model
