#include <algorithm>
#include <utility>

#include "tsdb/block_writer.h"
#include "tsdb/head_block_source.h"
#include "tsdb/workspace_db.h"

/// A copy of a workspace that Prometheus can be started on.
namespace sluice::tsdb {

Result<WorkspaceDb::Snapshot> WorkspaceDb::snapshot_to(const std::string& to_directory) {
  MutexLock lock(maintenance_mutex_);  // nothing moves from the head into blocks meanwhile
  Snapshot snapshot;
  SLUICE_ASSIGN(snapshot.blocks, blocks_->link_to(to_directory));
  SLUICE_ASSIGN(const auto head, write_head_block(to_directory));
  if (head) {
    snapshot.blocks.push_back(head->ulid);
    snapshot.head_samples = head->stats.samples;
  }
  return snapshot;
}

// Appends go on: the block holds the times that the head has samples of now. Late ones that come in between are in it
// for the series that are read after them.
Result<std::optional<BlockMeta>> WorkspaceDb::write_head_block(const std::string& to_directory) {
  const TimestampMs newest_ms = head_->max_ms();
  if (newest_ms == INT64_MIN || newest_ms == INT64_MAX) return std::nullopt;
  SLUICE_ASSIGN(const auto ranges, head_->block_ranges_before(newest_ms + 1));
  if (ranges.empty()) return std::nullopt;
  BlockMeta meta;
  meta.ulid = options_.new_ulid();
  meta.sources = {meta.ulid};
  meta.min_ms = ranges.front();
  meta.max_ms = newest_ms + 1;
  const auto series = head_->sorted_series();
  HeadBlockSource source(*head_, series, {ranges.front(), newest_ms});
  return write_block(fs_, to_directory, std::move(meta), source);
}

}  // namespace sluice::tsdb
