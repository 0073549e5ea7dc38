// Ack::kBuffered: what is acknowledged once it is written, and what a kill and a power cut may take of it.
#include <algorithm>
#include <map>
#include <random>
#include <set>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "journal/harness.h"
#include "journal/journal.h"
#include "support/manual_timer.h"

namespace sluice::journal {
namespace {

using test::FaultFileSystem;
using testing::ElementsAre;
using testing::SizeIs;

struct BufferedHarness : Harness {
  explicit BufferedHarness(FaultFileSystem& file_system) : Harness(file_system) {
    options.ack = Ack::kBuffered;
    options.sync_interval = std::chrono::milliseconds(1000);
    options.timer = &timer;
  }
  Result<Sequence> commit_durably(std::string payload) {
    std::optional<Result<Sequence>> answer;
    journal->append(1, std::move(payload), [&](Result<Sequence> r) { answer = std::move(r); }, Ack::kFsync);
    executor.run_all();
    EXPECT_TRUE(answer.has_value());
    return *answer;
  }
  void pass(std::chrono::milliseconds time) {
    clock.advance(time);
    timer.run_due();
    executor.run_all();
  }
  test::ManualTimer timer{clock};
};

TEST(BufferedJournal, AnswersOnceItIsWrittenAndSyncsWithinTheInterval) {
  FaultFileSystem fs;
  BufferedHarness h(fs);
  ASSERT_TRUE(h.open());
  EXPECT_EQ(h.commit("a").value(), 1u);
  EXPECT_EQ(h.journal->durable(), 0u);
  EXPECT_EQ(h.journal->unsynced_bytes(), 48u);
  h.pass(std::chrono::milliseconds(999));
  EXPECT_EQ(h.journal->durable(), 0u);
  EXPECT_EQ(h.commit("b").value(), 2u);
  EXPECT_EQ(h.timer.armed(), 1u);
  h.pass(std::chrono::milliseconds(1));
  EXPECT_EQ(h.journal->durable(), 2u) << "also when no append comes";
  EXPECT_EQ(h.journal->unsynced_bytes(), 0u);
  EXPECT_EQ(h.timer.armed(), 0u) << "an idle journal costs no wake-ups";
  EXPECT_EQ(h.commits.back().records, 0u);
  EXPECT_TRUE(h.commits.back().durable);
  fs.crash(1);
  ASSERT_TRUE(h.open());
  EXPECT_THAT(h.payloads(), ElementsAre("a", "b"));
}

TEST(BufferedJournal, AKillLosesNothing) {
  FaultFileSystem fs;
  BufferedHarness h(fs);
  ASSERT_TRUE(h.open());
  for (int i = 0; i < 30; ++i) ASSERT_TRUE(h.commit(std::string(900, static_cast<char>('a' + i % 26))));
  ASSERT_TRUE(h.open());
  EXPECT_THAT(h.replayed, SizeIs(30));
  EXPECT_EQ(h.journal->durable(), 30u) << "what was read back is synced before it is open";
  fs.crash(1);
  ASSERT_TRUE(h.open());
  EXPECT_THAT(h.replayed, SizeIs(30));
}

TEST(BufferedJournal, WhatAsksForItIsDurableWithAllBeforeIt) {
  FaultFileSystem fs;
  BufferedHarness h(fs);
  ASSERT_TRUE(h.open());
  ASSERT_TRUE(h.commit("a"));
  ASSERT_TRUE(h.commit_durably("b"));
  EXPECT_EQ(h.journal->durable(), 2u);
  ASSERT_TRUE(h.commit("c"));
  bool passed = false;
  h.journal->barrier([&](Result<Sequence> r) { passed = r.has_value(); });
  h.executor.run_all();
  EXPECT_TRUE(passed);
  EXPECT_EQ(h.journal->durable(), 2u) << "a barrier asks for no more than appends do";
  h.journal->barrier([&](Result<Sequence> r) { passed = r.value() == 3; }, Ack::kFsync);
  h.executor.run_all();
  EXPECT_TRUE(passed);
  EXPECT_EQ(h.journal->durable(), 3u);
}

TEST(BufferedJournal, ABatchWithOneThatAsksIsAnsweredAfterTheSync) {
  FaultFileSystem fs;
  BufferedHarness h(fs);
  ASSERT_TRUE(h.open());
  std::vector<Sequence> durable_then;
  const auto note = [&](Result<Sequence>) { durable_then.push_back(h.journal->durable()); };
  h.journal->append(1, "a", note);
  h.journal->append(1, "b", note, Ack::kFsync);
  h.journal->append(1, "c", note);
  h.executor.run_all();
  EXPECT_THAT(durable_then, ElementsAre(3u, 3u, 3u));
}

TEST(BufferedJournal, SyncsBeforeMoreIsUnsyncedThanMayBe) {
  FaultFileSystem fs;
  BufferedHarness h(fs);
  h.options.unsynced_bytes_max = 2000;
  ASSERT_TRUE(h.open());
  for (int i = 0; i < 50; ++i) {
    ASSERT_TRUE(h.commit(std::string(500, 'u')));
    EXPECT_LE(h.journal->unsynced_bytes(), 2000u);
  }
  EXPECT_GE(h.journal->durable(), 46u);
  ASSERT_TRUE(h.commit(std::string(3000, 'v')));
  EXPECT_EQ(h.journal->durable(), 51u);
}

TEST(BufferedJournal, CloseSyncs) {
  FaultFileSystem fs;
  BufferedHarness h(fs);
  ASSERT_TRUE(h.open());
  ASSERT_TRUE(h.commit("a"));
  const size_t waiting = h.append("b");
  h.journal->close();
  EXPECT_TRUE(h.results[waiting]->has_value());
  EXPECT_EQ(h.journal->durable(), 2u);
  h.pass(std::chrono::seconds(2));  // the timer finds it closed
  fs.crash(1);
  ASSERT_TRUE(h.open());
  EXPECT_THAT(h.payloads(), ElementsAre("a", "b"));
}

TEST(BufferedJournal, ATimerThatFiresLateHarmsNothing) {
  FaultFileSystem fs;
  BufferedHarness h(fs);
  auto owner = std::make_shared<int>(1);
  h.options.owner = owner;
  ASSERT_TRUE(h.open());
  ASSERT_TRUE(h.commit("a"));
  const auto commits = h.commits.size();
  owner.reset();  // what on_commit points into is gone
  h.pass(std::chrono::seconds(2));
  EXPECT_EQ(h.commits.size(), commits);
  h.journal.reset();
  h.pass(std::chrono::seconds(2));
}

TEST(BufferedJournal, AFailedSyncLosesNothingAcknowledged) {
  for (uint64_t seed = 0; seed < 30; ++seed) {
    SCOPED_TRACE(seed);
    FaultFileSystem fs(seed);
    BufferedHarness h(fs);
    ASSERT_TRUE(h.open());
    for (int i = 0; i < 4; ++i) ASSERT_TRUE(h.commit(fmt::format("{} {}", i, std::string(600, 's'))));
    fs.fail_syncs(1);
    h.pass(std::chrono::seconds(1));
    EXPECT_EQ(h.commits.back().files_failed, 1u);
    EXPECT_EQ(h.journal->durable(), 4u) << "written anew, and synced there";
    fs.crash(seed);
    ASSERT_TRUE(h.open());
    EXPECT_THAT(h.replayed, SizeIs(4));
    EXPECT_EQ(h.journal->recovery().damage_total, 0u);
  }
}

TEST(BufferedJournal, WhileTheDiskRefusesMemoryHoldsItAndNothingElseIsAcknowledged) {
  for (uint64_t seed = 0; seed < 30; ++seed) {
    SCOPED_TRACE(seed);
    FaultFileSystem fs(seed);
    BufferedHarness h(fs);
    ASSERT_TRUE(h.open());
    ASSERT_TRUE(h.commit("kept"));
    ASSERT_TRUE(h.commit("kept too"));
    bool refuses = true;
    fs.set_hook([&](std::string_view operation, const std::string&) {
      if (refuses && operation == "sync") fs.fail_syncs(1);
    });
    h.pass(std::chrono::seconds(1));
    EXPECT_FALSE(h.commits.back().failure.empty());
    EXPECT_EQ(h.journal->unsynced_bytes(), 96u);
    const auto refused = h.commit("refused");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::kUnavailable);
    bool passed = true;
    h.journal->barrier([&](Result<Sequence> r) { passed = r.has_value(); });
    h.executor.run_all();
    EXPECT_FALSE(passed);
    ASSERT_TRUE(h.journal->truncate_before(3));
    refuses = false;
    if (seed % 2 == 0) h.pass(std::chrono::seconds(1));  // by itself
    else ASSERT_TRUE(h.commit("after"));
    EXPECT_EQ(h.journal->unsynced_bytes(), 0u);
    fs.set_hook({});
    fs.crash(seed);
    ASSERT_TRUE(h.open());
    if (seed % 2 == 0) EXPECT_THAT(h.payloads(), ElementsAre("kept", "kept too"));
    else EXPECT_THAT(h.payloads(), ElementsAre("kept", "kept too", "after"));
    EXPECT_EQ(h.journal->recovery().damage_total, 0u);
  }
}

TEST(BufferedJournal, AFullDiskRefusesAppendsAndKeepsWhatWasAcknowledged) {
  FaultFileSystem fs;
  BufferedHarness h(fs);
  ASSERT_TRUE(h.open());
  ASSERT_TRUE(h.commit(std::string(900, 'a')));
  fs.set_capacity(fs.used_bytes());
  fs.fail_syncs(1);
  h.pass(std::chrono::seconds(1));
  EXPECT_GT(h.journal->unsynced_bytes(), 0u);
  const auto refused = h.commit("b");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kNoSpace);
  fs.set_capacity(std::nullopt);
  ASSERT_TRUE(h.commit("c"));
  EXPECT_EQ(h.journal->durable(), 3u);
  fs.crash(3);
  ASSERT_TRUE(h.open());
  EXPECT_THAT(h.payloads(), ElementsAre(std::string(900, 'a'), "c"));
}

