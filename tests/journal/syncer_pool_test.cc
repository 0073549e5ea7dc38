#include "journal/syncer_pool.h"

#include <atomic>
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
