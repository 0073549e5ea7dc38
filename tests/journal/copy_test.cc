#include "journal/copy.h"

#include <gmock/gmock.h>

#include "journal/harness.h"

namespace sluice::journal {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class CopyTest : public testing::Test {
 protected:
  /// What a log reads back as.
  std::vector<std::string> payloads_in(const std::string& directory) {
    std::vector<std::string> all;
    test::ManualExecutor executor;
    const auto opened = Journal::open(fs_, directory, {}, executor, harness_.clock, [&](const Record& record) {
      all.emplace_back(record.payload);
      return Result<void>();
    });
    EXPECT_TRUE(opened);
    EXPECT_EQ((*opened)->recovery().damage_total, 0u);
    executor.drop_all();
    return all;
  }

  test::FaultFileSystem fs_;
  Harness harness_{fs_};
};

TEST_F(CopyTest, HoldsWhatIsDurableWhileTheJournalGoesOn) {
  ASSERT_TRUE(harness_.open());
  ASSERT_TRUE(harness_.commit("one"));
  ASSERT_TRUE(harness_.commit("two"));
  const auto copied = copy_journal(fs_, "dir/wal", "backup/wal");
  ASSERT_TRUE(copied) << copied.error().message;
  EXPECT_EQ(copied->segments, 1u);
  EXPECT_EQ(copied->last, 2u);
  EXPECT_EQ(copied->bytes, fs_.content("backup/wal/00000001")->size()) << "nothing preallocated";
  ASSERT_TRUE(harness_.commit("three"));
  EXPECT_THAT(payloads_in("backup/wal"), ElementsAre("one", "two"));
  ASSERT_TRUE(copy_journal(fs_, "dir/wal", "backup/wal")) << "made anew";
  EXPECT_THAT(payloads_in("backup/wal"), ElementsAre("one", "two", "three"));
}

TEST_F(CopyTest, OfManySegmentsAndAClosedOneIsWhole) {
  ASSERT_TRUE(harness_.open());
  std::vector<std::string> all;
  for (int i = 0; i < 30; ++i) {
    all.push_back(std::string(1000, static_cast<char>('a' + i % 26)));
    ASSERT_TRUE(harness_.commit(all.back()));
  }
  harness_.journal->close();
  const auto copied = copy_journal(fs_, "dir/wal", "backup/wal").value();
  EXPECT_GT(copied.segments, 2u);
  EXPECT_EQ(copied.last, 30u);
  EXPECT_EQ(payloads_in("backup/wal"), all);
}

TEST_F(CopyTest, ATornRecordIsLeftOut) {
  ASSERT_TRUE(harness_.open());
  ASSERT_TRUE(harness_.commit("one"));
  ASSERT_TRUE(harness_.commit("two"));
  // As if the second one's write were under way.
  fs_.corrupt("dir/wal/00000001", kRecordsOffset + record_size(3) + kRecordHeaderSize, 1);
  EXPECT_EQ(copy_journal(fs_, "dir/wal", "backup/wal")->last, 1u);
  EXPECT_THAT(payloads_in("backup/wal"), ElementsAre("one"));
}

TEST_F(CopyTest, BeginsAnewWhenASegmentIsTakenAwayAndUsedAgain) {
  ASSERT_TRUE(harness_.open());
  for (int i = 0; i < 30; ++i) ASSERT_TRUE(harness_.commit(std::string(1000, 'x')));
  bool is_cut = false;
  fs_.set_hook([&](std::string_view operation, const std::string& path) {
    if (operation != "write" || !path.starts_with("backup") || is_cut) return;
    is_cut = true;
    ASSERT_TRUE(harness_.journal->truncate_before(25));
  });
  const auto copied = copy_journal(fs_, "dir/wal", "backup/wal");
  fs_.set_hook({});
  ASSERT_TRUE(copied) << copied.error().message;
  EXPECT_TRUE(is_cut);
  EXPECT_EQ(copied->last, 30u);
  const auto kept = payloads_in("backup/wal");
  EXPECT_GE(kept.size(), 6u);
  EXPECT_LT(kept.size(), 30u);
}

TEST_F(CopyTest, GivesUpWhenItIsCutAgainAndAgain) {
  ASSERT_TRUE(harness_.open());
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(harness_.commit(std::string(4000, 'x')));
  Sequence keep_from = 0;
  fs_.set_hook([&](std::string_view operation, const std::string& path) {
    if (operation == "write" && path.starts_with("backup")) (void)harness_.journal->truncate_before(keep_from += 5);
  });
  const auto copied = copy_journal(fs_, "dir/wal", "backup/wal");
  fs_.set_hook({});
  EXPECT_TRUE(!copied || copied->last == 100u);
}

TEST_F(CopyTest, AnEmptyLogIsCopiedAsSuch) {
  ASSERT_TRUE(harness_.open());
  EXPECT_EQ(copy_journal(fs_, "dir/wal", "backup/wal")->segments, 0u);
  EXPECT_THAT(payloads_in("backup/wal"), IsEmpty());
  EXPECT_EQ(copy_journal(fs_, "dir/none", "backup/none").error().code, ErrorCode::kNotFound);
}

TEST_F(CopyTest, ADiskThatFailsIsTheCallersError) {
  ASSERT_TRUE(harness_.open());
  ASSERT_TRUE(harness_.commit("one"));
  for (uint64_t n = 0;; ++n) {
    const uint64_t before = fs_.operations();
    fs_.fail_operation(before + n, ErrorCode::kNoSpace);
    const auto copied = copy_journal(fs_, "dir/wal", "backup/wal");
    if (fs_.operations() <= before + n) break;  // ended before it
    EXPECT_FALSE(copied) << "operation " << n;
  }
  EXPECT_THAT(payloads_in("backup/wal"), ElementsAre("one"));
}

}  // namespace
}  // namespace sluice::journal
