#include "tsdb/merged_queryable.h"

#include <algorithm>
#include <iterator>
#include <ranges>
#include <utility>

#include "tsdb/column_merge.h"

namespace sluice::tsdb {
namespace {

using model::SampleColumn;
using SeriesList = std::vector<std::unique_ptr<model::Series>>;

/// What the parts of one selection charge their samples to: it counts nothing, the merged series do.
using UncountedBudget = std::shared_ptr<model::QueryBudget>;

/// Series of several parts that have the same labels.
class MergedSeries final : public model::Series {
 public:
  MergedSeries(SeriesList parts, UncountedBudget uncounted, model::QueryBudget& budget)
      : uncounted_(std::move(uncounted)), parts_(std::move(parts)), budget_(budget) {}

  const model::Labels& labels() const override { return parts_.front()->labels(); }

  Result<void> read(model::TimeRange range, SampleColumn& out) override {
    SLUICE_TRY(parts_.front()->read(range, out));
    SampleColumn more;
    for (const auto& part : parts_ | std::views::drop(1)) {
      SLUICE_TRY(part->read(range, more));
      merge_column(out, more);
    }
    return budget_.charge(out.size());
  }

 private:
  UncountedBudget uncounted_;  // outlives the parts, which refer to it
  SeriesList parts_;
  model::QueryBudget& budget_;
};

template <class T>
Result<std::vector<T>> unite(const MergedQueryable::Parts& parts, size_t limit, auto&& ask) {
  std::vector<T> all;
  for (const auto& part : parts) {
    SLUICE_ASSIGN(auto more, ask(*part));
    std::vector<T> both;
    both.reserve(all.size() + more.size());
    std::ranges::set_union(std::make_move_iterator(all.begin()), std::make_move_iterator(all.end()),
                           std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()),
                           std::back_inserter(both));
    all = std::move(both);
    model::cut_to_limit(all, limit);
  }
  return all;
}

}  // namespace

Result<SeriesList> MergedQueryable::select(std::span<const model::Matcher> matchers, model::TimeRange range,
                                           model::QueryBudget& budget) const {
  SLUICE_TRY(budget.charge(0));
  const auto uncounted = std::make_shared<model::QueryBudget>(UINT64_MAX, std::stop_token());
  // All series of all parts, sorted by labels; those of one label set in the order of the parts.
  SeriesList all;
  for (const auto& part : parts_) {
    SLUICE_ASSIGN(auto more, part->select(matchers, range, *uncounted));
    SeriesList both;
    both.reserve(all.size() + more.size());
    std::merge(std::make_move_iterator(all.begin()), std::make_move_iterator(all.end()),
               std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()), std::back_inserter(both),
               [](const auto& a, const auto& b) { return a->labels() < b->labels(); });
    all = std::move(both);
  }
  SeriesList merged;
  for (auto begin = all.begin(); begin != all.end();) {
    const auto end = std::find_if(begin, all.end(), [&](const auto& s) { return s->labels() != (*begin)->labels(); });
    SeriesList parts(std::make_move_iterator(begin), std::make_move_iterator(end));
    merged.push_back(std::make_unique<MergedSeries>(std::move(parts), uncounted, budget));
    begin = end;
  }
  return merged;
}

Result<std::vector<model::Labels>> MergedQueryable::series(std::span<const std::vector<model::Matcher>> selectors,
                                                           model::TimeRange range, size_t limit) const {
  return unite<model::Labels>(parts_, limit,
                              [&](const model::Queryable& part) { return part.series(selectors, range, limit); });
}

Result<std::vector<std::string>> MergedQueryable::label_names(std::span<const std::vector<model::Matcher>> selectors,
                                                              model::TimeRange range, size_t limit) const {
  return unite<std::string>(parts_, limit,
                            [&](const model::Queryable& part) { return part.label_names(selectors, range, limit); });
}

Result<std::vector<std::string>> MergedQueryable::label_values(std::string_view name,
                                                               std::span<const std::vector<model::Matcher>> selectors,
                                                               model::TimeRange range, size_t limit) const {
  return unite<std::string>(
      parts_, limit, [&](const model::Queryable& part) { return part.label_values(name, selectors, range, limit); });
}

}  // namespace sluice::tsdb
