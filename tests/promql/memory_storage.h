#pragma once

#include <map>
#include <memory>
#include <vector>

#include "model/queryable.h"

namespace sluice::promql::test {

/// A Queryable over samples kept in a map: the test double of every storage.
class MemoryStorage final : public model::Queryable {
 public:
  /// Samples of one series must come in order of time.
  /// `start_ms` is when the counter began, 0 for not known.
  void append(const model::Labels& labels, TimestampMs t_ms, double value, TimestampMs start_ms = 0);
  /// As Prometheus' storage does on reading, all but the first histogram after a reset, a gauge or a gap are given
  /// the hint that there was no reset before them.
  void append(const model::Labels& labels, TimestampMs t_ms, model::FloatHistogram histogram, TimestampMs start_ms = 0);
  void clear() { series_.clear(); }

  Result<std::vector<std::unique_ptr<model::Series>>> select(std::span<const model::Matcher> matchers,
                                                             model::TimeRange range,
                                                             model::QueryBudget& budget) const override;
  Result<std::vector<model::Labels>> series(std::span<const std::vector<model::Matcher>> selectors,
                                            model::TimeRange range, size_t limit) const override;
  Result<std::vector<std::string>> label_names(std::span<const std::vector<model::Matcher>> selectors,
                                               model::TimeRange range, size_t limit) const override;
  Result<std::vector<std::string>> label_values(std::string_view name,
                                                std::span<const std::vector<model::Matcher>> selectors,
                                                model::TimeRange range, size_t limit) const override;

  /// How often select() was called, over all queries.
  size_t selections() const { return selections_; }

 private:
  std::map<model::Labels, model::SampleColumn> series_;
  mutable size_t selections_ = 0;
};

}  // namespace sluice::promql::test
