#include "promql/grouping.h"

#include <algorithm>

namespace sluice::promql {

LabelKey::LabelKey(bool keep, std::vector<std::string> names) : keep_(keep), names_(std::move(names)) {
  if (!keep_) names_.emplace_back(model::kMetricName);
  std::sort(names_.begin(), names_.end());
  names_.erase(std::unique(names_.begin(), names_.end()), names_.end());
}

std::string_view LabelKey::of(const model::Labels& labels) {
  packed_.clear();
  if (keep_ && names_.empty()) return packed_;
  left_.clear();
  size_t next = 0;
  for (const model::LabelView label : labels) {
    // Both lists are sorted.
    while (next < names_.size() && names_[next] < label.name) ++next;
    const bool named = next < names_.size() && names_[next] == label.name;
    if (named == keep_) left_.push_back(label);
  }
  model::pack_labels(left_, packed_);
  return packed_;
}

size_t KeyTable::find(std::string_view key) const {
  const auto found = indices_.find(key);
  return found != indices_.end() ? found->second : SIZE_MAX;
}

size_t KeyTable::index_of(std::string_view key) {
  if (const size_t known = find(key); known != SIZE_MAX) return known;
  const auto fresh = indices_.emplace(std::string(key), keys_.size()).first;
  keys_.push_back(&fresh->first);
  return fresh->second;
}

}  // namespace sluice::promql