TEST(BufferedJournal, NoSegmentGoesBeforeItsCopyIsDurable) {
  FaultFileSystem fs;
  BufferedHarness h(fs);
  ASSERT_TRUE(h.open());
  ASSERT_TRUE(h.commit("a"));
  int syncs = 0;
  fs.set_hook([&](std::string_view operation, const std::string&) {
    if (operation == "sync" && ++syncs != 2) fs.fail_syncs(1);  // the header of the next segment passes
  });
  h.pass(std::chrono::seconds(1));
  fs.set_hook({});
  ASSERT_TRUE(fs.content("dir/wal/00000002"));
  ASSERT_TRUE(h.journal->truncate_before(2));
  EXPECT_TRUE(fs.content("dir/wal/00000001"));
  ASSERT_TRUE(h.commit("b"));
  ASSERT_TRUE(h.journal->truncate_before(2));
  EXPECT_FALSE(fs.content("dir/wal/00000001"));
}

// What was sent over all lives of a journal, and what its answers promise.
class Ledger {
 public:
  explicit Ledger(FaultFileSystem& fs) : harness(fs) {}

  void append(const std::string& payload, Ack ack_min) {
    const size_t index = harness.results.size();
    harness.results.emplace_back();
    waiting_[index] = payload;
    harness.journal->append(
        1, payload, [this, index](Result<Sequence> r) { harness.results[index] = std::move(r); }, ack_min);
  }
  void settle() {
    for (auto entry = waiting_.begin(); entry != waiting_.end();) {
      const auto& result = harness.results[entry->first];
      if (!result) {
        ++entry;
        continue;
      }
      if (result->has_value()) {
        acknowledged_[**result] = entry->second;
        gone_.insert(refused_.begin(), refused_.end());
        refused_.clear();
      } else {
        refused_.insert(entry->second);
      }
      entry = waiting_.erase(entry);
    }
    durable_ = std::max(durable_, harness.journal->durable());
  }
  void commit() {
    harness.executor.run_all();
    settle();
  }
  void pass(int ms) {
    harness.pass(std::chrono::milliseconds(ms));
    settle();
  }
  void truncate(Sequence back) {
    const Sequence keep_from = durable_ - std::min(durable_, back);
    keep_from_ = std::max(keep_from_, keep_from);
    (void)harness.journal->truncate_before(keep_from);
  }
  void kill() {
    harness.executor.drop_all();
    harness.timer.drop_all();
    if (harness.journal) durable_ = std::max(durable_, harness.journal->durable());
    harness.journal.reset();
    harness.results.clear();
    waiting_.clear();
    refused_.clear();
  }
  // A power cut takes the end of what was not synced; a kill nothing.
  void reopen(bool power_cut) {
    kill();
    ASSERT_TRUE(harness.open()) << harness.open_error.message;
    for (const auto& damage : harness.journal->recovery().damage) {
      ADD_FAILURE() << "a crash is no damage: " << damage.file << " at " << damage.offset << ": " << damage.what;
    }
    std::map<Sequence, std::string> found;
    for (const auto& record : harness.replayed) {
      EXPECT_FALSE(gone_.contains(record.payload)) << "refused, and back: " << record.payload.substr(0, 40);
      EXPECT_TRUE(found.empty() || record.sequence > found.rbegin()->first) << "out of order or twice";
      found[record.sequence] = record.payload;
    }
    const Sequence last = found.empty() ? 0 : found.rbegin()->first;
    const Sequence kept = power_cut ? std::max(durable_, last) : UINT64_MAX;
    for (const auto& [sequence, payload] : acknowledged_) {
      if (sequence < keep_from_ || sequence > kept) continue;
      EXPECT_TRUE(found.contains(sequence)) << "lost an acknowledged record: " << sequence << " of " << last;
      if (found.contains(sequence)) EXPECT_EQ(found[sequence], payload);
    }
    // Their numbers may be used again.
    if (power_cut) acknowledged_.erase(acknowledged_.upper_bound(kept), acknowledged_.end());
  }

