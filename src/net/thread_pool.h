#pragma once

#include <deque>
#include <functional>
#include <thread>
#include <vector>

#include "base/executor.h"
#include "base/thread_safety.h"

namespace sluice::net {

/// Threads that run posted work in the order it came. The queue is bounded by its users: connections and
/// spawned tasks are counted, and each has at most one piece of work in it. Thread-safe.
class ThreadPool final : public Executor {
 public:
  explicit ThreadPool(size_t threads);
  ~ThreadPool() override { join(); }
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  void post(std::move_only_function<void()> work) override;
  /// Runs what is queued, then ends the threads. Work posted afterwards is dropped. Idempotent; never called by
  /// work of this pool.
  void join();

 private:
  void run();

  Mutex mutex_;
  CondVar wake_;
  std::deque<std::move_only_function<void()>> queue_ SLUICE_GUARDED_BY(mutex_);
  bool is_ending_ SLUICE_GUARDED_BY(mutex_) = false;
  std::vector<std::jthread> threads_;
};

}  // namespace sluice::net
