#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "tsdb/block_meta.h"
#include "tsdb/block_range.h"

/// Which blocks to compact and which to drop: pure functions of what meta.json says, as Prometheus' leveled compactor
/// decides (tsdb/compact.go, plan; tsdb/db.go, BeyondTimeRetention and BeyondSizeRetention).
namespace sluice::tsdb {

/// The ranges that blocks grow through: kBlockRangeMs times 1, 3, 9, ... up to a tenth of the retention or 31 days,
/// whichever is less, and kBlockRangeMs at least. Retention 0 means forever.
std::vector<int64_t> compaction_ranges(int64_t retention_ms);

/// Indices of the blocks to make one of, by time; empty when there is nothing to do. In this order:
/// 1. blocks that overlap, as far as the chain of overlaps goes;
/// 2. neighbours inside one aligned range of `ranges_ms` (from the second on, smallest first), when they fill it or lie
///    before the newest block;
/// 3. a block, newest first, of whose series more than one in 20 have tombstones, if it is as long as the middle one of
///    `ranges_ms`; or of any length, if there are as many as series.
/// In 2 and 3 the block with the newest beginning is left alone. Blocks whose compaction failed are never taken, nor in
/// 2 the others of their range.
std::vector<size_t> plan_compaction(std::span<const BlockMeta> metas, std::span<const int64_t> ranges_ms);

struct BlockExtent {
  TimestampMs max_ms = 0;  ///< exclusive, as in meta.json
  uint64_t bytes = 0;
};

struct Retention {
  int64_t time_ms = 0;  ///< 0: forever
  uint64_t bytes = 0;  ///< 0: as many as there are
};

/// Indices of the blocks to drop, oldest data first: those that end `retention.time_ms` or more before `newest_ms`;
/// and, counted from the newest to the oldest, those with which blocks and `other_bytes` (log and head files) exceed
/// `retention.bytes`, together with all older ones.
std::vector<size_t> beyond_retention(std::span<const BlockExtent> blocks, const Retention& retention,
                                     TimestampMs newest_ms, uint64_t other_bytes);

}  // namespace sluice::tsdb
