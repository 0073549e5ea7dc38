#include "tsdb/block_set.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tsdb/block_set_harness.h"

namespace sluice::tsdb {
namespace {

using test::FaultFileSystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

struct Disk {
  FaultFileSystem disk_;
};

class BlockSetTest : public ::testing::Test, protected Disk, protected BlockSetHarness {
 protected:
  BlockSetTest() : BlockSetHarness(disk_) {}
};

TEST_F(BlockSetTest, CompactsUntilThereIsNothingToDo) {
  write_four();
  open();
  const Contents before = shown();
  const auto done = set->compact_once().value();
  ASSERT_TRUE(done.has_value());
  EXPECT_THAT(done->from, ElementsAre(test_ulid(1), test_ulid(2), test_ulid(3)));
  EXPECT_EQ(shown(), before);
  EXPECT_THAT(fs.list(kDirectory).value(), ElementsAre(test_ulid(4).to_string(), done->to->to_string(), "wal"));
  EXPECT_EQ(set->compact_once().value(), std::nullopt);
  open();
  EXPECT_EQ(shown(), before);
}

TEST_F(BlockSetTest, TheDataStoredFirstCountsAlsoOnceItIsCompacted) {
  write(1, 0, 20, {{{{"a", "1"}}, {{5, 1}}}});
  write(2, 5, 15, {{{{"a", "1"}}, {{5, 2}, {6, 2}}}});
  write(3, 20, 40, {{{{"a", "1"}}, {{25, 3}}}});
  open();
  const auto wanted = expected({{{{"a", "1"}}, {{5, 1}, {6, 2}, {25, 3}}}});
  EXPECT_EQ(shown(), wanted);
  EXPECT_THAT(set->compact_once().value()->from, ElementsAre(test_ulid(1), test_ulid(2)));
  write(4, 0, 10, {{{{"a", "1"}}, {{5, 4}}}});
  ASSERT_TRUE(set->add(std::vector{test_ulid(4)}).has_value());
  EXPECT_EQ(shown(), wanted);
  EXPECT_TRUE(set->compact_once().value().has_value());
  EXPECT_EQ(shown(), wanted);
}

TEST_F(BlockSetTest, ReadersKeepTheBlocksTheyTook) {
  write_four();
  open();
  const auto before = set->blocks();
  const Contents wanted = shown();
  ASSERT_TRUE(set->compact_once().value().has_value());
  ASSERT_TRUE(set->delete_series({}, {}).has_value());
  EXPECT_EQ(contents(MergedQueryable({before->begin(), before->end()})), wanted);
  EXPECT_THAT(shown(), IsEmpty());
}

TEST_F(BlockSetTest, DeletesInEveryBlockAndRemembersIt) {
  write_four();
  open();
  const std::vector<model::Matcher> matchers = {matcher(model::MatchType::kEqual, "i", "1")};
  const auto deletion = set->delete_series(matchers, {10, 45}).value();
  EXPECT_EQ(deletion.blocks, 3u);
  EXPECT_EQ(deletion.series, 3u);
  Contents wanted = expected(four());
  std::erase_if(wanted["{i=\"1\"}"], [](const auto& sample) { return sample.first >= 10 && sample.first <= 45; });
  EXPECT_EQ(shown(), wanted);
  open();
  EXPECT_EQ(shown(), wanted);
  const auto meta = read_block_meta(fs, block_path(kDirectory, test_ulid(1))).value();
  EXPECT_EQ(meta.stats.tombstones, 1u);
  while (set->compact_once().value()) continue;
  EXPECT_EQ(shown(), wanted);
  EXPECT_EQ(set->delete_series(matchers, {1'000, 2'000}).value().blocks, 0u);
}

TEST_F(BlockSetTest, TakesOverBlocksFromAnotherDirectory) {
  write_four();
  open();
  const Contents before = shown();
  const std::vector<TestSeries> more = {{{{"i", "9"}}, samples_from(100, 1, 5)}};
  directory = "from";
  ASSERT_TRUE(disk_.create_directories("from/notes", 0755).has_value());
  write(7, 100, 120, more);
  write(8, 200, 220, {{{{"i", "9"}}, samples_from(200, 1, 5)}});
  directory = kDirectory;
  EXPECT_THAT(set->adopt("from").value(), ElementsAre(test_ulid(7), test_ulid(8)));
  Contents wanted = before;
  wanted.merge(expected({{{{"i", "9"}}, samples_from(100, 1, 5)}}));
  wanted["{i=\"9\"}"].merge(expected({{{{"i", "9"}}, samples_from(200, 1, 5)}})["{i=\"9\"}"]);
  EXPECT_EQ(shown(), wanted);
  EXPECT_EQ(set->adopt("from").error().code, ErrorCode::kConflict);
  ASSERT_TRUE(disk_.remove_tree("from").has_value());
  open();
  EXPECT_EQ(shown(), wanted);
}

TEST_F(BlockSetTest, OpenForReadingItTidiesNothingUp) {
  write_four();
  ASSERT_TRUE(disk_.create_directories(join_path(kDirectory, "01ARYZ6S410000000000000000.tmp-for-creation"), 0755));
  open();
  const Contents before = shown();
  ASSERT_TRUE(set->compact_once().value().has_value());
  BlockMeta meta = test_meta(9, 0, 20);
  meta.parents = {{test_ulid(4), 60, 80}};  // which is obsolete, so
  write(meta, {{{{"i", "7"}}, {{5, 5}}}});
  ASSERT_TRUE(disk_.create_directories(join_path(kDirectory, "01ARYZ6S410000000000000000.tmp-for-creation"), 0755));
  const auto names = fs.list(kDirectory).value();
  options.is_read_only = true;
  ASSERT_TRUE(open());
  EXPECT_EQ(fs.list(kDirectory).value(), names);
  EXPECT_EQ(shown().at("{i=\"1\"}").size(), 60u) << "not shown all the same";
}

TEST_F(BlockSetTest, ABlockWhollyDeletedGoesAway) {
  write_four();
  open();
  ASSERT_TRUE(set->delete_series({}, {0, 59}).has_value());
  const auto done = set->compact_once().value();
  EXPECT_EQ(done->to, std::nullopt);
  EXPECT_THAT(fs.list(kDirectory).value(), ElementsAre(test_ulid(4).to_string(), "wal"));
}

TEST_F(BlockSetTest, DropsWhatIsPastItsTimeOrTooMuch) {
  write_four();
  open();
  EXPECT_THAT(set->drop_expired({.time_ms = 40}, 80, 0).value(), ElementsAre(test_ulid(1), test_ulid(2)));
  EXPECT_THAT(*set->blocks(), SizeIs(2));
  EXPECT_THAT(set->drop_expired({.bytes = set->bytes()}, 80, 1).value(), ElementsAre(test_ulid(3)));
  EXPECT_THAT(fs.list(kDirectory).value(), ElementsAre(test_ulid(4).to_string(), "wal"));
}

TEST_F(BlockSetTest, TidiesUpWhatACrashLeft) {
  write_four();
  for (const auto* name : {"01ARYZ6S410000000000000000.tmp-for-creation", "01ARYZ6S410000000000000000.tmp-for-deletion",
                           "01ARYZ6S410000000000000000.tmp", "notes.tmp"}) {
    ASSERT_TRUE(disk_.create_directories(join_path(kDirectory, name), 0755).has_value());
  }
  open();
  EXPECT_THAT(fs.list(kDirectory).value(), SizeIs(6));
  EXPECT_TRUE(fs.exists(join_path(kDirectory, "notes.tmp")).value());
}

TEST_F(BlockSetTest, SetsADamagedBlockAsideAndServesTheOthers) {
  write_four();
  const std::string bad = block_path(kDirectory, test_ulid(2));
  disk_.corrupt(join_path(bad, "index"), 20, 1);
  open();
  ASSERT_THAT(set->damaged(), SizeIs(1));
  EXPECT_EQ(set->damaged().front().directory, bad);
  EXPECT_THAT(set->damaged().front().error.message, HasSubstr(join_path(bad, "index") + ": at offset"));
  EXPECT_THAT(logger.lines(), ElementsAre(HasSubstr("a block cannot be opened")));
  Contents wanted = expected(four());
  for (auto& [labels, samples] : wanted) {
    std::erase_if(samples, [](const auto& sample) { return sample.first >= 20 && sample.first < 40; });
  }
  EXPECT_EQ(shown(), wanted);
  EXPECT_TRUE(fs.exists(bad).value());
}

TEST_F(BlockSetTest, RemovesADamagedBlockThatHasASuccessor) {
  write_four();
  disk_.corrupt(join_path(block_path(kDirectory, test_ulid(2)), "index"), 20, 1);
  BlockMeta meta = test_meta(9, 0, 60);
  meta.parents = {{test_ulid(1), 0, 20}, {test_ulid(2), 20, 40}, {test_ulid(3), 40, 60}};
  auto first_three = four();
  for (auto& one : first_three) std::erase_if(one.samples, [](const auto& sample) { return sample.t_ms >= 60; });
  write(meta, first_three);
  open();
  EXPECT_THAT(set->damaged(), IsEmpty());
  EXPECT_EQ(shown(), expected(four()));
  EXPECT_THAT(*set->blocks(), SizeIs(2));
}

TEST_F(BlockSetTest, DoesNotTryADamagedBlockAgain) {
  write_four();
  const std::string path = join_path(block_path(kDirectory, test_ulid(2)), "chunks/000001");
  disk_.corrupt(path, 12, 1);
  open();
  EXPECT_THAT(set->compact_once().error().message, HasSubstr(path));
  EXPECT_EQ(set->compact_once().value(), std::nullopt);
  open();
  EXPECT_EQ(set->compact_once().value(), std::nullopt);
  EXPECT_THAT(*set->blocks(), SizeIs(4));
}

TEST_F(BlockSetTest, ADeletionMakesACompactionGiveUp) {
  write_four();
  options.write.is_cancelled = [this] { return cancelled; };
  open();
  cancelled = true;
  EXPECT_EQ(set->compact_once().error().code, ErrorCode::kCancelled);
  cancelled = false;
  EXPECT_EQ(shown(), expected(four()));
  EXPECT_TRUE(set->compact_once().value().has_value());
}

TEST_F(BlockSetTest, ALinkedCopyDoesNotChangeWithIt) {
  write_four();
  open();
  EXPECT_THAT(set->link_to("copy").value(), SizeIs(4));
  ASSERT_TRUE(set->delete_series({}, {0, 30}).has_value());
  while (set->compact_once().value()) continue;
  directory = "copy";
  open();
  EXPECT_EQ(shown(), expected(four()));
  EXPECT_THAT(set->blocks()->front()->verify(), IsEmpty());
}

}  // namespace
}  // namespace sluice::tsdb
