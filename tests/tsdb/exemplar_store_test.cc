#include "tsdb/exemplar_store.h"

#include <deque>
#include <map>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::tsdb {
namespace {

using enum ExemplarStore::Verdict;
using model::Exemplar;
using model::Labels;

Labels series(uint64_t number) { return Labels::from({{"__name__", "m"}, {"i", std::to_string(number)}}); }

std::vector<Labels> series_of(const ExemplarStore& store, model::TimeRange range) {
  std::vector<Labels> found;
  for (const auto& labels : store.series(range)) found.push_back(*labels);
  return found;
}

Exemplar exemplar(TimestampMs t_ms, double value = 1, const std::string& trace = "x") {
  return {model::Labels::from({{"trace_id", trace}}), value, t_ms};
}

TEST(ExemplarStore, JudgesByTheNewestOfTheSeries) {
  struct Case {
    Exemplar second;
    ExemplarStore::Verdict without_window;
    ExemplarStore::Verdict with_window;  // of 50 ms
  };
  const Case cases[] = {
      {exemplar(100), kDuplicate, kDuplicate},  {exemplar(101), kNew, kNew},
      {exemplar(100, 2), kNew, kNew},           {exemplar(100, 0.5), kOutOfOrder, kOutOfOrder},
      {exemplar(99), kOutOfOrder, kNew},        {exemplar(51), kOutOfOrder, kNew},
      {exemplar(50), kOutOfOrder, kOutOfOrder}, {exemplar(INT64_MIN), kOutOfOrder, kOutOfOrder},
  };
  for (const Case& c : cases) {
    for (const bool has_window : {false, true}) {
      ExemplarStore store(10, has_window ? 50 : 0);
      ASSERT_EQ(store.add(series(1), exemplar(100)), kNew);
      const auto wanted = has_window ? c.with_window : c.without_window;
      EXPECT_EQ(store.judge(series(1), c.second), wanted) << c.second.t_ms;
      EXPECT_EQ(store.add(series(1), c.second), wanted) << c.second.t_ms;
      EXPECT_EQ(store.size(), wanted == kNew ? 2u : 1u);
      EXPECT_EQ(store.add(series(2), c.second), kNew);
    }
  }
}

TEST(ExemplarStore, KeepsOneOfLateOnesAtTheSameTime) {
  ExemplarStore store(10, 1000);
  store.add(series(1), exemplar(100));
  store.add(series(1), exemplar(200));
  EXPECT_EQ(store.add(series(1), exemplar(150, 7)), kNew);
  EXPECT_EQ(store.add(series(1), exemplar(150, 8)), kDuplicate);
  EXPECT_EQ(store.add(series(1), exemplar(100, 8)), kDuplicate);
  EXPECT_EQ(store.add(series(1), exemplar(50, 8)), kNew);
  EXPECT_THAT(store.read(series(1), {}),
              testing::ElementsAre(exemplar(50, 8), exemplar(100), exemplar(150, 7), exemplar(200)));
}

TEST(ExemplarStore, KeepsNoneWhenItMayHoldNone) {
  ExemplarStore store(0, 0);
  EXPECT_EQ(store.add(series(1), exemplar(1)), kNotKept);
  EXPECT_TRUE(store.series({}).empty());
  store.for_each([](const Labels&, const Exemplar&) { FAIL(); });
}

TEST(ExemplarStore, AnswersForRangesWithBothEndsInclusive) {
  ExemplarStore store(10, 0);
  for (const TimestampMs t : {10, 20, 30}) store.add(series(7), exemplar(t));
  store.add(series(3), exemplar(25));
  EXPECT_EQ(series_of(store, {20, 22}), (std::vector{series(7)}));
  EXPECT_EQ(series_of(store, {22, 30}), (std::vector{series(3), series(7)}));
  EXPECT_TRUE(store.series({11, 19}).empty());
  EXPECT_THAT(store.read(series(7), {20, 30}), testing::ElementsAre(exemplar(20), exemplar(30)));
  EXPECT_THAT(store.read(series(7), {21, 29}), testing::IsEmpty());
  EXPECT_THAT(store.read(series(99), {}), testing::IsEmpty());
}

TEST(ExemplarStore, ForgetsSeriesWithTheirLastExemplar) {
  ExemplarStore store(4, 0);
  for (const TimestampMs t : {1, 2}) {
    store.add(series(1), exemplar(t));
    store.add(series(2), exemplar(t));
  }
  EXPECT_EQ(store.series_count(), 2u);
  for (TimestampMs t = 3; t < 9; ++t) store.add(series(1), exemplar(t));
  EXPECT_EQ(store.size(), 4u);
  EXPECT_EQ(store.series_count(), 1u);
  EXPECT_EQ(store.read(series(1), {}).size(), 4u);
  EXPECT_TRUE(store.read(series(2), {}).empty());
}

TEST(ExemplarStore, ReplacesTheOnlyExemplarOfTheOnlySeries) {
  ExemplarStore store(1, 0);
  for (const TimestampMs t : {1, 2, 3}) EXPECT_EQ(store.add(series(1), exemplar(t)), kNew);
  EXPECT_THAT(store.read(series(1), {}), testing::ElementsAre(exemplar(3)));
  EXPECT_EQ(store.series_count(), 1u);
}

// Against a list of those added last.
TEST(ExemplarStore, KeepsTheOnesAddedLast) {
  std::mt19937_64 random(5);
  for (int round = 0; round < 50; ++round) {
    const size_t max = 1 + random() % 20;
    ExemplarStore store(max, static_cast<int64_t>(random() % 20));
    std::deque<std::pair<Labels, Exemplar>> ring;
    for (int i = 0; i < 300; ++i) {
      const uint64_t ref = 1 + random() % 5;
      const auto one = exemplar(static_cast<TimestampMs>(i / 3 + random() % 10), static_cast<double>(random() % 3));
      if (store.add(series(ref), one) != kNew) continue;
      ring.emplace_back(series(ref), one);
      if (ring.size() > max) ring.pop_front();
      std::vector<std::pair<Labels, Exemplar>> kept;
      store.for_each([&](const Labels& r, const Exemplar& e) { kept.emplace_back(r, e); });
      ASSERT_TRUE(std::ranges::equal(kept, ring));
      ASSERT_EQ(store.size(), ring.size());
      std::multimap<TimestampMs, Exemplar> of_series;
      for (const auto& [r, e] : ring) {
        if (r == series(ref)) of_series.emplace(e.t_ms, e);
      }
      const auto read = store.read(series(ref), {});
      ASSERT_EQ(read.size(), of_series.size());
      ASSERT_TRUE(std::ranges::is_sorted(read, {}, &Exemplar::t_ms));
    }
  }
}

TEST(ExemplarStore, IsTheSameAfterAReplay) {
  ExemplarStore store(100, 10);
  std::vector<std::pair<uint64_t, Exemplar>> log;
  std::mt19937_64 random(9);
  for (int i = 0; i < 200; ++i) {
    const auto one = exemplar(i / 4, static_cast<double>(random() % 4));
    const uint64_t ref = 1 + random() % 3;
    if (store.add(series(ref), one) == kNew) log.emplace_back(ref, one);
  }
  const auto contents = [&] {
    std::vector<std::pair<Labels, Exemplar>> all;
    store.for_each([&](const Labels& labels, const Exemplar& e) { all.emplace_back(labels, e); });
    return all;
  };
  const auto before = contents();
  for (const auto& [ref, one] : log) EXPECT_NE(store.add(series(ref), one), kNotKept);
  EXPECT_EQ(contents().size(), before.size());
}

}  // namespace
}  // namespace sluice::tsdb
