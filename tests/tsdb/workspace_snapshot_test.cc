#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tsdb/block_harness.h"
#include "tsdb/maintained_db.h"
#include "tsdb/workspace_reader.h"

namespace sluice::tsdb {
namespace {

using test::FaultFileSystem;
using testing::IsEmpty;

constexpr int64_t kMinuteMs = 60 * 1000;

class WorkspaceSnapshotTest : public testing::Test {
 protected:
  void SetUp() override {
    db_.open();
    live(36);
    ASSERT_TRUE(fs_.create_directories("copy", 0755));
  }
  void live(int steps) {
    for (int i = 0; i < steps; ++i) {
      db_.advance(10 * kMinuteMs);
      for (int id = 0; id < 2; ++id) db_.write(id, db_.now(), i);
      if (i % 5 == 4) db_.write(1, db_.now() - 95 * kMinuteMs, -i);
      db_.harness.db->maintain();
    }
  }
  Contents copied() {
    const auto reader = WorkspaceReader::open(fs_, "copy", {}, logger_);
    EXPECT_TRUE(reader) << reader.error().message;
    for (const auto& block : *reader->blocks()) EXPECT_THAT(block->verify(), IsEmpty());
    return contents(*reader->all());
  }

  FaultFileSystem fs_;
  MaintainedDb db_{fs_};
  MemoryLogger logger_;
};

TEST_F(WorkspaceSnapshotTest, HoldsWhatTheWorkspaceShowsAndStaysSo) {
  const auto before = contents(*db_.harness.db);
  const auto snapshot = db_.harness.db->snapshot_to("copy");
  ASSERT_TRUE(snapshot) << snapshot.error().message;
  EXPECT_GE(snapshot->blocks.size(), 2u);
  EXPECT_GT(snapshot->head_samples, 0u);
  EXPECT_EQ(copied(), before);
  db_.remove("01", {});
  live(40);
  EXPECT_EQ(copied(), before);
  db_.check("the workspace goes on");
}

TEST_F(WorkspaceSnapshotTest, OfAHeadThatIsFrozen) {
  for (int i = 0; i < 12; ++i) {
    db_.advance(10 * kMinuteMs);
    db_.write(0, db_.now(), i);
  }
  fs_.fail_operation(fs_.operations() + 4);
  db_.harness.db->maintain();
  const auto before = contents(*db_.harness.db);
  ASSERT_TRUE(db_.harness.db->snapshot_to("copy"));
  EXPECT_EQ(copied(), before);
}

TEST_F(WorkspaceSnapshotTest, AFailureLeavesTheWorkspaceAsItWas) {
  for (uint64_t n = 0;; ++n) {
    const uint64_t begin = fs_.operations();
    fs_.fail_operation(begin + n, ErrorCode::kNoSpace);
    const bool is_made = db_.harness.db->snapshot_to("copy").has_value();
    if (fs_.operations() <= begin + n) {
      EXPECT_TRUE(is_made);
      EXPECT_GT(n, 10u);
      break;
    }
    ASSERT_TRUE(fs_.remove_tree("copy"));
    ASSERT_TRUE(fs_.create_directories("copy", 0755));
  }
  db_.check("in the same process");
  db_.open();
  db_.check("reopened");
}

TEST_F(WorkspaceSnapshotTest, IsTakenOverByAnotherWorkspace) {
  ASSERT_TRUE(db_.harness.db->snapshot_to("copy"));
  const auto before = contents(*db_.harness.db);
  FaultFileSystem& fs = fs_;
  DbHarness other(fs);
  other.commits_inline = true;
  other.clock.set(db_.now());
  db_.harness.kill();
  ASSERT_TRUE(fs_.rename("dir/ws-test", "dir/first"));
  ASSERT_TRUE(other.open());
  const auto adopted = other.db->adopt_blocks("copy");
  ASSERT_TRUE(adopted) << adopted.error().message;
  EXPECT_EQ(contents(*other.db), before);
  EXPECT_EQ(other.db->adopt_blocks("copy").error().code, ErrorCode::kConflict) << "their names are taken";
  ASSERT_TRUE(other.open());
  EXPECT_EQ(contents(*other.db), before);
}

}  // namespace
}  // namespace sluice::tsdb
