#include "tsdb/store.h"

#include <atomic>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "journal/syncer_pool.h"
#include "tsdb/harness.h"

namespace sluice::tsdb {
namespace {

using test::FaultFileSystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr const char* kA = "ws-aaaaaaaa-0000-4000-8000-000000000001";
constexpr const char* kB = "ws-bbbbbbbb-0000-4000-8000-000000000002";

class StoreTest : public testing::Test {
 protected:
  std::unique_ptr<Store> open() {
    WorkspaceDbOptions options;
    options.clock = &clock_;
    options.syncer = &executor_;
    options.logger = &logger_;
    options.metrics = &metrics_;
    options.log.segment_bytes_first = 4096;
    return Store::open(fs_, "data/workspaces", options).value();
  }
  void write(const std::shared_ptr<WorkspaceDb>& db, TimestampMs t_ms) {
    bool added = false;
    db->append(BatchBuilder().add({{"__name__", "up"}}, {{t_ms, 1}}).build(),
               [&](Result<model::AppendOutcome> r) { added = r && r->samples_added == 1; });
    executor_.run_all();
    EXPECT_TRUE(added);
  }

  FaultFileSystem fs_;
  FakeClock clock_{0};
  test::ManualExecutor executor_;
  MemoryLogger logger_;
  MetricRegistry metrics_;
};

TEST(WorkspaceId, IsWsAndALowerCaseUuid) {
  EXPECT_TRUE(is_workspace_id(kA));
  for (const char* other : {"", "ws-", "aaaaaaaa-0000-4000-8000-000000000001",
                            "ws-AAAAAAAA-0000-4000-8000-000000000001", "ws-aaaaaaaa-0000-4000-8000-00000000000",
                            "ws-aaaaaaaa-0000-4000-8000-0000000000011", "ws-aaaaaaaa00000-4000-8000-000000000001",
                            "ws-../../../../../../etc/passwd/aaaaaaaaa", "ws-gaaaaaaa-0000-4000-8000-000000000001"}) {
    EXPECT_FALSE(is_workspace_id(other)) << other;
  }
}

TEST_F(StoreTest, KeepsWorkspacesApart) {
  auto store = open();
  ASSERT_TRUE(store->create_workspace(kA));
  ASSERT_TRUE(store->create_workspace(kB));
  EXPECT_THAT(*store->list(), ElementsAre(kA, kB));
  write(*store->workspace(kA), 1000);
  EXPECT_THAT(contents(**store->workspace(kA)), SizeIs(1));
  EXPECT_THAT(contents(**store->workspace(kB)), IsEmpty());
  EXPECT_EQ(*store->workspace(kA), *store->workspace(kA)) << "opened once";
  store = nullptr;
  store = open();
  EXPECT_THAT(contents(**store->workspace(kA)), SizeIs(1));
}

TEST_F(StoreTest, AnswersForWhatIsNotThere) {
  auto store = open();
  EXPECT_EQ(store->workspace(kA).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(store->workspace("../up").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(store->delete_workspace(kA).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(store->create_workspace("../up").error().code, ErrorCode::kInvalidArgument);
  ASSERT_TRUE(store->create_workspace(kA));
  EXPECT_EQ(store->create_workspace(kA).error().code, ErrorCode::kAlreadyExists);
}

TEST_F(StoreTest, ACreatedWorkspaceSurvivesAPowerCut) {
  ASSERT_TRUE(open()->create_workspace(kA));
  fs_.crash(1);
  EXPECT_THAT(*open()->list(), ElementsAre(kA));
}

// Or the first writes, which come side by side, would all but one be told to wait.
TEST_F(StoreTest, ACreatedWorkspaceIsOpen) {
  auto store = open();
  ASSERT_TRUE(store->create_workspace(kA));
  const uint64_t operations = fs_.operations();
  EXPECT_TRUE(store->workspace(kA));
  EXPECT_EQ(fs_.operations(), operations) << "nothing is left to be done";
}

TEST_F(StoreTest, DeletesAWorkspaceWithItsData) {
  auto store = open();
  ASSERT_TRUE(store->create_workspace(kA));
  const auto db = *store->workspace(kA);
  write(db, 1000);
  ASSERT_TRUE(store->delete_workspace(kA));
  EXPECT_THAT(*store->list(), IsEmpty());
  EXPECT_EQ(store->workspace(kA).error().code, ErrorCode::kNotFound);
  EXPECT_THAT(*fs_.list("data/workspaces"), IsEmpty());
  EXPECT_THAT(contents(*db), SizeIs(1)) << "who holds it can read on";
  ASSERT_TRUE(store->create_workspace(kA));
  EXPECT_THAT(contents(**store->workspace(kA)), IsEmpty());
}

TEST_F(StoreTest, ACrashAtAnyOperationOfADeletionLeavesAllOrNothing) {
  for (uint64_t n = 0;; ++n) {
    fs_.crash_at(UINT64_MAX);
    auto store = open();
    (void)store->create_workspace(kA);
    write(*store->workspace(kA), 1000 + static_cast<TimestampMs>(n));
    fs_.crash_at(fs_.operations() + n);
    (void)store->delete_workspace(kA);
    const bool ended = !fs_.is_dead();
    store = nullptr;
    executor_.drop_all();
    fs_.crash(n);
    store = open();
    const auto left = *store->list();
    EXPECT_EQ(fs_.list("data/workspaces")->size(), left.size()) << "no remains";
    if (!left.empty()) EXPECT_THAT(contents(**store->workspace(kA)), SizeIs(1));
    if (ended) break;
  }
}

TEST_F(StoreTest, IsReadyOnceAllAreOpen) {
  {
    auto store = open();
    ASSERT_TRUE(store->create_workspace(kA));
    write(*store->workspace(kA), 1000);
  }
  auto store = open();
  const auto before = store->ready();
  ASSERT_FALSE(before);
  EXPECT_EQ(before.error().code, ErrorCode::kUnavailable);
  // The first file operation of the replay's repair comes while the workspace is being opened.
  std::string during;
  fs_.set_hook([&](std::string_view, const std::string&) {
    if (!during.empty()) return;
    const auto state = store->ready();
    during = state ? "ready" : state.error().message;
    EXPECT_EQ(store->workspace(kA).error().code, ErrorCode::kUnavailable);
    EXPECT_EQ(store->delete_workspace(kA).error().code, ErrorCode::kUnavailable);
  });
  // Without the mark of a clean end there is something to repair.
  fs_.corrupt("data/workspaces/" + std::string(kA) + "/wal/00000001", 1024 + 48 + 16, 1);
  ASSERT_TRUE(store->open_all());
  fs_.set_hook({});
  EXPECT_THAT(during, HasSubstr(std::string("workspace ") + kA + " is being opened"));
  EXPECT_THAT(during, HasSubstr("bytes of its log replayed"));
  EXPECT_TRUE(store->ready());
}

TEST_F(StoreTest, AWorkspaceThatCannotBeOpenedDoesNotStopTheOthers) {
  {
    auto store = open();
    ASSERT_TRUE(store->create_workspace(kA));
    ASSERT_TRUE(store->create_workspace(kB));
    write(*store->workspace(kA), 1);
    write(*store->workspace(kB), 1);
    store->close();
    auto log = journal::Journal::open(fs_, "data/workspaces/" + std::string(kA) + "/wal", {}, executor_, clock_,
                                      [](const journal::Record&) { return Result<void>(); })
                   .value();
    log->append(9, "from the future", [](Result<journal::Sequence>) {});
    log->close();
  }
  auto store = open();
  ASSERT_TRUE(store->open_all());
  EXPECT_TRUE(store->ready());
  EXPECT_EQ(store->workspace(kA).error().code, ErrorCode::kUnsupported);
  EXPECT_THAT(contents(**store->workspace(kB)), SizeIs(1));
  EXPECT_THAT(logger_.lines(), testing::Contains(HasSubstr("workspace not opened workspace=" + std::string(kA))));
}

TEST_F(StoreTest, AFailedOpenStandsForTenSecondsBeforeTheLogIsReadAgain) {
  {
    auto store = open();
    ASSERT_TRUE(store->create_workspace(kA));
    store->close();
    auto log = journal::Journal::open(fs_, "data/workspaces/" + std::string(kA) + "/wal", {}, executor_, clock_,
                                      [](const journal::Record&) { return Result<void>(); })
                   .value();
    log->append(9, "from the future", [](Result<journal::Sequence>) {});
    log->close();
  }
  auto store = open();
  ASSERT_FALSE(store->workspace(kA));
  fs_.fail_reads(true);  // whoever reads the log now gets another error
  EXPECT_EQ(store->workspace(kA).error().code, ErrorCode::kUnsupported);
  clock_.advance(std::chrono::seconds(10));
  EXPECT_EQ(store->workspace(kA).error().code, ErrorCode::kIo);
  fs_.fail_reads(false);
  EXPECT_TRUE(store->delete_workspace(kA)) << "what cannot be opened can still be removed";
}

TEST_F(StoreTest, ExposesMetricsOfEachWorkspaceWhileItIsOpen) {
  auto store = open();
  ASSERT_TRUE(store->create_workspace(kA));
  write(*store->workspace(kA), 1000);
  const std::string text = metrics_.expose();
  EXPECT_THAT(text, HasSubstr("sluice_head_series{workspace=\"" + std::string(kA) + "\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("sluice_head_samples_appended_total 1\n"));
  EXPECT_THAT(text, HasSubstr("sluice_wal_commit_seconds_count 1\n"));
  ASSERT_TRUE(store->delete_workspace(kA));
  EXPECT_THAT(metrics_.expose(), testing::Not(HasSubstr(kA)));
}

TEST_F(StoreTest, ClosedItAnswersUnavailable) {
  auto store = open();
  ASSERT_TRUE(store->create_workspace(kA));
  store->close();
  EXPECT_EQ(store->workspace(kA).error().code, ErrorCode::kUnavailable);
}

}  // namespace
}  // namespace sluice::tsdb
