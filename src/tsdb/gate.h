#pragma once

#include <pthread.h>

#include "base/check.h"
#include "base/thread_safety.h"

namespace sluice::tsdb {

/// A readers-writer lock that lets a waiting writer in before further readers, which std::shared_mutex does not
/// promise: the head's single writer must not starve behind overlapping queries. A thread that holds it shared
/// must not take it shared again. Thread-safe.
class SLUICE_CAPABILITY("gate") Gate {
 public:
  Gate() {
    pthread_rwlockattr_t attributes;
    pthread_rwlockattr_init(&attributes);
    pthread_rwlockattr_setkind_np(&attributes, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
    SLUICE_CHECK(pthread_rwlock_init(&lock_, &attributes) == 0, "no memory for a lock");
    pthread_rwlockattr_destroy(&attributes);
  }
  ~Gate() { pthread_rwlock_destroy(&lock_); }
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;

  void lock() SLUICE_ACQUIRE() { pthread_rwlock_wrlock(&lock_); }
  void unlock() SLUICE_RELEASE() { pthread_rwlock_unlock(&lock_); }
  void lock_shared() __attribute__((acquire_shared_capability())) { pthread_rwlock_rdlock(&lock_); }
  void unlock_shared() __attribute__((release_shared_capability())) { pthread_rwlock_unlock(&lock_); }

 private:
  pthread_rwlock_t lock_;
};

/// Holds a Gate for writing, for a scope.
class SLUICE_SCOPED_CAPABILITY GateWriteLock {
 public:
  explicit GateWriteLock(Gate& gate) SLUICE_ACQUIRE(gate) : gate_(gate) { gate_.lock(); }
  ~GateWriteLock() SLUICE_RELEASE() { gate_.unlock(); }
  GateWriteLock(const GateWriteLock&) = delete;
  GateWriteLock& operator=(const GateWriteLock&) = delete;

 private:
  Gate& gate_;
};

/// Holds a Gate for reading, for a scope.
class SLUICE_SCOPED_CAPABILITY GateReadLock {
 public:
  explicit GateReadLock(Gate& gate) __attribute__((acquire_shared_capability(gate))) : gate_(gate) {
    gate_.lock_shared();
  }
  ~GateReadLock() __attribute__((release_generic_capability())) { gate_.unlock_shared(); }
  GateReadLock(const GateReadLock&) = delete;
  GateReadLock& operator=(const GateReadLock&) = delete;

 private:
  Gate& gate_;
};

}  // namespace sluice::tsdb
