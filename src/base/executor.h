#pragma once

#include <functional>

namespace sluice {

/// Where work runs. Thread-safe. Implemented by net's pools, and by InlineExecutor in tests.
class Executor {
 public:
  virtual ~Executor() = default;
  /// Queues `work`; it runs exactly once, on some thread of the executor, never inside post().
  /// `work` must not throw.
  virtual void post(std::move_only_function<void()> work) = 0;
};

/// Runs work at once, inside post(), on the caller's thread: for work that is less than handing it over, and for tests
/// that own their time.
class InlineExecutor final : public Executor {
 public:
  void post(std::move_only_function<void()> work) override { work(); }
};

}  // namespace sluice
