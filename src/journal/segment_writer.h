#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/file_system.h"
#include "base/result.h"
#include "journal/format.h"

namespace sluice::journal {

/// One segment on disk.
struct SegmentInfo {
  uint64_t number = 0;
  Sequence first = 0;    ///< as its header says
  uint64_t bytes = 0;    ///< the file's size
  bool suspect = false;  ///< a write or sync failed on it: never written again, never recycled
};

/// A used segment kept to become one again: its blocks are allocated and written, so that filling it changes no
/// metadata of the file system.
struct SpareInfo {
  std::string path;
  uint64_t bytes = 0;
};

/// What a journal has on disk.
struct SegmentSet {
  std::vector<SegmentInfo> segments;  ///< by increasing number
  std::vector<SpareInfo> spares;
  uint64_t next_number = 1;
};

/// The segment being filled. Not thread-safe.
class SegmentWriter {
 public:
  /// Makes segment `header.number` of at least `bytes`, out of `spare` unless that is null. On success the file,
  /// its header and its directory entry are durable, so a file with a segment's name always has a header. On
  /// failure nothing is left under that name, and the spare is gone.
  static Result<std::unique_ptr<SegmentWriter>> create(FileSystem& fs, const std::string& directory,
                                                       const SegmentHeader& header, uint64_t bytes,
                                                       const SpareInfo* spare);

  /// Bytes of records that still fit.
  uint64_t remaining() const { return size_ - offset_; }
  /// Writes whole records behind those before, and zeros behind them (appended to `records`) as far as the
  /// segment goes. After a failure of write() or sync() the segment must be given up.
  Result<void> write(std::string& records);
  Result<void> sync() { return file_->sync_data(); }
  /// Cuts the file behind what was written: nothing more is. Not synced.
  Result<void> trim();

  const SegmentHeader& header() const { return header_; }
  uint64_t size() const { return size_; }

 private:
  SegmentWriter(SegmentHeader header, std::unique_ptr<WritableFile> file, uint64_t size)
      : header_(header), file_(std::move(file)), size_(size) {}

  SegmentHeader header_;
  std::unique_ptr<WritableFile> file_;
  uint64_t size_;
  uint64_t offset_ = kRecordsOffset;
};

}  // namespace sluice::journal
