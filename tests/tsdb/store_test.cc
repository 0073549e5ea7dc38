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
    StoreOptions options;
    options.workspace.clock = &clock_;
    options.workspace.syncer = &executor_;
    options.workspace.logger = &logger_;
    options.workspace.metrics = &metrics_;
    options.workspace.log.segment_bytes_first = 4096;
    options.keeper = &keeper_;
    options.maintainer = &maintainer_;
    return Store::open(fs_, "data/workspaces", std::move(options)).value();
  }
  /// As if the process had been killed: nothing is closed.
  void kill(std::unique_ptr<Store>& store) {
    for (const auto& id : *store->list()) ASSERT_TRUE(fs_.sync_directory("data/workspaces/" + id));  // no power cut
    fs_.crash_at(fs_.operations());
    store = nullptr;
    executor_.drop_all();
    keeper_.drop_all();
    maintainer_.drop_all();
    fs_.crash(1);
  }
  /// What when_open() answered; nullopt while it has not.
  using Answer = std::optional<Result<std::shared_ptr<WorkspaceDb>>>;
  std::shared_ptr<Answer> ask(Store& store, const char* id) {
    auto answer = std::make_shared<Answer>();
    store.when_open(id, [answer](Result<std::shared_ptr<WorkspaceDb>> r) { *answer = std::move(r); });
    return answer;
  }
  bool is_open(Store& store, const char* id) { return store.find_open(id) != nullptr; }
  std::string path_of(const char* id, const std::string& file) {
    return "data/workspaces/" + std::string(id) + "/" + file;
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
  test::ManualExecutor keeper_;
  test::ManualExecutor maintainer_;
  MemoryLogger logger_;
  MetricRegistry metrics_;
};

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

TEST_F(StoreTest, ADeletedWorkspaceIsGoneAndComesBackAsItWas) {
  clock_.set(5000);
  auto store = open();
  ASSERT_TRUE(store->create_workspace(kA));
  const auto db = *store->workspace(kA);
  write(db, 1000);
  ASSERT_TRUE(store->delete_workspace(kA));
  EXPECT_THAT(*store->list(), IsEmpty());
  EXPECT_EQ(store->workspace(kA).error().code, ErrorCode::kNotFound);
  EXPECT_THAT(contents(*db), SizeIs(1)) << "who holds it can read on";
  EXPECT_THAT(*store->deleted(), ElementsAre(DeletedWorkspace{kA, 5000}));

  ASSERT_TRUE(store->undelete_workspace(kA));
  EXPECT_THAT(*store->deleted(), IsEmpty());
  EXPECT_THAT(contents(**store->workspace(kA)), SizeIs(1));
  EXPECT_TRUE(store->undelete_workspace(kA)) << "once more changes nothing";
  ASSERT_TRUE(store->delete_workspace(kA));
  ASSERT_TRUE(store->create_workspace(kA));
  EXPECT_EQ(store->undelete_workspace(kA).error().code, ErrorCode::kConflict);
  EXPECT_THAT(contents(**store->workspace(kA)), IsEmpty());
  EXPECT_EQ(store->undelete_workspace(kB).error().code, ErrorCode::kNotFound);
}

TEST_F(StoreTest, APurgedWorkspaceIsGoneForGood) {
  auto store = open();
  ASSERT_TRUE(store->create_workspace(kA));
  ASSERT_TRUE(store->delete_workspace(kA));
  ASSERT_TRUE(store->purge_deleted(kA));
  ASSERT_TRUE(store->purge_deleted(kA)) << "nothing to remove is no error";
  EXPECT_THAT(*fs_.list("data/workspaces"), IsEmpty());
  EXPECT_EQ(store->undelete_workspace(kA).error().code, ErrorCode::kNotFound);
  ASSERT_TRUE(store->create_workspace(kA));
  EXPECT_THAT(contents(**store->workspace(kA)), IsEmpty());
}

TEST_F(StoreTest, ACrashAtAnyOperationOfADeletionLeavesItWhole) {
  for (uint64_t n = 0;; ++n) {
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
    EXPECT_EQ(store->list()->size() + store->deleted()->size(), 1u);
    if (store->list()->empty()) ASSERT_TRUE(store->undelete_workspace(kA));
    const auto found = contents(**store->workspace(kA));
    ASSERT_THAT(found, SizeIs(1));
    EXPECT_EQ(found.begin()->second.size(), n + 1) << "every write of before";
    if (ended) break;
  }
}

TEST_F(StoreTest, ACrashAtAnyOperationOfAPurgeLeavesAllOrNothing) {
  for (uint64_t n = 0;; ++n) {
    auto store = open();
    ASSERT_TRUE(store->create_workspace(kA));
    write(*store->workspace(kA), 1000);
    ASSERT_TRUE(store->delete_workspace(kA));
    fs_.crash_at(fs_.operations() + n);
    (void)store->purge_deleted(kA);
    const bool ended = !fs_.is_dead();
    store = nullptr;
    executor_.drop_all();
    fs_.crash(n);
    store = open();
    EXPECT_EQ(fs_.list("data/workspaces")->size(), store->deleted()->size()) << "no remains";
    if (store->undelete_workspace(kA)) {
      EXPECT_THAT(contents(**store->workspace(kA)), SizeIs(1)) << "whole or not at all";
      ASSERT_TRUE(store->delete_workspace(kA));
      ASSERT_TRUE(store->purge_deleted(kA));
    }
    if (ended) break;
  }
}

