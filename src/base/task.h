#pragma once

#include <coroutine>
#include <exception>
#include <functional>
#include <optional>
#include <utility>

#include "base/check.h"
#include "base/executor.h"

namespace sluice {

/// A lazily started coroutine that yields one value of T. It starts when awaited (or by start()), resumes
/// its awaiter by symmetric transfer, and is owned by the Task object: destroying an unfinished Task that
/// was started is a bug. Errors travel as Result inside T; an exception that escapes is our bug and aborts.
///
/// Threading: a Task runs on whichever thread resumes it; it may move between threads across co_await,
/// never runs on two at once. No mutex may be held across co_await. Parameters are taken by value, or by
/// reference to what the awaiting frame outlives; no capturing lambda coroutines.
template <class T>
class [[nodiscard]] Task {
 public:
  struct promise_type {
    std::optional<T> value;
    std::coroutine_handle<> awaiter;

    Task get_return_object() { return Task(std::coroutine_handle<promise_type>::from_promise(*this)); }
    std::suspend_always initial_suspend() noexcept { return {}; }
    struct Final {
      bool await_ready() noexcept { return false; }
      std::coroutine_handle<> await_suspend(std::coroutine_handle<promise_type> self) noexcept {
        const std::coroutine_handle<> next = self.promise().awaiter;
        return next ? next : std::noop_coroutine();
      }
      void await_resume() noexcept {}
    };
    Final final_suspend() noexcept { return {}; }
    template <class U = T>
    void return_value(U&& result) {
      value.emplace(std::forward<U>(result));
    }
    void unhandled_exception() noexcept { std::terminate(); }
  };

  Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, {})) {}
  Task& operator=(Task&&) = delete;
  Task(const Task&) = delete;
  Task& operator=(const Task&) = delete;
  ~Task() {
    if (handle_) handle_.destroy();
  }

  bool await_ready() const noexcept { return false; }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<> awaiter) noexcept {
    handle_.promise().awaiter = awaiter;
    return handle_;
  }
  T await_resume() { return std::move(*handle_.promise().value); }

 private:
  explicit Task(std::coroutine_handle<promise_type> handle) : handle_(handle) {}
  std::coroutine_handle<promise_type> handle_;
};

namespace internal {
/// A coroutine nobody awaits: it owns itself and calls `done` with the task's value at the end.
struct Detached {
  struct promise_type {
    Detached get_return_object() { return {}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() noexcept { std::terminate(); }
  };
};
template <class T>
Detached run_detached(Task<T> task, std::move_only_function<void(T)> done) {
  done(co_await std::move(task));
}
}  // namespace internal

/// Starts `task` on the calling thread; `done` runs with its value on the thread that finishes it.
template <class T>
void start(Task<T> task, std::move_only_function<void(T)> done) {
  internal::run_detached(std::move(task), std::move(done));
}

/// `co_await callback_result<T>(executor, begin)`: calls `begin(done)`, suspends, and resumes on `executor`
/// once somebody calls `done(value)`, exactly once, from any thread (also from inside `begin`).
template <class T>
class CallbackAwaiter {
 public:
  using Done = std::move_only_function<void(T)>;
  CallbackAwaiter(Executor& executor, std::move_only_function<void(Done)> begin)
      : executor_(executor), begin_(std::move(begin)) {}
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> awaiter) {
    // `this` lives in the suspended frame, so the value can be kept here; after post() it may be gone.
    auto begin = std::move(begin_);
    begin([this, awaiter](T value) {
      value_.emplace(std::move(value));
      executor_.post([awaiter] { awaiter.resume(); });
    });
  }
  T await_resume() { return std::move(*value_); }

 private:
  Executor& executor_;
  std::move_only_function<void(Done)> begin_;
  std::optional<T> value_;
};

template <class T>
CallbackAwaiter<T> callback_result(Executor& executor,
                                   std::move_only_function<void(std::move_only_function<void(T)>)> begin) {
  return CallbackAwaiter<T>(executor, std::move(begin));
}

/// `co_await switch_to(executor)`: the rest of the coroutine runs on `executor`.
struct SwitchTo {
  Executor& executor;
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> awaiter) {
    executor.post([awaiter] { awaiter.resume(); });
  }
  void await_resume() const noexcept {}
};
inline SwitchTo switch_to(Executor& executor) { return SwitchTo{executor}; }

}  // namespace sluice

/// SLUICE_TRY and SLUICE_ASSIGN for coroutines that yield a Result.
#define SLUICE_CO_TRY(...)                                             \
  do {                                                                 \
    auto sluice_try_result = (__VA_ARGS__);                            \
    if (!sluice_try_result) [[unlikely]]                               \
      co_return std::unexpected(std::move(sluice_try_result).error()); \
  } while (false)
#define SLUICE_CO_ASSIGN(target, ...) SLUICE_CO_ASSIGN_AT(SLUICE_CONCAT(sluice_result_, __LINE__), target, __VA_ARGS__)
#define SLUICE_CO_ASSIGN_AT(result, target, ...)          \
  auto result = (__VA_ARGS__);                            \
  if (!result) [[unlikely]]                               \
    co_return std::unexpected(std::move(result).error()); \
  target = *std::move(result)