  BufferedHarness harness;

 private:
  std::map<size_t, std::string> waiting_;
  std::map<Sequence, std::string> acknowledged_;
  std::set<std::string> refused_;
  std::set<std::string> gone_;
  Sequence durable_ = 0;
  Sequence keep_from_ = 0;
};

void workload(Ledger& ledger) {
  if (!ledger.harness.open()) return;
  for (int i = 0; i < 16; ++i) {
    const auto size = static_cast<size_t>(300 + 700 * (i % 2));
    ledger.append(fmt::format("{} {}", i, std::string(size, 'p')), i % 7 == 6 ? Ack::kFsync : Ack::kBuffered);
    if (i % 3 != 0) ledger.commit();
    if (i % 4 == 3) ledger.pass(500);
    if (i == 12) ledger.truncate(3);
  }
  ledger.pass(1000);
  ledger.harness.journal->close();
  ledger.settle();
}

TEST(BufferedJournal, APowerCutAtAnyOperationTakesTheUnsyncedEndAlone) {
  for (uint64_t n = 0;; ++n) {
    bool ended = false;
    for (uint64_t seed = 0; seed < 6 && !ended; ++seed) {
      SCOPED_TRACE(fmt::format("crash at operation {}, seed {}", n, seed));
      FaultFileSystem fs(seed);
      Ledger ledger(fs);
      fs.crash_at(n);
      workload(ledger);
      ended = !fs.is_dead();
      ledger.kill();
      fs.crash(seed);
      ledger.reopen(true);
      ledger.append("after the crash", Ack::kBuffered);
      ledger.commit();
      ledger.reopen(false);
      ASSERT_FALSE(testing::Test::HasFailure());
    }
    if (ended) {
      EXPECT_GT(n, 30u);
      return;
    }
  }
}

