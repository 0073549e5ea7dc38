#include "tsdb/series_index.h"

#include <algorithm>
#include <iterator>
#include <numeric>

#include "base/check.h"

namespace sluice::tsdb {
namespace {

using model::Matcher;
using model::MatchType;

Postings intersect(const Postings& a, const Postings& b) {
  Postings both;
  both.reserve(std::min(a.size(), b.size()));
  std::ranges::set_intersection(a, b, std::back_inserter(both));
  return both;
}

Postings subtract(const Postings& from, const Postings& what) {
  Postings rest;
  rest.reserve(from.size());
  std::ranges::set_difference(from, what, std::back_inserter(rest));
  return rest;
}

// The union of lists that may be many: each slot has one value per label, so they are disjoint.
Postings merge(const std::vector<const SlotList*>& lists) {
  Postings all;
  size_t total = 0;
  for (const auto* list : lists) total += list->size();
  all.reserve(total);
  for (const auto* list : lists) list->for_each([&](uint32_t slot) { all.push_back(slot); });
  if (lists.size() > 1) std::ranges::sort(all);
  return all;
}

}  // namespace

void SeriesIndex::add(MemorySeries& series) {
  SLUICE_CHECK(series_.size() < UINT32_MAX, "more series than slots");
  const auto slot = static_cast<uint32_t>(series_.size());
  series.set_slot(slot);
  series_.push_back(&series);
  for (const LabelId id : series.label_ids()) {
    if (id >= lists_.size()) lists_.resize(std::max<size_t>(table_.end(), id + 1));
    SlotList& list = lists_[id];
    if (list.empty()) names_[std::string(table_.label(id).name)].push_back(id);
    list.add(slot);
  }
}

void SeriesIndex::remove_doomed() {
  std::vector<uint32_t> slots(series_.size(), UINT32_MAX);  // old -> new
  uint32_t kept = 0;
  for (size_t slot = 0; slot < series_.size(); ++slot) {
    MemorySeries* const series = series_[slot];
    if (series->doomed.load(std::memory_order_relaxed)) continue;
    series->set_slot(kept);
    series_[kept] = series;
    slots[slot] = kept++;
  }
  series_.resize(kept);
  series_.shrink_to_fit();
  for (SlotList& list : lists_) {
    if (list.empty()) continue;
    SlotList rest;
    list.for_each([&](uint32_t slot) {
      if (slots[slot] != UINT32_MAX) rest.add(slots[slot]);
    });
    list = std::move(rest);
  }
  for (auto name = names_.begin(); name != names_.end();) {
    std::erase_if(name->second, [&](LabelId id) { return lists_[id].empty(); });
    name = name->second.empty() ? names_.erase(name) : std::next(name);
  }
}

const SlotList* SeriesIndex::find(std::string_view name, std::string_view value) const {
  const LabelId id = table_.find(model::LabelView{name, value});
  return id != kNoLabel && has(id) ? &lists_[id] : nullptr;
}

Postings SeriesIndex::all() const {
  Postings slots(series_.size());
  std::iota(slots.begin(), slots.end(), 0u);
  return slots;
}

std::string_view SeriesIndex::value_of(const MemorySeries& series, std::string_view name) const {
  for (const LabelId id : series.label_ids()) {
    const model::LabelView label = table_.label(id);
    if (label.name == name) return label.value;
  }
  return {};
}

// Series that have the matcher's label, with a value it accepts (or does not).
Postings SeriesIndex::with_label_accepted(const Matcher& matcher, bool accepted) const {
  std::vector<const SlotList*> lists;
  const auto add = [&](const std::string& value) {
    if (const auto* list = find(matcher.name(), value)) lists.push_back(list);
  };
  const bool by_value = matcher.type() == (accepted ? MatchType::kEqual : MatchType::kNotEqual);
  const bool by_set = matcher.type() == (accepted ? MatchType::kRegex : MatchType::kNotRegex);
  if (by_value) {
    add(matcher.value());
  } else if (by_set && !matcher.set_matches().empty()) {
    std::ranges::for_each(matcher.set_matches(), add);
  } else if (const auto values = names_.find(matcher.name()); values != names_.end()) {
    for (const LabelId id : values->second) {
      if (matcher.matches(table_.label(id).value) == accepted) lists.push_back(&lists_[id]);
    }
  }
  return merge(lists);
}

void SeriesIndex::narrow(const Matcher& matcher, Postings& slots) const {
  const auto values = names_.find(matcher.name());
  const size_t value_count = values == names_.end() ? 0 : values->second.size();
  if (slots.size() <= value_count) {  // asking each series is the shorter way
    std::erase_if(slots, [&](uint32_t slot) { return !matcher.matches(value_of(at(slot), matcher.name())); });
  } else if (matcher.matches_empty()) {
    slots = subtract(slots, with_label_accepted(matcher, false));
  } else {
    slots = intersect(slots, with_label_accepted(matcher, true));
  }
}

Postings SeriesIndex::select(std::span<const Matcher> matchers) const {
  // The equality with the fewest series is where to begin; the order of the others does not change the result.
  const Matcher* narrowest = nullptr;
  const SlotList* fewest = nullptr;
  for (const auto& matcher : matchers) {
    if (matcher.type() != MatchType::kEqual || matcher.value().empty()) continue;
    const auto* list = find(matcher.name(), matcher.value());
    if (list == nullptr) return {};
    if (fewest == nullptr || list->size() < fewest->size()) {
      fewest = list;
      narrowest = &matcher;
    }
  }
  Postings slots;
  if (fewest != nullptr) {
    fewest->append_to(slots);
  } else {
    slots = all();
  }
  for (const auto& matcher : matchers) {
    if (slots.empty()) break;
    if (&matcher != narrowest) narrow(matcher, slots);
  }
  return slots;
}

uint64_t SeriesIndex::bytes() const {
  uint64_t total = series_.capacity() * sizeof(MemorySeries*) + lists_.capacity() * sizeof(SlotList);
  for (const auto& list : lists_) total += list.memory_bytes();
  return total;
}

}  // namespace sluice::tsdb
