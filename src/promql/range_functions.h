#pragma once

#include <string_view>
#include <vector>

#include "promql/annotations.h"
#include "promql/ast.h"
#include "promql/range_samples.h"

namespace sluice::promql {

/// What a function found in the window before, of the same series: windows overlap, so most of the work is done.
/// Indices count all floats of the series.
struct RangeMemo {
  size_t best = 0;
  size_t end = 0;  ///< 0 at the beginning of a series
};

/// What a function of a range knows beside the window.
struct RangeCall {
  const Call& node;
  PositionRange argument;          ///< the first one, for remarks
  int64_t range_ms = 0;
  TimestampMs range_end_ms = 0;    ///< of this step; extended selectors' windows reach beyond it
  bool anchored = false;
  bool smoothed = false;
  std::vector<double> scalars;     ///< the other arguments, at this step
  std::string_view metric_name;    ///< of the series, for remarks
  Annotations& annotations;
  RangeMemo& memo;
};

/// The function's value over a window that is not empty; an absent one where it has none. Pure but for remarks
/// and the memo.
using RangeFunction = Value (*)(const Window& window, const RangeCall& call);

/// nullptr for those that are not evaluated yet.
RangeFunction range_function(FunctionId id);

/// Functions whose result is the series' own sample, so that the name stays.
inline bool keeps_name(FunctionId id) { return id == FunctionId::kLastOverTime || id == FunctionId::kFirstOverTime; }

/// A sample's time, and when its counter began (0: unknown).
struct StartedSample {
  TimestampMs start_ms;
  TimestampMs t_ms;
};
/// Whether start timestamps tell that the counter began anew between two samples.
bool is_restart(StartedSample before, StartedSample now);

// rate.cc
Value range_rate(const Window& window, const RangeCall& call);
Value range_increase(const Window& window, const RangeCall& call);
Value range_delta(const Window& window, const RangeCall& call);
Value range_irate(const Window& window, const RangeCall& call);
Value range_idelta(const Window& window, const RangeCall& call);
// extended_rate.cc: rate, increase and delta of anchored and smoothed selectors.
Value extended_rate(const Window& window, const RangeCall& call, bool counter, bool per_second);
/// What a bare anchored or smoothed range selector shows: the floats inside (start, end], and one at each edge.
void extend_to_edges(RangeSamples& samples, TimestampMs start, TimestampMs end, bool smoothed);
// counting.cc
Value range_changes(const Window& window, const RangeCall& call);
Value range_resets(const Window& window, const RangeCall& call);
// over_time.cc
Value range_sum(const Window& window, const RangeCall& call);
Value range_avg(const Window& window, const RangeCall& call);
Value range_min(const Window& window, const RangeCall& call);
Value range_max(const Window& window, const RangeCall& call);
Value range_count(const Window& window, const RangeCall& call);
Value range_first(const Window& window, const RangeCall& call);
Value range_last(const Window& window, const RangeCall& call);
Value range_present(const Window& window, const RangeCall& call);
Value range_stddev(const Window& window, const RangeCall& call);
Value range_stdvar(const Window& window, const RangeCall& call);
Value range_quantile(const Window& window, const RangeCall& call);
Value range_mad(const Window& window, const RangeCall& call);
Value range_time_of_first(const Window& window, const RangeCall& call);
Value range_time_of_last(const Window& window, const RangeCall& call);
Value range_time_of_max(const Window& window, const RangeCall& call);
Value range_time_of_min(const Window& window, const RangeCall& call);
// trend.cc
Value range_deriv(const Window& window, const RangeCall& call);
Value range_predict_linear(const Window& window, const RangeCall& call);
Value range_smoothing(const Window& window, const RangeCall& call);

}  // namespace sluice::promql
