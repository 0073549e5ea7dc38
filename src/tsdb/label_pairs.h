#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "model/labels.h"

namespace sluice::tsdb {

/// The labels of the series that go into an index, each (name, value) once. A label is named by its number, in the
/// order of arrival; rank() brings labels and strings into the order of the index. Not thread-safe.
class LabelPairs {
 public:
  /// With the empty string, by which the index names all series and which Prometheus therefore has among its symbols.
  LabelPairs() { symbol({}); }

  /// Replaces `numbers` by those of the labels, counting their uses. Series should come sorted: a label is looked up
  /// only when the series before had another in its place.
  void add(const model::Labels& labels, std::vector<uint32_t>& numbers);
  size_t size() const { return pairs_.size(); }

  /// Sorts everything. The last change; what follows wants it.
  void rank();
  const std::vector<std::string_view>& symbols() const { return sorted_symbols_; }
  /// Numbers of the labels, by name, then value.
  const std::vector<uint32_t>& by_rank() const { return by_rank_; }

  struct Pair {
    uint32_t name = 0;  ///< a symbol: by arrival, after rank() by its place in symbols()
    uint32_t value = 0;  ///< likewise
    uint32_t uses = 0;  ///< series that have it
  };
  const Pair& at(uint32_t number) const { return pairs_[number]; }

 private:
  struct StringHash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  struct Recent {
    std::string name;
    std::string value;
    uint32_t number = 0;
  };
  uint32_t symbol(std::string_view text);
  uint32_t pair(const model::LabelView& label);

  std::unordered_map<std::string, uint32_t, StringHash, std::equal_to<>> symbols_;
  std::unordered_map<uint64_t, uint32_t> numbers_;  // name << 32 | value -> number
  std::vector<Pair> pairs_;
  std::vector<Recent> recent_;
  std::vector<std::string_view> sorted_symbols_;  // borrowed from symbols_
  std::vector<uint32_t> by_rank_;
};

}  // namespace sluice::tsdb
