#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

/// Clang's thread-safety analysis (https://clang.llvm.org/docs/ThreadSafetyAnalysis.html): the build treats
/// a guarded member touched without its mutex as an error.
#define SLUICE_CAPABILITY(name) __attribute__((capability(name)))
#define SLUICE_SCOPED_CAPABILITY __attribute__((scoped_lockable))
#define SLUICE_GUARDED_BY(mutex) __attribute__((guarded_by(mutex)))
#define SLUICE_PT_GUARDED_BY(mutex) __attribute__((pt_guarded_by(mutex)))
#define SLUICE_REQUIRES(...) __attribute__((requires_capability(__VA_ARGS__)))
#define SLUICE_EXCLUDES(...) __attribute__((locks_excluded(__VA_ARGS__)))
#define SLUICE_ACQUIRE(...) __attribute__((acquire_capability(__VA_ARGS__)))
#define SLUICE_RELEASE(...) __attribute__((release_capability(__VA_ARGS__)))
#define SLUICE_TRY_ACQUIRE(...) __attribute__((try_acquire_capability(__VA_ARGS__)))
#define SLUICE_NO_THREAD_SAFETY_ANALYSIS __attribute__((no_thread_safety_analysis))

namespace sluice {

/// std::mutex with annotations. Members it protects say SLUICE_GUARDED_BY(mutex_); private functions that
/// want it held say SLUICE_REQUIRES(mutex_).
class SLUICE_CAPABILITY("mutex") Mutex {
 public:
  Mutex() = default;
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;

  void lock() SLUICE_ACQUIRE() { mutex_.lock(); }
  void unlock() SLUICE_RELEASE() { mutex_.unlock(); }
  bool try_lock() SLUICE_TRY_ACQUIRE(true) { return mutex_.try_lock(); }

 private:
  friend class CondVar;
  std::mutex mutex_;
};

/// Holds a Mutex for a scope. unlock() and lock() let it go for a while (around a slow call).
class SLUICE_SCOPED_CAPABILITY MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) SLUICE_ACQUIRE(mutex) : mutex_(mutex) { mutex_.lock(); }
  ~MutexLock() SLUICE_RELEASE() {
    if (held_) mutex_.unlock();
  }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

  void unlock() SLUICE_RELEASE() {
    held_ = false;
    mutex_.unlock();
  }
  void lock() SLUICE_ACQUIRE() {
    mutex_.lock();
    held_ = true;
  }

 private:
  Mutex& mutex_;
  bool held_ = true;
};

/// A condition variable for Mutex. There is no wait with a predicate on purpose: the analysis does not see
/// into lambdas, so callers write `while (!condition) condvar.wait(mutex_);`. Wakes may be spurious.
class CondVar {
 public:
  void wait(Mutex& mutex) SLUICE_REQUIRES(mutex) {
    std::unique_lock<std::mutex> lock(mutex.mutex_, std::adopt_lock);
    condition_.wait(lock);
    lock.release();
  }
  /// False when the time ran out.
  bool wait_for(Mutex& mutex, std::chrono::nanoseconds timeout) SLUICE_REQUIRES(mutex) {
    return wait_until(mutex, std::chrono::steady_clock::now() + timeout);
  }
  bool wait_until(Mutex& mutex, std::chrono::steady_clock::time_point deadline) SLUICE_REQUIRES(mutex) {
    std::unique_lock<std::mutex> lock(mutex.mutex_, std::adopt_lock);
    const bool woken = condition_.wait_until(lock, deadline) == std::cv_status::no_timeout;
    lock.release();
    return woken;
  }
  void notify_one() { condition_.notify_one(); }
  void notify_all() { condition_.notify_all(); }

 private:
  std::condition_variable condition_;
};

}  // namespace sluice
