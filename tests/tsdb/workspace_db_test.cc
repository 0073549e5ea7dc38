#include "tsdb/workspace_db.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tsdb/harness.h"

namespace sluice::tsdb {
namespace {

using model::stale_nan;
using test::FaultFileSystem;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

const LabelList kUp = {{"__name__", "up"}, {"job", "a"}};
const LabelList kDown = {{"__name__", "down"}, {"job", "b"}};

uint64_t bits(double value) { return std::bit_cast<uint64_t>(value); }

model::AppendBatch one(const LabelList& labels, TimestampMs t_ms, double value) {
  return BatchBuilder().add(labels, {{t_ms, value}}).build();
}

TEST(WorkspaceDb, ShowsWhatWasWrittenAlsoAfterAReopen) {
  FaultFileSystem fs;
  DbHarness h(fs);
  ASSERT_TRUE(h.open());
  const auto outcome = h.commit(BatchBuilder().add(kUp, {{1000, 1}, {2000, 0}}).add(kDown, {{1000, -0.0}}).build());
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->samples_added, 3u);
  EXPECT_EQ(outcome->series_created, 2u);
  const Contents expected = {{"up{job=\"a\"}", {{1000, bits(1)}, {2000, bits(0)}}},
                             {"down{job=\"b\"}", {{1000, bits(-0.0)}}}};
  EXPECT_EQ(contents(*h.db), expected);
  ASSERT_TRUE(h.open());
  EXPECT_EQ(contents(*h.db), expected);
  EXPECT_THAT(h.logger.lines(), Contains(HasSubstr("workspace open workspace=ws-test checkpoint_series=0 records=1")));
}

TEST(WorkspaceDb, ShowsNothingBeforeItIsDurable) {
  FaultFileSystem fs;
  DbHarness h(fs);
  ASSERT_TRUE(h.open());
  const size_t answer = h.append(one(kUp, 1000, 1));
  EXPECT_THAT(contents(*h.db), IsEmpty());
  EXPECT_FALSE(h.answers[answer]->has_value());
  h.executor.run_all();
  EXPECT_THAT(contents(*h.db), SizeIs(1));
  EXPECT_TRUE((*h.answers[answer])->has_value());
}

TEST(WorkspaceDb, JudgesSamplesAsPrometheusDoes) {
  struct Case {
    const char* name;
    model::Sample sample;
    uint64_t added, duplicates, conflicting, out_of_order;
    const char* text;
  };
  // Stored: 1000 -> 1, 2000 -> stale, 3000 -> 3.
  for (const auto& c : std::vector<Case>{
           {"newer", {4000, 9}, 1, 0, 0, 0, ""},
           {"newest again", {3000, 3}, 0, 1, 0, 0, ""},
           {"newest, other value",
            {3000, 4},
            0,
            0,
            1,
            0,
            "duplicate sample for timestamp 3000; overrides not allowed: existing 3, new value 4"},
           {"older, stored", {1000, 1}, 0, 1, 0, 0, ""},
           {"older, stored, other value", {1000, 2}, 0, 0, 1, 0, "duplicate sample for timestamp 1000"},
           {"older, stored stale marker", {2000, stale_nan()}, 0, 1, 0, 0, ""},
           {"another NaN is another value",
            {2000, std::bit_cast<double>(model::kNormalNaNBits)},
            0,
            0,
            1,
            0,
            "duplicate sample for timestamp 2000"},
           {"older, nothing stored", {1500, 5}, 0, 0, 0, 1, "out of order sample for series up{job=\"a\"}"},
       }) {
    SCOPED_TRACE(c.name);
    FaultFileSystem fs;
    DbHarness h(fs);
    ASSERT_TRUE(h.open());
    ASSERT_TRUE(h.commit(BatchBuilder().add(kUp, {{1000, 1}, {2000, stale_nan()}, {3000, 3}}).build()));
    const auto outcome = h.commit(BatchBuilder().add(kUp, {c.sample}).build());
    ASSERT_TRUE(outcome);
    EXPECT_EQ(outcome->samples_added, c.added);
    EXPECT_EQ(outcome->duplicates, c.duplicates);
    EXPECT_EQ(outcome->conflicting, c.conflicting);
    EXPECT_EQ(outcome->out_of_order, c.out_of_order);
    EXPECT_THAT(outcome->first_refusal, HasSubstr(c.text));
    EXPECT_EQ(outcome->first_refusal.empty(), std::string_view(c.text).empty());
    EXPECT_EQ(outcome->series_created, 0u);
  }
}

TEST(WorkspaceDb, TakesTheGoodPartOfABatch) {
  FaultFileSystem fs;
  DbHarness h(fs);
  ASSERT_TRUE(h.open());
  const auto outcome = h.commit(BatchBuilder()
                                    .add(kUp, {{2000, 1}, {1000, 1}, {2000, 2}, {2000, 1}})
                                    .add(kUp, {{3000, 1}})
                                    .add(kDown, {{1000, 5}})
                                    .build());
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->samples_added, 3u);
  EXPECT_EQ(outcome->out_of_order, 1u);
  EXPECT_EQ(outcome->conflicting, 1u);
  EXPECT_EQ(outcome->duplicates, 1u);
  EXPECT_EQ(outcome->series_created, 2u);
  EXPECT_THAT(outcome->first_refusal, HasSubstr("out of order sample"));
}

