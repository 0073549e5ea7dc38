// The promises of journal.h on a disk that fails, fills up and loses what was not synced.
#include <map>
#include <random>
#include <set>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "journal/harness.h"
#include "journal/journal.h"

namespace sluice::journal {
namespace {

using test::FaultFileSystem;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

// What was sent to a journal over all its lives, and what its answers promise.
class Ledger {
 public:
  explicit Ledger(FaultFileSystem& fs) : harness(fs) {}

  void append(const std::string& payload) {
    sent_.insert(payload);
    waiting_[harness.append(payload)] = payload;
  }
  void commit() {
    harness.executor.run_all();
    settle();
  }
  void close() {
    harness.journal->close();
    settle();
  }
  /// Books the answers that have come.
  void settle() {
    for (auto entry = waiting_.begin(); entry != waiting_.end();) {
      const auto& result = harness.results[entry->first];
      if (!result) {
        ++entry;
        continue;
      }
      if (result->has_value()) {
        acknowledged_[**result] = entry->second;
        // From now on no refused record may come back.
        gone_.insert(refused_.begin(), refused_.end());
        refused_.clear();
      } else {
        const auto code = result->error().code;
        EXPECT_TRUE(code == ErrorCode::kUnavailable || code == ErrorCode::kNoSpace || code == ErrorCode::kCancelled)
            << result->error().message;
        refused_.insert(entry->second);
      }
      entry = waiting_.erase(entry);
    }
  }
  void truncate(Sequence keep_from) {
    keep_from_ = std::max(keep_from_, keep_from);
    (void)harness.journal->truncate_before(keep_from);
  }
  Sequence last_acknowledged() const { return acknowledged_.empty() ? 0 : acknowledged_.rbegin()->first; }

  /// The process dies.
  void kill() {
    harness.executor.drop_all();
    harness.journal.reset();
    harness.results.clear();
    waiting_.clear();
    refused_.clear();  // what was refused, with nothing acknowledged since, may have become durable after all
  }
  /// Opens again and holds what is read against the books.
  void reopen() {
    kill();
    ASSERT_TRUE(harness.open()) << harness.open_error.message;
    for (const auto& damage : harness.journal->recovery().damage) {
      ADD_FAILURE() << "a crash is no damage: " << damage.file << " at " << damage.offset << ": " << damage.what;
    }
    std::map<Sequence, std::string> found;
    Sequence previous = 0;
    for (const auto& record : harness.replayed) {
      EXPECT_GT(record.sequence, previous) << "out of order or twice";
      previous = record.sequence;
      EXPECT_TRUE(sent_.contains(record.payload)) << "invented: " << record.payload.substr(0, 40);
      EXPECT_FALSE(gone_.contains(record.payload)) << "refused, and back: " << record.payload.substr(0, 40);
      found[record.sequence] = record.payload;
    }
    for (const auto& [sequence, payload] : acknowledged_) {
      if (sequence < keep_from_) continue;
      EXPECT_TRUE(found.contains(sequence)) << "lost an acknowledged record: " << sequence;
      if (found.contains(sequence)) EXPECT_EQ(found[sequence], payload);
    }
  }

  Harness harness;

