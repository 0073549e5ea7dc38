#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/file_system.h"
#include "base/log.h"
#include "base/result.h"
#include "base/thread_safety.h"
#include "tsdb/chunk.h"
#include "tsdb/line_pool.h"

namespace sluice::tsdb {

/// Where a full chunk of the head is: the number of its segment, and the offset in it. Later ones are greater; 0 is
/// none.
using HeadChunkRef = uint64_t;
inline constexpr uint32_t head_segment_of(HeadChunkRef ref) { return static_cast<uint32_t>(ref >> 32); }

/// The head's chunks: lines for the open ones; and the full ones, out of the way in mapped files of
/// `<workspace>/chunks_head/`, so that they cost page cache instead of memory of the process. Scratch space of this
/// process: the log and the checkpoint hold the same samples, so nothing is synced and open() begins with an empty
/// directory.
///
/// The chunks of a series are a chain, each naming the one before. They are gathered in segments: one in memory is
/// filled, then written to its file in one go (write_full()) and mapped. A segment that cannot be written stays in
/// memory, and the next one is tried anew.
///
/// Threads: add() and begin_segment() are for one thread at a time (the head's gate sees to it); all else is
/// thread-safe. remove_segments() must end at a number that begin_segment() has given.
class HeadChunks {
 public:
  /// A chunk, and the one before it in its chain (0: none).
  struct Chunk {
    HeadChunkRef previous = 0;
    ChunkView view;
  };

  /// The segments of one moment: what they hold stays readable while this object lives.
  class Snapshot {
   public:
    /// The chunk at `ref`; none for 0 and when its segment was removed: what is left of a chain ends there. kDataLoss
    /// when the bytes are not what was written.
    Result<std::optional<Chunk>> chunk(HeadChunkRef ref) const;
    /// Those of now, not of the snapshot's moment: for who keeps lines from changing.
    const LinePool& lines() const { return *lines_; }

   private:
    friend class HeadChunks;
    struct Segment;
    using List = std::vector<std::shared_ptr<const Segment>>;  // from number first_ on; null where removed
    std::shared_ptr<const List> segments_;
    uint32_t first_ = 1;
    const LinePool* lines_ = nullptr;
  };

  struct Options {
    uint32_t segment_bytes_first = 64 << 10;  ///< doubles up to the maximum, so that a small workspace takes little
    uint32_t segment_bytes_max = 4 << 20;
  };

  /// `fs` null: everything stays in memory.
  HeadChunks(FileSystem* fs, std::string directory, Logger* logger, Options options);
  HeadChunks(FileSystem* fs, std::string directory, Logger* logger);
  ~HeadChunks();

  /// Empties the directory, if the disk lets it: what stays there is written over in its turn.
  void open();

  /// Adds a chunk behind `previous` (0: none).
  HeadChunkRef add(HeadChunkRef previous, const ChunkView& chunk);
  /// Later chunks go to segments with this number or a higher one.
  uint32_t begin_segment();
  /// Writes segments that are full and not on disk yet; cheap when there are none. Not under a lock readers need.
  void write_full();
  /// Removes the segments below `end` whose chunks all end before `before_ms`. No chain may lead through them to a
  /// chunk that is still wanted.
  void remove_segments(uint32_t end, TimestampMs before_ms);

  Snapshot snapshot() const;

  /// For one thread at a time that changes them, and then for no other.
  LinePool& lines() { return lines_; }
  const LinePool& lines() const { return lines_; }
  uint64_t memory_bytes() const;  ///< of segments that are not in files
  uint64_t disk_bytes() const;

 private:
  using Segment = Snapshot::Segment;
  std::string path_of(uint32_t number) const;
  Segment& segment_with_room(size_t bytes);
  bool replace(std::shared_ptr<const Segment> segment);
  Result<std::shared_ptr<const Segment>> write(const Segment& segment);

  FileSystem* const fs_;
  const std::string directory_;
  Logger* const logger_;
  const Options options_;

  // Of whoever adds.
  LinePool lines_;
  std::shared_ptr<Segment> active_;
  uint32_t next_bytes_ = 0;
  std::atomic<bool> write_failed_{false};  // told already

  mutable Mutex mutex_;
  std::vector<std::shared_ptr<const Segment>> full_ SLUICE_GUARDED_BY(mutex_);  // to be written
  Snapshot current_ SLUICE_GUARDED_BY(mutex_);
};

}  // namespace sluice::tsdb
