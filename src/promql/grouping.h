#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "model/labels.h"

namespace sluice::promql {

/// Makes keys of label sets: either only some labels, or all but some. The key of a set is the packed form of
/// what is left, so that Labels::from_packed(key) is the group's label set. Not thread-safe.
class LabelKey {
 public:
  /// `keep`: only `names` count; else everything but `names` and the metric name.
  LabelKey(bool keep, std::vector<std::string> names);
  /// Good until the next call.
  std::string_view of(const model::Labels& labels);

 private:
  bool keep_;
  std::vector<std::string> names_;  // sorted
  std::vector<model::LabelView> left_;
  std::string packed_;
};

/// Numbers keys in order of first appearance.
class KeyTable {
 public:
  size_t index_of(std::string_view key);
  /// SIZE_MAX when it has not appeared.
  size_t find(std::string_view key) const;
  size_t size() const { return keys_.size(); }
  const std::string& key(size_t index) const { return *keys_[index]; }

 private:
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  std::unordered_map<std::string, size_t, Hash, std::equal_to<>> indices_;
  std::vector<const std::string*> keys_;  // map nodes do not move
};

}  // namespace sluice::promql