TEST(WorkspaceDb, ARetryIsAcknowledgedOnlyWhenItIsDurable) {
  FaultFileSystem fs;
  DbHarness h(fs);
  ASSERT_TRUE(h.open());
  const size_t first = h.append(one(kUp, 1000, 1));
  const size_t retry = h.append(one(kUp, 1000, 1));
  EXPECT_FALSE(h.answers[first]->has_value());
  EXPECT_FALSE(h.answers[retry]->has_value());
  h.executor.run_all();
  EXPECT_EQ((*h.answers[first])->value().samples_added, 1u);
  EXPECT_EQ((*h.answers[retry])->value().samples_added, 0u);
  EXPECT_EQ((*h.answers[retry])->value().duplicates, 1u);
}

TEST(WorkspaceDb, ARetryBehindAFailedCommitIsWrittenByItself) {
  FaultFileSystem fs;
  DbHarness h(fs);
  h.log_options.commit_bytes_max = 1;  // each request a commit of its own
  ASSERT_TRUE(h.open());
  const size_t first = h.append(one(kUp, 1000, 1));
  const size_t retry = h.append(one(kUp, 1000, 1));
  fs.set_capacity(fs.used_bytes());
  h.executor.run_one();
  ASSERT_TRUE(h.answers[first]->has_value());
  EXPECT_EQ((*h.answers[first])->error().code, ErrorCode::kNoSpace);
  EXPECT_FALSE(h.answers[retry]->has_value());
  fs.set_capacity(std::nullopt);
  h.executor.run_all();
  ASSERT_TRUE((*h.answers[retry])->has_value());
  EXPECT_EQ((*h.answers[retry])->value().samples_added, 1u);
  EXPECT_EQ((*h.answers[retry])->value().series_created, 1u) << "it carried the definition too";
  fs.crash(1);
  ASSERT_TRUE(h.open());
  EXPECT_THAT(contents(*h.db), SizeIs(1));
}

TEST(WorkspaceDb, ARequestThatAddsNothingWaitsForWhatWasLoggedBefore) {
  FaultFileSystem fs;
  DbHarness h(fs);
  ASSERT_TRUE(h.open());
  ASSERT_TRUE(h.commit(one(kUp, 1000, 1)));
  h.append(one(kDown, 1000, 1));
  const size_t duplicate = h.append(one(kUp, 1000, 1));
  const size_t empty = h.append({});
  EXPECT_FALSE(h.answers[duplicate]->has_value());
  EXPECT_FALSE(h.answers[empty]->has_value());
  h.executor.run_all();
  EXPECT_EQ((*h.answers[duplicate])->value().duplicates, 1u);
  EXPECT_TRUE((*h.answers[empty])->has_value());
}

