#include <algorithm>
#include <set>
#include <utility>

#include "tsdb/head.h"

/// The reading half of Head.
namespace sluice::tsdb {
namespace {

// One series of a selection: chunks that nobody changes any more, and the head that owns the labels.
class HeadSeries final : public model::Series {
 public:
  HeadSeries(std::shared_ptr<const Head> head, const MemorySeries& series, std::vector<ChunkView> chunks,
             model::QueryBudget& budget)
      : head_(std::move(head)), labels_(series.labels()), chunks_(std::move(chunks)), budget_(budget) {}

  const model::Labels& labels() const override { return labels_; }

  Result<void> read(model::TimeRange range, model::SampleColumn& out) override {
    out.clear();
    for (const auto& chunk : chunks_) {
      if (chunk.max_ms < range.min_ms) continue;
      if (chunk.min_ms > range.max_ms) break;
      SLUICE_TRY(read_chunk(chunk, range, out));
    }
    return budget_.charge(out.size());
  }

 private:
  std::shared_ptr<const Head> head_;
  const model::Labels& labels_;
  std::vector<ChunkView> chunks_;
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
  const auto self = shared_from_this();
  {
    GateReadLock lock(gate_);
    for (const uint32_t slot : index_.select(matchers)) {
      const MemorySeries& series = index_.at(slot);
      if (!series.overlaps(range)) continue;
      found.push_back(std::make_unique<HeadSeries>(self, series, series.chunks(range), budget));
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
  for (const uint32_t slot : slots) {
    if (index_.at(slot).overlaps(range)) with_data.push_back(slot);
  }
  return with_data;
}

Result<std::vector<model::Labels>> Head::series(std::span<const std::vector<model::Matcher>> selectors,
                                                model::TimeRange range, size_t limit) const {
  std::vector<model::Labels> found;
  if (selectors.empty()) return found;
  {
    GateReadLock lock(gate_);
    for (const uint32_t slot : matching(selectors, range)) found.push_back(index_.at(slot).labels());
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
    for (const auto label : index_.at(slot).labels()) names.insert(label.name);
  }
  return sorted_copy({names.begin(), names.end()}, limit);
}

Result<std::vector<std::string>> Head::label_values(std::string_view name,
                                                    std::span<const std::vector<model::Matcher>> selectors,
                                                    model::TimeRange range, size_t limit) const {
  GateReadLock lock(gate_);
  std::vector<std::string_view> values;
  for (const uint32_t slot : matching(selectors, range)) {
    const auto value = index_.at(slot).labels().get(name);
    if (!value.empty()) values.push_back(value);
  }
  return sorted_copy(std::move(values), limit);
}

}  // namespace sluice::tsdb
