#include <algorithm>
#include <set>
#include <utility>

#include "tsdb/head.h"
#include "tsdb/late_merge.h"

/// The reading half of Head.
namespace sluice::tsdb {
namespace {

// One series of a selection: labels and chunks that nobody changes any more.
class HeadSeries final : public model::Series {
 public:
  HeadSeries(model::Labels labels, SeriesChunks chunks, model::QueryBudget& budget)
      : labels_(std::move(labels)), chunks_(std::move(chunks)), budget_(budget) {}

  const model::Labels& labels() const override { return labels_; }

  Result<void> read(model::TimeRange range, model::SampleColumn& out) override {
    out.clear();
    SLUICE_TRY(read_merged(chunks_, range, out));
    return budget_.charge(out.size());
  }

 private:
  const model::Labels labels_;
  const SeriesChunks chunks_;
  model::QueryBudget& budget_;
};

template <class T>
void cut(std::vector<T>& list, size_t limit) {
  if (limit != 0 && list.size() > limit) list.erase(list.begin() + static_cast<std::ptrdiff_t>(limit), list.end());
}

std::vector<std::string> sorted_copy(std::vector<std::string_view> views, size_t limit) {
  std::ranges::sort(views);
  views.erase(std::ranges::unique(views).begin(), views.end());
  cut(views, limit);
  return {views.begin(), views.end()};
}

}  // namespace

Result<std::vector<std::unique_ptr<model::Series>>> Head::select(std::span<const model::Matcher> matchers,
                                                                 model::TimeRange range,
                                                                 model::QueryBudget& budget) const {
  SLUICE_TRY(budget.charge(0));
  std::vector<std::unique_ptr<model::Series>> found;
  {
    GateReadLock lock(gate_);
    const auto chunks = chunks_.snapshot();
    for (const uint32_t slot : index_.select(matchers)) {
      const MemorySeries& series = index_.at(slot);
      if (!series.overlaps(range, view(chunks))) continue;
      SLUICE_ASSIGN(auto of_series, series.chunks(range, view(chunks)));
      found.push_back(std::make_unique<HeadSeries>(series.labels(labels_), std::move(of_series), budget));
    }
  }
  std::ranges::sort(found, [](const auto& a, const auto& b) { return a->labels() < b->labels(); });
  return found;
}

Postings Head::matching(std::span<const std::vector<model::Matcher>> selectors, model::TimeRange range) const {
  Postings slots;
  for (const auto& matchers : selectors) {
    const auto more = index_.select(matchers);
    slots.insert(slots.end(), more.begin(), more.end());
  }
  if (selectors.empty()) slots = index_.select({});
  std::ranges::sort(slots);
  slots.erase(std::ranges::unique(slots).begin(), slots.end());
  Postings with_data;
  const auto chunks = chunks_.snapshot();
  for (const uint32_t slot : slots) {
    if (index_.at(slot).overlaps(range, view(chunks))) with_data.push_back(slot);
  }
  return with_data;
}

Result<std::vector<model::Labels>> Head::series(std::span<const std::vector<model::Matcher>> selectors,
                                                model::TimeRange range, size_t limit) const {
  std::vector<model::Labels> found;
  if (selectors.empty()) return found;
  {
    GateReadLock lock(gate_);
    for (const uint32_t slot : matching(selectors, range)) found.push_back(index_.at(slot).labels(labels_));
  }
  std::ranges::sort(found);
  cut(found, limit);
  return found;
}

Result<std::vector<std::string>> Head::label_names(std::span<const std::vector<model::Matcher>> selectors,
                                                   model::TimeRange range, size_t limit) const {
  GateReadLock lock(gate_);
  std::set<std::string_view> names;
  for (const uint32_t slot : matching(selectors, range)) {
    for (const LabelId id : index_.at(slot).label_ids()) names.insert(labels_.label(id).name);
  }
  return sorted_copy({names.begin(), names.end()}, limit);
}

Result<std::vector<std::string>> Head::label_values(std::string_view name,
                                                    std::span<const std::vector<model::Matcher>> selectors,
                                                    model::TimeRange range, size_t limit) const {
  GateReadLock lock(gate_);
  std::vector<std::string_view> values;
  for (const uint32_t slot : matching(selectors, range)) {
    const auto value = index_.value_of(index_.at(slot), name);
    if (!value.empty()) values.push_back(value);
  }
  return sorted_copy(std::move(values), limit);
}

}  // namespace sluice::tsdb
