// Native histograms through the log, the head, a checkpoint and blocks.
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/histogram_convert.h"
#include "tsdb/harness.h"

namespace sluice::tsdb {
namespace {

using test::FaultFileSystem;

constexpr TimestampMs kRange = kBlockRangeMs;
constexpr TimestampMs kStart = 1'700'000'000'000 / kRange * kRange;

model::Histogram histogram(uint64_t count) {
  model::Histogram made;
  made.schema = 1;
  made.zero_threshold = 0.001;
  made.zero_count = count;
  made.count = 3 * count;
  made.sum = static_cast<double>(count) * 1.5;
  made.positive_spans = {{0, 2}};
  made.positive_deltas = {static_cast<int64_t>(count), 0};
  return made;
}

struct HistogramDb {
  explicit HistogramDb(FaultFileSystem& fs) : harness(fs) {
    harness.commits_inline = true;
    harness.late_window_ms = 24 * 60 * 60 * 1000;
    harness.clock.set(kStart);
  }
  model::AppendOutcome write(const LabelList& labels, TimestampMs t_ms,
                             std::variant<double, model::Histogram, model::FloatHistogram> value) {
    BatchBuilder builder;
    const auto* number = std::get_if<double>(&value);
    builder.add(labels, number != nullptr ? std::vector<model::Sample>{{t_ms, *number}} : std::vector<model::Sample>{});
    auto batch = builder.build();
    if (const auto* integers = std::get_if<model::Histogram>(&value)) {
      batch.histograms.push_back({0, {.t_ms = t_ms, .value = *integers}});
    } else if (const auto* doubles = std::get_if<model::FloatHistogram>(&value)) {
      batch.histograms.push_back({0, {.t_ms = t_ms, .value = *doubles}});
    }
    const size_t index = harness.append(std::move(batch));
    const auto& answer = *harness.answers[index];
    EXPECT_TRUE(answer && answer->has_value());
    return answer && answer->has_value() ? **answer : model::AppendOutcome{};
  }
  // series -> time -> count of the histogram, or minus the float
  std::map<std::string, std::map<TimestampMs, double>> shown() {
    std::map<std::string, std::map<TimestampMs, double>> all;
    model::QueryBudget budget(UINT64_MAX, {});
    auto selected = harness.db->select({}, {}, budget);
    EXPECT_TRUE(selected);
    for (auto& series : *selected) {
      model::SampleColumn column;
      const auto read = series->read({}, column);
      EXPECT_TRUE(read) << read.error().message;
      auto& samples = all[series->labels().to_string()];
      for (size_t i = 0; i < column.size(); ++i) samples[column.t_ms[i]] = -column.values[i];
      for (const auto& row : column.histograms) samples[column.t_ms[row.row]] = row.histogram->count;
    }
    return all;
  }

  DbHarness harness;
};

const LabelList kLatency = {{"__name__", "latency"}};
const LabelList kMixed = {{"__name__", "mixed"}};

TEST(WorkspaceHistograms, ComeBackFromEverywhere) {
  FaultFileSystem fs;
  HistogramDb db(fs);
  ASSERT_TRUE(db.harness.open());
  for (int i = 0; i < 60; ++i) {
    db.harness.clock.advance(std::chrono::minutes(5));
    const TimestampMs now = db.harness.clock.now_ms();
    EXPECT_EQ(db.write(kLatency, now, histogram(static_cast<uint64_t>(i))).histograms_added, 1u);
    if (i % 3 == 0) {
      db.write(kMixed, now, static_cast<double>(i));
    } else {
      db.write(kMixed, now, model::to_float(histogram(static_cast<uint64_t>(i))));
    }
  }
  const auto before = db.shown();
  EXPECT_EQ(before.at("latency").size(), 60u);
  EXPECT_EQ(before.at("mixed").size(), 60u);
  EXPECT_EQ(before.at("latency").rbegin()->second, 3.0 * 59);
  ASSERT_TRUE(db.harness.open());
  EXPECT_EQ(db.shown(), before) << "from the log";
  db.harness.db->close();
  ASSERT_TRUE(db.harness.open());
  EXPECT_EQ(db.shown(), before) << "from a checkpoint";
  for (int i = 0; i < 3; ++i) db.harness.db->maintain();
  EXPECT_FALSE(db.harness.db->blocks().blocks()->empty());
  EXPECT_EQ(db.shown(), before) << "from blocks";
  for (const auto& block : *db.harness.db->blocks().blocks()) EXPECT_TRUE(block->verify().empty());
}

TEST(WorkspaceHistograms, AreJudgedLikeFloats) {
  FaultFileSystem fs;
  HistogramDb db(fs);
  ASSERT_TRUE(db.harness.open());
  const TimestampMs t = kStart;
  db.write(kLatency, t, histogram(5));
  db.write(kLatency, t + 1000, histogram(6));
  EXPECT_EQ(db.write(kLatency, t, histogram(5)).duplicates, 1u);
  EXPECT_EQ(db.write(kLatency, t, histogram(7)).conflicting, 1u);
  EXPECT_EQ(db.write(kLatency, t + 1000, histogram(6)).duplicates, 1u);
  const auto conflict = db.write(kLatency, t + 1000, 1.0);
  EXPECT_EQ(conflict.conflicting, 1u);
  EXPECT_THAT(conflict.first_refusal, testing::HasSubstr("existing a histogram, new value 1"));
  const auto late = db.write(kLatency, t + 500, histogram(3));
  EXPECT_EQ(late.samples_late, 1u);
  EXPECT_EQ(late.histograms_added, 1u);
  EXPECT_EQ(db.shown().at("latency").size(), 3u);
  db.harness.late_window_ms = 0;
  ASSERT_TRUE(db.harness.open());
  EXPECT_EQ(db.write(kLatency, t + 700, histogram(3)).out_of_order, 1u);
}

TEST(WorkspaceHistograms, AreAnsweredTogetherWithTheFloatsOfTheirRequest) {
  FaultFileSystem fs;
  HistogramDb db(fs);
  ASSERT_TRUE(db.harness.open());
  auto batch = BatchBuilder().add(kMixed, {{kStart, 1}}).add(kLatency, {}).build();
  batch.histograms.push_back({1, {.t_ms = kStart, .value = histogram(2)}});
  const size_t index = db.harness.append(std::move(batch));
  const auto& answer = **db.harness.answers[index];
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->samples_added, 2u);
  EXPECT_EQ(answer->histograms_added, 1u);
  EXPECT_EQ(answer->series_created, 2u);
  EXPECT_EQ(db.shown().size(), 2u);
}

TEST(WorkspaceHistograms, AFloatStaleMarkerEndsAHistogramSeries) {
  FaultFileSystem fs;
  HistogramDb db(fs);
  ASSERT_TRUE(db.harness.open());
  db.write(kLatency, kStart, histogram(2));
  db.write(kLatency, kStart + 1000, model::stale_nan());
  model::QueryBudget budget(UINT64_MAX, {});
  auto selected = db.harness.db->select({}, {}, budget);
  ASSERT_TRUE(selected);
  model::SampleColumn column;
  ASSERT_TRUE(selected->front()->read({}, column));
  ASSERT_EQ(column.histograms.size(), 2u);
  EXPECT_TRUE(model::is_stale(column.histograms[1].histogram->sum));
}

}  // namespace
}  // namespace sluice::tsdb
