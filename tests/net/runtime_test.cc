#include "net/runtime.h"

#include <atomic>
#include <thread>

#include <gtest/gtest.h>

#include "net/net_fixture.h"

namespace sluice::net {
namespace {

using RuntimeTest = NetTest;

TEST_F(RuntimeTest, TimersFireOnceUnlessCancelled) {
  std::atomic<int> fired = 0;
  const auto last = std::make_shared<std::promise<void>>();
  Timer cancelled = runtime.after(milliseconds(5), [&] { fired += 100; });
  EXPECT_TRUE(cancelled.cancel());
  EXPECT_FALSE(cancelled.cancel());
  {
    const Timer dropped = runtime.after(milliseconds(5), [&] { fired += 100; });
  }
  Timer replaced = runtime.after(milliseconds(5), [&] { fired += 100; });
  replaced = runtime.after(milliseconds(1), [&] { ++fired; });
  const Timer end = runtime.after(milliseconds(30), [last] { last->set_value(); });
  last->get_future().get();
  EXPECT_EQ(fired, 1);
  EXPECT_FALSE(replaced.cancel()) << "it ran";
}

TEST_F(RuntimeTest, SleepEndsByTimeOrByStop) {
  EXPECT_TRUE(wait_for(runtime.sleep(milliseconds(1), {})));
  std::stop_source stop;
  std::thread stopper([&] {
    std::this_thread::sleep_for(milliseconds(10));
    stop.request_stop();
  });
  const auto begun = std::chrono::steady_clock::now();
  const auto stopped = wait_for(runtime.sleep(std::chrono::minutes(10), stop.get_token()));
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(5));
  stopper.join();
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().code, ErrorCode::kCancelled);
  const auto at_once = wait_for(runtime.sleep(std::chrono::minutes(10), stop.get_token()));
  EXPECT_FALSE(at_once);
}

Task<Result<void>> loop_until_stopped(Runtime& runtime, std::atomic<int>& rounds) {
  for (;;) {
    ++rounds;
    SLUICE_CO_TRY(co_await runtime.sleep(milliseconds(1), runtime.stop_token()));
  }
}

TEST_F(RuntimeTest, ShutdownStopsAndJoinsSpawnedTasks) {
  std::atomic<int> rounds = 0;
  runtime.spawn("loop", loop_until_stopped(runtime, rounds));
  runtime.spawn("other", loop_until_stopped(runtime, rounds));
  while (rounds < 6) std::this_thread::yield();
  runtime.shutdown();
  const int at_end = rounds;
  std::this_thread::sleep_for(milliseconds(5));
  EXPECT_EQ(rounds, at_end);
}

TEST_F(RuntimeTest, ComputeRunsOnSeveralThreadsAtOnce) {
  const auto second_runs = std::make_shared<std::promise<void>>();
  const auto both = std::make_shared<std::promise<void>>();
  runtime.compute().post([second_runs, both] {
    second_runs->get_future().wait();  // only another thread can set it
    both->set_value();
  });
  runtime.compute().post([second_runs] { second_runs->set_value(); });
  both->get_future().get();
}

}  // namespace
}  // namespace sluice::net
