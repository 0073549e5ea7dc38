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
      ASSERT_EQ(store.add(1, exemplar(100)), kNew);
      const auto wanted = has_window ? c.with_window : c.without_window;
      EXPECT_EQ(store.judge(1, c.second), wanted) << c.second.t_ms;
      EXPECT_EQ(store.add(1, c.second), wanted) << c.second.t_ms;
      EXPECT_EQ(store.size(), wanted == kNew ? 2u : 1u);
      EXPECT_EQ(store.add(2, c.second), kNew);
    }
  }
}

TEST(ExemplarStore, KeepsOneOfLateOnesAtTheSameTime) {
  ExemplarStore store(10, 1000);
  store.add(1, exemplar(100));
  store.add(1, exemplar(200));
  EXPECT_EQ(store.add(1, exemplar(150, 7)), kNew);
  EXPECT_EQ(store.add(1, exemplar(150, 8)), kDuplicate);
  EXPECT_EQ(store.add(1, exemplar(100, 8)), kDuplicate);
  EXPECT_EQ(store.add(1, exemplar(50, 8)), kNew);
  EXPECT_THAT(store.read(1, {}), testing::ElementsAre(exemplar(50, 8), exemplar(100), exemplar(150, 7), exemplar(200)));
}

TEST(ExemplarStore, KeepsNoneWhenItMayHoldNone) {
  ExemplarStore store(0, 0);
  EXPECT_EQ(store.add(1, exemplar(1)), kNotKept);
  EXPECT_TRUE(store.series({}).empty());
  store.for_each([](uint64_t, const Exemplar&) { FAIL(); });
}

TEST(ExemplarStore, AnswersForRangesWithBothEndsInclusive) {
  ExemplarStore store(10, 0);
  for (const TimestampMs t : {10, 20, 30}) store.add(7, exemplar(t));
  store.add(3, exemplar(25));
  EXPECT_EQ(store.series({20, 22}), (std::vector<uint64_t>{7}));
  EXPECT_EQ(store.series({22, 30}), (std::vector<uint64_t>{3, 7}));
  EXPECT_TRUE(store.series({11, 19}).empty());
  EXPECT_THAT(store.read(7, {20, 30}), testing::ElementsAre(exemplar(20), exemplar(30)));
  EXPECT_THAT(store.read(7, {21, 29}), testing::IsEmpty());
  EXPECT_THAT(store.read(99, {}), testing::IsEmpty());
}

TEST(ExemplarStore, ForgetsSeries) {
  ExemplarStore store(4, 0);
  for (const TimestampMs t : {1, 2}) {
    store.add(1, exemplar(t));
    store.add(2, exemplar(t));
  }
  store.forget(1);
  store.forget(9);
  EXPECT_EQ(store.size(), 2u);
  EXPECT_EQ(store.series_count(), 1u);
  for (TimestampMs t = 3; t < 9; ++t) store.add(1, exemplar(t));
  EXPECT_EQ(store.size(), 4u);
  EXPECT_EQ(store.read(1, {}).size(), 4u);
  EXPECT_TRUE(store.read(2, {}).empty());
}

// Against a list of those added last.
TEST(ExemplarStore, KeepsTheOnesAddedLast) {
  std::mt19937_64 random(5);
  for (int round = 0; round < 50; ++round) {
    const size_t max = 1 + random() % 20;
    ExemplarStore store(max, static_cast<int64_t>(random() % 20));
    std::deque<std::pair<uint64_t, Exemplar>> ring;
    for (int i = 0; i < 300; ++i) {
      const uint64_t ref = 1 + random() % 5;
      const auto one = exemplar(static_cast<TimestampMs>(i / 3 + random() % 10), static_cast<double>(random() % 3));
      if (store.add(ref, one) != kNew) continue;
      ring.emplace_back(ref, one);
      if (ring.size() > max) ring.pop_front();
      std::vector<std::pair<uint64_t, Exemplar>> kept;
      store.for_each([&](uint64_t r, const Exemplar& e) { kept.emplace_back(r, e); });
      ASSERT_TRUE(std::ranges::equal(kept, ring));
      ASSERT_EQ(store.size(), ring.size());
      std::multimap<TimestampMs, Exemplar> of_series;
      for (const auto& [r, e] : ring) {
        if (r == ref) of_series.emplace(e.t_ms, e);
      }
      const auto read = store.read(ref, {});
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
    if (store.add(ref, one) == kNew) log.emplace_back(ref, one);
  }
  const auto contents = [&] {
    std::vector<std::pair<uint64_t, Exemplar>> all;
    store.for_each([&](uint64_t ref, const Exemplar& e) { all.emplace_back(ref, e); });
    return all;
  };
  const auto before = contents();
  for (const auto& [ref, one] : log) EXPECT_NE(store.add(ref, one), kNotKept);
  EXPECT_EQ(contents().size(), before.size());
}

}  // namespace
}  // namespace sluice::tsdb
