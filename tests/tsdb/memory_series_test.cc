#include "tsdb/memory_series.h"

#include <map>
#include <random>

#include <gtest/gtest.h>

#include "tsdb/harness.h"
#include "tsdb/late_merge.h"

namespace sluice::tsdb {
namespace {

constexpr TimestampMs kRange = kBlockRangeMs;
constexpr TimestampMs kStart = 100 * kRange;

// A series beside a map of what it should hold.
class MemorySeriesTest : public testing::Test {
 protected:
  void append(TimestampMs t_ms, double value) {
    series_->append(model::Sample{t_ms, value}, chunks_, bytes_);
    expected_[t_ms] = value;
  }
  void append_late(TimestampMs t_ms, double value) {
    series_->append_late(TypedSample::from(model::Sample{t_ms, value}), chunks_, bytes_);
    expected_[t_ms] = value;
  }
  std::map<TimestampMs, double> read(model::TimeRange range = {}) {
    const auto snapshot = chunks_.snapshot();
    const auto chunks = series_->chunks(range, view(snapshot));
    EXPECT_TRUE(chunks);
    model::SampleColumn column;
    EXPECT_TRUE(read_merged(*chunks, range, column));
    std::map<TimestampMs, double> found;
    for (size_t i = 0; i < column.size(); ++i) {
      EXPECT_TRUE(i == 0 || column.t_ms[i] > column.t_ms[i - 1]);
      found[column.t_ms[i]] = column.values[i];
    }
    return found;
  }
  void expect_all_found() {
    const auto snapshot = chunks_.snapshot();
    for (const auto& [t_ms, value] : expected_) {
      const auto found = series_->find(t_ms, view(snapshot));
      ASSERT_TRUE(found) << t_ms;
      EXPECT_EQ(std::get<double>(found->value), value);
      ASSERT_EQ(series_->find(t_ms + 1, view(snapshot)).has_value(), expected_.contains(t_ms + 1)) << t_ms;
    }
  }
  HeadView view(const HeadChunks::Snapshot& snapshot) const { return {snapshot, dropped_before_, late_end_}; }
  // As the head freezes and drops.
  void freeze_and_drop(TimestampMs before_ms, const std::function<void()>& between = [] {}) {
    series_->seal_late(before_ms, chunks_);
    const uint32_t end = chunks_.begin_segment();
    const auto frozen = expected_;
    between();
    dropped_before_ = before_ms;
    late_end_ = end;
    for (const auto& [t_ms, value] : frozen) {
      if (t_ms < before_ms) expected_.erase(t_ms);
    }
    EXPECT_EQ(read(), expected_) << "dropped at once";
    const auto snapshot = chunks_.snapshot();
    series_->forget_dropped(view(snapshot), chunks_);
    chunks_.remove_segments(end, before_ms);
    EXPECT_EQ(read(), expected_) << "forgotten";
  }

