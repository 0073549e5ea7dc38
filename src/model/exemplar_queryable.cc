#include "model/exemplar_queryable.h"

namespace sluice::model {

Result<std::vector<SeriesExemplars>> ScopedExemplars::exemplars(std::span<const std::vector<Matcher>> selectors,
                                                                TimeRange range, QueryBudget& budget) const {
  auto found = storage_->exemplars(selectors, range, budget);
  if (found && filter_) std::erase_if(*found, [&](const SeriesExemplars& one) { return !filter_(one.series); });
  return found;
}

}  // namespace sluice::model
