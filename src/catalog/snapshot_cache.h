#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/thread_safety.h"

namespace sluice::catalog {

/// Immutable snapshots by key (an id or an ARN: the two cannot meet). Thread-safe. The owner clears it while it
/// still holds the lock under which it changed the database, and inserts under that same lock, so that no
/// snapshot outlives its change. Bounded: a full cache is emptied, which happens only past kEntriesMax entities in use.
template <class T>
class SnapshotCache {
 public:
  std::shared_ptr<const T> find(std::string_view key) const {
    MutexLock lock(mutex_);
    const auto found = entries_.find(key);
    return found == entries_.end() ? nullptr : found->second;
  }

  void insert(std::string_view key, std::shared_ptr<const T> value) {
    MutexLock lock(mutex_);
    if (entries_.size() >= kEntriesMax) entries_.clear();
    entries_.insert_or_assign(std::string(key), std::move(value));
  }

  void clear() {
    MutexLock lock(mutex_);
    entries_.clear();
  }

 private:
  static constexpr size_t kEntriesMax = 50'000;
  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  mutable Mutex mutex_;
  std::unordered_map<std::string, std::shared_ptr<const T>, Hash, std::equal_to<>> entries_ SLUICE_GUARDED_BY(mutex_);
};

}  // namespace sluice::catalog
