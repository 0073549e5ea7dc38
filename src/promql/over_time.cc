#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "promql/histogram_math.h"
#include "promql/kahan.h"
#include "promql/quantile.h"
#include "promql/range_functions.h"

namespace sluice::promql {
namespace {

using model::CounterResetHint;

bool mixed(const Window& window, const RangeCall& call) {
  if (window.floats.empty() || window.histograms.empty()) return false;
  call.annotations.add(AnnotationId::kMixedFloatsHistograms, call.argument, call.metric_name);
  return true;
}

/// For functions of floats alone: false when there are none; a remark when histograms are passed over.
bool has_floats(const Window& window, const RangeCall& call) {
  if (window.floats.empty()) return false;
  if (!window.histograms.empty())
    call.annotations.add(AnnotationId::kHistogramIgnoredInRange, call.argument, call.metric_name);
  return true;
}

/// Index of the extreme value: later ones replace it where `better` says so, anything replaces NaN. While the last
/// window's extreme is inside this one, only what is new needs a look.
template <class Better>
size_t extreme(const Window& window, const RangeCall& call, Better better) {
  RangeMemo& memo = call.memo;
  const size_t begin = window.float_begin;
  const size_t end = begin + window.floats.size();
  const bool known = memo.end != 0 && memo.best >= begin && memo.end <= end;
  size_t best = known ? memo.best - begin : 0;
  for (size_t i = known ? memo.end - begin : 1; i < window.floats.size(); ++i)
    if (better(window.floats[i], window.floats[best]) || std::isnan(window.floats[best])) best = i;
  memo = {best + begin, end};
  return best;
}

Value at_time(TimestampMs t_ms) { return Value::of(static_cast<double>(t_ms) / 1000); }

double variance(const Window& window) {
  double count = 0;
  KahanSum mean;
  KahanSum squares;
  for (const double value : window.floats) {
    ++count;
    const double delta = value - mean.value();
    mean.add(delta / count);
    squares.add(delta * (value - mean.value()));
  }
  return squares.value() / count;
}

/// Sum or average of the window's histograms; nothing where their buckets cannot be combined.
Value combine_histograms(const Window& window, const RangeCall& call, bool average) {
  HistogramMean mean(average);
  for (const HistogramPtr& histogram : window.histograms) mean.add(*histogram);
  if (mean.incompatible()) {
    call.annotations.add(AnnotationId::kMixedExponentialCustom, call.argument, call.metric_name);
    return {};
  }
  if (mean.reset_collision()) call.annotations.add(AnnotationId::kCounterResetCollision, call.argument, "aggregation");
  if (mean.bounds_reconciled())
    call.annotations.add(AnnotationId::kMismatchedCustomBuckets, call.argument, "aggregation");
  return Value::of(mean.result());
}

}  // namespace

Value range_sum(const Window& window, const RangeCall& call) {
  if (mixed(window, call)) return {};
  if (window.floats.empty()) return combine_histograms(window, call, false);
  KahanSum sum;
  for (const double value : window.floats) sum.add(value);
  return Value::of(std::isinf(sum.sum) ? sum.sum : sum.value());
}

Value range_avg(const Window& window, const RangeCall& call) {
  if (mixed(window, call)) return {};
  if (window.floats.empty()) return combine_histograms(window, call, true);
  FloatMean mean(window.floats.front());
  for (const double value : window.floats.subspan(1)) mean.add(value);
  return Value::of(mean.value());
}

Value range_min(const Window& window, const RangeCall& call) {
  if (!has_floats(window, call)) return {};
  return Value::of(window.floats[extreme(window, call, [](double a, double b) { return a < b; })]);
}

Value range_max(const Window& window, const RangeCall& call) {
  if (!has_floats(window, call)) return {};
  return Value::of(window.floats[extreme(window, call, [](double a, double b) { return a > b; })]);
}

Value range_time_of_min(const Window& window, const RangeCall& call) {
  if (!has_floats(window, call)) return {};
  return at_time(window.float_t_ms[extreme(window, call, [](double a, double b) { return a <= b; })]);
}

Value range_time_of_max(const Window& window, const RangeCall& call) {
  if (!has_floats(window, call)) return {};
  return at_time(window.float_t_ms[extreme(window, call, [](double a, double b) { return a >= b; })]);
}

Value range_count(const Window& window, const RangeCall&) {
  return Value::of(static_cast<double>(window.floats.size() + window.histograms.size()));
}

Value range_present(const Window&, const RangeCall&) { return Value::of(1); }

Value range_first(const Window& window, const RangeCall&) {
  const bool is_float = window.histograms.empty() ||
                        (!window.floats.empty() && window.float_t_ms.front() < window.histogram_t_ms.front());
  return is_float ? Value::of(window.floats.front()) : Value::of(window.histograms.front());
}

Value range_last(const Window& window, const RangeCall&) {
  const bool is_float =
      window.histograms.empty() || (!window.floats.empty() && window.histogram_t_ms.back() < window.float_t_ms.back());
  return is_float ? Value::of(window.floats.back()) : Value::of(window.histograms.back());
}

Value range_time_of_first(const Window& window, const RangeCall&) {
  TimestampMs first = std::numeric_limits<TimestampMs>::max();
  if (!window.floats.empty()) first = window.float_t_ms.front();
  if (!window.histograms.empty()) first = std::min(first, window.histogram_t_ms.front());
  return at_time(first);
}

Value range_time_of_last(const Window& window, const RangeCall&) {
  TimestampMs last = 0;
  if (!window.floats.empty()) last = std::max(last, window.float_t_ms.back());
  if (!window.histograms.empty()) last = std::max(last, window.histogram_t_ms.back());
  return at_time(last);
}

Value range_stddev(const Window& window, const RangeCall& call) {
  if (!has_floats(window, call)) return {};
  return Value::of(std::sqrt(variance(window)));
}

Value range_stdvar(const Window& window, const RangeCall& call) {
  if (!has_floats(window, call)) return {};
  return Value::of(variance(window));
}

Value range_quantile(const Window& window, const RangeCall& call) {
  if (window.floats.empty()) return {};
  const double q = call.scalars[0];
  if (!(q >= 0 && q <= 1)) call.annotations.add_invalid_quantile(q, call.argument);
  if (!has_floats(window, call)) return {};
  std::vector<double> values(window.floats.begin(), window.floats.end());
  return Value::of(quantile(q, values));
}

Value range_mad(const Window& window, const RangeCall& call) {
  if (!has_floats(window, call)) return {};
  std::vector<double> values(window.floats.begin(), window.floats.end());
  if (std::any_of(values.begin(), values.end(), [](double v) { return std::isnan(v); })) return Value::of(NAN);
  const double median = quantile(0.5, values);
  for (double& value : values) value = std::fabs(value - median);
  return Value::of(quantile(0.5, values));
}

}  // namespace sluice::promql
