#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/clock.h"
#include "model/sample.h"
#include "promql/row.h"

namespace sluice::promql {

/// The samples of one series that its windows look at, floats and histograms apart, stale markers gone.
struct RangeSamples {
  std::vector<TimestampMs> float_t_ms;
  std::vector<double> floats;
  std::vector<TimestampMs> histogram_t_ms;
  std::vector<HistogramPtr> histograms;
  /// Start timestamps, one a sample, 0 where unknown; both empty when they are not asked for or not there.
  std::vector<TimestampMs> float_start_ms;
  std::vector<TimestampMs> histogram_start_ms;
  /// Indices i > 0 with floats[i] < floats[i-1]: where a counter was reset. Ascending.
  std::vector<uint32_t> resets;

  void clear();
  /// Takes the samples out of the column, without a copy where it holds nothing but floats.
  void take(model::SampleColumn& column, bool start_timestamps);
  void assign(const Row& row, const Grid& grid);
  void find_resets();
  bool empty() const { return floats.empty() && histograms.empty(); }
};

/// The samples inside one step's range, (start, end], as parts of a RangeSamples.
struct Window {
  std::span<const TimestampMs> float_t_ms;
  std::span<const double> floats;
  std::span<const TimestampMs> histogram_t_ms;
  std::span<const HistogramPtr> histograms;
  std::span<const TimestampMs> float_start_ms;      ///< empty, or one a float
  std::span<const TimestampMs> histogram_start_ms;  ///< empty, or one a histogram
  std::span<const uint32_t> resets;  ///< those after the window's first float, as indices into all floats
  const double* all_floats = nullptr;
  size_t float_begin = 0;    ///< index of the window's first float among all floats
  TimestampMs start_ms = 0;  ///< exclusive
  TimestampMs end_ms = 0;    ///< inclusive
  TimestampMs eval_ms = 0;   ///< the step's own time, without offset and @

  bool empty() const { return floats.empty() && histograms.empty(); }
};

/// Moves a window along a series. Ends must not go back.
class WindowWalker {
 public:
  explicit WindowWalker(const RangeSamples& samples) : samples_(samples) {}
  /// The samples in (from, to].
  Window move_to(TimestampMs from, TimestampMs to);

 private:
  const RangeSamples& samples_;
  size_t float_begin_ = 0;
  size_t float_end_ = 0;
  size_t histogram_begin_ = 0;
  size_t histogram_end_ = 0;
  size_t reset_begin_ = 0;
  size_t reset_end_ = 0;
};

}  // namespace sluice::promql
