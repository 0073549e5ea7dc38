#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/file_system.h"
#include "base/result.h"
#include "base/ulid.h"
#include "tsdb/block_meta.h"

namespace sluice::tsdb {

struct BlockImportOptions {
  UlidSource new_ulid;             ///< for blocks whose name is taken
  TimestampMs now_ms = 0;
  std::string workspace_directory; ///< whose blocks' names are taken
};

struct ImportedBlocks {
  std::vector<BlockMeta> blocks;  ///< as written, by time
  std::vector<Ulid> known;        ///< that the workspace has already, and so left out
};

/// Copies blocks of Prometheus' format into `to_directory`: those below `from`, or `from` itself when it is one. All
/// are read and checked first (Block::verify), and nothing is written when one is damaged, of another version, or of a
/// time that no samples have. What is deleted in them is left out. Temporary directories and names that are no ULID's
/// are not looked at.
///
/// A block keeps its name, unless the workspace has another one of it; the very same one, from an import before, is
/// left out. kNotFound without any block; kDataLoss, kMalformed, kUnsupported, kInvalidArgument, each line of the
/// message a problem; errors of the disk, after which blocks already written stay.
Result<ImportedBlocks> import_blocks(FileSystem& fs, const std::string& from, const std::string& to_directory,
                                     const BlockImportOptions& options);

/// kInvalidArgument unless times from `min_ms` to `max_ms`, both inclusive, can be those of samples: not before 1970
/// and at most a day ahead of the clock.
Result<void> check_import_times(TimestampMs min_ms, TimestampMs max_ms, TimestampMs now_ms);

}  // namespace sluice::tsdb
