#pragma once

#include <chrono>
#include <functional>
#include <thread>

#include "base/thread_safety.h"

namespace sluice::cli {

/// Calls `work` at once and then `interval` after each call's end, on a thread of its own, until destroyed; a call
/// under way is waited for. One thread owns it.
class PeriodicTask {
 public:
  PeriodicTask(std::chrono::milliseconds interval, std::function<void()> work)
      : interval_(interval), work_(std::move(work)), thread_([this] { run(); }) {}
  ~PeriodicTask() {
    {
      MutexLock lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_all();
    thread_.join();
  }
  PeriodicTask(const PeriodicTask&) = delete;
  PeriodicTask& operator=(const PeriodicTask&) = delete;

 private:
  void run() {
    MutexLock lock(mutex_);
    while (!stopping_) {
      lock.unlock();
      work_();
      lock.lock();
      const auto due = std::chrono::steady_clock::now() + interval_;
      while (!stopping_ && wake_.wait_until(mutex_, due)) {
      }
    }
  }

  const std::chrono::milliseconds interval_;
  const std::function<void()> work_;
  Mutex mutex_;
  CondVar wake_;
  bool stopping_ SLUICE_GUARDED_BY(mutex_) = false;
  std::thread thread_;  // last: run() uses all of the above
};

}  // namespace sluice::cli
