#pragma once

#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "base/result.h"
#include "model/exemplar.h"
#include "model/labels.h"
#include "model/matcher.h"
#include "model/queryable.h"
#include "model/sample.h"

namespace sluice::model {

struct SeriesExemplars {
  Labels series;
  std::vector<Exemplar> exemplars;  ///< in time order
};

/// The face a storage of exemplars shows to queries. Thread-safe.
class ExemplarQueryable {
 public:
  virtual ~ExemplarQueryable() = default;
  /// The exemplars inside `range` of series that match any of `selectors`, sorted by the series' labels; series of
  /// which there is none are left out. Each is charged to the budget.
  virtual Result<std::vector<SeriesExemplars>> exemplars(std::span<const std::vector<Matcher>> selectors,
                                                         TimeRange range, QueryBudget& budget) const = 0;
};

/// Exemplars seen through a caller's residual, as ScopedQueryable has it for samples.
class ScopedExemplars final : public ExemplarQueryable {
 public:
  ScopedExemplars(std::shared_ptr<const ExemplarQueryable> storage, SeriesFilter filter)
      : storage_(std::move(storage)), filter_(std::move(filter)) {}

  Result<std::vector<SeriesExemplars>> exemplars(std::span<const std::vector<Matcher>> selectors, TimeRange range,
                                                 QueryBudget& budget) const override;

 private:
  std::shared_ptr<const ExemplarQueryable> storage_;
  SeriesFilter filter_;
};

}  // namespace sluice::model
