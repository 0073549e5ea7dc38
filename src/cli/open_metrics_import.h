#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/file_system.h"
#include "base/result.h"
#include "base/ulid.h"
#include "tsdb/block_meta.h"
#include "tsdb/block_range.h"

namespace sluice::cli {

struct OpenMetricsImportOptions {
  UlidSource new_ulid;
  TimestampMs now_ms = 0;
  uint64_t samples_in_memory_max = 10'000'000;  ///< of the blocks that one reading of the text fills
};

struct OpenMetricsImport {
  uint64_t samples = 0;
  uint64_t duplicates = 0;  ///< of those, not stored: the same value twice at one time
  uint64_t conflicts = 0;   ///< of those, not stored: another value at a time that has one
  std::vector<tsdb::BlockMeta> blocks;
};

/// Back-fills: reads OpenMetrics text and writes its samples as blocks into `directory`, each of one block range
/// (kBlockRangeMs; several of one range only where it has more samples than may be in memory). Every sample needs a
/// timestamp.
///
/// The text is read once to its end before anything is written, and then once for each group of ranges that fit in
/// memory together. kMalformed with file and line; kInvalidArgument for times that no samples have
/// (check_import_times); errors of the disk. Blocks written before an error stay.
Result<OpenMetricsImport> import_open_metrics(FileSystem& fs, const std::string& file, const std::string& directory,
                                              const OpenMetricsImportOptions& options);

}  // namespace sluice::cli
