// Every change of a workspace's blocks on a disk that crashes, fills up or fails at each of its operations.
#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tsdb/block_set_harness.h"

namespace sluice::tsdb {
namespace {

using test::FaultFileSystem;
using ::testing::IsEmpty;

/// One change: whether it says that it is done, and what may be shown before and must be shown after.
struct Change {
  const char* name;
  std::function<bool(BlockSetHarness&)> run;
  Contents before;
  Contents after;
  bool is_promise = true;  // what is past its time may come back until it is dropped again
};

Contents without(Contents all, TimestampMs min_ms, TimestampMs max_ms) {
  for (auto& [labels, samples] : all) {
    std::erase_if(samples, [&](const auto& sample) { return sample.first >= min_ms && sample.first <= max_ms; });
  }
  std::erase_if(all, [](const auto& entry) { return entry.second.empty(); });
  return all;
}

std::vector<Change> changes() {
  const Contents all = expected(BlockSetHarness::four());
  const std::vector<TestSeries> more = {{{{"i", "9"}}, samples_from(80, 1, 20)}};
  Contents with_more = all;
  with_more.merge(expected(more));
  const auto write = [more](BlockSetHarness& harness) {
    TestSource source(more);
    return write_block(harness.fs, harness.directory, test_meta(5, 80, 100), source).has_value() &&
           harness.set->add(std::vector{test_ulid(5)}).has_value();
  };
  const auto compact = [](BlockSetHarness& harness) { return harness.set->compact_once().has_value(); };
  const auto erase = [](BlockSetHarness& harness) { return harness.set->delete_series({}, {10, 50}).has_value(); };
  const auto expire = [](BlockSetHarness& harness) {
    return harness.set->drop_expired({.time_ms = 40}, 80, 0).has_value();
  };
  return {{"write", write, all, with_more},
          {"compact", compact, all, all},
          {"delete", erase, all, without(all, 10, 50)},
          {"expire", expire, all, without(all, 0, 39), false}};
}

// What is shown is from before or from after; of a change in several blocks a part may be done when it was not
// acknowledged.
void check(const Change& change, const Contents& shown, bool is_done) {
  if (is_done) {
    ASSERT_EQ(shown, change.after);
    return;
  }
  for (const auto& [labels, samples] : shown) {
    for (const auto& [t, bits] : samples) {
      const auto in = [&](const Contents& all) {
        const auto series = all.find(labels);
        const auto sample = series == all.end() ? std::map<TimestampMs, uint64_t>() : series->second;
        return sample.contains(t) && sample.at(t) == bits;
      };
      ASSERT_TRUE(in(change.before) || in(change.after)) << "invented " << labels << " at " << t;
    }
  }
  for (const auto& [labels, samples] : change.before) {
    for (const auto& [t, bits] : samples) {
      const auto kept = change.after.find(labels);
      if (kept == change.after.end() || !kept->second.contains(t)) continue;
      const auto series = shown.find(labels);
      ASSERT_TRUE(series != shown.end() && series->second.contains(t)) << "lost " << labels << " at " << t;
    }
  }
}

// The same change again must bring everything to its end.
void finish(const Change& change, BlockSetHarness& harness) {
  EXPECT_THAT(harness.set->damaged(), IsEmpty());
  for (const auto& block : *harness.set->blocks()) EXPECT_THAT(block->verify(), IsEmpty());
  if (std::string_view(change.name) == "write" && harness.shown() == change.after) return;
  ASSERT_TRUE(change.run(harness));
  ASSERT_EQ(harness.shown(), change.after);
}

TEST(BlockSetFault, SurvivesACrashAtEveryOperation) {
  for (const auto& change : changes()) {
    uint64_t crashes = 0;
    for (uint64_t n = 0;; ++n) {
      FaultFileSystem fs(n);
      BlockSetHarness harness(fs);
      harness.write_four();
      ASSERT_TRUE(harness.open());
      fs.crash_at(fs.operations() + n);
      const bool is_done = change.run(harness);
      const bool has_crashed = fs.is_dead();
      fs.crash(n);
      ASSERT_TRUE(harness.open()) << change.name << " " << n;
      check(change, harness.shown(), is_done && change.is_promise);
      if (::testing::Test::HasFatalFailure()) FAIL() << change.name << " at operation " << n;
      finish(change, harness);
      if (::testing::Test::HasFatalFailure()) FAIL() << change.name << " again after operation " << n;
      if (!has_crashed) break;
      ++crashes;
    }
    EXPECT_GT(crashes, 5u) << change.name;
  }
}

TEST(BlockSetFault, LosesNothingWhenAnOperationFails) {
  for (const auto code : {ErrorCode::kNoSpace, ErrorCode::kIo}) {
    for (const auto& change : changes()) {
      for (uint64_t n = 0;; ++n) {
        FaultFileSystem fs(n);
        BlockSetHarness harness(fs);
        harness.write_four();
        ASSERT_TRUE(harness.open());
        const uint64_t at = fs.operations() + n;
        fs.fail_operation(at, code);
        const bool is_done = change.run(harness);
        if (fs.operations() <= at) break;
        check(change, harness.shown(), is_done);
        if (::testing::Test::HasFatalFailure()) FAIL() << change.name << " at operation " << n;
        ASSERT_TRUE(harness.open());
        check(change, harness.shown(), is_done && change.is_promise);
        finish(change, harness);
        if (::testing::Test::HasFatalFailure()) FAIL() << change.name << " again after operation " << n;
      }
    }
  }
}

// A second crash while the first one is being mended.
TEST(BlockSetFault, SurvivesACrashWhileItOpens) {
  for (uint64_t n = 0; n < 60; ++n) {
    for (uint64_t m = 0;; ++m) {
      FaultFileSystem fs(n);
      BlockSetHarness harness(fs);
      harness.write_four();
      ASSERT_TRUE(harness.open());
      fs.crash_at(fs.operations() + n);
      (void)harness.set->compact_once();
      fs.crash(n);
      fs.crash_at(fs.operations() + m);
      (void)harness.open();
      const bool has_crashed = fs.is_dead();
      fs.crash(m);
      ASSERT_TRUE(harness.open());
      ASSERT_EQ(harness.shown(), expected(BlockSetHarness::four())) << n << " then " << m;
      if (!has_crashed) break;
    }
  }
}

// A block that failed to go, or to come whole, must not bring back what is deleted in those that stand for it, however
// often they are compacted since.
TEST(BlockSetFault, NothingDeletedComesBackOutOfWhatCouldNotBeRemoved) {
  for (uint64_t n = 0;; ++n) {
    for (const uint64_t pair : {0, 1, 2}) {  // what undoes a failed step may fail too
      FaultFileSystem fs(n);
      BlockSetHarness harness(fs);
      harness.write_four();
      ASSERT_TRUE(harness.open());
      const uint64_t begin = fs.operations();
      for (uint64_t i = 0; i <= pair; ++i) fs.fail_operation(begin + n + i);
      (void)harness.set->compact_once();
      const bool ended = fs.operations() <= begin + n;
      for (int i = 0; i < 10 && !harness.set->delete_series({}, {10, 50}); ++i) continue;
      const Contents wanted = without(expected(BlockSetHarness::four()), 10, 50);
      ASSERT_EQ(harness.shown(), wanted) << n;
      for (int i = 0; i < 10; ++i) (void)harness.set->compact_once();
      ASSERT_TRUE(harness.set->delete_series({}, {55, 55}));
      for (int i = 0; i < 10; ++i) (void)harness.set->compact_once();
      if (n % 2 == 0) fs.crash(n);
      for (int i = 0; i < 10 && !harness.open(); ++i) continue;
      ASSERT_EQ(harness.shown(), without(wanted, 55, 55)) << n << " and " << pair << " more";
      if (!ended) continue;
      EXPECT_GT(n, 20u);
      return;
    }
  }
}

}  // namespace
}  // namespace sluice::tsdb
