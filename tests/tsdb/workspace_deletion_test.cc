// Deleting series: head, log, checkpoints and blocks together.
#include <random>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tsdb/maintained_db.h"

namespace sluice::tsdb {
namespace {

using test::FaultFileSystem;
using testing::IsEmpty;
using testing::SizeIs;

constexpr TimestampMs kStart = MaintainedDb::kStart;
constexpr int64_t kMinuteMs = 60 * 1000;
constexpr int64_t kHourMs = 60 * kMinuteMs;

/// Some hours of two samples every ten minutes, a few of them late, cut into blocks as they come.
void fill(MaintainedDb& db, int hours) {
  for (int i = 0; i < hours * 6; ++i) {
    db.advance(10 * kMinuteMs);
    for (int id = 0; id < 2; ++id) db.write(id, db.now(), i);
    if (i % 5 == 4) db.write(1, db.now() - 25 * kMinuteMs, -i);
    db.harness.db->maintain();
  }
}

TEST(WorkspaceDeletion, ReachesHeadAndBlocksAndStaysSo) {
  FaultFileSystem fs;
  MaintainedDb db(fs);
  db.open();
  fill(db, 8);
  ASSERT_FALSE(db.harness.db->blocks().blocks()->empty());
  const std::vector<model::Matcher> one = {matcher(model::MatchType::kEqual, "id", "1")};
  const auto deletion = db.harness.db->delete_series(one, {kStart + kHourMs, db.now() - 30 * kMinuteMs});
  ASSERT_TRUE(deletion) << deletion.error().message;
  EXPECT_EQ(deletion->head_series, 1u);
  EXPECT_GT(deletion->head_samples, 3u);
  EXPECT_GE(deletion->blocks, 1u);
  ASSERT_TRUE(db.remove("1", {kStart + kHourMs, db.now() - 30 * kMinuteMs})) << "once more changes nothing";
  db.check("deleted");
  EXPECT_GT(db.acknowledged.at(MaintainedDb::series(1)).size(), 3u);
  db.open();
  db.check("replayed");
  db.harness.db->close();
  db.open();
  db.check("from a checkpoint");
  fill(db, 6);
  db.check("compacted");
}

TEST(WorkspaceDeletion, OfEverythingLeavesNothingAndTheHeadGoesOn) {
  FaultFileSystem fs;
  MaintainedDb db(fs);
  db.open();
  fill(db, 5);
  const uint64_t samples = db.harness.db->stats().samples;
  ASSERT_TRUE(db.remove("01", {}));
  EXPECT_THAT(contents(*db.harness.db), IsEmpty());
  const std::vector<std::vector<model::Matcher>> all = {{matcher(model::MatchType::kRegex, "id", ".+")}};
  EXPECT_THAT(db.harness.db->series(all, {}, 0).value(), IsEmpty());
  EXPECT_THAT(db.harness.db->label_values("id", {}, {}, 0).value(), IsEmpty());
  EXPECT_LT(db.harness.db->stats().samples, samples);
  fill(db, 1);
  db.check("written anew");
  EXPECT_THAT(db.acknowledged.at(MaintainedDb::series(0)), SizeIs(6));
}

// No deletion covers a whole chunk.
TEST(WorkspaceDeletion, OfASeriesSampleBySampleHidesTheSeries) {
  FaultFileSystem fs;
  MaintainedDb db(fs);
  db.open();
  fill(db, 8);
  ASSERT_FALSE(db.harness.db->blocks().blocks()->empty());
  const auto samples = db.acknowledged.at(MaintainedDb::series(1));
  for (const auto& [t_ms, bits] : samples) ASSERT_TRUE(db.remove("1", {t_ms, t_ms}));
  EXPECT_FALSE(contents(*db.harness.db).contains(MaintainedDb::series(1)));
  const std::vector<std::vector<model::Matcher>> one = {{matcher(model::MatchType::kEqual, "id", "1")}};
  EXPECT_THAT(db.harness.db->series(one, {}, 0).value(), IsEmpty());
}

TEST(WorkspaceDeletion, WhatIsInOrderIsJudgedAsBefore) {
  for (const bool restarts_from_checkpoint : {false, true}) {
    FaultFileSystem fs;
    DbHarness harness(fs);
    harness.commits_inline = true;
    ASSERT_TRUE(harness.open());
    const auto write = [&](TimestampMs t_ms) {
      return harness.commit(BatchBuilder().add({{"__name__", "m"}}, {{t_ms, 1}}).build()).value();
    };
    for (const int at : {10, 20, 30}) EXPECT_EQ(write(kStart + at).samples_added, 1u);
    const std::vector<model::Matcher> all = {matcher(model::MatchType::kEqual, "__name__", "m")};
    EXPECT_EQ(harness.db->delete_series(all, {kStart + 15, kStart + 100})->head_samples, 2u);
    if (restarts_from_checkpoint) harness.db->close();
    ASSERT_TRUE(harness.open());
    EXPECT_EQ(write(kStart + 25).out_of_order, 1u) << "no late samples are taken here";
    EXPECT_EQ(write(kStart + 30).out_of_order, 1u);
    EXPECT_EQ(write(kStart + 31).samples_added, 1u);
    EXPECT_THAT(contents(*harness.db).begin()->second, SizeIs(2));
  }
}

TEST(WorkspaceDeletion, ADeletedSampleMayBeWrittenAgainAsALateOne) {
  FaultFileSystem fs;
  MaintainedDb db(fs);
  db.open();
  fill(db, 5);
  const TimestampMs in_block = kStart + 10 * kMinuteMs;
  const TimestampMs in_head = db.now() - 10 * kMinuteMs;
  ASSERT_TRUE(db.remove("0", {}));
  for (const TimestampMs t_ms : {in_block, in_head}) EXPECT_TRUE(db.write(0, t_ms, 99));
  EXPECT_THAT(db.acknowledged.at(MaintainedDb::series(0)), SizeIs(2));
  db.check("written again");
  db.open();
  db.check("replayed");
  fill(db, 6);
  db.check("in blocks");
}

TEST(WorkspaceDeletion, ManySeriesAreManyRecords) {
  FaultFileSystem fs;
  MaintainedDb db(fs);
  db.open();
  for (int id = 0; id < 1200; ++id) db.write(id, kStart + id, id);
  const std::vector<model::Matcher> all = {matcher(model::MatchType::kEqual, "__name__", "m")};
  EXPECT_EQ(db.harness.db->delete_series(all, {kStart + 100, kStart + 1'099})->head_series, 1000u);
  EXPECT_THAT(contents(*db.harness.db), SizeIs(200));
  db.open();
  EXPECT_THAT(contents(*db.harness.db), SizeIs(200));
}

TEST(WorkspaceDeletion, TakesHistogramsToo) {
  FaultFileSystem fs;
  DbHarness harness(fs);
  harness.commits_inline = true;
  ASSERT_TRUE(harness.open());
  for (int i = 0; i < 10; ++i) {
    auto batch = BatchBuilder().add({{"__name__", "h"}}, {}).build();
    model::HistogramSample sample;
    sample.t_ms = kStart + i;
    model::Histogram histogram;
    histogram.count = static_cast<uint64_t>(i);
    histogram.zero_count = static_cast<uint64_t>(i);
    sample.value = histogram;
    batch.histograms.push_back({0, sample});
    ASSERT_EQ(harness.commit(std::move(batch))->samples_added, 1u);
  }
  const std::vector<model::Matcher> all = {matcher(model::MatchType::kEqual, "__name__", "h")};
  EXPECT_EQ(harness.db->delete_series(all, {kStart + 3, kStart + 5})->head_samples, 3u);
  EXPECT_THAT(contents(*harness.db).begin()->second, SizeIs(7));
  EXPECT_EQ(harness.db->delete_series(all, {kStart + 9, kStart + 9})->head_samples, 1u);
  ASSERT_TRUE(harness.open());
  EXPECT_THAT(contents(*harness.db).begin()->second, SizeIs(6));
}

TEST(WorkspaceDeletion, ACrashAtAnyOperationLeavesItToARetry) {
  for (uint64_t n = 0;; ++n) {
    SCOPED_TRACE(fmt::format("crash at operation {}", n));
    FaultFileSystem fs(n);
    MaintainedDb db(fs);
    db.open();
    fill(db, 7);
    fs.crash_at(fs.operations() + n);
    const model::TimeRange range{kStart + 30 * kMinuteMs, db.now() - kHourMs};
    const bool is_done = db.remove("1", range);
    const bool ended = !fs.is_dead();
    EXPECT_TRUE(is_done || !ended);
    db.harness.kill();
    fs.crash(n);
    fs.crash_at(UINT64_MAX);
    db.open();
    db.check("after the crash");
    ASSERT_TRUE(db.remove("1", range));
    db.check("tried again");
    fill(db, 4);
    db.check("going on");
    ASSERT_FALSE(testing::Test::HasFailure());
    if (ended) {
      EXPECT_GT(n, 8u);
      return;
    }
  }
}

TEST(WorkspaceDeletion, AFailureOfAnyOperationIsMendedByARetry) {
  for (uint64_t n = 0;; ++n) {
    SCOPED_TRACE(fmt::format("failure of operation {}", n));
    FaultFileSystem fs(n);
    MaintainedDb db(fs);
    db.open();
    fill(db, 7);
    const uint64_t begin = fs.operations();
    fs.fail_operation(begin + n);
    const model::TimeRange range{kStart + 30 * kMinuteMs, db.now() - kHourMs};
    db.remove("1", range);
    if (fs.operations() <= begin + n) {
      EXPECT_GT(n, 8u);
      return;
    }
    ASSERT_TRUE(db.remove("1", range));
    db.check("tried again");
    db.open();
    db.check("reopened");
    ASSERT_FALSE(testing::Test::HasFailure());
  }
}

// The disk fails while a block is cut: what is frozen is cut first, then deleted from.
TEST(WorkspaceDeletion, FinishesABlockThatIsBeingCut) {
  for (uint64_t n = 2; n < 30; n += 3) {
    SCOPED_TRACE(fmt::format("failure of operation {}", n));
    FaultFileSystem fs(n);
    MaintainedDb db(fs);
    db.open();
    fill(db, 2);
    for (int i = 0; i < 12; ++i) {
      db.advance(10 * kMinuteMs);
      for (int id = 0; id < 2; ++id) db.write(id, db.now(), i);
    }
    fs.fail_operation(fs.operations() + n);
    db.harness.db->maintain();
    if (n % 2 == 0) db.open();
    ASSERT_TRUE(db.remove("1", {kStart, kStart + 90 * kMinuteMs}));
    db.check("deleted");
    db.open();
    db.check("reopened");
    db.maintain();
    db.check("maintained");
    ASSERT_FALSE(testing::Test::HasFailure());
  }
}

}  // namespace
}  // namespace sluice::tsdb
