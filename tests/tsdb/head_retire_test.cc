#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tsdb/harness.h"
#include "tsdb/head.h"
#include "tsdb/series_recognizer.h"

namespace sluice::tsdb {
namespace {

constexpr TimestampMs kRange = kBlockRangeMs;
constexpr TimestampMs kStart = 100 * kRange;

class HeadRetireTest : public testing::Test {
 protected:
  MemorySeries* write(const std::string& id, TimestampMs t_ms, double value = 1) {
    const auto set = labels(id);
    bool pinned = false;
    MemorySeries* series = SeriesResolver(*head_).resolve(set.hash(), set.packed(), pinned);
    const std::vector<MemorySeries*> definitions(pinned ? 1 : 0, series);
    const HeadSample sample{series, {t_ms, value}};
    outcome_ = {};
    head_->apply(definitions, {&sample, 1}, floor_ms_, outcome_);
    head_->unpin(definitions);
    return series;
  }
  static model::Labels labels(const std::string& id) { return model::Labels::from({{"__name__", "m"}, {"id", id}}); }
  void freeze_and_drop(TimestampMs before_ms) {
    head_->freeze(before_ms);
    head_->drop();
  }
  void retire_all() {
    for (int i = 0; i < 10 && head_->retire(); ++i) {
    }
  }
  bool shows(const std::string& id) { return contents(*head_).contains(labels(id).to_string()); }

  std::shared_ptr<Head> head_ = std::make_shared<Head>();
  TimestampMs floor_ms_ = INT64_MIN;
  model::AppendOutcome outcome_;
};

TEST_F(HeadRetireTest, ForgetsSeriesWithoutSamplesAndTheirLabels) {
  for (int i = 0; i < 1000; ++i) write(std::to_string(i), kStart + i);
  const auto grown = head_->stats();
  write("stays", kStart + kRange);
  freeze_and_drop(kStart + kRange);
  EXPECT_EQ(contents(*head_).size(), 1u);
  retire_all();
  EXPECT_EQ(head_->stats().series, 1u);
  EXPECT_LT(head_->stats().bytes, grown.bytes / 10);
  EXPECT_FALSE(head_->find_defined(labels("7").hash(), labels("7").packed()));
  EXPECT_TRUE(head_->find_defined(labels("stays").hash(), labels("stays").packed()));
  EXPECT_EQ(head_->labels().find(model::LabelView{"id", "7"}), kNoLabel);
  write("7", kStart + kRange + 1);
  EXPECT_TRUE(shows("7"));
  EXPECT_TRUE(shows("stays"));
}

TEST_F(HeadRetireTest, WaitsForRequestsThatMayPointToASeries) {
  write("a", kStart);
  auto request = std::make_unique<SeriesRecognizer>(head_);
  const auto known = request->recognize(labels("a").packed());
  ASSERT_TRUE(known);
  freeze_and_drop(kStart + kRange);
  retire_all();
  EXPECT_FALSE(head_->find_defined(labels("a").hash(), labels("a").packed())) << "doomed: unknown to new requests";
  const HeadSample sample{static_cast<MemorySeries*>(known.series), {kStart + kRange, 5}};
  model::AppendOutcome outcome;
  head_->apply({}, {&sample, 1}, INT64_MAX, outcome);
  request.reset();
  retire_all();
  EXPECT_TRUE(shows("a")) << "somebody has written to it";
  EXPECT_TRUE(head_->find_defined(labels("a").hash(), labels("a").packed()));
}

TEST_F(HeadRetireTest, ADoomedSeriesThatIsWantedAgainIsDefinedAnew) {
  write("a", kStart);
  freeze_and_drop(kStart + kRange);
  EXPECT_TRUE(head_->retire());
  EXPECT_TRUE(head_->retire());
  const auto set = labels("a");
  bool pinned = false;
  MemorySeries* series = SeriesResolver(*head_).resolve(set.hash(), set.packed(), pinned);
  EXPECT_TRUE(pinned);
  retire_all();
  const HeadSample sample{series, {kStart + kRange, 5}};
  model::AppendOutcome outcome;
  head_->apply({&series, 1}, {&sample, 1}, INT64_MAX, outcome);
  head_->unpin({&series, 1});
  retire_all();
  EXPECT_TRUE(shows("a"));
}

TEST_F(HeadRetireTest, NoFollowerLeadsToASeriesThatIsGone) {
  MemorySeries* stays = write("a", kStart + kRange);
  MemorySeries* gone = write("b", kStart);
  EXPECT_EQ(stays->follower(), gone);
  freeze_and_drop(kStart + kRange);
  retire_all();
  EXPECT_EQ(stays->follower(), nullptr);
}

TEST_F(HeadRetireTest, AfterAFreezeOlderSamplesAreLate) {
  write("a", kStart);
  head_->freeze(kStart + kRange);
  write("b", kStart + 5);
  EXPECT_EQ(outcome_.samples_late, 1u) << "a new series is no exception";
  floor_ms_ = kStart + 10;
  write("c", kStart + 5);
  EXPECT_EQ(outcome_.out_of_order, 1u);
  write("a", kStart);
  EXPECT_EQ(outcome_.duplicates, 1u) << "what is frozen is still known";
  EXPECT_EQ(contents(*head_).size(), 2u);
  head_->drop();
  EXPECT_EQ(contents(*head_).size(), 1u) << "what came after the freeze is not in its block";
}

TEST_F(HeadRetireTest, AFreezeWithoutADropChangesNothingThatIsShown) {
  for (int i = 0; i < 10; ++i) write("a", kStart + i * 1'000'000);
  for (int i = 0; i < 10; ++i) write("a", kStart + i * 1'000'000 - 7);
  const auto before = contents(*head_);
  head_->freeze(kStart + kRange);
  EXPECT_TRUE(head_->has_frozen());
  EXPECT_EQ(contents(*head_), before);
}

TEST_F(HeadRetireTest, TellsWhichBlocksOfTimeAreToBeCut) {
  write("a", kStart + 1);
  write("a", kStart + 3 * kRange);
  write("b", kStart + 4 * kRange);
  write("b", kStart + 2 * kRange + 5);  // late
  const auto ranges = head_->block_ranges_before(kStart + 4 * kRange);
  ASSERT_TRUE(ranges);
  EXPECT_EQ(*ranges, (std::vector<TimestampMs>{kStart, kStart + 2 * kRange, kStart + 3 * kRange}));
}

TEST_F(HeadRetireTest, SortsSeriesByTheirLabels) {
  for (const char* id : {"b", "a", "c", "ab", ""}) write(id, kStart);
  std::vector<model::Labels> sorted;
  for (const auto* series : head_->sorted_series()) sorted.push_back(series->labels(head_->labels()));
  ASSERT_EQ(sorted.size(), 5u);
  EXPECT_TRUE(std::ranges::is_sorted(sorted));
}

}  // namespace
}  // namespace sluice::tsdb
