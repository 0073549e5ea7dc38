#include "promql/result_compare.h"

#include <algorithm>

#include <fmt/format.h>

#include "promql/classic_histogram.h"
#include "promql/histogram_math.h"

namespace sluice::promql::test {
namespace {

constexpr double kTolerance = 1e-6;

const SeriesDescription* find(const EvalCommand& expected, const model::Labels& labels) {
  // Of two lines for one label set the later counts.
  for (size_t i = expected.series.size(); i > 0; --i)
    if (expected.series[i - 1].labels == labels) return &expected.series[i - 1];
  return nullptr;
}

std::string show(double value, const model::FloatHistogram* histogram) {
  return histogram != nullptr ? to_string(*histogram) : fmt::format("{}", value);
}

std::optional<std::string> compare_value(const SequenceValue& expected, double value,
                                         const model::FloatHistogram* histogram, const model::Labels& labels) {
  const bool same = expected.histogram ? histogram != nullptr && same_histogram(expected, *histogram)
                                       : histogram == nullptr && same_number(expected.value, value);
  if (same) return std::nullopt;
  return fmt::format("{}: expected {}, got {}", labels.to_string(), show(expected.value, expected.histogram.get()),
                     show(value, histogram));
}

template <class Series>
std::optional<std::string> find_missing(const EvalCommand& expected, const Series& actual) {
  for (const SeriesDescription& series : expected.series)
    if (std::none_of(actual.begin(), actual.end(), [&](const auto& s) { return s.labels == series.labels; }))
      return fmt::format("expected series {} is missing", series.labels.to_string());
  return std::nullopt;
}

}  // namespace

bool same_number(double expected, double actual) {
  if (model::is_stale(expected) || model::is_stale(actual)) return model::is_stale(expected) && model::is_stale(actual);
  return almost_equal(expected, actual, kTolerance);
}

bool same_histogram(const SequenceValue& expected, const model::FloatHistogram& actual) {
  const HistogramPtr a = compacted(*expected.histogram);
  const HistogramPtr b = compacted(actual);
  const auto all_same = [](const std::vector<double>& x, const std::vector<double>& y) {
    return std::equal(x.begin(), x.end(), y.begin(), y.end(), same_number);
  };
  const bool bounds = a->schema != model::kCustomBucketsSchema || a->custom_values == b->custom_values;
  const bool hint = !expected.hint_given || a->counter_reset_hint == b->counter_reset_hint;
  return a->schema == b->schema && same_number(a->count, b->count) && same_number(a->sum, b->sum) && bounds && hint &&
         a->zero_threshold == b->zero_threshold && same_number(a->zero_count, b->zero_count) &&
         a->positive_spans == b->positive_spans && a->negative_spans == b->negative_spans &&
         all_same(a->positive_buckets, b->positive_buckets) && all_same(a->negative_buckets, b->negative_buckets);
}

std::optional<std::string> compare_matrix(const EvalCommand& expected, const MatrixResult& actual) {
  if (expected.scalar) return "expected a scalar, got a matrix";
  for (size_t i = 0; i + 1 < actual.size(); ++i)
    if (actual[i + 1].labels < actual[i].labels) return "the matrix is not sorted";
  for (const MatrixSeries& series : actual) {
    const SeriesDescription* wanted = find(expected, series.labels);
    if (wanted == nullptr) return fmt::format("unexpected series {}", series.labels.to_string());
    size_t sample = 0;
    size_t histogram = 0;
    for (size_t i = 0; i < wanted->values.size(); ++i) {
      if (wanted->values[i].omitted) continue;
      const TimestampMs t_ms = expected.start + static_cast<int64_t>(i) * expected.step_ms;
      if (t_ms > expected.end) return "more values expected than the range has steps";
      if (sample == series.samples.size() || series.samples.t_ms[sample] != t_ms)
        return fmt::format("{}: no value at {}", series.labels.to_string(), t_ms);
      const auto& histograms = series.samples.histograms;
      const bool is_histogram = histogram < histograms.size() && histograms[histogram].row == sample;
      const auto* found = is_histogram ? histograms[histogram++].histogram.get() : nullptr;
      if (auto difference = compare_value(wanted->values[i], series.samples.values[sample], found, series.labels))
        return fmt::format("at {}: {}", t_ms, *difference);
      ++sample;
    }
    if (sample != series.samples.size())
      return fmt::format("{}: unexpected value {} at {}", series.labels.to_string(), series.samples.values[sample],
                         series.samples.t_ms[sample]);
  }
  return find_missing(expected, actual);
}

std::optional<std::string> compare_vector(const EvalCommand& expected, const VectorResult& actual) {
  if (expected.scalar) return "expected a scalar, got a vector";
  for (size_t i = 0; i < actual.size(); ++i) {
    const VectorSample& sample = actual[i];
    const SeriesDescription* wanted = find(expected, sample.labels);
    if (wanted == nullptr)
      return fmt::format("unexpected series {} with value {}", sample.labels.to_string(),
                         show(sample.value, sample.histogram.get()));
    if (expected.ordered && static_cast<size_t>(wanted - expected.series.data()) != i)
      return fmt::format("{} is at position {}, not {}", sample.labels.to_string(), i, wanted - expected.series.data());
    if (auto difference = compare_value(wanted->values.at(0), sample.value, sample.histogram.get(), sample.labels))
      return difference;
  }
  return find_missing(expected, actual);
}

std::optional<std::string> compare_scalar(const EvalCommand& expected, double actual) {
  if (!expected.scalar) return "expected a vector or matrix, got a scalar";
  if (same_number(expected.scalar->value, actual)) return std::nullopt;
  return fmt::format("expected scalar {}, got {}", expected.scalar->value, actual);
}

}  // namespace sluice::promql::test
