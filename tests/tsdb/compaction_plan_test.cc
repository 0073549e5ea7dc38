#include "tsdb/compaction_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tsdb/block_harness.h"

namespace sluice::tsdb {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr int64_t kHourMs = 60 * 60 * 1000;
constexpr int64_t kDayMs = 24 * kHourMs;

struct Row {
  std::string name;
  TimestampMs min_ms;
  TimestampMs max_ms;
  uint64_t series = 0;
  uint64_t tombstones = 0;
  bool is_failed = false;
};

// Names of the blocks chosen, with the ranges 20, 60, 180, 540 and 1620.
std::string plan(const std::vector<Row>& rows) {
  std::vector<BlockMeta> metas;
  for (const auto& row : rows) {
    BlockMeta meta = test_meta(static_cast<int64_t>(metas.size()), row.min_ms, row.max_ms);
    meta.stats.series = row.series;
    meta.stats.tombstones = row.tombstones;
    meta.is_failed = row.is_failed;
    metas.push_back(meta);
  }
  const int64_t ranges_ms[] = {20, 60, 180, 540, 1620};
  std::string names;
  for (const size_t i : plan_compaction(metas, ranges_ms)) names += rows[i].name;
  return names;
}

// The cases of Prometheus' TestLeveledCompactor (tsdb/compact_test.go).
TEST(PlanCompaction, ChoosesWhatPrometheusChooses) {
  const std::tuple<const char*, std::vector<Row>, const char*> cases[] = {
      {"nothing", {}, ""},
      {"one block", {{"a", 0, 20}}, ""},
      {"the range is not full", {{"a", 0, 20}, {"b", 20, 40}}, ""},
      {"the newest block is left alone", {{"a", 0, 20}, {"b", 20, 40}, {"c", 40, 60}}, ""},
      {"a newer one frees a full range", {{"a", 0, 20}, {"b", 20, 40}, {"c", 40, 60}, {"d", 60, 80}}, "abc"},
      {"a gap, and the range may still fill", {{"a", 0, 20}, {"b", 20, 40}, {"c", 60, 80}}, ""},
      {"a gap that will not fill any more", {{"a", 0, 20}, {"b", 20, 40}, {"c", 60, 80}, {"d", 80, 100}}, "ab"},
      {"small ranges before large ones",
       {{"a", 0, 20}, {"b", 20, 40}, {"c", 40, 60}, {"d", 60, 120}, {"e", 120, 180}},
       "abc"},
      {"blocks of several sizes",
       {{"a", 20, 40}, {"b", 60, 120}, {"c", 960, 980}, {"d", 120, 180}, {"e", 720, 960}},
       "abd"},
      {"the newest is the one that begins last",
       {{"a", 0, 360}, {"b", 540, 560}, {"c", 360, 420}, {"d", 420, 540}},
       "cd"},
      {"many tombstones in the only block", {{"a", 0, 540, 10, 3}}, ""},
      {"many tombstones in a large block", {{"a", 0, 540, 10, 3}, {"b", 540, 560}}, "a"},
      {"few tombstones in a large block", {{"a", 0, 540, 100, 5}, {"b", 540, 560}}, ""},
      {"many tombstones in a small block", {{"a", 0, 60, 10, 3}, {"b", 60, 80}}, ""},
      {"a small block that is all deleted", {{"a", 0, 60, 10, 10}, {"b", 60, 80}}, "a"},
      {"no series and no tombstones", {{"a", 0, 540}, {"b", 540, 560}}, ""},
      {"overlap of the first two", {{"a", 0, 20}, {"b", 19, 40}, {"c", 40, 60}}, "ab"},
      {"overlap of the last two", {{"a", 0, 20}, {"b", 20, 40}, {"c", 30, 50}}, "bc"},
      {"overlap as a chain", {{"a", 0, 20}, {"b", 10, 40}, {"c", 30, 50}}, "abc"},
      {"overlap with one that is inside", {{"a", 0, 360}, {"b", 340, 560}, {"c", 360, 420}, {"d", 420, 540}}, "abcd"},
      {"two overlaps, the older first", {{"a", 0, 10}, {"b", 9, 20}, {"c", 30, 40}, {"d", 39, 50}}, "ab"},
      {"a failed block stops its range", {{"a", 0, 20}, {"b", 20, 40, 0, 0, true}, {"c", 40, 60}, {"d", 60, 80}}, ""},
      {"a failed block among larger ones",
       {{"a", 0, 20}, {"b", 20, 40, 0, 0, true}, {"c", 40, 60}, {"d", 60, 120}, {"e", 120, 180}, {"f", 180, 200}},
       ""},
      {"a failed block does not overlap", {{"a", 0, 20}, {"b", 10, 30, 0, 0, true}, {"c", 30, 50}}, ""},
      {"before 1970", {{"a", -60, -50}, {"b", -10, -5}, {"c", 0, 15}, {"d", 20, 30}}, "ab"},
      {"a block across two ranges",
       {{"a", 50, 70}, {"b", 70, 80}, {"c", 80, 90}, {"d", 130, 140}, {"e", 140, 150}},
       "bc"},
  };
  for (const auto& [name, rows, wanted] : cases) EXPECT_EQ(plan(rows), wanted) << name;
}

TEST(CompactionRanges, GrowByThreeUpToATenthOfTheRetention) {
  EXPECT_THAT(compaction_ranges(0),
              ElementsAre(2 * kHourMs, 6 * kHourMs, 18 * kHourMs, 54 * kHourMs, 162 * kHourMs, 486 * kHourMs));
  EXPECT_THAT(compaction_ranges(15 * kDayMs), ElementsAre(2 * kHourMs, 6 * kHourMs, 18 * kHourMs));
  EXPECT_THAT(compaction_ranges(kHourMs), ElementsAre(2 * kHourMs));
}

TEST(BeyondRetention, DropsTheOldestByTimeAndBySize) {
  const std::vector<BlockExtent> blocks = {{300, 10}, {100, 10}, {200, 10}};
  const auto beyond = [&](Retention retention, TimestampMs newest_ms, uint64_t other_bytes) {
    return beyond_retention(blocks, retention, newest_ms, other_bytes);
  };
  EXPECT_THAT(beyond({}, 1'000'000, 1'000'000), IsEmpty());
  EXPECT_THAT(beyond({.time_ms = 201}, 300, 0), IsEmpty());
  EXPECT_THAT(beyond({.time_ms = 200}, 300, 0), ElementsAre(1));
  EXPECT_THAT(beyond({.time_ms = 100}, 300, 0), ElementsAre(1, 2));
  EXPECT_THAT(beyond({.time_ms = 100}, 400, 0), ElementsAre(1, 2, 0));
  EXPECT_THAT(beyond({.bytes = 30}, 300, 0), IsEmpty());
  EXPECT_THAT(beyond({.bytes = 29}, 300, 0), ElementsAre(1));
  EXPECT_THAT(beyond({.bytes = 30}, 300, 11), ElementsAre(1, 2));
  EXPECT_THAT(beyond({.bytes = 30}, 300, 21), ElementsAre(1, 2, 0));
  EXPECT_THAT(beyond({.time_ms = 200, .bytes = 19}, 300, 0), ElementsAre(1, 2));
  EXPECT_THAT(beyond_retention({}, {.time_ms = 1, .bytes = 1}, 300, 0), IsEmpty());
}

}  // namespace
}  // namespace sluice::tsdb
