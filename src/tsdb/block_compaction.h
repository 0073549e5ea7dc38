#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>

#include "base/file_system.h"
#include "base/result.h"
#include "base/ulid.h"
#include "tsdb/block.h"
#include "tsdb/block_meta.h"
#include "tsdb/block_writer.h"

namespace sluice::tsdb {

/// The meta of the block that such blocks become: their whole range, one level above the highest, all their sources,
/// themselves as parents (Prometheus, tsdb/compact.go, CompactBlockMetas). Hints that all of them have are kept.
BlockMeta compacted_meta(const Ulid& ulid, std::span<const std::shared_ptr<const Block>> blocks);

/// Writes what is not deleted of `blocks`, the most trusted first, as one block `ulid` into `parent_directory`
/// (write_block). Their chunks are taken as they are where none overlaps another; neighbours that are small are joined.
/// nullopt: nothing is left of them, and no block was written. The blocks themselves stay as they are.
Result<std::optional<BlockMeta>> compact_blocks(FileSystem& fs, const std::string& parent_directory, const Ulid& ulid,
                                                std::span<const std::shared_ptr<const Block>> blocks,
                                                const BlockWriteOptions& options = {});

}  // namespace sluice::tsdb
