// From the head to blocks and what becomes of them, on a disk that fails and crashes.
#include <random>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tsdb/maintained_db.h"

namespace sluice::tsdb {
namespace {

using test::FaultFileSystem;
using testing::AllOf;
using testing::Each;
using testing::Ge;
using testing::IsEmpty;
using testing::Le;
using testing::SizeIs;

constexpr TimestampMs kRange = kBlockRangeMs;
constexpr TimestampMs kStart = MaintainedDb::kStart;

/// Half a day of scrapes of a few series, some of them late, some ending; maintained as it goes.
void live_through(MaintainedDb& db, std::mt19937_64& random, int steps, int64_t step_ms = 10 * 60 * 1000) {
  for (int step = 0; step < steps; ++step) {
    db.advance(step_ms);
    for (int id = 0; id < 3; ++id) db.write(step / 20 * 10 + id, db.now(), static_cast<double>(random() % 100));
    if (random() % 3 == 0) {
      const auto ago = static_cast<int64_t>(random() % (10 * 60 * 60 * 1000));
      db.write(static_cast<int>(random() % 3), std::max(kStart, db.now() - ago), -static_cast<double>(random() % 100));
    }
    db.harness.db->maintain();
  }
}

TEST(WorkspaceMaintenance, CutsTheHeadIntoBlocksOfTwoHours) {
  FaultFileSystem fs;
  MaintainedDb db(fs);
  db.open();
  for (int i = 0; i < 24; ++i) {
    db.advance(10 * 60 * 1000);
    db.write(1, db.now(), i);
    db.write(2, db.now(), i * 2);
    db.maintain();
  }
  const auto blocks = db.harness.db->blocks().blocks();
  ASSERT_THAT(*blocks, SizeIs(1)) << "at four hours the first two are over for an hour";
  EXPECT_EQ(blocks->front()->meta().min_ms, kStart);
  EXPECT_EQ(blocks->front()->meta().max_ms, kStart + kRange);
  EXPECT_EQ(blocks->front()->meta().stats.samples, 22u);
  EXPECT_THAT(blocks->front()->verify(), IsEmpty());
  db.check("cut");
  db.open();
  db.check("reopened");
  db.harness.db->close();
  db.open();
  db.check("reopened after a clean end");
}

TEST(WorkspaceMaintenance, ShowsTheSameBeforeDuringAndAfter) {
  FaultFileSystem fs;
  MaintainedDb db(fs);
  db.open();
  std::mt19937_64 random(1);
  live_through(db, random, 100);
  db.check("after half a day");
  EXPECT_GE(db.harness.db->blocks().blocks()->size(), 2u);
  db.open();
  db.check("reopened");
}

TEST(WorkspaceMaintenance, GivesTheHeadsMemoryBack) {
  FaultFileSystem fs;
  MaintainedDb db(fs);
  db.open();
  for (int hour = 0; hour < 20; ++hour) {
    for (int id = 0; id < 200; ++id) db.write(hour * 1000 + id, db.now() + id, id);
    db.advance(60 * 60 * 1000);
    db.maintain();
  }
  db.maintain();
  EXPECT_LE(db.harness.db->stats().series, 200u * 5) << "those of hours ago are gone";
  db.check("with their samples in blocks");
}

TEST(WorkspaceMaintenance, AnIdleWorkspaceEndsUpInBlocksAlone) {
  FaultFileSystem fs;
  MaintainedDb db(fs);
  db.open();
  db.write(1, db.now(), 1);
  db.write(2, db.now() + 5, 1);
  db.advance(4 * 60 * 60 * 1000);
  db.maintain();
  db.maintain();
  EXPECT_EQ(db.harness.db->stats().series, 0u);
  db.check("idle");
  const uint64_t operations = fs.operations();
  db.advance(24 * 60 * 60 * 1000);
  db.maintain();
  EXPECT_EQ(fs.operations(), operations) << "and costs nothing";
}

TEST(WorkspaceMaintenance, SamplesFromAheadOfTheClockMoveNobody) {
  FaultFileSystem fs;
  MaintainedDb db(fs);
  db.open();
  db.write(1, db.now(), 1);
  db.write(2, db.now() + 20 * 60 * 60 * 1000, 1);
  db.maintain();
  EXPECT_THAT(*db.harness.db->blocks().blocks(), IsEmpty());
  db.advance(1000);
  db.write(1, db.now(), 2);
  db.check("in order all the same");
}

TEST(WorkspaceMaintenance, DropsBlocksPastTheirTime) {
  FaultFileSystem fs;
  MaintainedDb db(fs);
  db.harness.retention.time_ms = 6 * 60 * 60 * 1000;
  db.open();
  for (int i = 0; i < 72; ++i) {
    db.advance(10 * 60 * 1000);
    db.write(1, db.now(), i);
    db.maintain();
  }
  for (const auto& block : *db.harness.db->blocks().blocks()) {
    EXPECT_GE(block->meta().max_ms, db.now() - db.harness.retention.time_ms);
  }
  EXPECT_LT(contents(*db.harness.db).begin()->second.size(), 60u);
}

TEST(WorkspaceMaintenance, ACrashAtAnyOperationLosesAndInventsNothing) {
  for (uint64_t n = 0;; n += 1 + n / 200) {
    SCOPED_TRACE(fmt::format("crash at operation {}", n));
    FaultFileSystem fs(n);
    std::mt19937_64 random(5);
    MaintainedDb db(fs);
    db.open();
    fs.crash_at(fs.operations() + n);
    live_through(db, random, 40, 20 * 60 * 1000);
    const bool ended = !fs.is_dead();
    db.harness.kill();
    fs.crash(n);
    fs.crash_at(UINT64_MAX);
    db.open();
    db.check("after the crash");
    db.maintain();
    db.check("maintained");
    live_through(db, random, 10, 20 * 60 * 1000);
    db.check("going on");
    ASSERT_FALSE(testing::Test::HasFailure());
    if (ended) {
      EXPECT_GT(n, 100u);
      return;
    }
  }
}

TEST(WorkspaceMaintenance, AFailureOfAnyOperationIsMendedWithoutARestart) {
  for (const ErrorCode code : {ErrorCode::kNoSpace, ErrorCode::kIo}) {
    for (uint64_t n = 0;; n += 1 + n / 100) {
      SCOPED_TRACE(fmt::format("failure of operation {}", n));
      FaultFileSystem fs(n);
      std::mt19937_64 random(5);
      MaintainedDb db(fs);
      db.open();
      const uint64_t begin = fs.operations();
      fs.fail_operation(begin + n, code);
      live_through(db, random, 40, 20 * 60 * 1000);
      const bool ended = fs.operations() < begin + n;
      db.maintain();
      db.check("in the same process");
      db.open();
      db.check("reopened");
      ASSERT_FALSE(testing::Test::HasFailure());
      if (ended) break;
    }
  }
}

TEST(WorkspaceMaintenance, AFullDiskKeepsWhatIsThereUntilThereIsSpace) {
  FaultFileSystem fs;
  MaintainedDb db(fs);
  db.open();
  std::mt19937_64 random(2);
  live_through(db, random, 20, 20 * 60 * 1000);
  fs.set_capacity(fs.used_bytes());
  live_through(db, random, 20, 20 * 60 * 1000);
  db.check("full");
  fs.set_capacity(std::nullopt);
  live_through(db, random, 20, 20 * 60 * 1000);
  db.check("space again");
  EXPECT_TRUE(db.write(1, db.now() + 1, 5));
  db.open();
  db.check("reopened");
}

}  // namespace
}  // namespace sluice::tsdb
