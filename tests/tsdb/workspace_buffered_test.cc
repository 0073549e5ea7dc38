// A workspace whose appends are acknowledged before their sync.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/manual_timer.h"
#include "tsdb/harness.h"

namespace sluice::tsdb {
namespace {

using test::FaultFileSystem;
using testing::SizeIs;

const LabelList kUp = {{"__name__", "up"}};
constexpr TimestampMs kStart = 1'700'000'000'000 / kBlockRangeMs * kBlockRangeMs;
constexpr int64_t kMinuteMs = 60'000;

struct BufferedDb : DbHarness {
  explicit BufferedDb(FaultFileSystem& file_system) : DbHarness(file_system) {
    commits_inline = true;
    log_options.ack = journal::Ack::kBuffered;
    log_options.timer = &timer;
    clock.set(kStart);
  }
  ~BufferedDb() { kill(); }

  /// One sample a minute, the first `minutes` after the last one.
  void scrape(int minutes) {
    for (int i = 0; i < minutes; ++i) {
      clock.advance(std::chrono::milliseconds(kMinuteMs));
      const size_t index = append(BatchBuilder().add(kUp, {{clock.now_ms(), double(++written)}}).build());
      acknowledged += *answers[index] && (*answers[index])->has_value() ? 1 : 0;
    }
  }
  void sync() {
    clock.advance(std::chrono::milliseconds(1000));
    timer.run_due();
  }
  /// How many of the samples are there; they must be the first ones.
  int stored() const {
    const auto all = contents(*db);
    if (all.empty()) return 0;
    double expected = 0;
    for (const auto& [t_ms, bits] : all.begin()->second) EXPECT_EQ(std::bit_cast<double>(bits), ++expected);
    return static_cast<int>(expected);
  }

  test::ManualTimer timer{clock};
  int written = 0;
  int acknowledged = 0;
};

TEST(BufferedWorkspace, ShowsAtOnceWhatIsSyncedLater) {
  FaultFileSystem fs;
  BufferedDb db(fs);
  ASSERT_TRUE(db.open());
  int syncs = 0;
  db.scrape(1);  // makes the segment
  fs.set_hook([&](std::string_view operation, const std::string&) { syncs += operation == "sync" ? 1 : 0; });
  db.scrape(5);
  EXPECT_EQ(db.acknowledged, 6);
  EXPECT_EQ(db.stored(), 6);
  EXPECT_EQ(syncs, 0);
  db.sync();
  EXPECT_EQ(syncs, 1);
  fs.set_hook({});
  fs.crash(1);
  ASSERT_TRUE(db.open());
  EXPECT_EQ(db.stored(), 6);
}

TEST(BufferedWorkspace, AKilledProcessLosesNothing) {
  FaultFileSystem fs;
  BufferedDb db(fs);
  ASSERT_TRUE(db.open());
  db.scrape(50);
  ASSERT_TRUE(db.open());
  EXPECT_EQ(db.stored(), 50);
}

TEST(BufferedWorkspace, ClosingMakesAllDurable) {
  FaultFileSystem fs;
  BufferedDb db(fs);
  ASSERT_TRUE(db.open());
  db.scrape(50);
  fs.fail_syncs(2);
  db.db->close();
  fs.crash(1);
  ASSERT_TRUE(db.open());
  EXPECT_EQ(db.stored(), 50) << "the checkpoint has what the log could not sync";
}

TEST(BufferedWorkspace, AnAppendThatAddsNothingWaitsForNoSync) {
  FaultFileSystem fs;
  BufferedDb db(fs);
  ASSERT_TRUE(db.open());
  db.scrape(1);
  const size_t again = db.append(BatchBuilder().add(kUp, {{db.clock.now_ms(), 1}}).build());
  ASSERT_TRUE(db.answers[again]->has_value());
  EXPECT_EQ((*db.answers[again])->value().duplicates, 1u);
}

TEST(BufferedWorkspace, AFreezeIsDurableBeforeItsBlockIs) {
  FaultFileSystem fs;
  BufferedDb db(fs);
  ASSERT_TRUE(db.open());
  db.scrape(5 * 60);
  bool log_synced = false;
  bool block_begun = false;
  fs.set_hook([&](std::string_view operation, const std::string& path) {
    if (operation == "sync" && path.contains("/wal/")) log_synced = true;
    if (path.contains(".tmp-for-creation") && !block_begun) {
      block_begun = true;
      EXPECT_TRUE(log_synced);
    }
  });
  db.db->maintain();
  fs.set_hook({});
  EXPECT_TRUE(block_begun);
  EXPECT_THAT(*db.db->blocks().blocks(), SizeIs(2));
}

// Blocks, drops and checkpoints on top of a log whose end may go.
TEST(BufferedWorkspace, APowerCutDuringMaintenanceTakesTheUnsyncedEndAlone) {
  for (uint64_t n = 0;; ++n) {
    SCOPED_TRACE(fmt::format("crash at operation {}", n));
    FaultFileSystem fs(n);
    BufferedDb db(fs);
    ASSERT_TRUE(db.open());
    db.scrape(4 * 60);
    db.sync();
    const int synced = db.acknowledged;
    db.scrape(60);
    fs.crash_at(fs.operations() + n);
    db.db->maintain();
    const bool all_done = !fs.is_dead();
    db.kill();
    fs.crash(n);
    ASSERT_TRUE(db.open()) << db.open_error.message;
    EXPECT_EQ(db.db->recovery().damage_total, 0u);
    EXPECT_GE(db.stored(), all_done ? db.acknowledged : synced);
    db.written = db.stored();
    db.scrape(3 * 60);
    db.db->maintain();
    ASSERT_TRUE(db.open());
    EXPECT_EQ(db.stored(), db.written);
    ASSERT_FALSE(testing::Test::HasFailure());
    if (all_done) {
      EXPECT_GT(n, 15u);
      return;
    }
  }
}

}  // namespace
}  // namespace sluice::tsdb