TEST(WorkspaceDb, ADuplicateOfUnprovenDataIsNotAcknowledgedBeforeTheRepair) {
  FaultFileSystem fs;
  DbHarness h(fs);
  ASSERT_TRUE(h.open());
  ASSERT_TRUE(h.commit(one(kUp, 1000, 1)));
  h.kill();
  fs.set_capacity(fs.used_bytes());
  ASSERT_TRUE(h.open());  // the head shows it, nothing proves that it was synced, and the disk takes no repair
  ASSERT_THAT(contents(*h.db), SizeIs(1));
  const size_t retry = h.append(one(kUp, 1000, 1));
  h.executor.run_all();
  ASSERT_TRUE(h.answers[retry]->has_value());
  EXPECT_FALSE((*h.answers[retry])->has_value());
  fs.set_capacity(std::nullopt);
  EXPECT_EQ(h.commit(one(kUp, 1000, 1)).value().duplicates, 1u);
  fs.crash(9);
  ASSERT_TRUE(h.open());
  EXPECT_THAT(contents(*h.db), SizeIs(1));
}

TEST(WorkspaceDb, AFailedCommitLeavesNoSeriesAndNoLostDefinition) {
  FaultFileSystem fs;
  DbHarness h(fs);
  ASSERT_TRUE(h.open());
  const uint64_t empty_bytes = h.db->stats().bytes;
  fs.set_capacity(fs.used_bytes());
  const auto refused = h.commit(one(kUp, 1000, 1));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kNoSpace);
  EXPECT_EQ(h.db->stats().series, 0u);
  EXPECT_LT(h.db->stats().bytes, empty_bytes + 500) << "its labels at most";
  fs.set_capacity(std::nullopt);
  ASSERT_TRUE(h.commit(one(kUp, 2000, 2)));
  fs.crash(1);
  ASSERT_TRUE(h.open());
  EXPECT_EQ(contents(*h.db), (Contents{{"up{job=\"a\"}", {{2000, bits(2)}}}}));
}

TEST(WorkspaceDb, DefinesASeriesOncePerRecordAndNoLongerOnceDurable) {
  FaultFileSystem fs;
  DbHarness h(fs);
  std::vector<uint64_t> sizes;
  h.log_options.on_commit = nullptr;
  ASSERT_TRUE(h.open());
  const LabelList wide = {{"__name__", "wide"}, {"text", std::string(900, 'x')}};
  const auto used = [&] { return fs.content("dir/ws-test/wal/00000001")->find_last_not_of('\0'); };
  ASSERT_TRUE(h.commit(BatchBuilder().add(wide, {{1, 1}}).add(wide, {{2, 1}}).add(wide, {{3, 1}}).build()));
  const auto after_first = used();
  EXPECT_LT(after_first, 1024u + 1200u);
  ASSERT_TRUE(h.commit(one(wide, 4, 1)));
  EXPECT_LT(used(), after_first + 200u);
}

TEST(WorkspaceDb, RefusesWhenTheHeadIsFull) {
  FaultFileSystem fs;
  DbHarness h(fs);
  h.head_bytes_max = 20'000;
  ASSERT_TRUE(h.open());
  Result<model::AppendOutcome> last;
  int accepted = 0;
  for (; accepted < 1000; ++accepted) {
    last = h.commit(one({{"__name__", "m"}, {"i", std::to_string(accepted)}}, 1000, 1));
    if (!last) break;
  }
  ASSERT_FALSE(last);
  EXPECT_EQ(last.error().code, ErrorCode::kResourceExhausted);
  EXPECT_THAT(last.error().message, HasSubstr("20000"));
  EXPECT_GT(accepted, 10);
  EXPECT_LT(accepted, 200);
}

