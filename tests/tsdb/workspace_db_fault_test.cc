// A workspace against a plain map, on a disk that fails and crashes.
#include <random>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tsdb/harness.h"

namespace sluice::tsdb {
namespace {

using test::FaultFileSystem;

using Key = std::pair<std::string, TimestampMs>;

// What was sent, and what was acknowledged as stored (added, or there already).
class Model {
 public:
  struct Sent {
    size_t answer;
    std::vector<std::pair<Key, uint64_t>> samples;
  };

  explicit Model(FaultFileSystem& fs) : harness(fs) {}

  void append(std::mt19937_64& random) {
    BatchBuilder builder;
    Sent sent;
    const size_t entries = 1 + random() % 4;
    for (size_t i = 0; i < entries; ++i) {
      const LabelList labels = {{"__name__", "m"}, {"i", std::to_string(random() % 8)}};
      std::vector<model::Sample> samples;
      const size_t count = 1 + random() % 3;
      for (size_t j = 0; j < count; ++j) {
        // Mostly new times, sometimes old ones; few values, so that duplicates and conflicts both occur.
        time_ += random() % 4 == 0 ? 0 : static_cast<TimestampMs>(random() % 5'000);
        const TimestampMs t = random() % 5 == 0 ? time_ - static_cast<TimestampMs>(random() % 20'000) : time_;
        const auto value = static_cast<double>(random() % 2);
        samples.push_back({t, value});
        sent.samples.push_back({{model::Labels::from(labels).to_string(), t}, std::bit_cast<uint64_t>(value)});
      }
      builder.add(labels, samples);
    }
    last_ = builder.build();
    send(sent);
  }
  /// The last request once more, as a client does that got no answer.
  void retry() {
    if (!sent_.empty()) send(Sent{0, sent_.back().samples});
  }
  void run(std::mt19937_64& random) {
    const uint64_t steps = random() % 4;
    for (uint64_t i = 0; i < steps; ++i) harness.executor.run_one();
    if (steps == 3) harness.executor.run_all();
  }
  // Books a request whose every sample was acknowledged: then each is stored, with that value.
  void settle() {
    for (const auto& sent : sent_) {
      const auto& answer = *harness.answers[sent.answer];
      for (const auto& [key, bits] : sent.samples) ever_sent_[key].insert(bits);
      if (!answer || !answer->has_value()) continue;
      const auto& outcome = answer->value();
      if (outcome.conflicting != 0 || outcome.out_of_order != 0) continue;
      for (const auto& [key, bits] : sent.samples) acknowledged_[key] = bits;
    }
    const auto now = contents(*harness.db);
    check(now);
    if (harness.commit({})) shown_ = now;  // a success, though it adds nothing, says that all of it is durable
  }
  void check(const Contents& now) const {
    for (const auto& [key, bits] : acknowledged_) {
      const auto series = now.find(key.first);
      ASSERT_TRUE(series != now.end()) << "lost series " << key.first;
      const auto sample = series->second.find(key.second);
      ASSERT_TRUE(sample != series->second.end()) << "lost " << key.first << " at " << key.second;
      EXPECT_EQ(sample->second, bits) << key.first << " at " << key.second;
    }
    for (const auto& [series, samples] : now) {
      for (const auto& [t, bits] : samples) {
        const auto sent = ever_sent_.find({series, t});
        ASSERT_TRUE(sent != ever_sent_.end() && sent->second.contains(bits)) << "invented " << series << " at " << t;
      }
    }
  }
  void restart(bool power_cut, uint64_t seed) {
    settle();
    if (power_cut) harness.fs.crash(seed);
    sent_.clear();
    ASSERT_TRUE(harness.open()) << harness.open_error.message;
    EXPECT_EQ(harness.db->recovery().damage_total, 0u);
    const auto now = contents(*harness.db);
    check(now);
    // Whatever a reader was shown is durable, so it is still there, and in the same state.
    for (const auto& [series, samples] : shown_) {
      for (const auto& [t, bits] : samples) {
        const auto found = now.find(series);
        ASSERT_TRUE(found != now.end() && found->second.contains(t)) << "shown once, gone now: " << series << " " << t;
        EXPECT_EQ(found->second.at(t), bits);
      }
    }
  }
  void start() { ASSERT_TRUE(harness.open()) << harness.open_error.message; }

  DbHarness harness;

 private:
  void send(Sent sent) {
    BatchBuilder builder;
    if (last_.series.empty()) {  // a retry: rebuilt from what was sent, one sample an entry
      for (const auto& [key, bits] : sent.samples) {
        const auto from = key.first.find('"') + 1;
        const std::string value = key.first.substr(from, key.first.rfind('"') - from);
        builder.add({{"__name__", "m"}, {"i", value}}, {{key.second, std::bit_cast<double>(bits)}});
      }
      last_ = builder.build();
    }
    sent.answer = harness.append(std::exchange(last_, {}));
    sent_.push_back(std::move(sent));
  }

  TimestampMs time_ = 1'700'000'000'000;
  model::AppendBatch last_;
  std::vector<Sent> sent_;
  std::map<Key, uint64_t> acknowledged_;
  std::map<Key, std::set<uint64_t>> ever_sent_;
  Contents shown_;
};

TEST(WorkspaceDbFaults, RandomOperationsAgreeWithAMap) {
  for (uint64_t seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    std::mt19937_64 random(seed);
    FaultFileSystem fs(seed);
    Model model(fs);
    if (seed % 2 == 0) model.harness.late_window_ms = 15'000;
    model.start();
    for (int step = 0; step < 80; ++step) {
      switch (random() % 16) {
        case 0: fs.fail_syncs(1 + random() % 3); break;
        case 1: fs.fail_operation(fs.operations() + random() % 8); break;
        case 2: fs.set_capacity(fs.used_bytes() + random() % 8'000); break;
        case 3: fs.set_capacity(std::nullopt); break;
        case 4: model.retry(); break;
        case 10: model.harness.checkpoint_now(); break;
        case 5:
          if (random() % 3 != 0) break;
          if (random() % 2 == 0) {
            fs.crash_at(fs.operations() + random() % 10);
            model.append(random);
            model.harness.executor.run_all();
          }
          fs.crash_at(UINT64_MAX);
          fs.set_capacity(std::nullopt);
          model.restart(fs.is_dead() || random() % 2 == 0, random());
          break;
        case 6:
        case 7:
        case 8:
        case 9: model.run(random); break;
        default: model.append(random); break;
      }
      if (step % 8 == 0) model.settle();
      ASSERT_FALSE(testing::Test::HasFailure()) << "step " << step;
    }
  }
}

TEST(WorkspaceDbFaults, ACrashAtAnyOperationLosesNothingAcknowledged) {
  for (uint64_t n = 0;; ++n) {
    bool ended = false;
    for (uint64_t seed = 0; seed < 4 && !ended; ++seed) {
      SCOPED_TRACE(fmt::format("crash at operation {}, seed {}", n, seed));
      std::mt19937_64 random(99);
      FaultFileSystem fs(seed);
      Model model(fs);
      model.start();
      fs.crash_at(fs.operations() + n);
      for (int i = 0; i < 30; ++i) {
        model.append(random);
        if (i % 3 == 0) model.retry();
        model.run(random);
        if (i % 10 == 9) model.harness.checkpoint_now();
      }
      ended = !fs.is_dead();
      model.restart(true, seed);
      ASSERT_FALSE(testing::Test::HasFailure());
    }
    if (ended) {
      EXPECT_GT(n, 30u);
      return;
    }
  }
}

TEST(WorkspaceDbFaults, ReplayReachesTheSameHead) {
  for (uint64_t seed = 0; seed < 50; ++seed) {
    std::mt19937_64 random(seed);
    FaultFileSystem fs(seed);
    Model model(fs);
    if (seed % 3 == 0) model.harness.late_window_ms = 15'000;
    model.start();
    for (int i = 0; i < 60; ++i) {
      model.append(random);
      if (i % 4 == 0) model.retry();
      if (i % 7 == 0) fs.fail_syncs(2);
      model.run(random);
    }
    model.harness.executor.run_all();
    fs.fail_syncs(0);
    ASSERT_TRUE(model.harness.commit(BatchBuilder().add({{"__name__", "last"}}, {{1, 1}}).build()));
    const auto live = contents(*model.harness.db);
    const auto live_stats = model.harness.db->stats();
    if (seed % 2 == 0) model.harness.db->close();  // and so begins with a checkpoint
    ASSERT_TRUE(model.harness.open());
    EXPECT_EQ(contents(*model.harness.db), live) << "seed " << seed;
    EXPECT_EQ(model.harness.db->stats().samples, live_stats.samples);
    EXPECT_EQ(model.harness.db->stats().series, live_stats.series);
  }
}

}  // namespace
}  // namespace sluice::tsdb
