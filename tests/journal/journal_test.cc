#include "journal/journal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/limits.h"
#include "journal/format.h"
#include "journal/harness.h"

namespace sluice::journal {
namespace {

using test::FaultFileSystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

TEST(Journal, GivesBackWhatWasAppendedInOrder) {
  FaultFileSystem fs;
  Harness h(fs);
  ASSERT_TRUE(h.open());
  EXPECT_EQ(h.commit("one").value(), 1u);
  EXPECT_EQ(h.commit("").value(), 2u);
  EXPECT_EQ(h.commit(std::string("thr\0ee", 6)).value(), 3u);
  h.journal->close();
  ASSERT_TRUE(h.open());
  EXPECT_THAT(h.payloads(), ElementsAre("one", "", std::string("thr\0ee", 6)));
  EXPECT_EQ(h.journal->recovery().damage_total, 0u);
  EXPECT_FALSE(h.journal->recovery().torn_tail);
  EXPECT_EQ(h.commit("four").value(), 4u);
}

TEST(Journal, AnswersOnlyAfterTheSync) {
  FaultFileSystem fs;
  Harness h(fs);
  ASSERT_TRUE(h.open());
  const size_t index = h.append("a");
  EXPECT_FALSE(h.results[index]);
  EXPECT_EQ(h.journal->durable(), 0u);
  h.executor.run_all();
  EXPECT_EQ(h.results[index]->value(), 1u);
  EXPECT_EQ(h.journal->durable(), 1u);
}

TEST(Journal, CommitsWhatIsWaitingWithOneSync) {
  FaultFileSystem fs;
  Harness h(fs);
  ASSERT_TRUE(h.open());
  for (int i = 0; i < 20; ++i) h.append("record");
  EXPECT_EQ(h.executor.queued(), 1u);
  h.executor.run_all();
  ASSERT_THAT(h.commits, SizeIs(1));
  EXPECT_EQ(h.commits[0].records, 20u);
  EXPECT_TRUE(h.commits[0].durable);
}

TEST(Journal, BarrierWaitsForWhatWasAppendedBefore) {
  FaultFileSystem fs;
  Harness h(fs);
  ASSERT_TRUE(h.open());
  std::vector<Sequence> order;
  h.journal->append(1, "a", [&](Result<Sequence> r) { order.push_back(r.value()); });
  h.journal->barrier([&](Result<Sequence> r) { order.push_back(r.value()); });
  h.journal->append(1, "b", [&](Result<Sequence> r) { order.push_back(r.value()); });
  EXPECT_THAT(order, IsEmpty());
  h.executor.run_all();
  EXPECT_EQ(order.size(), 3u);
  EXPECT_EQ(order[0], 1u);
  EXPECT_EQ(order[2], 2u);
}

TEST(Journal, BarrierWithNothingWaitingWritesNothing) {
  FaultFileSystem fs;
  Harness h(fs);
  ASSERT_TRUE(h.open());
  const auto before = fs.operations();
  bool called = false;
  h.journal->barrier([&](Result<Sequence> r) { called = r.has_value(); });
  h.executor.run_all();
  EXPECT_TRUE(called);
  EXPECT_EQ(fs.operations(), before);
}

TEST(Journal, BeginsFreshSegmentsAndGrowsThem) {
  FaultFileSystem fs;
  Harness h(fs);
  ASSERT_TRUE(h.open());
  for (int i = 0; i < 40; ++i) ASSERT_TRUE(h.commit(std::string(1000, static_cast<char>('a' + i % 26))));
  EXPECT_EQ(fs.content("dir/wal/00000001")->size(), 4096u);
  EXPECT_EQ(fs.content("dir/wal/00000002")->size(), 8192u);
  EXPECT_EQ(fs.content("dir/wal/00000003")->size(), 16384u);
  EXPECT_EQ(fs.content("dir/wal/00000004")->size(), 16384u);
  ASSERT_TRUE(h.open());
  EXPECT_EQ(h.replayed.size(), 40u);
  for (size_t i = 0; i < h.replayed.size(); ++i) EXPECT_EQ(h.replayed[i].sequence, i + 1);
}

TEST(Journal, MakesASegmentThatFitsALargeRecord) {
  FaultFileSystem fs;
  Harness h(fs);
  ASSERT_TRUE(h.open());
  ASSERT_TRUE(h.commit(std::string(100'000, 'x')));
  ASSERT_TRUE(h.commit("small"));
  ASSERT_TRUE(h.open());
  ASSERT_EQ(h.replayed.size(), 2u);
  EXPECT_EQ(h.replayed[0].payload.size(), 100'000u);
}

TEST(Journal, TakesNoMoreThanMayWait) {
  FaultFileSystem fs;
  Harness h(fs);
  h.options.pending_bytes_max = 1000;
  ASSERT_TRUE(h.open());
  h.append(std::string(800, 'x'));
  const size_t refused = h.append(std::string(800, 'y'));
  ASSERT_TRUE(h.results[refused]);
  EXPECT_EQ(h.results[refused]->error().code, ErrorCode::kResourceExhausted);
  EXPECT_THAT(h.results[refused]->error().message, HasSubstr("1000"));
  h.executor.run_all();
  EXPECT_TRUE(h.commit(std::string(800, 'z')));
}

TEST(Journal, RefusesARecordOverTheBound) {
  FaultFileSystem fs;
  Harness h(fs);
  ASSERT_TRUE(h.open());
  const auto result = h.commit(std::string(limits::kJournalRecordBytesMax + 1, 'x'));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kTooLarge);
}

TEST(Journal, CommitsInSeveralStepsWhenMuchIsWaiting) {
  FaultFileSystem fs;
  Harness h(fs);
  h.options.commit_bytes_max = 2000;
  ASSERT_TRUE(h.open());
  for (int i = 0; i < 10; ++i) h.append(std::string(900, 'x'));
  h.executor.run_all();
  EXPECT_GE(h.commits.size(), 5u);
  for (const auto& commit : h.commits) EXPECT_LE(commit.bytes, 2000u);
  EXPECT_EQ(h.journal->durable(), 10u);
}

TEST(Journal, CloseCommitsWhatIsWaitingWithoutTheSyncer) {
  FaultFileSystem fs;
  Harness h(fs);
  ASSERT_TRUE(h.open());
  const size_t index = h.append("a");
  h.journal->close();
  EXPECT_TRUE(h.results[index]->has_value());
  h.executor.run_all();  // the job that close() took over finds nothing to do
  const auto after = h.commit("b");
  ASSERT_FALSE(after);
  EXPECT_EQ(after.error().code, ErrorCode::kUnavailable);
  ASSERT_TRUE(h.open());
  EXPECT_THAT(h.payloads(), ElementsAre("a"));
}

TEST(Journal, RemovesSegmentsThatAreNoLongerNeededAndReusesTheirFiles) {
  FaultFileSystem fs;
  Harness h(fs);
  h.options.segment_bytes_max = 4096;
  ASSERT_TRUE(h.open());
  for (int i = 0; i < 30; ++i) ASSERT_TRUE(h.commit(std::string(1000, static_cast<char>('a' + i % 26))));
  const uint64_t before = h.journal->disk_bytes();
  ASSERT_TRUE(h.journal->truncate_before(25));
  EXPECT_LT(h.journal->disk_bytes(), before);
  const auto names = fs.list("dir/wal").value();
  EXPECT_EQ(std::ranges::count_if(names, [](const auto& n) { return n.ends_with(".spare"); }), 2);
  for (int i = 0; i < 8; ++i) ASSERT_TRUE(h.commit(std::string(900, 'N')));
  EXPECT_EQ(std::ranges::count_if(fs.list("dir/wal").value(), [](const auto& n) { return n.ends_with(".spare"); }), 0);
  ASSERT_TRUE(h.open());
  EXPECT_EQ(h.journal->recovery().damage_total, 0u);
  EXPECT_FALSE(h.journal->recovery().torn_tail);
  EXPECT_LE(h.replayed.front().sequence, 25u);
  EXPECT_EQ(h.replayed.back().sequence, 38u);
  EXPECT_EQ(h.replayed.back().payload, std::string(900, 'N'));
  for (size_t i = 1; i < h.replayed.size(); ++i) EXPECT_EQ(h.replayed[i].sequence, h.replayed[i - 1].sequence + 1);
}

TEST(Journal, ARecycledFilesOldRecordsAreNoTornTail) {
  FaultFileSystem fs;
  Harness h(fs);
  h.options.segment_bytes_max = 4096;
  ASSERT_TRUE(h.open());
  for (int i = 0; i < 9; ++i) ASSERT_TRUE(h.commit(std::string(900, 'o')));
  ASSERT_TRUE(h.journal->truncate_before(9));
  ASSERT_TRUE(h.commit(std::string(300, 'n')));
  ASSERT_TRUE(fs.content("dir/wal/00000004"));
  ASSERT_THAT(*fs.content("dir/wal/00000004"), HasSubstr(std::string(900, 'o'))) << "old records stand behind it";
  h.journal.reset();
  ASSERT_TRUE(h.open());
  EXPECT_EQ(h.payloads().back(), std::string(300, 'n'));
  EXPECT_FALSE(h.journal->recovery().torn_tail);
  EXPECT_EQ(h.journal->recovery().damage_total, 0u);
}

TEST(Journal, KeepsEverythingFromTheRecordNamed) {
  for (Sequence keep = 1; keep <= 31; ++keep) {
    FaultFileSystem fs;
    Harness h(fs);
    ASSERT_TRUE(h.open());
    for (int i = 0; i < 30; ++i) ASSERT_TRUE(h.commit(std::string(500, 'x')));
    ASSERT_TRUE(h.journal->truncate_before(keep));
    ASSERT_TRUE(h.open());
    ASSERT_FALSE(h.replayed.empty());
    EXPECT_LE(h.replayed.front().sequence, keep);
    EXPECT_EQ(h.replayed.back().sequence, 30u);
  }
}

TEST(Journal, RefusesANewerFormatAndNamesTheWayOut) {
  FaultFileSystem fs;
  Harness h(fs);
  ASSERT_TRUE(h.open());
  ASSERT_TRUE(h.commit("a"));
  h.journal->close();
  auto file = static_cast<FileSystem&>(fs).open_writable("dir/wal/00000001", OpenMode::kCreateOrOpen).value();
  const std::string newer = encode_segment_head({.version = 2, .number = 1, .salt = 1});
  ASSERT_TRUE(file->write_at(0, newer));
  EXPECT_FALSE(h.open());
  EXPECT_EQ(h.open_error.code, ErrorCode::kUnsupported);
  EXPECT_THAT(h.open_error.message, HasSubstr("dir/wal/00000001"));
  EXPECT_THAT(h.open_error.message, HasSubstr("version 2"));
  EXPECT_THAT(h.open_error.message, HasSubstr("start the version of sluice that wrote it"));
}

TEST(Journal, AnErrorOfReplayStopsTheOpening) {
  FaultFileSystem fs;
  Harness h(fs);
  ASSERT_TRUE(h.open());
  ASSERT_TRUE(h.commit("a"));
  h.journal->close();
  const auto opened = Journal::open(fs, "dir/wal", h.options, h.executor, h.clock, [](const Record&) -> Result<void> {
    return fail(ErrorCode::kUnsupported, "not this one");
  });
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().message, "not this one");
}

TEST(Journal, DroppingItCancelsWhoWaits) {
  FaultFileSystem fs;
  Harness h(fs);
  ASSERT_TRUE(h.open());
  const size_t index = h.append("a");
  h.journal.reset();
  EXPECT_FALSE(h.results[index]) << "the queued job keeps it alive";
  h.executor.run_all();
  EXPECT_TRUE(h.results[index]->has_value());
}

}  // namespace
}  // namespace sluice::journal
