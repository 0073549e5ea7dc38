#include <algorithm>
#include <cmath>

#include "promql/histogram_math.h"
#include "promql/range_functions.h"

namespace sluice::promql {
namespace {

/// Where counting starts: for anchored selectors the newest sample at or before the range's start, whatever its
/// kind, then all after it; else the first of each.
struct Begin {
  size_t floats = 0;
  size_t histograms = 0;
  bool found = true;
};

Begin begin_of(const Window& window, const RangeCall& call) {
  if (!call.anchored) return {};
  const TimestampMs start = call.range_end_ms - call.range_ms;
  const auto& ft = window.float_t_ms;
  const auto& ht = window.histogram_t_ms;
  const auto floats = static_cast<size_t>(std::upper_bound(ft.begin(), ft.end(), start) - ft.begin());
  const auto histograms = static_cast<size_t>(std::upper_bound(ht.begin(), ht.end(), start) - ht.begin());
  if (floats == ft.size() && histograms == ht.size()) return {0, 0, false};
  if (floats == 0 && histograms == 0) return {};
  const bool float_anchor = histograms == 0 || (floats > 0 && ft[floats - 1] >= ht[histograms - 1]);
  if (float_anchor) return {floats - 1, histograms, true};
  return {floats, histograms - 1, true};
}

/// Counts the neighbouring samples, in time order, of which `counts` says so.
template <class Counts>
Value count_pairs(const Window& window, const RangeCall& call, Counts counts) {
  auto [f, h, found] = begin_of(window, call);
  if (!found) return {};
  const auto start_of = [](std::span<const TimestampMs> start_ms, size_t i) {
    return start_ms.empty() ? 0 : start_ms[i];
  };
  Value previous;
  StartedSample before{};
  size_t count = 0;
  while (f < window.floats.size() || h < window.histograms.size()) {
    const bool is_float =
        h == window.histograms.size() || (f < window.floats.size() && window.float_t_ms[f] < window.histogram_t_ms[h]);
    const StartedSample now = is_float
                                  ? StartedSample{start_of(window.float_start_ms, f), window.float_t_ms[f]}
                                  : StartedSample{start_of(window.histogram_start_ms, h), window.histogram_t_ms[h]};
    const Value current = is_float ? Value::of(window.floats[f++]) : Value::of(window.histograms[h++]);
    if (previous && (previous.cell != current.cell || counts(previous, current, is_restart(before, now)))) ++count;
    previous = current;
    before = now;
  }
  return Value::of(static_cast<double>(count));
}

}  // namespace

Value range_changes(const Window& window, const RangeCall& call) {
  return count_pairs(window, call, [](const Value& before, const Value& now, bool) {
    if (now.is_histogram()) return !equal_histograms(*now.histogram, *before.histogram);
    return now.number != before.number && !(std::isnan(now.number) && std::isnan(before.number));
  });
}

Value range_resets(const Window& window, const RangeCall& call) {
  return count_pairs(window, call, [](const Value& before, const Value& now, bool restart) {
    if (restart) return true;
    if (now.is_histogram()) return is_counter_reset(*now.histogram, *before.histogram);
    return now.number < before.number;
  });
}

}  // namespace sluice::promql
