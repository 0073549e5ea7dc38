#include "tsdb/head.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tsdb/harness.h"

namespace sluice::tsdb {
namespace {

using model::Matcher;
using model::MatchType;
using testing::ElementsAre;
using testing::IsEmpty;

class HeadTest : public testing::Test {
 protected:
  void SetUp() override {
    write({{"__name__", "up"}, {"job", "a"}, {"zone", "1"}}, 1000);
    write({{"__name__", "up"}, {"job", "b"}}, 2000);
    write({{"__name__", "down"}, {"job", "a"}}, 3000);
  }
  MemorySeries* write(const LabelList& labels, TimestampMs t_ms) {
    const auto set = model::Labels::from(labels);
    bool pinned = false;
    MemorySeries* series = SeriesResolver(*head_).resolve(set.hash(), set.packed(), pinned);
    const HeadSample sample{series, {t_ms, 1}};
    model::AppendOutcome outcome;
    head_->apply({&series, 1}, {&sample, 1}, INT64_MAX, outcome);
    if (pinned) head_->unpin({&series, 1});
    return series;
  }
  std::vector<std::string> series(const std::vector<std::vector<Matcher>>& selectors, model::TimeRange range = {},
                                  size_t limit = 0) {
    std::vector<std::string> text;
    for (const auto& labels : head_->series(selectors, range, limit).value()) text.push_back(labels.to_string());
    return text;
  }

  std::shared_ptr<Head> head_ = std::make_shared<Head>();
  const Matcher up_ = matcher(MatchType::kEqual, "__name__", "up");
  const Matcher job_a_ = matcher(MatchType::kEqual, "job", "a");
};

TEST_F(HeadTest, ListsSeriesSortedAndOnce) {
  EXPECT_THAT(series({{up_}, {job_a_}}), ElementsAre("down{job=\"a\"}", "up{job=\"a\", zone=\"1\"}", "up{job=\"b\"}"));
  EXPECT_THAT(series({{up_, job_a_}}), ElementsAre("up{job=\"a\", zone=\"1\"}"));
  EXPECT_THAT(series({}), IsEmpty());
  EXPECT_THAT(series({{up_}, {job_a_}}, {}, 1), ElementsAre("down{job=\"a\"}"));
}

TEST_F(HeadTest, ListsOnlyWhatHasDataInTheRange) {
  EXPECT_THAT(series({{}}, {1000, 1999}), ElementsAre("up{job=\"a\", zone=\"1\"}"));
  EXPECT_THAT(series({{}}, {1001, 1999}), IsEmpty());
  EXPECT_THAT(series({{}}, {2000, 3000}), ElementsAre("down{job=\"a\"}", "up{job=\"b\"}"));
  EXPECT_THAT(*head_->label_values("zone", {}, {2000, 3000}, 0), IsEmpty());
}

TEST_F(HeadTest, ListsLabelNamesAndValuesSorted) {
  EXPECT_THAT(*head_->label_names({}, {}, 0), ElementsAre("__name__", "job", "zone"));
  EXPECT_THAT(*head_->label_names({}, {}, 2), ElementsAre("__name__", "job"));
  const std::vector<std::vector<Matcher>> b = {{matcher(MatchType::kEqual, "job", "b")}};
  EXPECT_THAT(*head_->label_names(b, {}, 0), ElementsAre("__name__", "job"));
  EXPECT_THAT(*head_->label_values("job", {}, {}, 0), ElementsAre("a", "b"));
  EXPECT_THAT(*head_->label_values("job", b, {}, 0), ElementsAre("b"));
  EXPECT_THAT(*head_->label_values("job", {}, {}, 1), ElementsAre("a"));
  EXPECT_THAT(*head_->label_values("missing", {}, {}, 0), IsEmpty());
}

TEST_F(HeadTest, TellsSeriesOfOneHashApart) {
  const model::SeriesHash same{1, 1};
  const auto a = model::Labels::from({{"x", "a"}});
  const auto b = model::Labels::from({{"x", "b"}});
  bool pinned = false;
  auto* first = SeriesResolver(*head_).resolve(same, a.packed(), pinned);
  auto* second = SeriesResolver(*head_).resolve(same, b.packed(), pinned);
  EXPECT_NE(first, second);
  EXPECT_NE(first->ref(), second->ref());
  EXPECT_EQ(SeriesResolver(*head_).resolve(same, a.packed(), pinned), first);
  EXPECT_EQ(SeriesResolver(*head_).resolve(same, b.packed(), pinned), second);
  EXPECT_EQ(first->labels(head_->labels()), a);
  EXPECT_EQ(second->labels(head_->labels()), b);
}

TEST_F(HeadTest, ForgetsASeriesThatNothingDefinedOrHolds) {
  const uint64_t bytes = head_->bytes();
  const auto labels = model::Labels::from({{"x", "y"}});
  bool pinned = false;
  auto* series = SeriesResolver(*head_).resolve(labels.hash(), labels.packed(), pinned);
  EXPECT_TRUE(pinned);
  EXPECT_GT(head_->bytes(), bytes);
  head_->unpin({&series, 1});
  EXPECT_LT(head_->bytes(), bytes + 100) << "its label at most";
  EXPECT_EQ(head_->find_defined(labels.hash(), labels.packed()), nullptr);
}

TEST_F(HeadTest, CountsMemoryRoughlyAsItIs) {
  const uint64_t before = head_->bytes();
  MemorySeries* series = nullptr;
  for (int i = 0; i < 1000; ++i) series = write({{"__name__", "counted"}}, 10'000 + 15'000 * i);
  const uint64_t grown = head_->bytes() - before;
  EXPECT_GE(grown, series->bytes());
  EXPECT_LT(grown, series->bytes() + 200);
}

}  // namespace
}  // namespace sluice::tsdb