TEST(WorkspaceDb, RefusesAppendsOnceClosedAndStillReads) {
  FaultFileSystem fs;
  DbHarness h(fs);
  ASSERT_TRUE(h.open());
  const size_t waiting = h.append(one(kUp, 1000, 1));
  h.db->close();
  EXPECT_TRUE((*h.answers[waiting])->has_value()) << "close commits what is waiting";
  const auto refused = h.commit(one(kUp, 2000, 1));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kUnavailable);
  EXPECT_THAT(contents(*h.db), SizeIs(1));
}

TEST(WorkspaceDb, DroppedItCancelsWhoWaits) {
  FaultFileSystem fs;
  DbHarness h(fs);
  ASSERT_TRUE(h.open());
  h.append(one(kUp, 1000, 1));
  const auto answer = h.answers.back();
  h.db.reset();
  EXPECT_FALSE(answer->has_value()) << "the queued commit keeps it alive";
  h.executor.drop_all();
  ASSERT_TRUE(answer->has_value());
  EXPECT_EQ((*answer)->error().code, ErrorCode::kCancelled);
}

TEST(WorkspaceDb, ReportsDamageWithFileAndOffsetAndServesTheRest) {
  FaultFileSystem fs;
  DbHarness h(fs);
  ASSERT_TRUE(h.open());
  ASSERT_TRUE(h.commit(one(kUp, 1000, 1)));
  ASSERT_TRUE(h.commit(one(kDown, 1000, 1)));
  ASSERT_TRUE(h.commit(BatchBuilder().add(kUp, {{2000, 1}}).add(kDown, {{2000, 1}}).build()));
  h.kill();
  fs.corrupt("dir/ws-test/wal/00000001", 1024 + 45, 0x10);  // the payload of the first record, which defines up
  ASSERT_TRUE(h.open());
  EXPECT_EQ(contents(*h.db), (Contents{{"down{job=\"b\"}", {{1000, bits(1)}, {2000, bits(1)}}}}));
  EXPECT_THAT(h.logger.lines(), Contains(HasSubstr("log damaged, the rest is served workspace=ws-test "
                                                   "file=dir/ws-test/wal/00000001 offset=1024")));
  EXPECT_THAT(h.logger.lines(), Contains(HasSubstr("samples skipped: damage took their series' definitions "
                                                   "workspace=ws-test samples=1")));
  const auto outcome = h.commit(one(kUp, 3000, 1));
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->series_created, 1u) << "defined anew";
  ASSERT_TRUE(h.open());
  EXPECT_THAT(contents(*h.db), SizeIs(2));
}

TEST(WorkspaceDb, RefusesALogOfAnotherKind) {
  FaultFileSystem fs;
  DbHarness h(fs);
  ASSERT_TRUE(h.open());
  h.db->close();
  auto journal = journal::Journal::open(fs, "dir/ws-test/wal", {}, h.executor, h.clock, [](const journal::Record&) {
                   return Result<void>();
                 }).value();
  journal->append(77, "?", [](Result<journal::Sequence>) {});
  journal->close();
  EXPECT_FALSE(h.open());
  EXPECT_EQ(h.open_error.code, ErrorCode::kUnsupported);
  EXPECT_THAT(h.open_error.message, HasSubstr("kind 77"));
}

TEST(WorkspaceDb, CutsChunksSoThatEachStaysInItsTwoHours) {
  FaultFileSystem fs;
  DbHarness h(fs);
  ASSERT_TRUE(h.open());
  constexpr TimestampMs kHour = 3'600'000;
  BatchBuilder builder;
  std::map<TimestampMs, uint64_t> expected;
  std::vector<model::Sample> samples;
  for (TimestampMs t = -5 * kHour; t < 5 * kHour; t += 30'000) {
    samples.push_back({t, static_cast<double>(t % 977)});
    expected[t] = bits(samples.back().value);
  }
  ASSERT_TRUE(h.commit(builder.add(kUp, samples).build()));
  EXPECT_EQ(contents(*h.db)["up{job=\"a\"}"], expected);
  const auto part = contents(*h.db, {-kHour, kHour})["up{job=\"a\"}"];
  EXPECT_EQ(part.size(), 241u);
  EXPECT_EQ(part.begin()->first, -kHour);
  EXPECT_EQ(part.rbegin()->first, kHour);
}

