#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <thread>
#include <vector>

#include "base/executor.h"
#include "base/thread_safety.h"
#include "journal/timer.h"

namespace sluice::journal {

/// A few threads that do nothing but commit journals, shared by all of them: first in, first out, and a journal
/// never has more than one job here, so each gets its turn. Threads block in fdatasync; more of them than the
/// disk takes in parallel is of no use. Destroying it runs what is queued, drops what is not due yet, then joins.
/// Thread-safe.
class SyncerPool final : public Executor, public Timer {
 public:
  explicit SyncerPool(size_t threads);
  ~SyncerPool() override;
  void post(std::move_only_function<void()> work) override;
  /// What is due goes before what is queued, and must be quick.
  void post_after(std::chrono::milliseconds delay, std::move_only_function<void()> work) override;

 private:
  using Work = std::move_only_function<void()>;
  using SteadyTime = std::chrono::steady_clock::time_point;

  void run();
  Work next() SLUICE_REQUIRES(mutex_);

  Mutex mutex_;
  CondVar work_ready_;
  std::deque<Work> queue_ SLUICE_GUARDED_BY(mutex_);
  std::multimap<SteadyTime, Work> delayed_ SLUICE_GUARDED_BY(mutex_);
  bool stopping_ SLUICE_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;
};

}  // namespace sluice::journal