TEST(BufferedJournal, AnyOperationMayFailOnce) {
  for (const auto code : {ErrorCode::kIo, ErrorCode::kNoSpace}) {
    for (uint64_t n = 0;; ++n) {
      SCOPED_TRACE(fmt::format("operation {} fails", n));
      FaultFileSystem fs(n);
      Ledger ledger(fs);
      fs.fail_operation(n, code);
      workload(ledger);
      if (fs.operations() <= n) break;
      ledger.reopen(false);
      ledger.append("after the failure", Ack::kBuffered);
      ledger.commit();
      ledger.harness.journal->close();
      ledger.settle();
      fs.crash(n);
      ledger.reopen(true);
      EXPECT_EQ(ledger.harness.payloads().back(), "after the failure");
      ASSERT_FALSE(testing::Test::HasFailure());
    }
  }
}

TEST(BufferedJournal, RandomLivesKeepThePromises) {
  for (uint64_t seed = 0; seed < 500; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    std::mt19937_64 random(seed);
    FaultFileSystem fs(seed);
    Ledger ledger(fs);
    ledger.harness.options.segment_bytes_max = 4096 << random() % 3;
    ledger.harness.options.unsynced_bytes_max = 2000 << random() % 4;
    ledger.reopen(false);
    for (int step = 0; step < 120; ++step) {
      switch (random() % 16) {
        case 0: fs.fail_syncs(1 + random() % 3); break;
        case 1: {
          const auto code = random() % 2 ? ErrorCode::kIo : ErrorCode::kNoSpace;
          fs.fail_operation(fs.operations() + random() % 10, code);
          break;
        }
        case 2: fs.set_capacity(fs.used_bytes() + random() % 10'000); break;
        case 3: fs.set_capacity(std::nullopt); break;
        case 4: ledger.truncate(random() % 20); break;
        case 5:
          if (random() % 4 != 0) break;
          fs.crash_at(fs.operations() + random() % 12);
          ledger.append(fmt::format("{}.dying", step), Ack::kBuffered);
          ledger.commit();
          break;
        case 6: {
          if (random() % 3 == 0) {
            ledger.harness.journal->close();
            ledger.settle();
          }
          fs.fail_syncs(0);
          fs.set_capacity(std::nullopt);
          fs.crash_at(UINT64_MAX);
          const bool power_cut = fs.is_dead() || random() % 2 == 0;
          ledger.kill();
          if (power_cut) fs.crash(random());
          ledger.reopen(power_cut);
          break;
        }
        case 7:
        case 8:
        case 9: ledger.commit(); break;
        case 10: ledger.pass(static_cast<int>(random() % 1500)); break;
        default:
          ledger.append(fmt::format("{}.{} {}", seed, step, std::string(random() % 1500, 'r')),
                        random() % 10 == 0 ? Ack::kFsync : Ack::kBuffered);
          break;
      }
      ASSERT_FALSE(testing::Test::HasFailure()) << "step " << step;
    }
  }
}

}  // namespace
}  // namespace sluice::journal
