#include "tsdb/tombstones.h"

#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::tsdb {
namespace {

using model::TimeRange;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(Intervals, MeltWithWhatTheyOverlapOrTouch) {
  const auto sum = [](std::vector<TimeRange> ranges) {
    Intervals intervals;
    for (const auto& range : ranges) add_interval(intervals, range);
    return intervals;
  };
  EXPECT_THAT(sum({{5, 6}, {1, 2}}), ElementsAre(TimeRange{1, 2}, TimeRange{5, 6}));
  EXPECT_THAT(sum({{5, 6}, {1, 4}}), ElementsAre(TimeRange{1, 6}));
  EXPECT_THAT(sum({{1, 2}, {5, 6}, {9, 10}, {3, 8}}), ElementsAre(TimeRange{1, 10}));
  EXPECT_THAT(sum({{1, 9}, {3, 4}}), ElementsAre(TimeRange{1, 9}));
  EXPECT_THAT(sum({{INT64_MIN, 0}, {5, INT64_MAX}}), ElementsAre(TimeRange{INT64_MIN, 0}, TimeRange{5, INT64_MAX}));
  EXPECT_THAT(sum({{5, 6}, {INT64_MIN, INT64_MAX}, {1, 2}}), ElementsAre(TimeRange{}));
}

TEST(Intervals, LeaveTheRest) {
  const Intervals deleted = {{10, 19}, {30, 39}};
  EXPECT_THAT(subtract_intervals({0, 50}, deleted), ElementsAre(TimeRange{0, 9}, TimeRange{20, 29}, TimeRange{40, 50}));
  EXPECT_THAT(subtract_intervals({15, 35}, deleted), ElementsAre(TimeRange{20, 29}));
  EXPECT_THAT(subtract_intervals({12, 18}, deleted), IsEmpty());
  EXPECT_THAT(subtract_intervals({40, 50}, deleted), ElementsAre(TimeRange{40, 50}));
  EXPECT_THAT(subtract_intervals({}, {}), ElementsAre(TimeRange{}));
  const Intervals all = {{}};
  EXPECT_THAT(subtract_intervals({}, all), IsEmpty());
}

// Against a set of numbers.
TEST(Intervals, BehaveAsSetsOfTimes) {
  std::mt19937_64 random(5);
  for (int round = 0; round < 500; ++round) {
    Intervals intervals;
    std::vector<bool> deleted(64);
    for (int i = 0; i < 6; ++i) {
      const auto min_ms = static_cast<TimestampMs>(random() % 60);
      const TimestampMs max_ms = min_ms + static_cast<TimestampMs>(random() % 4);
      add_interval(intervals, {min_ms, max_ms});
      for (TimestampMs t = min_ms; t <= max_ms; ++t) deleted[static_cast<size_t>(t)] = true;
      for (size_t k = 1; k < intervals.size(); ++k) ASSERT_GT(intervals[k].min_ms, intervals[k - 1].max_ms + 1);
    }
    std::vector<bool> live(64);
    for (const auto& range : subtract_intervals({0, 63}, intervals)) {
      for (TimestampMs t = range.min_ms; t <= range.max_ms; ++t) live[static_cast<size_t>(t)] = true;
    }
    for (size_t t = 0; t < 64; ++t) ASSERT_NE(live[t], deleted[t]) << t;
  }
}

TEST(Tombstones, AreReadBack) {
  Tombstones tombstones;
  tombstones.add(7, {-5, 5});
  tombstones.add(3, {INT64_MIN, INT64_MAX});
  tombstones.add(7, {100, 200});
  const auto read = Tombstones::decode(tombstones.encode()).value();
  EXPECT_EQ(read.by_series(), tombstones.by_series());
  EXPECT_EQ(read.intervals(), 3u);
  EXPECT_THAT(read.of(7), ElementsAre(TimeRange{-5, 5}, TimeRange{100, 200}));
  EXPECT_THAT(read.of(8), IsEmpty());
}

// The bytes of tsdb/tombstones of Prometheus 3.14 for none.
TEST(Tombstones, OfAnEmptyFileAreNone) {
  const std::string none("\x01\x30\xba\x30\x01\x00\x00\x00\x00", 9);
  EXPECT_EQ(Tombstones().encode(), none);
  EXPECT_TRUE(Tombstones::decode(none).value().empty());
}

TEST(Tombstones, SayWhereTheyAreDamaged) {
  Tombstones tombstones;
  tombstones.add(7, {-5, 5});
  const std::string whole = tombstones.encode();
  for (size_t at = 0; at < whole.size(); ++at) {
    std::string bytes = whole;
    bytes[at] = static_cast<char>(bytes[at] ^ 4);
    EXPECT_FALSE(Tombstones::decode(bytes).has_value()) << at;
    EXPECT_FALSE(Tombstones::decode(std::string_view(whole).substr(0, at)).has_value()) << at;
  }
  EXPECT_THAT(Tombstones::decode("").error().message, HasSubstr("0 bytes"));
}

}  // namespace
}  // namespace sluice::tsdb
