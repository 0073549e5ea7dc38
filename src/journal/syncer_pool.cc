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

void SyncerPool::post_after(std::chrono::milliseconds delay, std::move_only_function<void()> work) {
  {
    MutexLock lock(mutex_);
    delayed_.emplace(std::chrono::steady_clock::now() + delay, std::move(work));
  }
  work_ready_.notify_one();  // it may be due before what the others wait for
}

// Waits for the next one; null when there is none and the pool ends.
SyncerPool::Work SyncerPool::next() {
  for (;;) {
    const auto first = delayed_.begin();
    if (first != delayed_.end() && first->first <= std::chrono::steady_clock::now()) {
      Work work = std::move(first->second);
      delayed_.erase(first);
      return work;
    }
    if (!queue_.empty()) {
      Work work = std::move(queue_.front());
      queue_.pop_front();
      return work;
    }
    if (stopping_) return nullptr;
    if (first == delayed_.end()) work_ready_.wait(mutex_);
    else work_ready_.wait_until(mutex_, SteadyTime(first->first));
  }
}

void SyncerPool::run() {
  for (;;) {
    Work work;
    {
      MutexLock lock(mutex_);
      work = next();
    }
    if (!work) return;
    work();
  }
}

}  // namespace sluice::journal
