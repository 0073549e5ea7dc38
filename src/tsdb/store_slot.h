#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/encoding.h"
#include "tsdb/store.h"

/// What the Store keeps of a workspace; for its own files.
namespace sluice::tsdb {

using SteadyTime = std::chrono::steady_clock::time_point;

struct Store::Waiter {
  Opened done;
  SteadyTime until;
};

/// A workspace that somebody asked for, until it is closed again.
struct Store::Slot {
  enum class State : uint8_t { kQueued, kOpening, kOpen, kFailed, kClosing };

  State state = State::kQueued;
  bool is_awaited = false;    // ready() waits for it
  bool is_requested = false;  // at the front of the queue
  ReplayProgress progress;
  std::shared_ptr<WorkspaceDb> db;  // while kOpen, and until a job takes it while kClosing
  SteadyTime used_at;
  std::optional<Error> failure;  // while kFailed
  SteadyTime retry_at;
  std::vector<Waiter> waiters;
  bool is_maintaining = false;
  SteadyTime maintained_at;

  /// Why there is nothing to hand out yet.
  std::unexpected<Error> not_yet(std::string_view id) const {
    std::string text;
    switch (state) {
      case State::kClosing: text = fmt::format("workspace {} is being closed", id); break;
      case State::kQueued: text = fmt::format("workspace {} waits to be opened", id); break;
      default:
        text = fmt::format("workspace {} is being opened: {} of {} bytes of its log replayed", id,
                           progress.bytes_done.load(), progress.bytes_total.load());
    }
    return fail(ErrorCode::kUnavailable, std::move(text));
  }
};

/// Lets the Store end while work of its own is still queued somewhere. Thread-safe.
class Store::Jobs {
 public:
  /// False once ended: the Store may be gone.
  bool enter() {
    MutexLock lock(mutex_);
    if (!ended_) ++running_;
    return !ended_;
  }
  void leave() {
    MutexLock lock(mutex_);
    --running_;
    idle_.notify_all();
  }
  /// Waits for what runs; nothing begins afterwards.
  void end() {
    MutexLock lock(mutex_);
    ended_ = true;
    while (running_ > 0) idle_.wait(mutex_);
  }

 private:
  Mutex mutex_;
  CondVar idle_;
  int running_ SLUICE_GUARDED_BY(mutex_) = 0;
  bool ended_ SLUICE_GUARDED_BY(mutex_) = false;
};

inline std::unexpected<Error> no_such_workspace(std::string_view id) {
  return fail(ErrorCode::kNotFound, fmt::format("there is no workspace {}", printable(id, 64)));
}

inline std::unexpected<Error> shutting_down() {
  return fail(ErrorCode::kUnavailable, "the collector is shutting down");
}

}  // namespace sluice::tsdb
