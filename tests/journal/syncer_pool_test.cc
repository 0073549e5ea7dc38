#include "journal/syncer_pool.h"

#include <atomic>
#include <chrono>
#include <future>
#include <thread>

#include <gtest/gtest.h>

#include "journal/harness.h"

namespace sluice::journal {
namespace {

TEST(SyncerPool, RunsWhatIsQueuedBeforeItEnds) {
  std::atomic<int> ran{0};
  {
    SyncerPool pool(2);
    for (int i = 0; i < 100; ++i) pool.post([&] { ++ran; });
  }
  EXPECT_EQ(ran, 100);
}

TEST(SyncerPool, RunsDelayedWorkInTimeBesidesWhatIsQueued) {
  using Clock = std::chrono::steady_clock;
  std::promise<Clock::time_point> late;
  std::promise<Clock::time_point> soon;
  const auto began = Clock::now();
  SyncerPool pool(1);
  pool.post_after(std::chrono::milliseconds(60), [&] { late.set_value(Clock::now()); });
  pool.post_after(std::chrono::milliseconds(20), [&] { soon.set_value(Clock::now()); });
  std::atomic<bool> ran{false};
  pool.post([&] { ran = true; });
  const auto soon_at = soon.get_future().get();
  const auto late_at = late.get_future().get();
  EXPECT_GE(soon_at - began, std::chrono::milliseconds(20));
  EXPECT_GE(late_at - began, std::chrono::milliseconds(60));
  EXPECT_LT(soon_at, late_at);
  EXPECT_TRUE(ran);
}

TEST(SyncerPool, DropsWhatIsNotDueWhenItEnds) {
  std::atomic<bool> ran{false};
  {
    SyncerPool pool(2);
    pool.post_after(std::chrono::hours(1), [&] { ran = true; });
  }
  EXPECT_FALSE(ran);
}

TEST(SyncerPool, CommitsManyJournalsWithManyWritersEach) {
  constexpr int kJournals = 3;
  constexpr int kWriters = 3;
  constexpr int kRecords = 200;
  test::FaultFileSystem fs;
  FakeClock clock(0);
  std::atomic<int> durable{0};
  {
    SyncerPool pool(2);
    std::vector<std::shared_ptr<Journal>> journals;
    for (int j = 0; j < kJournals; ++j) {
      journals.push_back(Journal::open(fs, "dir/" + std::to_string(j), {}, pool, clock, [](const Record&) {
                           return Result<void>();
                         }).value());
    }
    std::vector<std::thread> writers;
    for (int w = 0; w < kJournals * kWriters; ++w) {
      writers.emplace_back([&, w] {
        for (int i = 0; i < kRecords; ++i) {
          journals[static_cast<size_t>(w % kJournals)]->append(1, "payload", [&](Result<Sequence> r) {
            if (r) ++durable;
          });
        }
      });
    }
    for (auto& writer : writers) writer.join();
    for (auto& journal : journals) journal->close();
  }
  EXPECT_EQ(durable, kJournals * kWriters * kRecords);
  for (int j = 0; j < kJournals; ++j) {
    Harness h(fs);
    Sequence last = 0;
    const auto reopened = Journal::open(fs, "dir/" + std::to_string(j), {}, h.executor, clock, [&](const Record& r) {
      EXPECT_EQ(r.sequence, last + 1);
      last = r.sequence;
      return Result<void>();
    });
    ASSERT_TRUE(reopened);
    EXPECT_EQ(last, static_cast<Sequence>(kWriters * kRecords));
  }
}

}  // namespace
}  // namespace sluice::journal
