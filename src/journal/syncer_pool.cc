#include "journal/syncer_pool.h"

#include <utility>

#include "base/check.h"

namespace sluice::journal {

SyncerPool::SyncerPool(size_t threads) {
  SLUICE_CHECK(threads > 0, "a pool without threads would never commit");
  threads_.reserve(threads);
  for (size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { run(); });
}

SyncerPool::~SyncerPool() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
  }
  work_ready_.notify_all();
  for (auto& thread : threads_) thread.join();
}

void SyncerPool::post(std::move_only_function<void()> work) {
  // Told under the lock: once it is free, the work may be done and the pool destroyed.
  MutexLock lock(mutex_);
  queue_.push_back(std::move(work));
  work_ready_.notify_one();
}

void SyncerPool::run() {
  for (;;) {
    std::move_only_function<void()> work;
    {
      MutexLock lock(mutex_);
      while (queue_.empty() && !stopping_) work_ready_.wait(mutex_);
      if (queue_.empty()) return;
      work = std::move(queue_.front());
      queue_.pop_front();
    }
    work();
  }
}

}  // namespace sluice::journal
