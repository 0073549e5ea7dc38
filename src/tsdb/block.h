#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/file_system.h"
#include "base/result.h"
#include "model/queryable.h"
#include "tsdb/block_index.h"
#include "tsdb/block_meta.h"
#include "tsdb/chunk_segments.h"
#include "tsdb/series_source.h"
#include "tsdb/tombstones.h"

namespace sluice::tsdb {

/// A block on disk, open for reading: index and chunks are mapped, never loaded; in memory are a few bytes for every
/// 32nd string and label. Renaming or removing its directory does not disturb readers.
///
/// Immutable and thread-safe; held by shared_ptr<const Block>, since what select() hands out keeps it alive. Deleting
/// makes another object over the same files (with). Whatever the files hold, no call crashes: damage is an
/// error that names file and offset. Bytes are checked against their checksum when they are read.
class Block final : public model::Queryable, public std::enable_shared_from_this<Block> {
 public:
  /// kNotFound, kDataLoss, kMalformed or kUnsupported, naming the file.
  static Result<std::shared_ptr<const Block>> open(FileSystem& fs, std::string directory);

  const BlockMeta& meta() const { return meta_; }
  const std::string& directory() const { return directory_; }
  const Tombstones& tombstones() const { return tombstones_; }
  uint64_t bytes() const { return bytes_; }  ///< of index and chunks
  size_t memory_bytes() const { return files_->index.memory_bytes(); }

  struct Deletion {
    Tombstones tombstones;  ///< those of the block and the new ones
    uint64_t series = 0;    ///< that match and have chunks in the range, also where they are deleted already
  };
  /// What the tombstones are once the samples in `range` of the series that match are deleted. Intervals are cut to the
  /// time that the series has samples in. Changes nothing.
  Result<Deletion> delete_series(std::span<const model::Matcher> matchers, model::TimeRange range) const;
  /// The same files seen with another meta and other tombstones, whose number goes into the meta. Writes nothing.
  std::shared_ptr<const Block> with(BlockMeta meta, Tombstones tombstones) const;

  /// Every series with the samples that are not deleted. Chunks are those of the block; only what tombstones cut is
  /// encoded anew. Keeps the block alive.
  std::unique_ptr<SeriesSource> source() const;

  /// Reads everything, checks every checksum and what the parts say of each other. A line for each problem, with file
  /// and offset, limits::kBlockProblemsMax at most; none: the block is whole.
  std::vector<std::string> verify() const;

  // Queryable. Tombstones are applied. Names and values asked for without selectors are those of the whole block when
  // it overlaps the range, as in Prometheus, so that they come from the index alone; unless something is deleted.
  Result<std::vector<std::unique_ptr<model::Series>>> select(std::span<const model::Matcher> matchers,
                                                             model::TimeRange range,
                                                             model::QueryBudget& budget) const override;
  Result<std::vector<model::Labels>> series(std::span<const std::vector<model::Matcher>> selectors,
                                            model::TimeRange range, size_t limit) const override;
  Result<std::vector<std::string>> label_names(std::span<const std::vector<model::Matcher>> selectors,
                                               model::TimeRange range, size_t limit) const override;
  Result<std::vector<std::string>> label_values(std::string_view name,
                                                std::span<const std::vector<model::Matcher>> selectors,
                                                model::TimeRange range, size_t limit) const override;

 private:
  friend class BlockSource;
  friend class BlockSeries;
  friend class BlockVerifier;

  /// What is mapped; shared by the objects that differ in tombstones only.
  struct Files {
    BlockIndex index;
    ChunkSegments segments;
  };
  Block(std::string directory, std::shared_ptr<const Files> files, BlockMeta meta, Tombstones tombstones,
        uint64_t bytes);

  // What is left of `range` once what is deleted of the series is taken out.
  std::vector<model::TimeRange> live_ranges(uint32_t series, model::TimeRange range) const;
  // Drops the chunks that are outside of `range` or deleted.
  void keep_live(uint32_t series, model::TimeRange range, std::vector<ChunkMeta>& chunks) const;
  Result<bool> has_live_sample(uint32_t series, model::TimeRange range, std::span<const ChunkMeta> chunks) const;
  // Appends the samples inside `range`; kDataLoss also when times do not increase.
  Result<void> read_chunks(std::span<const ChunkMeta> chunks, model::TimeRange range, model::SampleColumn& out) const;
  std::string where(const ChunkMeta& chunk) const;  // for errors: path and offset

  // Calls visit(number, labels) for each series that one of `selectors` accepts (none: every series) and that
  // has something live in `range`, in order.
  template <class Visit>
  Result<void> for_each_match(std::span<const std::vector<model::Matcher>> selectors, model::TimeRange range,
                              Visit visit) const;
  // Names and values come from the index alone where that is exact, or as exact as Prometheus is.
  bool answers_from_index(std::span<const std::vector<model::Matcher>> selectors, model::TimeRange range) const {
    return selectors.empty() && tombstones_.empty() && meta_.overlaps(range);
  }

  std::string directory_;
  std::shared_ptr<const Files> files_;
  BlockMeta meta_;
  Tombstones tombstones_;
  uint64_t bytes_;
};

}  // namespace sluice::tsdb