TEST_F(StoreTest, WaitsBeforeReadyForWhatWasNotClosed) {
  auto store = open();
  ASSERT_TRUE(store->create_workspace(kA));
  ASSERT_TRUE(store->create_workspace(kB));
  write(*store->workspace(kA), 1000);
  store->close();  // the first process ends in order, the second one does not
  store = open();
  write(*store->workspace(kA), 2000);
  kill(store);

  store = open();
  EXPECT_EQ(store->ready().error().code, ErrorCode::kUnavailable);
  ASSERT_TRUE(store->begin());
  EXPECT_THAT(store->ready().error().message, HasSubstr(std::string("workspace ") + kA + " waits to be opened"));
  std::string during;
  fs_.set_hook([&](std::string_view operation, const std::string&) {
    if (operation != "remove" || !during.empty()) return;
    const auto state = store->ready();
    during = state ? "ready" : state.error().message;
    EXPECT_EQ(store->workspace(kA).error().code, ErrorCode::kUnavailable);
    EXPECT_EQ(store->delete_workspace(kA).error().code, ErrorCode::kUnavailable);
  });
  ASSERT_TRUE(keeper_.run_one());
  fs_.set_hook({});
  EXPECT_THAT(during, HasSubstr(std::string("workspace ") + kA + " is being opened"));
  EXPECT_THAT(during, HasSubstr("bytes of its log replayed"));
  EXPECT_TRUE(store->ready()) << "what was closed in order need not be open";
  EXPECT_TRUE(is_open(*store, kA));
  EXPECT_FALSE(is_open(*store, kB));
  keeper_.run_all();
  EXPECT_TRUE(is_open(*store, kB)) << "opened in the background: it was in use";
}

TEST_F(StoreTest, WhatIsAskedForIsOpenedFirst) {
  auto store = open();
  ASSERT_TRUE(store->create_workspace(kA));
  ASSERT_TRUE(store->create_workspace(kB));
  kill(store);
  store = open();
  ASSERT_TRUE(store->begin());
  const auto b = ask(*store, kB);
  EXPECT_FALSE(b->has_value());
  keeper_.run_one();
  EXPECT_TRUE(b->has_value());
  EXPECT_TRUE(is_open(*store, kB));
  EXPECT_FALSE(is_open(*store, kA));
  EXPECT_FALSE(store->ready());
  keeper_.run_all();
  EXPECT_TRUE(store->ready());
}

TEST_F(StoreTest, ManyWhoAskForOneAreAnsweredByOneOpening) {
  auto store = open();
  ASSERT_TRUE(store->create_workspace(kA));
  store->close();
  store = open();
  const auto first = ask(*store, kA);
  const auto second = ask(*store, kA);
  EXPECT_EQ(keeper_.queued(), 1u);
  keeper_.run_all();
  EXPECT_EQ((*first)->value(), (*second)->value());
  const auto third = ask(*store, kA);
  EXPECT_EQ((*third)->value(), (*first)->value()) << "at once";
  EXPECT_EQ((*ask(*store, kB))->error().code, ErrorCode::kNotFound);
}

TEST_F(StoreTest, ALongWaitEndsWithHowFarTheReplayIs) {
  auto store = open();
  ASSERT_TRUE(store->create_workspace(kA));
  store->close();
  store = open();
  const auto answer = ask(*store, kA);
  clock_.advance(std::chrono::milliseconds(4999));
  store->tend();
  EXPECT_FALSE(answer->has_value());
  clock_.advance(std::chrono::milliseconds(1));
  store->tend();
  ASSERT_TRUE(answer->has_value());
  EXPECT_EQ((*answer)->error().code, ErrorCode::kUnavailable);
  EXPECT_THAT((*answer)->error().message, HasSubstr("waits to be opened"));
  keeper_.run_all();
  EXPECT_TRUE(is_open(*store, kA)) << "opened all the same";
}

TEST_F(StoreTest, WhoeverWaitsAtTheEndIsTold) {
  auto store = open();
  ASSERT_TRUE(store->create_workspace(kA));
  store->close();
  store = open();
  const auto answer = ask(*store, kA);
  store->close();
  EXPECT_EQ((*answer)->error().code, ErrorCode::kUnavailable);
  store = nullptr;
  keeper_.run_all();  // what was queued finds that the store is gone
}

