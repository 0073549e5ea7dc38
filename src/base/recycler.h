#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "base/thread_safety.h"

namespace sluice {

/// Objects put aside for their memory, which serves the next user: large buffers cost more to get from the system, page
/// by page, than to fill. Keeps a few; the rest is let go of. Thread-safe.
template <class T>
class Recycler {
 public:
  explicit Recycler(size_t kept_max) : kept_max_(kept_max) {}

  /// One that was given, as it was; or a new one.
  T take() {
    MutexLock lock(mutex_);
    if (kept_.empty()) return T();
    T taken = std::move(kept_.back());
    kept_.pop_back();
    return taken;
  }
  void give(T object) {
    MutexLock lock(mutex_);
    if (kept_.size() < kept_max_) kept_.push_back(std::move(object));
  }

 private:
  const size_t kept_max_;
  Mutex mutex_;
  std::vector<T> kept_ SLUICE_GUARDED_BY(mutex_);
};

}  // namespace sluice
