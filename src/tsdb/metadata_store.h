#pragma once

#include <cstddef>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/thread_safety.h"
#include "model/metadata.h"

namespace sluice::tsdb {

/// What senders said about the metric families of a workspace. The last word on each counts; when there are too many
/// families, the one that was not heard of for longest goes. Thread-safe.
class MetadataStore {
 public:
  struct Family {
    std::string name;
    model::Metadata metadata;
    TimestampMs seen_ms = 0;  ///< when it was last heard of; 0 since a restart
  };

  explicit MetadataStore(size_t families_max) : families_max_(families_max) {}

  /// Whether set() would change what is known: only that needs to be in the log, since senders repeat themselves with
  /// every minute or request. What is no news counts as heard of now.
  bool is_news(std::string_view name, const model::Metadata& metadata, TimestampMs now_ms);
  void set(std::string_view name, model::Metadata metadata, TimestampMs now_ms);

  std::optional<Family> find(std::string_view name) const;
  /// All, by name.
  std::vector<Family> families() const;
  /// All, the one not heard of for longest first: set in this order, they make the same store.
  std::vector<Family> by_age() const;

 private:
  using Families = std::list<Family>;

  const size_t families_max_;
  mutable Mutex mutex_;
  Families families_ SLUICE_GUARDED_BY(mutex_);  // the one heard of last in front
  std::unordered_map<std::string_view, Families::iterator> by_name_ SLUICE_GUARDED_BY(mutex_);  // names in the list
};

}  // namespace sluice::tsdb
