#include "model/queryable.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "base/check.h"

namespace sluice::model {
namespace {

// "No selectors" means all series to label_names and label_values; series() needs it spelled out.
std::vector<std::vector<Matcher>> match_everything() {
  auto matcher = Matcher::make(MatchType::kRegex, std::string(kMetricName), ".*");
  SLUICE_CHECK(matcher.has_value(), "the pattern .* compiles");
  return {{*std::move(matcher)}};
}

}  // namespace

Result<void> QueryBudget::charge(uint64_t samples) {
  if (stop_.stop_requested()) {
    return fail(ErrorCode::kCancelled, "the query was cancelled: the client went away or its deadline passed");
  }
  const uint64_t used = used_.fetch_add(samples, std::memory_order_relaxed) + samples;
  if (used > samples_max_) {
    return fail(ErrorCode::kQuotaExceeded,
                fmt::format("query processing would load too many samples into memory in query execution "
                            "({} so far, the limit is {})",
                            used, samples_max_));
  }
  return {};
}

Result<std::vector<std::unique_ptr<Series>>> ScopedQueryable::select(std::span<const Matcher> matchers, TimeRange range,
                                                                     QueryBudget& budget) const {
  auto selected = storage_->select(matchers, range, budget);
  if (selected && filter_) {
    std::erase_if(*selected, [&](const std::unique_ptr<Series>& series) { return !filter_(series->labels()); });
  }
  return selected;
}

Result<std::vector<Labels>> ScopedQueryable::series(std::span<const std::vector<Matcher>> selectors, TimeRange range,
                                                    size_t limit) const {
  if (!filter_) return storage_->series(selectors, range, limit);
  // The limit must count what the caller may see, so the storage cannot apply it.
  SLUICE_ASSIGN(auto found, storage_->series(selectors, range, 0));
  std::erase_if(found, [&](const Labels& labels) { return !filter_(labels); });
  cut_to_limit(found, limit);
  return found;
}

Result<std::vector<std::string>> ScopedQueryable::label_names(std::span<const std::vector<Matcher>> selectors,
                                                              TimeRange range, size_t limit) const {
  if (!filter_) return storage_->label_names(selectors, range, limit);
  const auto everything = selectors.empty() ? match_everything() : std::vector<std::vector<Matcher>>();
  SLUICE_ASSIGN(const auto visible, series(selectors.empty() ? everything : selectors, range, 0));
  std::set<std::string, std::less<>> names;
  for (const Labels& labels : visible) {
    for (const LabelView& label : labels) {
      if (!names.contains(label.name)) names.emplace(label.name);
    }
  }
  std::vector<std::string> result(names.begin(), names.end());
  cut_to_limit(result, limit);
  return result;
}

Result<std::vector<std::string>> ScopedQueryable::label_values(std::string_view name,
                                                               std::span<const std::vector<Matcher>> selectors,
                                                               TimeRange range, size_t limit) const {
  if (!filter_) return storage_->label_values(name, selectors, range, limit);
  const auto everything = selectors.empty() ? match_everything() : std::vector<std::vector<Matcher>>();
  SLUICE_ASSIGN(const auto visible, series(selectors.empty() ? everything : selectors, range, 0));
  std::set<std::string, std::less<>> values;
  for (const Labels& labels : visible) {
    const std::string_view value = labels.get(name);
    if (!value.empty() && !values.contains(value)) values.emplace(value);
  }
  std::vector<std::string> result(values.begin(), values.end());
  cut_to_limit(result, limit);
  return result;
}

}  // namespace sluice::model
