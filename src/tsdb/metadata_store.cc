#include "tsdb/metadata_store.h"

#include <algorithm>
#include <utility>

namespace sluice::tsdb {

bool MetadataStore::is_news(std::string_view name, const model::Metadata& metadata, TimestampMs now_ms) {
  const MutexLock lock(mutex_);
  const auto found = by_name_.find(name);
  if (found == by_name_.end() || found->second->metadata != metadata) return true;
  families_.splice(families_.begin(), families_, found->second);
  found->second->seen_ms = now_ms;
  return false;
}

void MetadataStore::set(std::string_view name, model::Metadata metadata, TimestampMs now_ms) {
  const MutexLock lock(mutex_);
  if (const auto found = by_name_.find(name); found != by_name_.end()) {
    families_.splice(families_.begin(), families_, found->second);
    found->second->metadata = std::move(metadata);
    found->second->seen_ms = now_ms;
    return;
  }
  if (families_max_ == 0) return;
  if (families_.size() == families_max_) {
    by_name_.erase(families_.back().name);
    families_.pop_back();
  }
  families_.push_front({std::string(name), std::move(metadata), now_ms});
  by_name_.emplace(families_.front().name, families_.begin());
}

std::optional<MetadataStore::Family> MetadataStore::find(std::string_view name) const {
  const MutexLock lock(mutex_);
  const auto found = by_name_.find(name);
  if (found == by_name_.end()) return std::nullopt;
  return *found->second;
}

std::vector<MetadataStore::Family> MetadataStore::by_age() const {
  const MutexLock lock(mutex_);
  return {families_.rbegin(), families_.rend()};
}

std::vector<MetadataStore::Family> MetadataStore::families() const {
  std::vector<Family> all = by_age();
  std::ranges::sort(all, {}, &Family::name);
  return all;
}

}  // namespace sluice::tsdb
