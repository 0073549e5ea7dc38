#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file_system.h"
#include "base/json.h"
#include "base/result.h"
#include "base/ulid.h"
#include "model/sample.h"

namespace sluice::tsdb {

struct BlockStats {
  uint64_t samples = 0;
  uint64_t float_samples = 0;
  uint64_t histogram_samples = 0;
  uint64_t series = 0;
  uint64_t chunks = 0;
  uint64_t tombstones = 0;  ///< deleted intervals, of all series together

  friend bool operator==(const BlockStats&, const BlockStats&) = default;
};

/// A block that went into another one.
struct BlockParent {
  Ulid ulid;
  TimestampMs min_ms = 0;
  TimestampMs max_ms = 0;

  friend bool operator==(const BlockParent&, const BlockParent&) = default;
};

/// What meta.json of a block says (Prometheus, tsdb/block.go, BlockMeta). Every sample of the block is in
/// [min_ms, max_ms).
struct BlockMeta {
  Ulid ulid;
  TimestampMs min_ms = 0;
  TimestampMs max_ms = 0;  ///< exclusive
  BlockStats stats;

  uint32_t level = 1;                ///< compactions its data went through, and one
  std::vector<Ulid> sources;         ///< the blocks cut from a head that its data was first in
  std::vector<BlockParent> parents;  ///< the blocks it was made of; their successor makes them obsolete
  bool is_deletable = false;         ///< nothing is left of it: a compaction found all its samples deleted
  bool is_failed = false;            ///< a compaction of it failed: it is not tried again
  std::vector<std::string> hints;

  /// Ours, as "sluice": {"freeze": 17}: number of the log record that froze the head's data it was cut from. Not
  /// inherited by compacted blocks.
  std::optional<uint64_t> freeze;
  JsonObject others;  ///< members of other programs (Thanos' "thanos"), kept when the file is written again

  bool overlaps(model::TimeRange range) const { return min_ms <= range.max_ms && range.min_ms < max_ms; }
};

/// Reads meta.json, version 1. Members it does not know are kept aside. kMalformed, kUnsupported for another version.
Result<BlockMeta> parse_block_meta(std::string_view json);
/// As Prometheus writes it, indented by tabs.
std::string format_block_meta(const BlockMeta& meta);

/// The same from and to a block's directory. Writing replaces the file at once and durably. Errors name the path.
Result<BlockMeta> read_block_meta(FileSystem& fs, const std::string& block_directory);
Result<void> write_block_meta(FileSystem& fs, const std::string& block_directory, const BlockMeta& meta);

}  // namespace sluice::tsdb
