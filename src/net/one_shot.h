#pragma once

#include <functional>
#include <optional>
#include <utility>

#include "base/thread_safety.h"

namespace sluice::net {

/// One value that several parties race to give: the first wins, the rest are dropped. The waiter may come before
/// or after it. Thread-safe; kept alive by shared_ptr in whoever may still complete it.
template <class T>
class OneShot {
 public:
  using Done = std::move_only_function<void(T)>;

  /// Calls `done` with the value once, from complete() or at once. Called once.
  void wait(Done done) {
    std::optional<T> ready;
    {
      MutexLock lock(mutex_);
      if (!value_) {
        done_ = std::move(done);
        return;
      }
      ready = std::move(value_);
    }
    done(*std::move(ready));
  }

  void complete(T value) {
    Done done;
    {
      MutexLock lock(mutex_);
      if (std::exchange(is_complete_, true)) return;
      if (!done_) {
        value_.emplace(std::move(value));
        return;
      }
      done = std::move(done_);
    }
    done(std::move(value));
  }

 private:
  Mutex mutex_;
  Done done_ SLUICE_GUARDED_BY(mutex_);
  std::optional<T> value_ SLUICE_GUARDED_BY(mutex_);
  bool is_complete_ SLUICE_GUARDED_BY(mutex_) = false;
};

}  // namespace sluice::net