 private:
  std::set<std::string> sent_;
  std::map<size_t, std::string> waiting_;
  std::map<Sequence, std::string> acknowledged_;
  std::set<std::string> refused_;
  std::set<std::string> gone_;
  Sequence keep_from_ = 0;
};

// Appends alone and in groups, crosses segments, reuses files, closes and opens again.
void workload(Ledger& ledger, int life) {
  ledger.kill();
  if (!ledger.harness.open()) return;
  for (int i = 0; i < 6; ++i) {
    for (int j = 0; j <= i % 3; ++j) {
      const auto size = static_cast<size_t>(300 + 700 * ((i + j) % 2));
      ledger.append(fmt::format("{}.{}.{} {}", life, i, j, std::string(size, 'p')));
    }
    ledger.commit();
  }
  if (ledger.last_acknowledged() > 3) ledger.truncate(ledger.last_acknowledged() - 3);
  for (int i = 0; i < 4; ++i) {
    ledger.append(fmt::format("{}.late.{} {}", life, i, std::string(900, 'q')));
    ledger.commit();
  }
  ledger.close();
}

TEST(JournalFaults, ACrashAtAnyOperationLosesNothingAcknowledged) {
  for (uint64_t n = 0;; ++n) {
    bool ended = false;
    for (uint64_t seed = 0; seed < 6; ++seed) {
      SCOPED_TRACE(fmt::format("crash at operation {}, seed {}", n, seed));
      FaultFileSystem fs(seed);
      Ledger ledger(fs);
      fs.crash_at(n);
      workload(ledger, 1);
      ended = !fs.is_dead();
      if (ended) break;
      fs.crash(seed);
      ledger.reopen();
      ledger.append("after the crash");
      ledger.commit();
      ASSERT_FALSE(testing::Test::HasFailure());
      fs.crash(seed + 100);
      ledger.reopen();
      ASSERT_FALSE(testing::Test::HasFailure());
    }
    if (ended) {
      EXPECT_GT(n, 40u);
      return;
    }
  }
}

TEST(JournalFaults, ASecondCrashDuringTheRepairOfTheFirstLosesNothing) {
  for (const uint64_t first : {25u, 31u, 36u, 41u, 47u, 52u, 58u}) {
    for (uint64_t second = 0; second < 40; ++second) {
      SCOPED_TRACE(fmt::format("crashes at operations {} and {}", first, second));
      FaultFileSystem fs(first);
      Ledger ledger(fs);
      fs.crash_at(first);
      workload(ledger, 1);
      fs.crash(second);
      fs.crash_at(fs.operations() + second);
      workload(ledger, 2);
      if (fs.is_dead()) fs.crash(second + 1);
      ledger.reopen();
      ASSERT_FALSE(testing::Test::HasFailure());
    }
  }
}

TEST(JournalFaults, AKillWithoutAPowerCutThenAPowerCutLosesNothing) {
  for (uint64_t seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    FaultFileSystem fs(seed);
    Ledger ledger(fs);
    ASSERT_TRUE(ledger.harness.open());
    for (int i = 0; i < 3; ++i) {
      ledger.append(fmt::format("{} {}", i, std::string(700, 'k')));
      ledger.commit();
    }
    ledger.append("written, never synced");
    fs.fail_syncs(seed % 3);
    ledger.commit();
    ledger.reopen();  // the page cache is still there, whatever the disk has
    const bool seen = testing::Matches(Contains("written, never synced"))(ledger.harness.payloads());
    ledger.append("more");
    if (seed % 2 == 0) {
      ledger.commit();
      fs.crash(seed);
      ledger.reopen();
      if (seen) EXPECT_THAT(ledger.harness.payloads(), Contains("written, never synced"));
    } else {
      fs.crash_at(fs.operations() + seed / 6);
      ledger.commit();
      fs.crash(seed);
      ledger.reopen();
    }
    ASSERT_FALSE(testing::Test::HasFailure());
  }
}

TEST(JournalFaults, WhatWasReadBackIsDurableOnceItIsOpen) {
  int seen = 0;
  for (uint64_t seed = 0; seed < 20; ++seed) {
    SCOPED_TRACE(seed);
    FaultFileSystem fs(seed);
    Harness h(fs);
    ASSERT_TRUE(h.open());
    ASSERT_TRUE(h.commit("synced"));
    fs.fail_syncs(2);
    EXPECT_FALSE(h.commit("in the page cache only, perhaps"));
    h.journal.reset();
    ASSERT_TRUE(h.open());
    const auto before = h.payloads();
    seen += before.size() == 2 ? 1 : 0;
    h.journal.reset();
    fs.crash(seed);
    ASSERT_TRUE(h.open());
    EXPECT_EQ(h.payloads(), before);
  }
  EXPECT_GT(seen, 0);
}

TEST(JournalFaults, AHalfMadeSegmentVoidsNothingThatFollows) {
  for (uint64_t seed = 0; seed < 40; ++seed) {
    SCOPED_TRACE(seed);
    FaultFileSystem fs(seed);
    Harness h(fs);
    ASSERT_TRUE(h.open());
    ASSERT_TRUE(h.commit("small"));
    fs.set_hook([&](std::string_view operation, const std::string&) {
      if (operation == "sync_directory") fs.fail_operation(fs.operations());
    });
    EXPECT_FALSE(h.commit(std::string(5000, 'l'))) << "it wants a new segment, whose name may or may not be on disk";
    fs.set_hook({});
    ASSERT_TRUE(h.commit("would fit into the old one"));
    fs.crash(seed);
    ASSERT_TRUE(h.open());
    EXPECT_THAT(h.payloads(), ElementsAre("small", "would fit into the old one"));
    EXPECT_EQ(h.journal->recovery().damage_total, 0u);
  }
}

TEST(JournalFaults, AnyOperationMayFailOnce) {
  for (const auto code : {ErrorCode::kIo, ErrorCode::kNoSpace}) {
    for (uint64_t n = 0;; ++n) {
      SCOPED_TRACE(fmt::format("operation {} fails", n));
      FaultFileSystem fs(n);
      Ledger ledger(fs);
      fs.fail_operation(n, code);
      workload(ledger, 1);
      if (fs.operations() <= n) break;
      ledger.reopen();
      ledger.append("after the failure");
      ledger.commit();
      ledger.close();
      fs.crash(n);
      ledger.reopen();
      EXPECT_EQ(ledger.harness.payloads().back(), "after the failure");
      ASSERT_FALSE(testing::Test::HasFailure());
    }
  }
}

TEST(JournalFaults, AFailedSyncIsNotTriedAgainOnThatFile) {
  FaultFileSystem fs;
  Harness h(fs);
  ASSERT_TRUE(h.open());
  ASSERT_TRUE(h.commit("before"));
  std::vector<std::string> synced;
  fs.set_hook([&](std::string_view operation, const std::string& path) {
    if (operation == "sync") synced.push_back(path);
  });
  fs.fail_syncs(1);
  ASSERT_TRUE(h.commit("rewritten elsewhere"));
  EXPECT_EQ(h.commits.back().files_failed, 1u);
  ASSERT_TRUE(h.commit("after"));
  // The failed one, the new segment's header, and its two commits.
  EXPECT_EQ(std::ranges::count_if(synced, [](const auto& path) { return path.contains("00000001"); }), 1);
  EXPECT_EQ(synced.size(), 4u);
  fs.crash(3);
  ASSERT_TRUE(h.open());
  EXPECT_THAT(h.payloads(), ElementsAre("before", "rewritten elsewhere", "after"));
}

TEST(JournalFaults, TwoFailedSyncsFailTheRequestAndItNeverComesBack) {
  for (uint64_t seed = 0; seed < 30; ++seed) {
    SCOPED_TRACE(seed);
    FaultFileSystem fs(seed);
    Harness h(fs);
    ASSERT_TRUE(h.open());
    ASSERT_TRUE(h.commit("before"));
    // The commit; then the new segment's header passes and the rewritten commit fails.
    int syncs = 0;
    fs.set_hook([&](std::string_view operation, const std::string&) {
      if (operation == "sync" && ++syncs != 2) fs.fail_syncs(1);
    });
    const auto failed = h.commit("refused");
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().code, ErrorCode::kUnavailable);
    EXPECT_THAT(failed.error().message, HasSubstr("dir/wal"));
    EXPECT_EQ(h.commits.back().files_failed, 2u);
    EXPECT_FALSE(h.commits.back().durable);
    fs.set_hook({});
    ASSERT_TRUE(h.commit("after"));
    if (seed % 2 == 0) fs.crash(seed);
    ASSERT_TRUE(h.open());
    EXPECT_THAT(h.payloads(), ElementsAre("before", "after"));
    EXPECT_EQ(h.journal->recovery().damage_total, 0u);
  }
}

TEST(JournalFaults, AFullDiskIsSaidAndOverWhenSpaceReturns) {
  FaultFileSystem fs;
  Ledger ledger(fs);
  ASSERT_TRUE(ledger.harness.open());
  fs.set_capacity(20'000);
  int refused = 0;
  for (int i = 0; i < 60; ++i) {
    ledger.append(fmt::format("{} {}", i, std::string(800, 'f')));
    ledger.harness.executor.run_all();
    const auto& result = *ledger.harness.results.back();
    if (!result) {
      EXPECT_EQ(result.error().code, ErrorCode::kNoSpace);
      EXPECT_THAT(result.error().message, HasSubstr("No space left on device"));
      ++refused;
    }
    ledger.settle();
  }
  EXPECT_GT(refused, 20);
  EXPECT_LT(refused, 50);
  EXPECT_LE(fs.used_bytes(), 20'000u);
  fs.set_capacity(std::nullopt);
  ledger.append("space again");
  ledger.commit();
  EXPECT_TRUE(ledger.harness.results.back()->has_value());
  fs.crash(1);
  ledger.reopen();
}

TEST(JournalFaults, WhatWasReadBackStaysInTheLogThoughTheFirstCommitFails) {
  FaultFileSystem fs;
  Harness h(fs);
  ASSERT_TRUE(h.open());
  ASSERT_TRUE(h.commit("kept"));
  h.journal.reset();  // killed: nothing proves that "kept" was synced
  fs.set_capacity(fs.used_bytes());
  ASSERT_TRUE(h.open());
  const size_t barrier = h.results.size();
  h.results.emplace_back();
  h.journal->barrier([&](Result<Sequence> r) { h.results[barrier] = std::move(r); });
  h.executor.run_all();
  ASSERT_TRUE(h.results[barrier]);
  EXPECT_FALSE(h.results[barrier]->has_value()) << "a success must not be said before the repair is durable";
  EXPECT_FALSE(h.commit("refused"));
  fs.set_capacity(std::nullopt);
  ASSERT_TRUE(h.commit("after"));
  fs.crash(5);
  ASSERT_TRUE(h.open());
  EXPECT_THAT(h.payloads(), ElementsAre("kept", "after"));
}

TEST(JournalFaults, RandomLivesKeepThePromises) {
  for (uint64_t seed = 0; seed < 500; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    std::mt19937_64 random(seed);
    FaultFileSystem fs(seed);
    Ledger ledger(fs);
    ledger.harness.options.segment_bytes_max = 4096 << random() % 3;
    ledger.reopen();
    for (int step = 0; step < 120; ++step) {
      switch (random() % 14) {
        case 0: fs.fail_syncs(1 + random() % 3); break;
        case 1: {
          const auto code = random() % 2 ? ErrorCode::kIo : ErrorCode::kNoSpace;
          fs.fail_operation(fs.operations() + random() % 10, code);
          break;
        }
        case 2: fs.set_capacity(fs.used_bytes() + random() % 10'000); break;
        case 3: fs.set_capacity(std::nullopt); break;
        case 4: {
          const Sequence last = ledger.last_acknowledged();
          ledger.truncate(last - std::min<Sequence>(last, random() % 20));
          break;
        }
        case 5:
          if (random() % 4 == 0) {
            fs.crash_at(fs.operations() + random() % 12);
            ledger.append(fmt::format("{}.dying", step));
            ledger.commit();
          }
          break;
        case 6:
          if (random() % 3 == 0) ledger.close();
          fs.fail_syncs(0);
          fs.set_capacity(std::nullopt);
          fs.crash_at(UINT64_MAX);
          if (fs.is_dead() || random() % 2 == 0) fs.crash(random());
          ledger.reopen();
          break;
        case 7:
        case 8: ledger.commit(); break;
        default: ledger.append(fmt::format("{}.{} {}", seed, step, std::string(random() % 1500, 'r'))); break;
      }
      ASSERT_FALSE(testing::Test::HasFailure()) << "step " << step;
    }
  }
}

}  // namespace
}  // namespace sluice::journal
