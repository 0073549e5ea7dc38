#include "tsdb/compaction_plan.h"

#include <algorithm>
#include <functional>
#include <numeric>
#include <utility>

namespace sluice::tsdb {
namespace {

constexpr int64_t kGrowth = 3;
constexpr int64_t kRangeMsMax = int64_t{31} * 24 * 60 * 60 * 1000;
constexpr uint64_t kTombstonesOneIn = 20;

using Indices = std::vector<size_t>;

/// The metas by time, named by their indices.
class Planner {
 public:
  Planner(std::span<const BlockMeta> metas, std::span<const int64_t> ranges_ms) : metas_(metas), ranges_ms_(ranges_ms) {
    by_time_.resize(metas.size());
    std::iota(by_time_.begin(), by_time_.end(), size_t{0});
    std::ranges::sort(by_time_, {}, [&](size_t i) { return std::pair(metas[i].min_ms, i); });
  }

  Indices plan() {
    if (by_time_.empty()) return {};
    if (auto overlapping = find_overlapping(); !overlapping.empty()) return overlapping;
    by_time_.pop_back();
    if (auto neighbours = find_neighbours(); !neighbours.empty()) return neighbours;
    return find_deleted();
  }

 private:
  Indices find_overlapping() const {
    Indices chain;
    TimestampMs max_ms = INT64_MIN;
    for (const size_t i : by_time_) {
      const BlockMeta& meta = metas_[i];
      if (meta.is_failed) continue;
      if (meta.min_ms >= max_ms) {
        if (chain.size() > 1) break;
        chain.clear();
      }
      chain.push_back(i);
      max_ms = std::max(max_ms, meta.max_ms);
    }
    return chain.size() > 1 ? chain : Indices();
  }

  Indices find_neighbours() const {
    if (by_time_.empty()) return {};
    const TimestampMs newest_min_ms = metas_[by_time_.back()].min_ms;
    for (size_t k = 1; k < ranges_ms_.size(); ++k) {
      for (auto& group : split(ranges_ms_[k])) {
        const TimestampMs min_ms = metas_[group.front()].min_ms;
        const TimestampMs max_ms = metas_[group.back()].max_ms;
        const bool is_complete = max_ms - min_ms == ranges_ms_[k] || max_ms <= newest_min_ms;
        const bool has_failed = std::ranges::any_of(group, [&](size_t i) { return metas_[i].is_failed; });
        if (is_complete && group.size() > 1 && !has_failed) return std::move(group);
      }
    }
    return {};
  }

  // The blocks that fit into one aligned range each, by range. Those that are longer or stand across are in none.
  std::vector<Indices> split(int64_t range_ms) const {
    std::vector<Indices> groups;
    TimestampMs group_end_ms = INT64_MIN;
    for (const size_t i : by_time_) {
      const BlockMeta& meta = metas_[i];
      const int64_t over = meta.min_ms % range_ms;
      const TimestampMs end_ms = meta.min_ms - over + (over < 0 ? 0 : range_ms);
      if (meta.max_ms > end_ms) continue;
      if (groups.empty() || end_ms != group_end_ms) groups.emplace_back();
      group_end_ms = end_ms;
      groups.back().push_back(i);
    }
    return groups;
  }

  Indices find_deleted() const {
    for (auto it = by_time_.rbegin(); it != by_time_.rend(); ++it) {
      const BlockMeta& meta = metas_[*it];
      const uint64_t tombstones = meta.stats.tombstones;
      if (meta.is_failed) continue;
      if (meta.max_ms - meta.min_ms < ranges_ms_[ranges_ms_.size() / 2]) {
        if (tombstones > 0 && tombstones >= meta.stats.series) return {*it};
        break;
      }
      if (tombstones * kTombstonesOneIn > meta.stats.series + 1) return {*it};
    }
    return {};
  }

  std::span<const BlockMeta> metas_;
  std::span<const int64_t> ranges_ms_;
  Indices by_time_;
};

}  // namespace

std::vector<int64_t> compaction_ranges(int64_t retention_ms) {
  const int64_t longest = retention_ms == 0 ? kRangeMsMax : std::min(kRangeMsMax, retention_ms / 10);
  std::vector<int64_t> ranges = {kBlockRangeMs};
  while (ranges.back() * kGrowth <= longest) ranges.push_back(ranges.back() * kGrowth);
  return ranges;
}

std::vector<size_t> plan_compaction(std::span<const BlockMeta> metas, std::span<const int64_t> ranges_ms) {
  return Planner(metas, ranges_ms).plan();
}

std::vector<size_t> beyond_retention(std::span<const BlockExtent> blocks, const Retention& retention,
                                     TimestampMs newest_ms, uint64_t other_bytes) {
  Indices newest_first(blocks.size());
  std::iota(newest_first.begin(), newest_first.end(), size_t{0});
  std::ranges::sort(newest_first, std::greater<>(), [&](size_t i) { return std::pair(blocks[i].max_ms, i); });
  uint64_t bytes = other_bytes;
  const auto first = std::ranges::find_if(newest_first, [&](size_t i) {
    bytes += blocks[i].bytes;
    const bool is_too_old = retention.time_ms != 0 && blocks[i].max_ms <= newest_ms - retention.time_ms;
    return is_too_old || (retention.bytes != 0 && bytes > retention.bytes);
  });
  Indices beyond(first, newest_first.end());
  std::ranges::reverse(beyond);
  return beyond;
}

}  // namespace sluice::tsdb
