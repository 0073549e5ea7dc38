#pragma once

#include <memory>
#include <utility>

#include "base/thread_safety.h"

namespace sluice::net {

/// An immutable value that is replaced as a whole while readers may still hold the former one; null at first.
/// Thread-safe. Not std::atomic<std::shared_ptr>: libstdc++ 12's unlocks with an order too weak for what it guards.
template <class T>
class Replaceable {
 public:
  std::shared_ptr<const T> load() const SLUICE_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    return value_;
  }
  void store(std::shared_ptr<const T> value) SLUICE_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    value_.swap(value);
  }

 private:
  mutable Mutex mutex_;
  std::shared_ptr<const T> value_ SLUICE_GUARDED_BY(mutex_);
};

}  // namespace sluice::net
