#include "net/runtime.h"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <atomic>
#include <thread>

#include "net/asio_runtime.h"
#include "net/one_shot.h"

namespace sluice::net {
namespace {

constexpr size_t kComputeThreadsMin = 2;  // so that one long query cannot stop health checks

size_t compute_threads(const Runtime::Options& options) {
  const size_t wanted = options.compute_threads != 0 ? options.compute_threads : std::thread::hardware_concurrency();
  return std::max(wanted, kComputeThreadsMin);
}

}  // namespace

struct Timer::State {
  explicit State(boost::asio::io_context& io) : timer(io) {}

  enum Phase : int { kWaiting, kStarted, kCancelled };
  std::atomic<int> phase = kWaiting;
  boost::asio::steady_timer timer;  ///< touched on construction and inside I/O threads only
  std::move_only_function<void()> run;
};

bool Timer::cancel() {
  const auto state = std::move(state_);
  if (!state) return false;
  int expected = State::kWaiting;
  if (!state->phase.compare_exchange_strong(expected, State::kCancelled)) return false;
  boost::asio::post(state->timer.get_executor(), [state] { state->timer.cancel(); });
  return true;
}

Timer& Timer::operator=(Timer&& other) noexcept {
  if (this != &other) {
    cancel();
    state_ = std::move(other.state_);
  }
  return *this;
}

Runtime::Impl::Impl(Options options, Logger& log)
    : logger(log), keep_running(boost::asio::make_work_guard(io)), compute(compute_threads(options)),
      lookup(std::max<size_t>(options.lookup_threads, 1)) {
  for (size_t i = 0; i < std::max<size_t>(options.io_threads, 1); ++i) {
    io_threads.emplace_back([this] { io.run(); });
  }
}

Runtime::Runtime(Options options, Logger& logger) : impl_(std::make_unique<Impl>(options, logger)) {}

Runtime::~Runtime() { shutdown(); }

Executor& Runtime::compute() { return impl_->compute; }
Executor& Runtime::lookup() { return impl_->lookup; }
std::stop_token Runtime::stop_token() const { return impl_->stop.get_token(); }

Timer Runtime::after(std::chrono::milliseconds delay, std::move_only_function<void()> run) {
  auto state = std::make_shared<Timer::State>(impl_->io);
  state->run = std::move(run);
  state->timer.expires_after(delay);
  state->timer.async_wait([state](const boost::system::error_code&) {
    int expected = Timer::State::kWaiting;
    if (state->phase.compare_exchange_strong(expected, Timer::State::kStarted)) state->run();
    state->run = nullptr;
  });
  return Timer(std::move(state));
}

Task<Result<void>> Runtime::sleep(std::chrono::milliseconds delay, std::stop_token stop) {
  using Wait = OneShot<Result<void>>;
  const auto wait = std::make_shared<Wait>();
  const std::stop_callback on_stop(stop,
                                   [wait] { wait->complete(fail(ErrorCode::kCancelled, "stopped while waiting")); });
  const Timer timer = after(delay, [wait] { wait->complete({}); });
  co_return co_await callback_result<Result<void>>(compute(), [wait](Wait::Done done) { wait->wait(std::move(done)); });
}

void Runtime::spawn(std::string name, Task<Result<void>> task) {
  {
    MutexLock lock(impl_->mutex);
    ++impl_->spawned;
  }
  compute().post([impl = impl_.get(), name = std::move(name), task = std::move(task)]() mutable {
    start<Result<void>>(std::move(task), [impl, name = std::move(name)](Result<void> result) {
      if (!result && result.error().code != ErrorCode::kCancelled) {
        impl->logger.warn("background task failed", {{"task", name}, {"error", result.error().message}});
      }
      MutexLock lock(impl->mutex);
      --impl->spawned;
      impl->ended.notify_all();
    });
  });
}

void Runtime::shutdown() {
  if (impl_->is_shut_down) return;
  impl_->is_shut_down = true;
  impl_->stop.request_stop();
  {
    MutexLock lock(impl_->mutex);
    while (impl_->spawned != 0) impl_->ended.wait(impl_->mutex);
  }
  // Compute first: what it finishes may still post to I/O; nothing of I/O is waited for any more.
  impl_->compute.join();
  impl_->keep_running.reset();
  impl_->io.stop();
  impl_->io_threads.clear();
  impl_->lookup.join();
}

}  // namespace sluice::net
