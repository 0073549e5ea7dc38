#include "cli/periodic_task.h"

#include <atomic>

#include <gtest/gtest.h>

namespace sluice::cli {
namespace {

TEST(PeriodicTask, CallsAgainAndAgainUntilItsEnd) {
  std::atomic<int> calls{0};
  {
    PeriodicTask task(std::chrono::milliseconds(1), [&] { ++calls; });
    while (calls < 3) std::this_thread::yield();
  }
  const int at_the_end = calls;
  std::this_thread::sleep_for(std::chrono::milliseconds(5));
  EXPECT_EQ(calls, at_the_end);
}

TEST(PeriodicTask, EndsWithoutWaitingForItsInterval) {
  std::atomic<int> calls{0};
  {
    PeriodicTask task(std::chrono::hours(1), [&] { ++calls; });
    while (calls < 1) std::this_thread::yield();
  }
  EXPECT_EQ(calls, 1);
}

}  // namespace
}  // namespace sluice::cli
