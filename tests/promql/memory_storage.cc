#include "promql/memory_storage.h"

#include <algorithm>

#include "promql/histogram_math.h"

namespace sluice::promql::test {
namespace {

using model::CounterResetHint;
using model::FloatHistogram;

class MemorySeries final : public model::Series {
 public:
  MemorySeries(model::Labels labels, const model::SampleColumn& all, model::QueryBudget& budget)
      : labels_(std::move(labels)), all_(all), budget_(budget) {}
  const model::Labels& labels() const override { return labels_; }
  Result<void> read(model::TimeRange range, model::SampleColumn& out) override {
    out.clear();
    size_t next = 0;
    for (size_t i = 0; i < all_.size(); ++i) {
      while (next < all_.histograms.size() && all_.histograms[next].row < i) ++next;
      if (!range.contains(all_.t_ms[i])) continue;
      if (next < all_.histograms.size() && all_.histograms[next].row == i)
        out.histograms.push_back({static_cast<uint32_t>(out.size()), all_.histograms[next].histogram});
      out.t_ms.push_back(all_.t_ms[i]);
      out.values.push_back(all_.values[i]);
      out.start_ms.push_back(all_.start_ms[i]);
    }
    return budget_.charge(out.size());
  }

 private:
  model::Labels labels_;
  const model::SampleColumn& all_;
  model::QueryBudget& budget_;
};

/// Whether `next` continues the counter that `last` is a moment of.
bool continues(const FloatHistogram& last, FloatHistogram next) {
  if (last.counter_reset_hint == CounterResetHint::kGauge || next.counter_reset_hint == CounterResetHint::kReset)
    return false;
  if (model::is_stale(last.sum)) return false;
  const bool same_layout = last.schema == next.schema && last.zero_threshold == next.zero_threshold &&
                           last.custom_values == next.custom_values;
  next.counter_reset_hint = CounterResetHint::kUnknown;
  return same_layout && !is_counter_reset(next, last);
}

}  // namespace

void MemoryStorage::append(const model::Labels& labels, TimestampMs t_ms, double value, TimestampMs start_ms) {
  model::SampleColumn& column = series_[labels];
  const bool after_histogram = !column.histograms.empty() && column.histograms.back().row + 1 == column.size();
  if (model::is_stale(value) && after_histogram) {
    FloatHistogram stale;
    stale.sum = model::stale_nan();
    column.histograms.push_back({static_cast<uint32_t>(column.size()), std::make_shared<const FloatHistogram>(stale)});
  }
  column.start_ms.push_back(start_ms);
  column.t_ms.push_back(t_ms);
  column.values.push_back(value);
}

void MemoryStorage::append(const model::Labels& labels, TimestampMs t_ms, FloatHistogram histogram,
                           TimestampMs start_ms) {
  model::SampleColumn& column = series_[labels];
  const bool after_histogram = !column.histograms.empty() && column.histograms.back().row + 1 == column.size();
  if (histogram.counter_reset_hint != CounterResetHint::kGauge) {
    const bool goes_on = after_histogram && continues(*column.histograms.back().histogram, histogram);
    histogram.counter_reset_hint = goes_on ? CounterResetHint::kNotReset : CounterResetHint::kUnknown;
  }
  column.histograms.push_back(
      {static_cast<uint32_t>(column.size()), std::make_shared<const FloatHistogram>(std::move(histogram))});
  column.start_ms.push_back(start_ms);
  column.t_ms.push_back(t_ms);
  column.values.push_back(0);
}

Result<std::vector<std::unique_ptr<model::Series>>> MemoryStorage::select(std::span<const model::Matcher> matchers,
                                                                          model::TimeRange range,
                                                                          model::QueryBudget& budget) const {
  ++selections_;
  std::vector<std::unique_ptr<model::Series>> out;
  for (const auto& [labels, column] : series_) {
    const bool in_range =
        std::any_of(column.t_ms.begin(), column.t_ms.end(), [&](TimestampMs t) { return range.contains(t); });
    if (in_range && model::matches_all(matchers, labels))
      out.push_back(std::make_unique<MemorySeries>(labels, column, budget));
  }
  return out;
}

Result<std::vector<model::Labels>> MemoryStorage::series(std::span<const std::vector<model::Matcher>> selectors,
                                                         model::TimeRange, size_t) const {
  std::vector<model::Labels> out;
  for (const auto& [labels, column] : series_)
    if (std::any_of(selectors.begin(), selectors.end(), [&](const auto& m) { return model::matches_all(m, labels); }))
      out.push_back(labels);
  return out;
}

Result<std::vector<std::string>> MemoryStorage::label_names(std::span<const std::vector<model::Matcher>>,
                                                            model::TimeRange, size_t) const {
  return std::vector<std::string>();
}

Result<std::vector<std::string>> MemoryStorage::label_values(std::string_view,
                                                             std::span<const std::vector<model::Matcher>>,
                                                             model::TimeRange, size_t) const {
  return std::vector<std::string>();
}

}  // namespace sluice::promql::test
