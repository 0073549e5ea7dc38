#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>

#include "base/executor.h"
#include "base/log.h"
#include "base/result.h"
#include "base/task.h"

namespace sluice::net {

/// A running timer. Destroying it cancels it. Movable; the handle itself is not thread-safe.
class Timer {
 public:
  struct State;  ///< of the implementation

  Timer() = default;
  explicit Timer(std::shared_ptr<State> state) : state_(std::move(state)) {}
  Timer(Timer&&) noexcept = default;
  Timer& operator=(Timer&& other) noexcept;
  ~Timer() { cancel(); }

  /// True when the function has not started and now never will. False when it ran, is running, or was cancelled.
  bool cancel();

 private:
  std::shared_ptr<State> state_;
};

/// The threads of a process: a few that wait for sockets and timers, one pool that computes, and a few that
/// make calls which cannot be interrupted (name lookups).
///
/// Life cycle: construct, use, shutdown() (the destructor calls it). Whoever uses a Runtime (servers, clients,
/// spawned tasks' data) must be gone or quiet before it is destroyed; servers are stopped before shutdown().
/// Order of shutdown(): stop_token() is requested; spawned tasks are joined; then compute, I/O and
/// lookup threads end (a name look-up under way is waited for). Work posted after that is dropped.
///
/// Thread-safe, except construction, shutdown and destruction, which belong to one thread that is none of
/// the Runtime's own.
class Runtime {
 public:
  struct Options {
    size_t io_threads = 2;
    size_t compute_threads = 0;  ///< 0: one for each core, two at least
    size_t lookup_threads = 4;
  };

  Runtime(Options options, Logger& logger);
  ~Runtime();
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;

  /// For work that may take longer than a millisecond: handlers, spawned tasks.
  Executor& compute();
  /// For work that waits inside a call (getaddrinfo). Few threads: never for files or CPU work.
  Executor& lookup();

  /// Calls `run` once after `delay`, on an I/O thread: it must be quick, or post to compute().
  Timer after(std::chrono::milliseconds delay, std::move_only_function<void()> run);
  /// Resumes on compute() after `delay`, or at once with kCancelled when `stop` is or becomes requested.
  Task<Result<void>> sleep(std::chrono::milliseconds delay, std::stop_token stop);

  /// Starts `task` on compute() and counts it; shutdown() waits for it, so a task that loops must end on
  /// stop_token(). An error it ends with (kCancelled apart) is logged at warn under `name`.
  void spawn(std::string name, Task<Result<void>> task);
  /// Requested at the start of shutdown().
  std::stop_token stop_token() const;

  /// Ends everything as described above. Idempotent. Waits for spawned tasks as long as they take.
  void shutdown();

  struct Impl;
  Impl& impl() { return *impl_; }  ///< for net's own files

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace sluice::net