  HeadChunks chunks_{nullptr, {}, nullptr, {.segment_bytes_first = 256, .segment_bytes_max = 512}};
  ObjectPool pool_;
  MemorySeriesPtr series_ = make_memory_series(pool_, 1, 0, {});
  std::map<TimestampMs, double> expected_;
  TimestampMs dropped_before_ = INT64_MIN;
  uint32_t late_end_ = 0;
  uint64_t bytes_ = 0;
};

TEST_F(MemorySeriesTest, HoldsNoOpenChunkOnceItHasEnded) {
  for (int i = 0; i < 30; ++i) append(kStart + i * 15'000, i);
  const uint64_t before = chunks_.lines().bytes();
  EXPECT_NE(before, 0u);
  series_->append(model::Sample{kStart + 30 * 15'000, model::stale_nan()}, chunks_, bytes_);
  EXPECT_EQ(chunks_.lines().bytes(), 0u);
  EXPECT_EQ(read().size(), 31u);
  append(kStart + 31 * 15'000, 1);  // it comes back
  EXPECT_EQ(read().size(), 32u);
  series_->append(model::Sample{kStart + 32 * 15'000, model::stale_nan()}, chunks_, bytes_);
  EXPECT_NE(chunks_.lines().bytes(), 0u) << "one that comes and goes gets no chunk each time";
}

TEST_F(MemorySeriesTest, GivesBackWhatIsInFullAndOpenChunks) {
  for (int i = 0; i < 2000; ++i) append(kStart + i * 15'000, i);
  EXPECT_EQ(read(), expected_);
  expect_all_found();
  const model::TimeRange part{kStart + 100'000, kStart + 9'000'000};
  auto cut = expected_;
  std::erase_if(cut, [&](const auto& sample) { return !part.contains(sample.first); });
  EXPECT_EQ(read(part), cut);
}

TEST_F(MemorySeriesTest, KeepsEachChunkInsideOneBlockOfTime) {
  for (int i = 0; i < 1500; ++i) append(kStart + i * 23'000, i);
  const auto snapshot = chunks_.snapshot();
  const auto chunks = series_->chunks({}, view(snapshot));
  ASSERT_TRUE(chunks);
  EXPECT_GT(chunks->in_order.size(), 1500u / kSamplesPerChunk);
  for (const auto& chunk : chunks->in_order) {
    EXPECT_EQ(block_range_begin(chunk.min_ms), block_range_begin(chunk.max_ms));
  }
}

TEST_F(MemorySeriesTest, MergesLateSamplesIn) {
  for (int i = 0; i < 600; ++i) append(kStart + i * 30'000, i);
  std::mt19937 random(1);
  for (int i = 0; i < 500; ++i) {
    const TimestampMs t_ms = kStart - kRange + static_cast<TimestampMs>(random() % (4 * kRange));
    if (!expected_.contains(t_ms) && t_ms < series_->newest_ms()) append_late(t_ms, -i);
  }
  EXPECT_EQ(read(), expected_);
  expect_all_found();
}

TEST_F(MemorySeriesTest, DropsWhatWasFrozenAndKeepsWhatCameSince) {
  for (int i = 0; i < 1000; ++i) append(kStart + i * 30'000, i);
  for (int i = 0; i < 200; ++i) append_late(kStart + i * 60'000 + 7, -i);
  freeze_and_drop(kStart + 2 * kRange, [&] {
    for (int i = 0; i < 100; ++i) append_late(kStart + i * 60'000 + 9, i);  // behind the freeze: not in its block
    for (int i = 1000; i < 1100; ++i) append(kStart + i * 30'000, i);
  });
  EXPECT_FALSE(expected_.empty());
  expect_all_found();
  freeze_and_drop(kStart + 3 * kRange);
  freeze_and_drop(kStart + 50 * kRange);
  EXPECT_TRUE(expected_.empty());
  const auto snapshot = chunks_.snapshot();
  EXPECT_TRUE(series_->is_empty(view(snapshot)));
  EXPECT_FALSE(series_->overlaps({}, view(snapshot)));
}

TEST_F(MemorySeriesTest, DeletesAnyRange) {
  std::mt19937_64 random(3);
  TimestampMs now = kStart;
  for (int round = 0; round < 200; ++round) {
    for (uint64_t i = random() % 100; i > 0; --i) append(now += 1 + static_cast<TimestampMs>(random() % 60'000), round);
    for (int i = 0; i < 10; ++i) {
      const TimestampMs t_ms = now - static_cast<TimestampMs>(random() % (4 * kRange));
      if (!expected_.contains(t_ms) && t_ms < series_->newest_ms()) append_late(t_ms, -i);
    }
    if (round % 20 == 19) freeze_and_drop(block_range_begin(now - kRange));
    const TimestampMs from = now - static_cast<TimestampMs>(random() % (3 * kRange));
    const model::TimeRange range{from, from + static_cast<TimestampMs>(random() % kRange)};
    const TimestampMs newest = series_->newest_ms();
    const auto before = expected_.size();
    std::erase_if(expected_, [&](const auto& sample) { return range.contains(sample.first); });
    const auto snapshot = chunks_.snapshot();
    EXPECT_EQ(series_->delete_range(range, view(snapshot), chunks_).value(), before - expected_.size());
    const auto after = chunks_.snapshot();
    EXPECT_FALSE(series_->overlaps(range, view(after)) && !series_->has_late());
    EXPECT_EQ(series_->newest_ms(), newest);
    EXPECT_EQ(series_->deleted_newest_ms(view(after)).has_value(), newest != INT64_MIN && !expected_.contains(newest));
    ASSERT_EQ(read(), expected_) << round;
    expect_all_found();
  }
}

TEST_F(MemorySeriesTest, BridgesGapsBehindADrop) {
  append(kStart + 1, 1);
  append(kStart + 7 * kRange + 5, 2);
  append(kStart + 7 * kRange + 6, 3);
  freeze_and_drop(kStart + 3 * kRange);
  append(kStart + 9 * kRange, 4);
  EXPECT_EQ(read(), expected_);
  expect_all_found();
}

TEST_F(MemorySeriesTest, KnowsWhetherItHasSamplesInARange) {
  std::mt19937_64 random(4);
  for (int i = 0; i < 400; ++i) append(kStart + i * 60'000, i);
  append_late(kStart - 500, 1);
  const auto snapshot = chunks_.snapshot();
  for (int i = 0; i < 500; ++i) {
    const TimestampMs from = kStart - 1000 + static_cast<TimestampMs>(random() % (30'000'000));
    const model::TimeRange range{from, from + static_cast<TimestampMs>(random() % 120'000)};
    const auto at = expected_.lower_bound(range.min_ms);
    const bool has_samples = at != expected_.end() && at->first <= range.max_ms;
    if (has_samples) EXPECT_TRUE(series_->overlaps(range, view(snapshot)));
    EXPECT_EQ(!read(range).empty(), has_samples);
  }
  EXPECT_FALSE(series_->overlaps({INT64_MIN, kStart - 501}, view(snapshot)));
  EXPECT_FALSE(series_->overlaps({kStart + 400 * 60'000, INT64_MAX}, view(snapshot)));
}

TEST(BlockRange, BeginsAtMultiplesOfTwoHours) {
  EXPECT_EQ(block_range_begin(0), 0);
  EXPECT_EQ(block_range_begin(kRange - 1), 0);
  EXPECT_EQ(block_range_begin(kRange), kRange);
  EXPECT_EQ(block_range_begin(-1), -kRange);
  EXPECT_EQ(block_range_begin(-kRange), -kRange);
  EXPECT_LE(block_range_begin(INT64_MIN), INT64_MIN);
  EXPECT_LE(block_range_begin(INT64_MAX), INT64_MAX);
}

}  // namespace
}  // namespace sluice::tsdb