TEST(WorkspaceDb, ChargesTheQueryForWhatItReads) {
  FaultFileSystem fs;
  DbHarness h(fs);
  ASSERT_TRUE(h.open());
  ASSERT_TRUE(h.commit(BatchBuilder().add(kUp, {{1, 1}, {2, 1}, {3, 1}}).build()));
  model::QueryBudget budget(4, {});
  auto selected = h.db->select({}, {}, budget);
  ASSERT_TRUE(selected);
  model::SampleColumn column;
  ASSERT_TRUE(selected->at(0)->read({}, column));
  EXPECT_EQ(budget.samples_used(), 3u);
  const auto over = selected->at(0)->read({}, column);
  ASSERT_FALSE(over);
  EXPECT_EQ(over.error().code, ErrorCode::kQuotaExceeded);
}

TEST(WorkspaceDb, ASelectionSeesOneMoment) {
  FaultFileSystem fs;
  DbHarness h(fs);
  ASSERT_TRUE(h.open());
  ASSERT_TRUE(h.commit(one(kUp, 1000, 1)));
  model::QueryBudget budget(100, {});
  auto selected = h.db->select({}, {}, budget);
  ASSERT_TRUE(h.commit(one(kUp, 2000, 1)));
  model::SampleColumn column;
  ASSERT_TRUE(selected->at(0)->read({}, column));
  EXPECT_EQ(column.size(), 1u);
  h.kill();  // the selection keeps what it needs
  ASSERT_TRUE(selected->at(0)->read({}, column));
  EXPECT_EQ(selected->at(0)->labels().to_string(), "up{job=\"a\"}");
}

// As a request of known series comes: no labels in the batch.
TEST(WorkspaceDb, AppendsToSeriesItRecognized) {
  FaultFileSystem fs;
  DbHarness h(fs);
  ASSERT_TRUE(h.open());
  ASSERT_TRUE(h.commit(one(kUp, 1000, 1)));
  model::AppendBatch batch;
  batch.samples = {{2000, 2}, {1000, 1}, {500, 7}};
  batch.series.push_back(
      {.sample_count = 3, .known = h.db->recognizer()->recognize(model::Labels::from(kUp).packed())});
  ASSERT_TRUE(batch.series[0].known);
  const auto outcome = h.commit(std::move(batch));
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->samples_added, 1u);
  EXPECT_EQ(outcome->duplicates, 1u);
  EXPECT_EQ(outcome->out_of_order, 1u);
  const auto before = contents(*h.db);
  EXPECT_EQ(before.at("up{job=\"a\"}").size(), 2u);
  ASSERT_TRUE(h.open());
  EXPECT_EQ(contents(*h.db), before);
}

// Prometheus 2.53 sends each sample in an entry of its own.
TEST(WorkspaceDb, DefinesASeriesOfSeveralEntriesOnce) {
  FaultFileSystem fs;
  DbHarness h(fs);
  ASSERT_TRUE(h.open());
  BatchBuilder builder;
  for (const TimestampMs t : {1, 2, 3}) {
    builder.add(kUp, {{t, 1}});
    builder.add({{"__name__", "down"}}, {{t, 1}});
  }
  const auto outcome = h.commit(builder.build());
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->series_created, 2u);
  EXPECT_EQ(outcome->samples_added, 6u);
  const auto before = contents(*h.db);
  ASSERT_TRUE(h.open());
  EXPECT_EQ(contents(*h.db), before);
}

}  // namespace
}  // namespace sluice::tsdb
