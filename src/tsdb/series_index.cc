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
Postings merge(const std::vector<const Postings*>& lists) {
  Postings all;
  size_t total = 0;
  for (const auto* list : lists) total += list->size();
  all.reserve(total);
  for (const auto* list : lists) all.insert(all.end(), list->begin(), list->end());
  if (lists.size() > 1) std::ranges::sort(all);
  return all;
}

}  // namespace

void SeriesIndex::add(MemorySeries& series) {
  SLUICE_CHECK(series_.size() < UINT32_MAX, "more series than slots");
  const auto slot = static_cast<uint32_t>(series_.size());
  series.set_slot(slot);
  series_.push_back(&series);
  size_t rank = 0;
  for (const auto label : series.labels()) {
    if (rank == recent_.size()) recent_.emplace_back();
    Recent& recent = recent_[rank++];
    if (recent.list == nullptr || recent.label != label) recent = {label, &labels_[label.name][label.value]};
    recent.list->push_back(slot);
  }
}

const Postings* SeriesIndex::find(std::string_view name, std::string_view value) const {
  const auto values = labels_.find(name);
  if (values == labels_.end()) return nullptr;
  const auto postings = values->second.find(value);
  return postings == values->second.end() ? nullptr : &postings->second;
}

Postings SeriesIndex::all() const {
  Postings slots(series_.size());
  std::iota(slots.begin(), slots.end(), 0u);
  return slots;
}

// Series that have the matcher's label, with a value it accepts (or does not).
Postings SeriesIndex::with_label_accepted(const Matcher& matcher, bool accepted) const {
  std::vector<const Postings*> lists;
  const auto add = [&](const std::string& value) {
    if (const auto* list = find(matcher.name(), value)) lists.push_back(list);
  };
  const bool by_value = matcher.type() == (accepted ? MatchType::kEqual : MatchType::kNotEqual);
  const bool by_set = matcher.type() == (accepted ? MatchType::kRegex : MatchType::kNotRegex);
  if (by_value) {
    add(matcher.value());
  } else if (by_set && !matcher.set_matches().empty()) {
    std::ranges::for_each(matcher.set_matches(), add);
  } else if (const auto values = labels_.find(matcher.name()); values != labels_.end()) {
    for (const auto& [value, list] : values->second) {
      if (matcher.matches(value) == accepted) lists.push_back(&list);
    }
  }
  return merge(lists);
}

void SeriesIndex::narrow(const Matcher& matcher, Postings& slots) const {
  const auto values = labels_.find(matcher.name());
  const size_t value_count = values == labels_.end() ? 0 : values->second.size();
  if (slots.size() <= value_count) {  // asking each series is the shorter way
    std::erase_if(slots, [&](uint32_t slot) { return !matcher.matches(at(slot).labels()); });
  } else if (matcher.matches_empty()) {
    slots = subtract(slots, with_label_accepted(matcher, false));
  } else {
    slots = intersect(slots, with_label_accepted(matcher, true));
  }
}

Postings SeriesIndex::select(std::span<const Matcher> matchers) const {
  // The equality with the fewest series is where to begin; the order of the others does not change the result.
  const Matcher* narrowest = nullptr;
  const Postings* fewest = nullptr;
  for (const auto& matcher : matchers) {
    if (matcher.type() != MatchType::kEqual || matcher.value().empty()) continue;
    const auto* list = find(matcher.name(), matcher.value());
    if (list == nullptr) return {};
    if (fewest == nullptr || list->size() < fewest->size()) {
      fewest = list;
      narrowest = &matcher;
    }
  }
  Postings slots = fewest != nullptr ? *fewest : all();
  for (const auto& matcher : matchers) {
    if (slots.empty()) break;
    if (&matcher != narrowest) narrow(matcher, slots);
  }
  return slots;
}

}  // namespace sluice::tsdb
