#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "model/matcher.h"
#include "tsdb/memory_series.h"

namespace sluice::tsdb {

/// Numbers of series in the index, increasing.
using Postings = std::vector<uint32_t>;

/// The inverted index of the head: label name -> value -> series that have it. A series' slot is the number of
/// series added before it, so every list grows at its end and stays sorted.
///
/// Borrows the series and their label bytes, which must stay where they are. Not thread-safe: guarded by the
/// head's gate.
class SeriesIndex {
 public:
  /// Adds a series and sets its slot.
  void add(MemorySeries& series);

  /// Slots of the series that all matchers accept, with Prometheus' meaning of absent labels (tsdb/querier.go,
  /// PostingsForMatchers): a matcher that accepts "" accepts series without the label. No matchers: all series.
  Postings select(std::span<const model::Matcher> matchers) const;

  MemorySeries& at(uint32_t slot) const { return *series_[slot]; }
  size_t size() const { return series_.size(); }

 private:
  using Values = std::unordered_map<std::string_view, Postings>;

  const Postings* find(std::string_view name, std::string_view value) const;
  Postings all() const;
  Postings with_label_accepted(const model::Matcher& matcher, bool accepted) const;
  void narrow(const model::Matcher& matcher, Postings& slots) const;

  // Where the series before got its label of the same rank: series come target by target, and share most labels.
  struct Recent {
    model::LabelView label;
    Postings* list = nullptr;
  };

  std::vector<MemorySeries*> series_;
  std::unordered_map<std::string_view, Values> labels_;  // nodes keep their address
  std::vector<Recent> recent_;
};

}  // namespace sluice::tsdb
