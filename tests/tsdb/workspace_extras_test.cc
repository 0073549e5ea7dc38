// Exemplars, metadata and start timestamps through the log, a checkpoint, blocks, and crashes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tsdb/harness.h"

namespace sluice::tsdb {
namespace {

using test::FaultFileSystem;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr TimestampMs kRange = kBlockRangeMs;
constexpr TimestampMs kStart = 1'700'000'000'000 / kRange * kRange;
const LabelList kUp = {{"__name__", "up"}};
const LabelList kDown = {{"__name__", "down"}};

model::Exemplar exemplar(TimestampMs t_ms, double value = 1) {
  return {model::Labels::from({{"trace_id", std::to_string(t_ms)}}), value, t_ms};
}

struct ExtrasDb {
  explicit ExtrasDb(FaultFileSystem& fs) : harness(fs) {
    harness.commits_inline = true;
    harness.clock.set(kStart);
  }
  model::AppendOutcome commit(model::AppendBatch batch) {
    const size_t index = harness.append(std::move(batch));
    const auto& answer = *harness.answers[index];
    EXPECT_TRUE(answer && answer->has_value());
    return answer && answer->has_value() ? **answer : model::AppendOutcome{};
  }
  static model::AppendBatch batch(const LabelList& labels, std::vector<model::Sample> samples,
                                  const std::vector<model::Exemplar>& exemplars) {
    auto made = BatchBuilder().add(labels, std::move(samples)).build();
    for (const auto& one : exemplars) made.exemplars.push_back({0, one});
    return made;
  }
  model::AppendOutcome write(const LabelList& labels, std::vector<model::Sample> samples,
                             const std::vector<model::Exemplar>& exemplars) {
    return commit(batch(labels, std::move(samples), exemplars));
  }
  model::AppendOutcome say(const std::string& family, const std::string& help) {
    model::AppendBatch batch;
    batch.metadata.push_back({family, {1, help, ""}});
    return commit(std::move(batch));
  }
  // series -> times
  std::map<std::string, std::vector<TimestampMs>> exemplars(model::TimeRange range = {}) const {
    model::QueryBudget budget(UINT64_MAX, {});
    const std::vector<std::vector<model::Matcher>> any = {{matcher(model::MatchType::kRegex, "__name__", ".+")}};
    const auto found = harness.db->exemplars(any, range, budget);
    EXPECT_TRUE(found);
    std::map<std::string, std::vector<TimestampMs>> all;
    for (const auto& [series, list] : *found) {
      for (const auto& one : list) {
        EXPECT_EQ(one.labels, exemplar(one.t_ms).labels);
        all[series.to_string()].push_back(one.t_ms);
      }
    }
    return all;
  }
  std::map<std::string, std::string> helps() const {
    std::map<std::string, std::string> all;
    for (const auto& family : *harness.db->metadata("")) all[family.name] = family.metadata.help;
    return all;
  }
  uint64_t records_in_log() {
    EXPECT_TRUE(harness.open());
    return harness.db->recovery().records;
  }

