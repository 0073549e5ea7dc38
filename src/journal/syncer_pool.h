#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <thread>
#include <vector>

#include "base/executor.h"
#include "base/thread_safety.h"

namespace sluice::journal {

/// A few threads that do nothing but commit journals, shared by all of them: first in, first out, and a journal
/// never has more than one job here, so each gets its turn. Threads block in fdatasync; more of them than the
/// disk takes in parallel is of no use. Destroying it runs what is queued, then joins. Thread-safe.
class SyncerPool final : public Executor {
 public:
  explicit SyncerPool(size_t threads);
  ~SyncerPool() override;
  void post(std::move_only_function<void()> work) override;

 private:
  void run();

  Mutex mutex_;
  CondVar work_ready_;
  std::deque<std::move_only_function<void()>> queue_ SLUICE_GUARDED_BY(mutex_);
  bool stopping_ SLUICE_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;
};

}  // namespace sluice::journal
