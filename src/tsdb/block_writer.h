#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/file_system.h"
#include "base/result.h"
#include "tsdb/block_index_writer.h"
#include "tsdb/block_meta.h"
#include "tsdb/chunk_segments.h"
#include "tsdb/series_source.h"

namespace sluice::tsdb {

struct BlockWriteOptions {
  uint64_t segment_bytes_max = kChunkSegmentBytesMax;
  uint64_t postings_in_memory_max = BlockIndexWriter::kPostingsInMemoryMax;
  /// Asked once for each series; true ends the work with kCancelled.
  std::function<bool()> is_cancelled;
};

/// Writes `source` as the block `meta.ulid` into `parent_directory`: first into `<ULID>.tmp-for-creation`, whose files
/// are all made durable before it is renamed to `<ULID>`, and that before the call returns. A crash leaves the whole
/// block or a temporary directory, which BlockSet removes at the next start; a failure removes it at once.
///
/// The source is walked once. Series without chunks are left out; without samples no block is written and nullopt
/// returned. Chunks must lie in [meta.min_ms, meta.max_ms). Returns `meta` with its stats filled in.
Result<std::optional<BlockMeta>> write_block(FileSystem& fs, const std::string& parent_directory, BlockMeta meta,
                                             SeriesSource& source, const BlockWriteOptions& options = {});

/// Gives the files of a block a second name below `to`, a directory that must not exist yet: they never change in
/// place, so it is a copy. Durable when it returns. The block must not be removed meanwhile.
Result<void> link_block(FileSystem& fs, const std::string& block_directory, const std::string& to);

}  // namespace sluice::tsdb
