#include <algorithm>
#include <optional>

#include "promql/histogram_math.h"
#include "promql/interpolate.h"
#include "promql/range_functions.h"

namespace sluice::promql {
namespace {

using model::CounterResetHint;
using model::FloatHistogram;

/// The samples between which a range is measured: `first` is the last one at or before its start if there is one,
/// `last` the last one inside it or, smoothed, the first one at or after its end.
struct Edges {
  size_t first;
  size_t last;
};

std::optional<Edges> find_edges(std::span<const TimestampMs> t_ms, bool smoothed, TimestampMs start, TimestampMs end) {
  size_t last = t_ms.size() - 1;
  // The newest sample is never the anchor before the start.
  const auto after_start = std::upper_bound(t_ms.begin(), t_ms.begin() + static_cast<std::ptrdiff_t>(last), start);
  const auto first = static_cast<size_t>(std::max<std::ptrdiff_t>(0, after_start - t_ms.begin() - 1));
  if (smoothed)
    last = static_cast<size_t>(std::lower_bound(t_ms.begin(), t_ms.begin() + static_cast<std::ptrdiff_t>(last), end) -
                               t_ms.begin());
  if (t_ms[last] <= start) return std::nullopt;
  if (smoothed && t_ms[first] > end) return std::nullopt;
  return Edges{first, last};
}

/// What a counter lost by resets on its way from `left` over the samples between to `right`.
double reset_correction(double left, double right, std::span<const double> between) {
  double correction = 0;
  double previous = left;
  for (const double value : between) {
    if (value < previous) correction += previous;
    previous = value;
  }
  return right < previous ? correction + previous : correction;
}

/// The values at both ends of a range, and the samples strictly between them.
struct FloatRange {
  double left;
  double right;
  size_t begin;
  size_t end;
};

std::optional<FloatRange> measure(std::span<const TimestampMs> t_ms, std::span<const double> values, bool smoothed,
                                  TimestampMs start, TimestampMs end, bool counter) {
  const auto edges = find_edges(t_ms, smoothed, start, end);
  if (!edges) return std::nullopt;
  const auto [first, last] = *edges;
  FloatRange out{values[first], values[last], first, last + 1};
  if (smoothed && t_ms[first] < start)
    out.left = interpolate(t_ms[first], values[first], t_ms[first + 1], values[first + 1], start, counter);
  if (smoothed && last > 0 && t_ms[last] > end)
    out.right = interpolate(t_ms[last - 1], values[last - 1], t_ms[last], values[last], end, counter);
  if (t_ms[first] <= start) out.begin = first + 1;
  if (t_ms[last] >= end) out.end = last;
  out.end = std::max(out.begin, out.end);
  return out;
}

Value float_rate(const Window& window, const RangeCall& call, TimestampMs start, TimestampMs end, bool counter,
                 bool per_second) {
  const auto range = measure(window.float_t_ms, window.floats, call.smoothed, start, end, counter);
  if (!range) return {};
  double result = range->right - range->left;
  // The edges' own interpolation has dealt with resets around them.
  if (counter)
    result +=
        reset_correction(range->left, range->right, window.floats.subspan(range->begin, range->end - range->begin));
  return Value::of(per_second ? result / (static_cast<double>(call.range_ms) / 1000) : result);
}

/// As reset_correction, for histograms: the samples strictly between the edges, and `right` at the end.
std::optional<HistogramSum> histogram_correction(const Window& window, const RangeCall& call, Edges edges,
                                                 const FloatHistogram& left, const FloatHistogram& right,
                                                 TimestampMs start, bool& failed) {
  const auto& samples = window.histograms;
  size_t next = edges.first + 1;
  const FloatHistogram* previous = &left;
  const bool crossed = call.smoothed && window.histogram_t_ms[edges.first] < start &&
                       is_counter_reset(*samples[edges.first + 1], *samples[edges.first]);
  if (crossed) {
    // Interpolating the left edge has dealt with this reset.
    previous = samples[edges.first + 1].get();
    ++next;
  }
  std::optional<HistogramSum> correction;
  if (next > edges.last) return correction;
  const auto add = [&](const FloatHistogram& lost) {
    if (!correction) {
      correction.emplace(lost);
      return;
    }
    const HistogramOutcome outcome = correction->add(lost);
    failed = failed || outcome.incompatible;
    if (outcome.bounds_reconciled)
      call.annotations.add(AnnotationId::kMismatchedCustomBuckets, call.argument, "addition");
  };
  for (size_t i = next; i < edges.last; ++i) {
    if (is_counter_reset(*samples[i], *previous)) add(*previous);
    previous = samples[i].get();
  }
  if (is_counter_reset(right, *previous)) add(*previous);
  return correction;
}

Value histogram_rate(const Window& window, const RangeCall& call, TimestampMs start, TimestampMs end, bool counter,
                     bool per_second) {
  const auto& t_ms = window.histogram_t_ms;
  const auto& samples = window.histograms;
  const auto edges = find_edges(t_ms, call.smoothed, start, end);
  if (!edges) return {};
  const auto [first, last] = *edges;
  const bool custom = samples[first]->schema == model::kCustomBucketsSchema;
  for (size_t i = first; i <= last; ++i) {
    if ((samples[i]->schema == model::kCustomBucketsSchema) != custom) {
      call.annotations.add(AnnotationId::kMixedExponentialCustom, call.argument, call.metric_name);
      return {};
    }
    if (counter && samples[i]->counter_reset_hint == CounterResetHint::kGauge)
      call.annotations.add(AnnotationId::kNotCounter, call.argument, call.metric_name);
  }
  const auto between = [&](size_t a, size_t b, TimestampMs at) {
    return interpolate(t_ms[a], *samples[a], t_ms[b], *samples[b], at, counter, call.metric_name, call.argument,
                       call.annotations);
  };
  HistogramPtr left = samples[first];
  if (call.smoothed && t_ms[first] < start) left = between(first, first + 1, start);
  HistogramPtr right = samples[last];
  if (call.smoothed && last > 0 && t_ms[last] > end) right = between(last - 1, last, end);
  if (left == nullptr || right == nullptr) return {};
  const bool gauges =
      left->counter_reset_hint == CounterResetHint::kGauge && right->counter_reset_hint == CounterResetHint::kGauge;
  if (!counter && !gauges) call.annotations.add(AnnotationId::kNotGauge, call.argument, call.metric_name);

  HistogramSum result(*right);
  if (result.subtract(*left).bounds_reconciled)
    call.annotations.add(AnnotationId::kMismatchedCustomBuckets, call.argument, "subtraction");
  if (counter) {
    bool failed = false;
    const auto correction = histogram_correction(window, call, *edges, *left, *right, start, failed);
    if (failed) return {};
    if (correction && result.add(correction->result()).bounds_reconciled)
      call.annotations.add(AnnotationId::kMismatchedCustomBuckets, call.argument, "addition");
  }
  FloatHistogram out = result.result();
  out.counter_reset_hint = CounterResetHint::kGauge;
  if (!per_second) return Value::of(std::make_shared<const FloatHistogram>(std::move(out)));
  return Value::of(divided(out, static_cast<double>(call.range_ms) / 1000));
}

}  // namespace

Value extended_rate(const Window& window, const RangeCall& call, bool counter, bool per_second) {
  // The window was widened by the lookback; the range itself is what the selector said.
  const TimestampMs end = call.range_end_ms;
  const TimestampMs start = end - call.range_ms;
  if (!window.histograms.empty()) return histogram_rate(window, call, start, end, counter, per_second);
  return float_rate(window, call, start, end, counter, per_second);
}

void extend_to_edges(RangeSamples& samples, TimestampMs start, TimestampMs end, bool smoothed) {
  if (samples.floats.empty()) return;
  const auto range = measure(samples.float_t_ms, samples.floats, smoothed, start, end, false);
  RangeSamples out;
  if (range) {
    out.float_t_ms.push_back(start);
    out.floats.push_back(range->left);
    for (size_t i = range->begin; i < range->end; ++i) {
      out.float_t_ms.push_back(samples.float_t_ms[i]);
      out.floats.push_back(samples.floats[i]);
    }
    out.float_t_ms.push_back(end);
    out.floats.push_back(range->right);
  }
  samples = std::move(out);
}

double interpolate(TimestampMs t1, double v1, TimestampMs t2, double v2, TimestampMs at, bool counter) {
  if (counter && v2 < v1) v1 = 0;
  return v1 + (v2 - v1) * static_cast<double>(at - t1) / static_cast<double>(t2 - t1);
}

HistogramPtr interpolate(TimestampMs t1, const FloatHistogram& h1, TimestampMs t2, const FloatHistogram& h2,
                         TimestampMs at, bool counter, std::string_view metric_name, PositionRange position,
                         Annotations& annotations) {
  if (at == t1) return std::make_shared<const FloatHistogram>(h1);
  if (at == t2) return std::make_shared<const FloatHistogram>(h2);
  const double fraction = static_cast<double>(at - t1) / static_cast<double>(t2 - t1);
  if (counter && is_counter_reset(h2, h1)) return scaled(h2, fraction);
  HistogramSum result(h2);
  const HistogramOutcome outcome = result.subtract(h1);
  if (outcome.incompatible) {
    annotations.add(AnnotationId::kMixedExponentialCustom, position, metric_name);
    return nullptr;
  }
  if (outcome.bounds_reconciled) annotations.add(AnnotationId::kMismatchedCustomBuckets, position, "subtraction");
  result.multiply(fraction);
  if (result.add(h1).bounds_reconciled) annotations.add(AnnotationId::kMismatchedCustomBuckets, position, "addition");
  return std::make_shared<const FloatHistogram>(result.result());
}

Value smoothed_value(const Window& window, TimestampMs at, std::string_view metric_name, PositionRange position,
                     Annotations& annotations) {
  if (!window.histograms.empty() && !window.floats.empty()) {
    annotations.add(AnnotationId::kMixedFloatsHistograms, position, metric_name);
    return {};
  }
  const auto& t_ms = window.histograms.empty() ? window.float_t_ms : window.histogram_t_ms;
  const auto next = static_cast<size_t>(std::lower_bound(t_ms.begin(), t_ms.end(), at) - t_ms.begin());
  const bool exact = next < t_ms.size() && t_ms[next] == at;
  if (!exact && next == 0) return {};
  if (window.histograms.empty()) {
    if (exact) return Value::of(window.floats[next]);
    if (next == t_ms.size()) return Value::of(window.floats[next - 1]);
    return Value::of(interpolate(t_ms[next - 1], window.floats[next - 1], t_ms[next], window.floats[next], at, false));
  }
  if (exact) return Value::of(window.histograms[next]);
  const HistogramPtr& before = window.histograms[next - 1];
  if (next == t_ms.size()) return Value::of(without_reset_hint(before));
  const HistogramPtr& after = window.histograms[next];
  if ((before->schema == model::kCustomBucketsSchema) != (after->schema == model::kCustomBucketsSchema)) {
    annotations.add(AnnotationId::kMixedExponentialCustom, position, metric_name);
    return {};
  }
  const bool counter =
      before->counter_reset_hint != CounterResetHint::kGauge || after->counter_reset_hint != CounterResetHint::kGauge;
  HistogramPtr value =
      interpolate(t_ms[next - 1], *before, t_ms[next], *after, at, counter, metric_name, position, annotations);
  return value == nullptr ? Value() : Value::of(std::move(value));
}

}  // namespace sluice::promql
