#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/labels.h"
#include "model/matcher.h"
#include "model/sample.h"

namespace sluice::model {

/// What one query may still use. Shared by all its parts; thread-safe.
class QueryBudget {
 public:
  QueryBudget(uint64_t samples_max, std::stop_token stop) : samples_max_(samples_max), stop_(std::move(stop)) {}
  /// Counts samples loaded into memory. kQuotaExceeded past the limit (the message names it),
  /// kCancelled once the client is gone or the deadline has passed.
  Result<void> charge(uint64_t samples);
  uint64_t samples_used() const { return used_.load(std::memory_order_relaxed); }

 private:
  uint64_t samples_max_;
  std::stop_token stop_;
  std::atomic<uint64_t> used_{0};
};

/// One series of a selection. Holds what it needs of the storage alive. Not thread-safe; different
/// series of one selection may be read on different threads.
class Series {
 public:
  virtual ~Series() = default;
  virtual const Labels& labels() const = 0;
  /// Replaces `out` by the samples inside `range` (stale markers included), in time order.
  virtual Result<void> read(TimeRange range, SampleColumn& out) = 0;
};

/// The face every storage shows to queries. All reads of one call see one moment. Thread-safe.
/// Matchers are ANDed. `limit` 0 means none; results past it are cut.
class Queryable {
 public:
  virtual ~Queryable() = default;
  /// Series that match and may have samples in `range` (the caller must cope with none), sorted by labels.
  virtual Result<std::vector<std::unique_ptr<Series>>> select(std::span<const Matcher> matchers, TimeRange range,
                                                              QueryBudget& budget) const = 0;
  /// Label sets of the series that match any of `selectors` (each a list of matchers) and have data in
  /// `range`, sorted, without duplicates.
  virtual Result<std::vector<Labels>> series(std::span<const std::vector<Matcher>> selectors, TimeRange range,
                                             size_t limit) const = 0;
  /// Sorted, without duplicates. No selectors means all series.
  virtual Result<std::vector<std::string>> label_names(std::span<const std::vector<Matcher>> selectors, TimeRange range,
                                                       size_t limit) const = 0;
  virtual Result<std::vector<std::string>> label_values(std::string_view name,
                                                        std::span<const std::vector<Matcher>> selectors,
                                                        TimeRange range, size_t limit) const = 0;
};

/// What a `limit` of Queryable does to results.
template <class T>
void cut_to_limit(std::vector<T>& list, size_t limit) {
  if (limit != 0 && list.size() > limit) list.erase(list.begin() + static_cast<std::ptrdiff_t>(limit), list.end());
}

/// Decides from its labels whether a caller may see a series. Thread-safe, must not throw.
using SeriesFilter = std::function<bool(const Labels&)>;

/// A storage seen through a caller's residual: only series the filter accepts exist. It is the only form in
/// which `api` hands storage to a query, so that every read path is covered and no query text is rewritten.
/// An empty filter shows everything.
class ScopedQueryable final : public Queryable {
 public:
  ScopedQueryable(std::shared_ptr<const Queryable> storage, SeriesFilter filter)
      : storage_(std::move(storage)), filter_(std::move(filter)) {}

  Result<std::vector<std::unique_ptr<Series>>> select(std::span<const Matcher> matchers, TimeRange range,
                                                      QueryBudget& budget) const override;
  Result<std::vector<Labels>> series(std::span<const std::vector<Matcher>> selectors, TimeRange range,
                                     size_t limit) const override;
  Result<std::vector<std::string>> label_names(std::span<const std::vector<Matcher>> selectors, TimeRange range,
                                               size_t limit) const override;
  Result<std::vector<std::string>> label_values(std::string_view name, std::span<const std::vector<Matcher>> selectors,
                                                TimeRange range, size_t limit) const override;

 private:
  std::shared_ptr<const Queryable> storage_;
  SeriesFilter filter_;
};

}  // namespace sluice::model
