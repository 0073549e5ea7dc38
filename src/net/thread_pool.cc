#include "net/thread_pool.h"

namespace sluice::net {

ThreadPool::ThreadPool(size_t threads) {
  threads_.reserve(threads);
  for (size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { run(); });
}

void ThreadPool::post(std::move_only_function<void()> work) {
  // Told under the lock: once it is free, the work may be done and the pool destroyed.
  MutexLock lock(mutex_);
  if (is_ending_) return;
  queue_.push_back(std::move(work));
  wake_.notify_one();
}

void ThreadPool::join() {
  {
    MutexLock lock(mutex_);
    is_ending_ = true;
  }
  wake_.notify_all();
  threads_.clear();  // joins
}

void ThreadPool::run() {
  MutexLock lock(mutex_);
  for (;;) {
    while (queue_.empty() && !is_ending_) wake_.wait(mutex_);
    if (queue_.empty()) return;
    auto work = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    work();
    work = nullptr;  // what it holds is released outside the lock
    lock.lock();
  }
}

}  // namespace sluice::net
