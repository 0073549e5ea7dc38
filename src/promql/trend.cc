#include <cmath>
#include <limits>

#include "promql/kahan.h"
#include "promql/range_functions.h"

namespace sluice::promql {
namespace {

struct Line {
  double slope;
  double intercept;
};

/// Least squares through a window's floats; the intercept is the value at `origin`.
Line regression(const Window& window, TimestampMs origin) {
  KahanSum sum_x;
  KahanSum sum_y;
  KahanSum sum_xy;
  KahanSum sum_xx;
  bool constant = true;
  const double first = window.floats.front();
  for (size_t i = 0; i < window.floats.size(); ++i) {
    const double y = window.floats[i];
    if (i > 0 && y != first) constant = false;
    const double x = static_cast<double>(window.float_t_ms[i] - origin) / 1e3;
    sum_x.add(x);
    sum_y.add(y);
    sum_xy.add(x * y);
    sum_xx.add(x * x);
  }
  if (constant) {
    if (std::isinf(first)) return {NAN, NAN};
    return {0, first};
  }
  const auto n = static_cast<double>(window.floats.size());
  const double covariance = sum_xy.value() - sum_x.value() * sum_y.value() / n;
  const double variance = sum_xx.value() - sum_x.value() * sum_x.value() / n;
  const double slope = covariance / variance;
  return {slope, sum_y.value() / n - slope * sum_x.value() / n};
}

/// Two floats at least; histograms in the window are passed over with a remark.
bool has_two_floats(const Window& window, const RangeCall& call) {
  if (!window.floats.empty() && !window.histograms.empty())
    call.annotations.add(AnnotationId::kHistogramIgnoredInRange, call.argument, call.metric_name);
  return window.floats.size() >= 2;
}

}  // namespace

Value range_deriv(const Window& window, const RangeCall& call) {
  if (!has_two_floats(window, call)) return {};
  return Value::of(regression(window, window.float_t_ms.front()).slope);
}

Value range_predict_linear(const Window& window, const RangeCall& call) {
  if (!has_two_floats(window, call)) return {};
  const Line line = regression(window, window.eval_ms);
  return Value::of(line.slope * call.scalars[0] + line.intercept);
}

/// double_exponential_smoothing: `scalars` are the smoothing and the trend factor, both checked by the caller.
Value range_smoothing(const Window& window, const RangeCall& call) {
  if (!has_two_floats(window, call)) return {};
  const double smoothing = call.scalars[0];
  const double trend_factor = call.scalars[1];
  double before = 0;
  double level = window.floats[0];
  double trend = window.floats[1] - window.floats[0];
  for (size_t i = 1; i < window.floats.size(); ++i) {
    if (i > 1) trend = trend_factor * (level - before) + (1 - trend_factor) * trend;
    const double next = smoothing * window.floats[i] + (1 - smoothing) * (level + trend);
    before = level;
    level = next;
  }
  return Value::of(level);
}

}  // namespace sluice::promql
