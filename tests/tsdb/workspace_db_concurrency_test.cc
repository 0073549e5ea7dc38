// Many writers, readers and real syncer threads: nothing lost, nothing half visible, no data race (under TSan).
#include <atomic>
#include <chrono>
#include <thread>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "journal/syncer_pool.h"
#include "tsdb/harness.h"

namespace sluice::tsdb {
namespace {

constexpr int kWriters = 4;
constexpr int kRequests = 150;
constexpr int kSeriesPerRequest = 10;
constexpr TimestampMs kDayStartMs = 1'700'000'000'000 / kBlockRangeMs * kBlockRangeMs;
constexpr int64_t kRequestEveryMs = 10 * 60 * 1000;

WorkspaceDbOptions options_for(const Clock& clock, Executor& syncer, Logger& logger) {
  WorkspaceDbOptions options;
  options.name = "ws-test";
  options.clock = &clock;
  options.syncer = &syncer;
  options.logger = &logger;
  options.log.segment_bytes_first = 64 << 10;
  return options;
}

// Each request writes the same time to all series of its writer, so a reader must see all of them at it or none.
// Series come by their labels at first, and as known ones once they are defined.
void write_requests(WorkspaceDb& db, int writer, std::atomic<int>& acknowledged, FakeClock* clock = nullptr) {
  for (int request = 1; request <= kRequests; ++request) {
    // With a clock, a day goes by, and what is written is cut into blocks meanwhile.
    const TimestampMs t_ms = clock == nullptr ? request : kDayStartMs + request * kRequestEveryMs;
    if (clock != nullptr) clock->set(t_ms);
    BatchBuilder builder(db.recognizer());
    for (int i = 0; i < kSeriesPerRequest; ++i) {
      builder.add({{"__name__", "m"}, {"writer", std::to_string(writer)}, {"i", std::to_string(i)}},
                  {{t_ms, static_cast<double>(request)}});
    }
    // A series that all writers define at once.
    builder.add({{"__name__", "shared"}, {"request", std::to_string(request)}},
                {{clock == nullptr ? writer : t_ms + writer, 1}});
    db.append(builder.build(), [&](Result<model::AppendOutcome> r) {
      if (r && r->samples_added >= kSeriesPerRequest) ++acknowledged;
    });
  }
}

void read_until(const WorkspaceDb& db, const std::atomic<bool>& stop) {
  const std::vector<model::Matcher> all = {matcher(model::MatchType::kEqual, "__name__", "m")};
  while (!stop) {
    model::QueryBudget budget(UINT64_MAX, {});
    auto selected = db.select(all, {}, budget);
    ASSERT_TRUE(selected);
    std::map<std::string, std::pair<int, size_t>> by_writer;  // series seen, and the samples each has
    for (auto& series : *selected) {
      model::SampleColumn column;
      ASSERT_TRUE(series->read({}, column));
      auto& [count, samples] = by_writer[std::string(series->labels().get("writer"))];
      if (count++ == 0) samples = column.size();
      ASSERT_EQ(column.size(), samples) << "a request is half visible";
    }
    for (const auto& [writer, seen] : by_writer) ASSERT_EQ(seen.first, kSeriesPerRequest);
    (void)db.label_values("request", {}, {}, 0);
  }
}

void run(Executor* apply) {
  test::FaultFileSystem fs;
  FakeClock clock(0);
  MemoryLogger logger;
  Contents live;
  {
    journal::SyncerPool pool(2);
    auto options = options_for(clock, pool, logger);
    options.apply = apply;
    auto db = WorkspaceDb::open(fs, "dir", options).value();
    std::atomic<int> acknowledged{0};
    std::atomic<bool> stop{false};
    std::vector<std::thread> readers;
    for (int i = 0; i < 2; ++i) readers.emplace_back([&] { read_until(*db, stop); });
    std::vector<std::thread> writers;
    for (int w = 0; w < kWriters; ++w) writers.emplace_back([&, w] { write_requests(*db, w, acknowledged); });
    for (auto& writer : writers) writer.join();
    db->close();
    stop = true;
    for (auto& reader : readers) reader.join();
    EXPECT_EQ(acknowledged, kWriters * kRequests);
    live = contents(*db);
    EXPECT_EQ(db->stats().series, static_cast<uint64_t>(kWriters * kSeriesPerRequest + kRequests));
  }
  test::ManualExecutor executor;
  auto db = WorkspaceDb::open(fs, "dir", options_for(clock, executor, logger)).value();
  EXPECT_EQ(contents(*db), live);
}

TEST(WorkspaceDbConcurrency, WritersAndReadersTogether) { run(nullptr); }

// Cutting, compacting, checkpoints and series that leave, all while others write and read.
TEST(WorkspaceDbConcurrency, NobodySeesTheMaintenance) {
  test::FaultFileSystem fs;
  FakeClock clock(kDayStartMs);
  MemoryLogger logger;
  Contents live;
  {
    journal::SyncerPool pool(2);
    auto options = options_for(clock, pool, logger);
    options.late_window_ms = int64_t{30} * 24 * 60 * 60 * 1000;
    options.checkpoint_log_bytes = 32 << 10;
    auto db = WorkspaceDb::open(fs, "dir", options).value();
    std::atomic<int> acknowledged{0};
    std::atomic<bool> stop{false};
    std::thread maintainer([&] {
      while (!stop) db->maintain();
    });
    std::thread reader([&] { read_until(*db, stop); });
    std::vector<std::thread> writers;
    for (int w = 0; w < 2; ++w) writers.emplace_back([&, w] { write_requests(*db, w, acknowledged, &clock); });
    for (auto& writer : writers) writer.join();
    while (acknowledged < 2 * kRequests) std::this_thread::yield();
    clock.advance(std::chrono::hours(4));
    stop = true;
    maintainer.join();
    reader.join();
    for (int i = 0; i < 5; ++i) db->maintain();
    EXPECT_FALSE(db->blocks().blocks()->empty());
    EXPECT_EQ(db->stats().series, 0u) << "all is in blocks";
    db->close();
    live = contents(*db);
    EXPECT_EQ(live.size(), static_cast<size_t>(2 * kSeriesPerRequest + kRequests));
    for (const auto& [series, samples] : live) {
      EXPECT_EQ(samples.size(), series.starts_with("m{") ? static_cast<size_t>(kRequests) : 2u) << series;
    }
  }
  test::ManualExecutor executor;
  auto db = WorkspaceDb::open(fs, "dir", options_for(clock, executor, logger)).value();
  EXPECT_EQ(contents(*db), live);
}

TEST(WorkspaceDbConcurrency, AppliesOnAnotherExecutorInTheOrderOfTheLog) {
  journal::SyncerPool compute(2);
  run(&compute);
}

}  // namespace
}  // namespace sluice::tsdb
