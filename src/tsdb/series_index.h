#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "model/matcher.h"
#include "tsdb/label_table.h"
#include "tsdb/memory_series.h"
#include "tsdb/slot_list.h"

namespace sluice::tsdb {

/// The inverted index of the head: label -> series that have it. A series' slot is the number of series added before it
/// (and not removed since), so every list grows at its end and stays sorted.
///
/// Borrows the series and the label table. Not thread-safe: guarded by the head's gate.
class SeriesIndex {
 public:
  explicit SeriesIndex(const LabelTable& table) : table_(table) {}

  /// Adds a series and sets its slot.
  void add(MemorySeries& series);
  /// Takes out all series that are `doomed`, and numbers the others anew. Work for every series and label.
  void remove_doomed();

  /// Slots of the series that all matchers accept, with Prometheus' meaning of absent labels (tsdb/querier.go,
  /// PostingsForMatchers): a matcher that accepts "" accepts series without the label. No matchers: all series.
  Postings select(std::span<const model::Matcher> matchers) const;

  MemorySeries& at(uint32_t slot) const { return *series_[slot]; }
  size_t size() const { return series_.size(); }
  /// True when some series has the label.
  bool has(LabelId label) const { return label < lists_.size() && !lists_[label].empty(); }
  /// The value of a series' label, "" when it has none.
  std::string_view value_of(const MemorySeries& series, std::string_view name) const;
  uint64_t bytes() const;  ///< approximate memory

 private:
  using Values = std::vector<LabelId>;

  const SlotList* find(std::string_view name, std::string_view value) const;
  Postings all() const;
  Postings with_label_accepted(const model::Matcher& matcher, bool accepted) const;
  void narrow(const model::Matcher& matcher, Postings& slots) const;

  const LabelTable& table_;
  std::vector<MemorySeries*> series_;
  std::vector<SlotList> lists_;  // by LabelId
  std::unordered_map<std::string, Values> names_;  // the labels in use, by their name
};

}  // namespace sluice::tsdb
