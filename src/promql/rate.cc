#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "promql/histogram_math.h"
#include "promql/range_functions.h"

namespace sluice::promql {
namespace {

using model::CounterResetHint;
using model::FloatHistogram;

double seconds(int64_t ms) { return static_cast<double>(ms) / 1000; }

/// How far the first and the last sample of a window lie apart, and from its ends.
struct Span {
  TimestampMs first_ms;
  TimestampMs last_ms;
  size_t samples;
  /// When the counter began, if that is known and inside the window: it was 0 then, and did not exist before.
  std::optional<TimestampMs> counter_begin_ms = std::nullopt;
  TimestampMs begin_ms() const { return counter_begin_ms.value_or(first_ms); }
};

std::optional<TimestampMs> counter_begin(const Window& window, std::span<const TimestampMs> start_ms,
                                         TimestampMs first_ms) {
  if (start_ms.empty() || start_ms[0] == 0 || start_ms[0] <= window.start_ms || start_ms[0] >= first_ms)
    return std::nullopt;
  return start_ms[0];
}

/// Whether the counter was reset between samples i - 1 and i, to judge by their start timestamps.
bool restarted(std::span<const TimestampMs> start_ms, std::span<const TimestampMs> t_ms, size_t i) {
  return !start_ms.empty() && is_restart({start_ms[i - 1], t_ms[i - 1]}, {start_ms[i], t_ms[i]});
}

/// Remarks, once a window, on a start timestamp that lies before the sample before without being its own.
void remark_overlap(std::span<const TimestampMs> start_ms, std::span<const TimestampMs> t_ms, const RangeCall& call) {
  for (size_t i = 1; i < start_ms.size(); ++i) {
    if (start_ms[i] == 0 || start_ms[i] >= t_ms[i - 1] || start_ms[i] == start_ms[i - 1]) continue;
    call.annotations.add(AnnotationId::kStartTimeOverlap, call.argument, call.metric_name);
    return;
  }
}

/// The factor that stretches what was seen between the first and the last sample to the whole window
/// (promql/functions.go, extrapolatedRate). Where the series seems to begin or end inside the window - the gap is
/// more than 10 % longer than the average distance of samples - it is stretched by half that distance only. A
/// counter is not stretched beyond the point where it would have been 0: `first` and `increase` tell where.
double extrapolation_factor(const Window& window, const Span& span, bool counter, double first, double increase) {
  double to_start = seconds(span.first_ms - window.start_ms);
  double to_end = seconds(window.end_ms - span.last_ms);
  const double sampled = seconds(span.last_ms - span.begin_ms());
  const double average =
      span.samples > 1 ? seconds(span.last_ms - span.first_ms) / static_cast<double>(span.samples - 1) : 0;
  const double threshold = average * 1.1;
  if (span.counter_begin_ms) {
    to_start = 0;
  } else {
    if (to_start >= threshold) to_start = average / 2;
    if (counter && increase > 0 && first >= 0) to_start = std::fmin(to_start, sampled * (first / increase));
  }
  if (to_end >= threshold) to_end = average / 2;
  return sampled == 0 ? 1 : (sampled + to_start + to_end) / sampled;
}

void remark(const RangeCall& call, AnnotationId id) { call.annotations.add(id, call.argument, call.metric_name); }

/// The increase of a counter histogram, or the difference of a gauge, over the samples of a window; nothing where
/// their buckets cannot be combined.
std::optional<FloatHistogram> histogram_increase(const Window& window, const RangeCall& call, bool counter) {
  const auto& samples = window.histograms;
  const auto is_gauge = [](const HistogramPtr& h) { return h->counter_reset_hint == CounterResetHint::kGauge; };
  const auto is_custom = [](const FloatHistogram& h) { return h.schema == model::kCustomBucketsSchema; };
  if (counter && std::any_of(samples.begin(), samples.end(), is_gauge)) remark(call, AnnotationId::kNotCounter);

  // Before a reset between the first two samples, the first says nothing, not even by its buckets.
  const FloatHistogram* first = samples.front().get();
  FloatHistogram nothing;
  const auto& starts = window.histogram_start_ms;
  const auto& t_ms = window.histogram_t_ms;
  if (counter && (restarted(starts, t_ms, 1) || is_counter_reset(*samples[1], *first))) {
    nothing.schema = samples[1]->schema;
    nothing.custom_values = samples[1]->custom_values;
    first = &nothing;
  }
  const bool custom = is_custom(*first);
  for (size_t i = 1; i < samples.size(); ++i) {
    if (is_custom(*samples[i]) == custom || (!counter && i + 1 < samples.size())) continue;
    remark(call, AnnotationId::kMixedExponentialCustom);
    return std::nullopt;
  }
  HistogramSum result(*samples.back());
  if (result.subtract(*first).bounds_reconciled)
    call.annotations.add(AnnotationId::kMismatchedCustomBuckets, call.argument, "subtraction");
  if (counter) {
    remark_overlap(starts, t_ms, call);
    const FloatHistogram* previous = first;
    for (size_t i = 1; i < samples.size(); ++i) {
      const bool reset = restarted(starts, t_ms, i) || is_counter_reset(*samples[i], *previous);
      if (reset && result.add(*previous).bounds_reconciled)
        call.annotations.add(AnnotationId::kMismatchedCustomBuckets, call.argument, "addition");
      previous = samples[i].get();
    }
  } else if (!is_gauge(samples.front()) || !is_gauge(samples.back())) {
    remark(call, AnnotationId::kNotGauge);
  }
  FloatHistogram out = result.result();
  out.counter_reset_hint = CounterResetHint::kGauge;
  return out;
}

Value histogram_rate(const Window& window, const RangeCall& call, bool counter, bool per_second) {
  const auto& samples = window.histograms;
  Span span{window.histogram_t_ms.front(), window.histogram_t_ms.back(), samples.size()};
  if (counter) span.counter_begin_ms = counter_begin(window, window.histogram_start_ms, span.first_ms);
  if (span.samples < 2 && !span.counter_begin_ms) return {};
  FloatHistogram increase = *samples.front();
  if (span.samples > 1) {
    auto between = histogram_increase(window, call, counter);
    if (!between) return {};
    increase = *std::move(between);
    if (span.counter_begin_ms) {
      HistogramSum sum(increase);
      const HistogramOutcome outcome = sum.add(*samples.front());
      if (outcome.incompatible) {
        remark(call, AnnotationId::kMixedExponentialCustom);
        return {};
      }
      if (outcome.bounds_reconciled)
        call.annotations.add(AnnotationId::kMismatchedCustomBuckets, call.argument, "addition");
      increase = sum.result();
    }
  }
  double factor = extrapolation_factor(window, span, counter, samples.front()->count, increase.count);
  if (per_second) factor /= seconds(call.range_ms);
  return Value::of(scaled(increase, factor));
}

/// The increase of the floats, resets made good. Without start timestamps the resets are known beforehand.
double float_increase(const Window& window, const RangeCall& call, bool counter) {
  double increase = window.floats.back() - window.floats.front();
  if (!counter) return increase;
  if (window.float_start_ms.empty()) {
    for (const uint32_t reset : window.resets) increase += window.all_floats[reset - 1];
    return increase;
  }
  remark_overlap(window.float_start_ms, window.float_t_ms, call);
  for (size_t i = 1; i < window.floats.size(); ++i)
    if (window.floats[i] < window.floats[i - 1] || restarted(window.float_start_ms, window.float_t_ms, i))
      increase += window.floats[i - 1];
  return increase;
}

Value extrapolated_rate(const Window& window, const RangeCall& call, bool counter, bool per_second) {
  if (!window.floats.empty() && !window.histograms.empty()) {
    remark(call, AnnotationId::kMixedFloatsHistograms);
    return {};
  }
  if (call.anchored || call.smoothed) return extended_rate(window, call, counter, per_second);
  if (!window.histograms.empty()) return histogram_rate(window, call, counter, per_second);
  Span span{window.float_t_ms.front(), window.float_t_ms.back(), window.floats.size()};
  if (counter) span.counter_begin_ms = counter_begin(window, window.float_start_ms, span.first_ms);
  if (span.samples < 2 && !span.counter_begin_ms) return {};
  double increase = float_increase(window, call, counter);
  if (span.counter_begin_ms) increase += window.floats.front();
  double factor = extrapolation_factor(window, span, counter, window.floats.front(), increase);
  if (per_second) factor /= seconds(call.range_ms);
  return Value::of(increase * factor);
}

/// One of the last two samples of a window.
struct Point {
  TimestampMs t_ms = 0;
  TimestampMs start_ms = 0;
  double number = 0;
  HistogramPtr histogram;
};

TimestampMs start_at(std::span<const TimestampMs> start_ms, size_t i) { return start_ms.empty() ? 0 : start_ms[i]; }

bool restarted(const Point& before, const Point& last) {
  return is_restart({before.start_ms, before.t_ms}, {last.start_ms, last.t_ms});
}

/// The last two samples, whatever their kind, older first.
std::pair<Point, Point> last_two(const Window& window) {
  std::pair<Point, Point> out;
  size_t f = window.floats.size();
  size_t h = window.histograms.size();
  const auto take = [&]() -> Point {
    if (h == 0 || (f > 0 && window.float_t_ms[f - 1] > window.histogram_t_ms[h - 1])) {
      --f;
      return {window.float_t_ms[f], start_at(window.float_start_ms, f), window.floats[f], nullptr};
    }
    --h;
    return {window.histogram_t_ms[h], start_at(window.histogram_start_ms, h), 0, window.histograms[h]};
  };
  out.second = take();
  out.first = take();
  return out;
}

Value instant_histogram(const Point& before, const Point& last, const RangeCall& call, bool counter) {
  const bool gauges = before.histogram->counter_reset_hint == CounterResetHint::kGauge &&
                      last.histogram->counter_reset_hint == CounterResetHint::kGauge;
  const bool any_gauge = before.histogram->counter_reset_hint == CounterResetHint::kGauge ||
                         last.histogram->counter_reset_hint == CounterResetHint::kGauge;
  if (counter && any_gauge) remark(call, AnnotationId::kNotCounter);
  if (!counter && !gauges) remark(call, AnnotationId::kNotGauge);
  HistogramSum result(*last.histogram);
  if (!counter || (!restarted(before, last) && !is_counter_reset(*last.histogram, *before.histogram))) {
    const HistogramOutcome outcome = result.subtract(*before.histogram);
    if (outcome.incompatible) {
      remark(call, AnnotationId::kMixedExponentialCustom);
      return {};
    }
    if (outcome.bounds_reconciled)
      call.annotations.add(AnnotationId::kMismatchedCustomBuckets, call.argument, "subtraction");
  }
  FloatHistogram out = result.result();
  out.counter_reset_hint = CounterResetHint::kGauge;
  if (!counter) return Value::of(std::make_shared<const FloatHistogram>(std::move(out)));
  return Value::of(divided(out, seconds(last.t_ms - before.t_ms)));
}

Value instant_value(const Window& window, const RangeCall& call, bool counter) {
  if (window.floats.size() + window.histograms.size() < 2) return {};
  const auto [before, last] = last_two(window);
  if (last.t_ms == before.t_ms) return {};
  if ((before.histogram == nullptr) != (last.histogram == nullptr)) {
    remark(call, AnnotationId::kMixedFloatsHistograms);
    return {};
  }
  if (last.histogram != nullptr) return instant_histogram(before, last, call, counter);
  // After a reset a counter has risen from 0.
  const bool reset = counter && (last.number < before.number || restarted(before, last));
  const double difference = reset ? last.number : last.number - before.number;
  return Value::of(counter ? difference / seconds(last.t_ms - before.t_ms) : difference);
}

}  // namespace

/// A start at or before the sample before is no restart, unless that sample is known to have begun earlier: then
/// the series is one of deltas, where every sample starts where the one before ended.
bool is_restart(StartedSample before, StartedSample now) {
  if (now.start_ms == 0 || now.start_ms >= now.t_ms || now.start_ms < before.t_ms) return false;
  if (now.start_ms > before.t_ms) return true;
  return before.start_ms != 0 && before.start_ms < before.t_ms;
}

Value range_rate(const Window& window, const RangeCall& call) { return extrapolated_rate(window, call, true, true); }
Value range_increase(const Window& window, const RangeCall& call) {
  return extrapolated_rate(window, call, true, false);
}
Value range_delta(const Window& window, const RangeCall& call) { return extrapolated_rate(window, call, false, false); }
Value range_irate(const Window& window, const RangeCall& call) { return instant_value(window, call, true); }
Value range_idelta(const Window& window, const RangeCall& call) { return instant_value(window, call, false); }

}  // namespace sluice::promql
