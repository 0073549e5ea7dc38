#include "promql/row.h"

#include <gtest/gtest.h>

#include "promql/range_samples.h"

namespace sluice::promql {
namespace {

Row row_of(std::string_view name, std::initializer_list<std::pair<uint32_t, double>> values) {
  Row row;
  row.labels = model::Labels::from({{"__name__", std::string(name)}});
  for (const auto& [step, value] : values) row.append(step, value);
  return row;
}

TEST(Row, BeginsAndEndsWithValues) {
  Row row = row_of("a", {{3, 1}, {5, 2}, {6, 3}});
  EXPECT_EQ(row.begin(), 3);
  EXPECT_EQ(row.end(), 7);
  EXPECT_EQ(row.cell(2), Cell::kAbsent);
  EXPECT_EQ(row.cell(4), Cell::kAbsent);
  EXPECT_EQ(row.number(5), 2);
  row.erase(3);
  row.erase(6);
  row.trim();
  EXPECT_EQ(row.begin(), 5);
  EXPECT_EQ(row.end(), 6);
  row.erase(5);
  row.trim();
  EXPECT_TRUE(row.empty());
}

TEST(Row, KeepsHistogramsBesideFloats) {
  Row row;
  const auto histogram = std::make_shared<const model::FloatHistogram>();
  row.append(1, 1.0);
  row.append(2, histogram);
  row.append(4, 2.0);
  EXPECT_EQ(row.cell(1), Cell::kFloat);
  EXPECT_EQ(row.cell(2), Cell::kHistogram);
  EXPECT_EQ(row.histogram(2), histogram);
  row.set(2, 5);
  EXPECT_EQ(row.value(2).number, 5);
}

TEST(MergeEqualLabels, JoinsRowsThatDoNotCollide) {
  std::vector<Row> rows{row_of("a", {{0, 1}}), row_of("b", {{0, 2}}), row_of("a", {{2, 3}})};
  ASSERT_TRUE(merge_equal_labels(rows));
  ASSERT_EQ(rows.size(), 2);
  EXPECT_EQ(rows[0].number(0), 1);
  EXPECT_EQ(rows[0].number(2), 3);
  rows.push_back(row_of("b", {{0, 4}}));
  const auto refused = merge_equal_labels(rows);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, "vector cannot contain metrics with the same labelset");
}

TEST(WindowWalker, MovesLeftOpenWindowsAndTheirResets) {
  RangeSamples samples;
  samples.float_t_ms = {10, 20, 30, 40};
  samples.floats = {5, 1, 2, 1};
  samples.find_resets();
  WindowWalker walker(samples);
  Window window = walker.move_to(0, 20);
  EXPECT_EQ(window.floats.size(), 2);
  EXPECT_EQ(window.resets.size(), 1);
  window = walker.move_to(10, 40);  // the first sample is on the open edge
  EXPECT_EQ(window.floats.size(), 3);
  ASSERT_EQ(window.resets.size(), 1);
  EXPECT_EQ(window.resets[0], 3);
  window = walker.move_to(40, 50);
  EXPECT_TRUE(window.empty());
}

}  // namespace
}  // namespace sluice::promql