  DbHarness harness;
};

TEST(WorkspaceExemplars, ComeBackFromEverywhere) {
  FaultFileSystem fs;
  ExtrasDb db(fs);
  ASSERT_TRUE(db.harness.open());
  EXPECT_EQ(db.write(kUp, {{kStart, 1}}, {exemplar(kStart - 5), exemplar(kStart - 3)}).exemplars_added, 2u);
  EXPECT_EQ(db.write(kUp, {{kStart + 1000, 1}}, {exemplar(kStart + 900)}).exemplars_added, 1u);
  EXPECT_EQ(db.write(kDown, {{kStart, 1}}, {exemplar(kStart)}).exemplars_added, 1u);
  const auto before = db.exemplars();
  EXPECT_THAT(before.at("up"), ElementsAre(kStart - 5, kStart - 3, kStart + 900));
  EXPECT_THAT(before.at("down"), ElementsAre(kStart));
  ASSERT_TRUE(db.harness.open());
  EXPECT_EQ(db.exemplars(), before) << "from the log";
  db.harness.db->close();
  ASSERT_TRUE(db.harness.open());
  EXPECT_LE(db.harness.db->recovery().records, 1u) << "the log is no longer than it must be";
  EXPECT_EQ(db.exemplars(), before) << "from a checkpoint";
  EXPECT_THAT(db.exemplars({kStart - 4, kStart}).at("up"), ElementsAre(kStart - 3));
}

TEST(WorkspaceExemplars, OutliveTheTimeOfTheirSeriesInTheHead) {
  FaultFileSystem fs;
  ExtrasDb db(fs);
  ASSERT_TRUE(db.harness.open());
  db.write(kUp, {{kStart, 1}}, {exemplar(kStart)});
  db.harness.clock.advance(std::chrono::hours(4));
  db.write(kDown, {{db.harness.clock.now_ms(), 1}}, {});
  for (int i = 0; i < 3; ++i) db.harness.db->maintain();
  ASSERT_EQ(db.harness.db->stats().series, 1u) << "up is in a block alone";
  EXPECT_THAT(db.exemplars().at("up"), ElementsAre(kStart));
  ASSERT_TRUE(db.harness.open());
  EXPECT_THAT(db.exemplars().at("up"), ElementsAre(kStart));
  // The series comes back under another name in the log.
  const TimestampMs now = db.harness.clock.now_ms();
  EXPECT_EQ(db.write(kUp, {{now, 1}}, {exemplar(kStart - 1), exemplar(now)}).exemplars_out_of_order, 1u);
  EXPECT_THAT(db.exemplars().at("up"), ElementsAre(kStart, now));
  ASSERT_TRUE(db.harness.open());
  EXPECT_THAT(db.exemplars().at("up"), ElementsAre(kStart, now));
}

TEST(WorkspaceExemplars, AloneMakeNoSeriesAndAreKeptForKnownOnes) {
  FaultFileSystem fs;
  ExtrasDb db(fs);
  ASSERT_TRUE(db.harness.open());
  const auto unknown = db.write(kUp, {}, {exemplar(kStart)});
  EXPECT_EQ(unknown.exemplars_without_series, 1u);
  EXPECT_EQ(unknown.exemplars_added, 0u);
  EXPECT_EQ(db.harness.db->stats().series, 0u);
  EXPECT_THAT(db.exemplars(), IsEmpty());
  EXPECT_EQ(db.records_in_log(), 0u);
  db.write(kUp, {{kStart, 1}}, {});
  EXPECT_EQ(db.write(kUp, {}, {exemplar(kStart)}).exemplars_added, 1u);
  ASSERT_TRUE(db.harness.open());
  EXPECT_THAT(db.exemplars().at("up"), ElementsAre(kStart));
  EXPECT_EQ(db.harness.db->stats().series, 1u);
}

// As Prometheus sends them with remote write 1.0: the sample in one entry, its exemplar in another.
TEST(WorkspaceExemplars, OfASeriesThatAnotherEntryOfTheRequestMakesAreKept) {
  FaultFileSystem fs;
  ExtrasDb db(fs);
  ASSERT_TRUE(db.harness.open());
  auto batch = BatchBuilder().add(kUp, {}).add(kUp, {{kStart, 1}}).add(kDown, {}).build();
  batch.exemplars = {{0, exemplar(kStart)}, {2, exemplar(kStart)}};
  const auto outcome = db.commit(std::move(batch));
  EXPECT_EQ(outcome.exemplars_added, 1u);
  EXPECT_EQ(outcome.exemplars_without_series, 1u);
  EXPECT_EQ(outcome.series_created, 1u);
  ASSERT_TRUE(db.harness.open());
  EXPECT_EQ(db.exemplars().size(), 1u);
  EXPECT_THAT(db.exemplars().at("up"), ElementsAre(kStart));
}

TEST(WorkspaceExemplars, WhatIsThereOrTooOldIsNotLogged) {
  FaultFileSystem fs;
  ExtrasDb db(fs);
  ASSERT_TRUE(db.harness.open());
  db.write(kUp, {{kStart, 1}}, {exemplar(kStart)});
  EXPECT_EQ(db.records_in_log(), 2u);
  EXPECT_EQ(db.write(kUp, {}, {exemplar(kStart)}).exemplars_added, 1u) << "there already";
  EXPECT_EQ(db.write(kUp, {}, {exemplar(kStart - 1)}).exemplars_out_of_order, 1u);
  EXPECT_EQ(db.records_in_log(), 2u);
  db.harness.late_window_ms = 1000;
  ASSERT_TRUE(db.harness.open());
  EXPECT_EQ(db.write(kUp, {}, {exemplar(kStart - 1)}).exemplars_added, 1u);
  EXPECT_THAT(db.exemplars().at("up"), ElementsAre(kStart - 1, kStart));
}

TEST(WorkspaceExemplars, AreNoMoreThanConfigured) {
  FaultFileSystem fs;
  ExtrasDb db(fs);
  db.harness.exemplars_max = 2;
  ASSERT_TRUE(db.harness.open());
  db.write(kUp, {{kStart, 1}}, {exemplar(kStart), exemplar(kStart + 1), exemplar(kStart + 2)});
  EXPECT_THAT(db.exemplars().at("up"), ElementsAre(kStart + 1, kStart + 2));
  db.harness.exemplars_max = 0;
  ASSERT_TRUE(db.harness.open());
  EXPECT_FALSE(db.harness.db->keeps_exemplars());
  EXPECT_THAT(db.exemplars(), IsEmpty());
}

TEST(WorkspaceExtras, AreAnsweredTogetherWithTheSamplesOfTheirRequest) {
  FaultFileSystem fs;
  ExtrasDb db(fs);
  ASSERT_TRUE(db.harness.open());
  auto batch = BatchBuilder().add(kUp, {{kStart, 1}}).add(kDown, {}).build();
  model::Histogram histogram;
  histogram.zero_count = histogram.count = 1;
  batch.histograms.push_back({1, {.t_ms = kStart, .value = histogram}});
  batch.exemplars.push_back({0, exemplar(kStart)});
  batch.exemplars.push_back({1, exemplar(kStart)});
  batch.metadata.push_back({"up", {2, "whether it is", ""}});
  const auto outcome = db.commit(std::move(batch));
  EXPECT_EQ(outcome.samples_added, 2u);
  EXPECT_EQ(outcome.histograms_added, 1u);
  EXPECT_EQ(outcome.exemplars_added, 2u);
  EXPECT_EQ(outcome.series_created, 2u);
  EXPECT_EQ(db.records_in_log(), 4u);
  EXPECT_EQ(db.exemplars().size(), 2u);
  EXPECT_EQ(db.helps().at("up"), "whether it is");
}

TEST(WorkspaceMetadata, ComesBackFromEverywhereAndIsLoggedWhenItIsNews) {
  FaultFileSystem fs;
  ExtrasDb db(fs);
  ASSERT_TRUE(db.harness.open());
  db.say("up", "first");
  db.say("up", "first");
  db.say("down", "other");
  db.say("up", "second");
  EXPECT_EQ(db.records_in_log(), 3u);
  const std::map<std::string, std::string> wanted = {{"down", "other"}, {"up", "second"}};
  EXPECT_EQ(db.helps(), wanted);
  db.harness.db->close();
  EXPECT_LE(db.records_in_log(), 1u) << "the log is no longer than it must be";
  EXPECT_EQ(db.helps(), wanted);
  EXPECT_EQ(db.harness.db->metadata("up")->size(), 1u);
  EXPECT_THAT(*db.harness.db->metadata("u"), IsEmpty());
}

// Checkpoints among the writes; everything acknowledged is there after the crash, wherever it came.
TEST(WorkspaceExtras, SurviveACrashAtAnyOperation) {
  for (uint64_t n = 0;; ++n) {
    SCOPED_TRACE(n);
    FaultFileSystem fs(n);
    ExtrasDb db(fs);
    ASSERT_TRUE(db.harness.open());
    std::vector<TimestampMs> acknowledged;
    std::string help;
    fs.crash_at(fs.operations() + n);
    for (int i = 0; i < 6; ++i) {
      const TimestampMs t = kStart + i * 1000;
      auto batch = ExtrasDb::batch(i % 2 == 0 ? kUp : kDown, {{t, 1}}, {exemplar(t)});
      batch.metadata.push_back({"up", {2, std::to_string(i), ""}});
      const size_t index = db.harness.append(std::move(batch));
      const auto& answer = *db.harness.answers[index];
      if (answer && answer->has_value()) {
        acknowledged.push_back(t);
        help = std::to_string(i);
      }
      if (i % 3 == 2) db.harness.checkpoint_now();
    }
    const bool ended = !fs.is_dead();
    db.harness.kill();
    fs.crash(n);
    ASSERT_TRUE(db.harness.open()) << db.harness.open_error.message;
    EXPECT_EQ(db.harness.db->recovery().damage_total, 0u);
    const auto exemplars = db.exemplars();
    for (const TimestampMs t : acknowledged) {
      const std::string series = (t - kStart) / 1000 % 2 == 0 ? "up" : "down";
      ASSERT_TRUE(exemplars.contains(series));
      EXPECT_THAT(exemplars.at(series), testing::Contains(t));
    }
    if (!help.empty()) EXPECT_GE(db.helps().at("up"), help);
    if (ended) {
      EXPECT_EQ(acknowledged.size(), 6u);
      EXPECT_GT(n, 20u);
      return;
    }
  }
}

struct Started {
  TimestampMs t_ms;
  TimestampMs start_ms;
};

model::AppendBatch started(const LabelList& labels, const std::vector<Started>& samples) {
  std::vector<model::Sample> plain;
  for (const auto& one : samples) plain.push_back({one.t_ms, static_cast<double>(one.t_ms % 1000)});
  auto batch = BatchBuilder().add(labels, plain).build();
  for (const auto& one : samples) batch.start_ms.push_back(one.start_ms);
  return batch;
}

std::map<TimestampMs, TimestampMs> starts_of(const WorkspaceDb& db, const std::string& name) {
  model::QueryBudget budget(UINT64_MAX, {});
  const std::vector<model::Matcher> matchers = {matcher(model::MatchType::kEqual, "__name__", name)};
  auto selected = db.select(matchers, {}, budget);
  EXPECT_TRUE(selected && selected->size() == 1);
  model::SampleColumn column;
  EXPECT_TRUE(selected->front()->read({}, column));
  std::map<TimestampMs, TimestampMs> all;
  for (size_t i = 0; i < column.size(); ++i) all[column.t_ms[i]] = column.start_ms.empty() ? 0 : column.start_ms[i];
  return all;
}

TEST(WorkspaceStartTimes, ComeBackFromEverywhere) {
  FaultFileSystem fs;
  ExtrasDb db(fs);
  db.harness.late_window_ms = 24 * 60 * 60 * 1000;
  ASSERT_TRUE(db.harness.open());
  std::map<TimestampMs, TimestampMs> wanted;
  for (int i = 0; i < 300; ++i) {
    db.harness.clock.advance(std::chrono::minutes(1));
    const TimestampMs now = db.harness.clock.now_ms();
    const TimestampMs start = i < 20 ? 0 : kStart + i / 100 * 1000;
    db.commit(started(kUp, {{now, start}}));
    db.write(kDown, {{now, 1}}, {});
    wanted[now] = start;
  }
  const TimestampMs late = kStart + 90'000;
  EXPECT_EQ(db.commit(started(kUp, {{late, kStart + 7}})).samples_late, 1u);
  wanted[late] = kStart + 7;
  EXPECT_EQ(starts_of(*db.harness.db, "up"), wanted);
  ASSERT_TRUE(db.harness.open());
  EXPECT_EQ(starts_of(*db.harness.db, "up"), wanted) << "from the log";
  db.harness.db->close();
  ASSERT_TRUE(db.harness.open());
  EXPECT_EQ(starts_of(*db.harness.db, "up"), wanted) << "from a checkpoint";
  for (int i = 0; i < 3; ++i) db.harness.db->maintain();
  ASSERT_FALSE(db.harness.db->blocks().blocks()->empty());
  EXPECT_EQ(starts_of(*db.harness.db, "up"), wanted) << "from blocks";
  for (const auto& block : *db.harness.db->blocks().blocks()) EXPECT_TRUE(block->verify().empty());
}

TEST(WorkspaceStartTimes, ASampleSentAgainIsADuplicate) {
  FaultFileSystem fs;
  ExtrasDb db(fs);
  ASSERT_TRUE(db.harness.open());
  EXPECT_EQ(db.commit(started(kUp, {{kStart, kStart - 5}, {kStart + 1, 0}})).samples_added, 2u);
  EXPECT_EQ(db.commit(started(kUp, {{kStart, kStart - 5}, {kStart + 1, 0}})).duplicates, 2u);
  EXPECT_EQ(db.commit(started(kUp, {{kStart, kStart - 9}})).duplicates, 1u) << "whatever is said of its start";
  EXPECT_EQ(db.records_in_log(), 1u);
  EXPECT_EQ(starts_of(*db.harness.db, "up"),
            (std::map<TimestampMs, TimestampMs>{{kStart, kStart - 5}, {kStart + 1, 0}}));
}

// So that programs which do not know start timestamps read the blocks.
TEST(WorkspaceStartTimes, SeriesWithoutThemKeepTheOldEncoding) {
  FaultFileSystem fs;
  ExtrasDb db(fs);
  ASSERT_TRUE(db.harness.open());
  auto batch = BatchBuilder().add(kUp, {{kStart, 1}}).add(kDown, {{kStart, 1}}).build();
  batch.start_ms = {kStart - 1, 0};
  db.commit(std::move(batch));
  db.harness.db->close();
  std::map<std::string, ChunkEncoding> encodings;
  const auto bytes = fs.content("dir/ws-test/" + checkpoint_name(1));
  ASSERT_TRUE(bytes);
  CheckpointReport report;
  const CheckpointUse use = {.series = [&](const CheckpointSeries& one) -> Result<void> {
                               encodings[model::Labels::from_packed(one.packed).to_string()] =
                                   one.chunks.in_order.at(0).encoding;
                               return {};
                             },
                             .exemplars = {},
                             .metadata = {}};
  ASSERT_TRUE(read_checkpoint(*bytes, "checkpoint", use, report));
  EXPECT_EQ(encodings.at("up"), ChunkEncoding::kXor2);
  EXPECT_EQ(encodings.at("down"), ChunkEncoding::kXor);
}

}  // namespace
}  // namespace sluice::tsdb
