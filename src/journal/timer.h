#pragma once

#include <chrono>
#include <functional>

namespace sluice::journal {

/// Runs work later. Thread-safe.
class Timer {
 public:
  virtual ~Timer() = default;
  /// Runs `work` once, not before `delay` has passed, never inside this call; not at all when the timer ends before.
  virtual void post_after(std::chrono::milliseconds delay, std::move_only_function<void()> work) = 0;
};

}  // namespace sluice::journal