TEST_F(StoreTest, ClosesAnIdleWorkspaceAndOpensItOnDemand) {
  auto store = open();
  ASSERT_TRUE(store->create_workspace(kA));
  write(*store->workspace(kA), 1000);
  clock_.advance(std::chrono::minutes(29));
  store->tend();
  maintainer_.run_all();
  EXPECT_EQ(keeper_.queued(), 0u);
  clock_.advance(std::chrono::minutes(1));
  store->tend();
  EXPECT_EQ(store->workspace(kA).error().code, ErrorCode::kUnavailable) << "being closed";
  const auto late = ask(*store, kA);
  EXPECT_THAT(metrics_.expose(), HasSubstr("sluice_workspaces_open 1\n"));
  keeper_.run_one();
  EXPECT_THAT(metrics_.expose(), testing::Not(HasSubstr(kA)));
  EXPECT_THAT(metrics_.expose(), HasSubstr("sluice_workspaces_open 0\n"));
  EXPECT_FALSE(late->has_value());
  keeper_.run_all();
  ASSERT_TRUE(late->has_value());
  EXPECT_THAT(contents(*(*late)->value()), SizeIs(1)) << "who came meanwhile finds it open again";
}

TEST_F(StoreTest, AWorkspaceInUseIsNotClosed) {
  auto store = open();
  ASSERT_TRUE(store->create_workspace(kA));
  auto held = *store->workspace(kA);
  const auto an_hour_later = [&] {
    clock_.advance(std::chrono::hours(1));
    store->tend();
    keeper_.run_all();
    maintainer_.run_all();
    return metrics_.expose().find("sluice_workspaces_open 1\n") != std::string::npos;
  };
  EXPECT_TRUE(an_hour_later()) << "a long query";
  held = nullptr;
  EXPECT_TRUE(is_open(*store, kA)) << "asking counts as use";
  store->tend();
  keeper_.run_all();
  EXPECT_TRUE(is_open(*store, kA));
  EXPECT_FALSE(an_hour_later());
}

TEST_F(StoreTest, MaintainsWhatIsOpenOneAtATime) {
  auto store = open();
  ASSERT_TRUE(store->create_workspace(kA));
  store->tend();
  EXPECT_EQ(maintainer_.queued(), 0u) << "just opened";
  clock_.advance(std::chrono::seconds(5));
  store->tend();
  store->tend();
  EXPECT_EQ(maintainer_.queued(), 1u);
  clock_.advance(std::chrono::hours(1));
  store->tend();
  EXPECT_EQ(keeper_.queued(), 0u) << "not closed beside it";
  EXPECT_EQ(store->delete_workspace(kA).error().code, ErrorCode::kUnavailable) << "nor deleted";
  maintainer_.run_all();
  EXPECT_TRUE(store->delete_workspace(kA));
}

TEST_F(StoreTest, AnIdleWorkspaceIsNotOpenedAtTheNextStart) {
  auto store = open();
  ASSERT_TRUE(store->create_workspace(kA));
  write(*store->workspace(kA), 1000);
  clock_.advance(std::chrono::hours(1));
  store->tend();
  keeper_.run_all();
  store = open();
  ASSERT_TRUE(store->begin());
  EXPECT_TRUE(store->ready());
  EXPECT_EQ(keeper_.queued(), 0u);
  EXPECT_EQ(fs_.content(path_of(kA, "closed")), "closed idle\n");
  const auto answer = ask(*store, kA);
  keeper_.run_all();
  EXPECT_THAT(contents(*(*answer)->value()), SizeIs(1));
  EXPECT_EQ(fs_.content(path_of(kA, "closed")), std::nullopt);
}

// Each closed journal gives back what it had preallocated.
TEST_F(StoreTest, AClosedWorkspaceTakesNoMoreDiskThanItsSamples) {
  auto store = open();
  ASSERT_TRUE(store->create_workspace(kA));
  write(*store->workspace(kA), 1000);
  EXPECT_GE(fs_.used_bytes(), 4096u);
  store->close();
  EXPECT_LT(fs_.used_bytes(), 3000u);
}

// Commits are shared out in turn, whatever one workspace has waiting.
TEST_F(StoreTest, AWorkspaceThatWritesWithoutEndHoldsUpNoOther) {
  auto store = open();
  ASSERT_TRUE(store->create_workspace(kA));
  ASSERT_TRUE(store->create_workspace(kB));
  const auto noisy = *store->workspace(kA);
  const auto quiet = *store->workspace(kB);
  TimestampMs t_ms = 0;
  int noisy_commits = 0;
  std::function<void()> more = [&] {
    noisy->append(BatchBuilder().add({{"__name__", "noise"}}, {{++t_ms, 1}}).build(),
                  [&](Result<model::AppendOutcome>) {
                    if (++noisy_commits < 1000) more();
                  });
  };
  for (int i = 0; i < 10; ++i) more();
  executor_.run_one();
  bool done = false;
  quiet->append(BatchBuilder().add({{"__name__", "up"}}, {{1, 1}}).build(),
                [&](Result<model::AppendOutcome> r) { done = r.has_value(); });
  executor_.run_one();
  executor_.run_one();
  EXPECT_TRUE(done) << "one commit of the other at most comes before";
  executor_.run_all();
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
    log->append(200, "from the future", [](Result<journal::Sequence>) {});
    log->close();
  }
  auto store = open();
  ASSERT_TRUE(store->begin());
  keeper_.run_all();
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
    log->append(200, "from the future", [](Result<journal::Sequence>) {});
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
