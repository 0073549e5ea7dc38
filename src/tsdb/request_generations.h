#pragma once

#include <memory>
#include <utility>

#include "base/thread_safety.h"

namespace sluice::tsdb {

/// Tells when all requests that began before a moment have ended: what they may still point to can go then.
///
///     auto lease = generations.enter();     // a request, for as long as it holds pointers
///     generations.advance();                // "from here on nobody finds X any more"
///     ... later: if (generations.are_old_over()) delete X;
///
/// Thread-safe.
class RequestGenerations {
 public:
  using Lease = std::shared_ptr<const void>;

  RequestGenerations() : alive_(std::make_shared<Alive>()), current_(std::make_shared<Token>(alive_)) {}

  Lease enter() const {
    MutexLock lock(mutex_);
    return current_;
  }
  void advance() {
    Lease next = std::make_shared<Token>(alive_);
    MutexLock lock(mutex_);
    current_.swap(next);
    lock.unlock();  // `next`, the old one, may be the last lease of its generation
  }
  /// True when no lease from before the last advance() is held. What their holders did happened before.
  bool are_old_over() const {
    MutexLock lock(alive_->mutex);
    return alive_->generations == 1;
  }

 private:
  struct Alive {
    Mutex mutex;
    int generations SLUICE_GUARDED_BY(mutex) = 0;  // that somebody holds, the current one among them
  };
  class Token {
   public:
    explicit Token(std::shared_ptr<Alive> alive) : alive_(std::move(alive)) { add(1); }
    ~Token() { add(-1); }
    Token(const Token&) = delete;
    Token& operator=(const Token&) = delete;

   private:
    void add(int count) {
      MutexLock lock(alive_->mutex);
      alive_->generations += count;
    }
    std::shared_ptr<Alive> alive_;
  };

  const std::shared_ptr<Alive> alive_;
  mutable Mutex mutex_;
  Lease current_ SLUICE_GUARDED_BY(mutex_);
};

}  // namespace sluice::tsdb
