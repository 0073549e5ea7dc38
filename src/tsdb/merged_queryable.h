#pragma once

#include <memory>
#include <vector>

#include "model/queryable.h"

namespace sluice::tsdb {

/// Several storages seen as one: series with equal labels become one, and of several samples at one time that of the
/// storage named first is shown. So a snapshot of a workspace is {its blocks in the order of BlockSet, its head}.
///
/// Keeps the storages alive, and so does every series it hands out. A sample is charged to the budget once, however
/// many storages have it. Thread-safe.
class MergedQueryable final : public model::Queryable {
 public:
  using Parts = std::vector<std::shared_ptr<const model::Queryable>>;

  /// The earlier a part, the more it counts.
  explicit MergedQueryable(Parts parts) : parts_(std::move(parts)) {}

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

 private:
  Parts parts_;
};

}  // namespace sluice::tsdb
