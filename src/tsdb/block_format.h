#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

/// What the files of a block share (docs/formats/block.md; Prometheus, tsdb/docs/format/).
namespace sluice::tsdb {

inline constexpr std::string_view kBlockMetaFile = "meta.json";
inline constexpr std::string_view kBlockIndexFile = "index";
inline constexpr std::string_view kBlockChunksDirectory = "chunks";
inline constexpr std::string_view kBlockTombstonesFile = "tombstones";

/// A block being written, and one being removed: their directories' names end so.
inline constexpr std::string_view kForCreationSuffix = ".tmp-for-creation";
inline constexpr std::string_view kForDeletionSuffix = ".tmp-for-deletion";

inline constexpr size_t kChecksumSize = 4;  ///< CRC-32C, big-endian

/// Where a chunk is in the block's segments, and the time it covers.
struct ChunkMeta {
  uint64_t ref = 0;        ///< number of the segment, from 0, << 32 | offset in it
  TimestampMs min_ms = 0;  ///< of its first sample
  TimestampMs max_ms = 0;  ///< of its last, inclusive

  friend bool operator==(const ChunkMeta&, const ChunkMeta&) = default;
};

constexpr uint64_t make_chunk_ref(uint32_t segment, uint32_t offset) { return uint64_t{segment} << 32 | offset; }
constexpr uint32_t chunk_segment(uint64_t ref) { return static_cast<uint32_t>(ref >> 32); }
constexpr uint32_t chunk_offset(uint64_t ref) { return static_cast<uint32_t>(ref); }

/// kDataLoss: "at offset 12: <what>". Whoever knows the file puts its path in front (fail_in).
std::unexpected<Error> damaged_at(uint64_t offset, std::string_view what);

/// kDataLoss unless bytes [offset, offset + size) are followed by their CRC-32C inside `file`.
Result<void> check_checksum(std::string_view file, uint64_t offset, uint64_t size);

/// The content of a section of the index: its size in 4 bytes at `offset`, itself, its CRC-32C. kDataLoss when it does
/// not fit `file`, or the checksum is another.
Result<std::string_view> read_section(std::string_view file, uint64_t offset);

}  // namespace sluice::tsdb
