#include "tsdb/column_merge.h"

#include <algorithm>
#include <map>
#include <memory>
#include <random>
#include <tuple>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::tsdb {
namespace {

using ::testing::ElementsAre;

model::SampleColumn column_of(std::vector<std::tuple<TimestampMs, double, TimestampMs>> rows) {
  model::SampleColumn column;
  for (const auto& [t, value, start] : rows) {
    column.t_ms.push_back(t);
    column.values.push_back(value);
    if (start != 0) column.start_ms.resize(column.size());
    if (start != 0) column.start_ms.back() = start;
  }
  if (!column.start_ms.empty()) column.start_ms.resize(column.size());
  return column;
}

// Row by row: the rule without the runs.
std::map<TimestampMs, double> plain_merge(const model::SampleColumn& a, const model::SampleColumn& b) {
  std::map<TimestampMs, double> merged;
  for (size_t i = 0; i < a.size(); ++i) merged.emplace(a.t_ms[i], a.values[i]);
  for (size_t i = 0; i < b.size(); ++i) merged.emplace(b.t_ms[i], b.values[i]);
  return merged;
}

TEST(MergeColumn, EqualsAPlainMergeOfRandomColumns) {
  std::mt19937_64 random(3);
  for (int round = 0; round < 2000; ++round) {
    model::SampleColumn columns[2];
    for (int which = 0; which < 2; ++which) {
      TimestampMs t = static_cast<TimestampMs>(random() % 20);
      for (uint64_t n = random() % 12; n > 0; --n) {
        t += 1 + static_cast<TimestampMs>(random() % (round % 2 == 0 ? 3 : 30));
        columns[which].t_ms.push_back(t);
        columns[which].values.push_back(which * 1000 + static_cast<double>(t));
      }
    }
    const auto wanted = plain_merge(columns[0], columns[1]);
    merge_column(columns[0], columns[1]);
    std::map<TimestampMs, double> found;
    for (size_t i = 0; i < columns[0].size(); ++i) found.emplace(columns[0].t_ms[i], columns[0].values[i]);
    ASSERT_EQ(found, wanted);
    ASSERT_TRUE(std::ranges::is_sorted(columns[0].t_ms));
    ASSERT_EQ(columns[0].size(), wanted.size());
  }
}

TEST(MergeColumn, TakesHistogramsAndStartTimesAlong) {
  auto column = column_of({{10, 1, 0}, {20, 2, 0}, {30, 0, 0}});
  const auto histogram = std::make_shared<const model::FloatHistogram>();
  const auto other_histogram = std::make_shared<const model::FloatHistogram>();
  column.histograms = {{2, histogram}};
  auto other = column_of({{15, 0, 5}, {20, 9, 5}, {40, 0, 0}});
  other.histograms = {{0, other_histogram}, {2, other_histogram}};
  merge_column(column, other);
  EXPECT_THAT(column.t_ms, ElementsAre(10, 15, 20, 30, 40));
  EXPECT_THAT(column.values, ElementsAre(1, 0, 2, 0, 0));
  EXPECT_THAT(column.start_ms, ElementsAre(0, 5, 0, 0, 0));
  ASSERT_EQ(column.histograms.size(), 3u);
  EXPECT_EQ(column.histograms[0].row, 1u);
  EXPECT_EQ(column.histograms[0].histogram, other_histogram);
  EXPECT_EQ(column.histograms[1].row, 3u);
  EXPECT_EQ(column.histograms[1].histogram, histogram);
  EXPECT_EQ(column.histograms[2].row, 4u);
}

}  // namespace
}  // namespace sluice::tsdb
