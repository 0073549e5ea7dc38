#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/file_system.h"
#include "base/result.h"
#include "tsdb/block_format.h"
#include "tsdb/chunk.h"
#include "tsdb/file_appender.h"

/// The files 000001, 000002, ... of a block's `chunks/` (Prometheus, tsdb/chunks/chunks.go).
namespace sluice::tsdb {

inline constexpr uint64_t kChunkSegmentBytesMax = 512 << 20;  ///< as Prometheus cuts them
inline constexpr size_t kSegmentHeaderSize = 8;                ///< magic, version, zeros
inline constexpr size_t kSegmentHeaderZeros = 3;

/// Writes chunks into new segments. Not thread-safe.
class ChunkSegmentWriter {
 public:
  /// `fs` must outlive it. A segment is cut before it passes `segment_bytes_max`, and holds one chunk at least.
  ChunkSegmentWriter(FileSystem& fs, std::string directory, uint64_t segment_bytes_max = kChunkSegmentBytesMax)
      : fs_(fs), directory_(std::move(directory)), segment_bytes_max_(segment_bytes_max) {}

  /// Makes the directory, durably.
  Result<void> create();
  /// Where the chunk now is.
  Result<ChunkMeta> append(const ChunkView& chunk);
  /// Everything durable, the files' names included. The last call.
  Result<void> finish();

 private:
  Result<void> begin_segment();

  FileSystem& fs_;
  std::string directory_;
  uint64_t segment_bytes_max_;
  std::optional<FileAppender> segment_;
  uint32_t segments_ = 0;
  std::string head_;  // length and encoding of the chunk being appended
};

/// Reads chunks in place from mapped segments. Copies share the mappings. Thread-safe.
class ChunkSegments {
 public:
  /// Maps every segment and checks its header. kDataLoss, kUnsupported naming file and offset.
  static Result<ChunkSegments> open(FileSystem& fs, const std::string& directory);

  /// The chunk there, its checksum checked; the view keeps the mapping. kDataLoss naming file and offset.
  Result<ChunkView> chunk(const ChunkMeta& meta) const;

  uint64_t bytes() const;  ///< of all files
  size_t size() const { return segments_.size(); }
  const std::string& path(size_t segment) const { return segments_[segment].path; }
  std::string_view file(size_t segment) const { return segments_[segment].file->bytes(); }

 private:
  struct Segment {
    std::string path;
    std::shared_ptr<const MappedFile> file;
  };
  std::string directory_;
  std::vector<Segment> segments_;
};

}  // namespace sluice::tsdb
