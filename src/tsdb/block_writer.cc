#include "tsdb/block_writer.h"

#include <utility>

#include <fmt/format.h>

#include "tsdb/block_format.h"
#include "tsdb/tombstones.h"

namespace sluice::tsdb {
namespace {

bool is_histogram(ChunkEncoding encoding) {
  return encoding != ChunkEncoding::kXor && encoding != ChunkEncoding::kXor2;
}

/// The parts of a block being written, in a directory that exists.
class BlockFiles {
 public:
  static Result<BlockFiles> create(FileSystem& fs, const std::string& directory, const BlockWriteOptions& options) {
    ChunkSegmentWriter segments(fs, join_path(directory, kBlockChunksDirectory), options.segment_bytes_max);
    SLUICE_TRY(segments.create());
    SLUICE_ASSIGN(auto index,
                  BlockIndexWriter::create(fs, join_path(directory, kBlockIndexFile), options.postings_in_memory_max));
    return BlockFiles(std::move(segments), std::move(index));
  }

  /// Adds a series, and what it holds to the stats of `meta`.
  Result<void> add(const model::Labels& labels, std::span<const ChunkView> chunks, BlockMeta& meta) {
    metas_.clear();
    for (const auto& chunk : chunks) {
      SLUICE_TRY(check(labels, chunk, meta));
      SLUICE_ASSIGN(metas_.emplace_back(), segments_.append(chunk));
      const uint64_t samples = samples_in_chunk(chunk);
      meta.stats.samples += samples;
      (is_histogram(chunk.encoding) ? meta.stats.histogram_samples : meta.stats.float_samples) += samples;
    }
    meta.stats.chunks += chunks.size();
    ++meta.stats.series;
    return index_.add(labels, metas_);
  }
  Result<void> finish() {
    SLUICE_TRY(segments_.finish());
    return index_.finish();
  }

 private:
  BlockFiles(ChunkSegmentWriter segments, BlockIndexWriter index)
      : segments_(std::move(segments)), index_(std::move(index)) {}

  Result<void> check(const model::Labels& labels, const ChunkView& chunk, const BlockMeta& meta) const {
    const bool is_inside = meta.min_ms <= chunk.min_ms && chunk.min_ms <= chunk.max_ms && chunk.max_ms < meta.max_ms;
    const bool is_after_last = metas_.empty() || metas_.back().max_ms < chunk.min_ms;
    if (is_inside && is_after_last && samples_in_chunk(chunk) > 0) return {};
    return fail(
        ErrorCode::kInternal,
        fmt::format("block {} from {} to {}: {} has a chunk of {} samples from {} to {} that is outside, empty, or "
                    "overlaps the one before it",
                    meta.ulid.to_string(), meta.min_ms, meta.max_ms, labels.to_string(), samples_in_chunk(chunk),
                    chunk.min_ms, chunk.max_ms));
  }

  ChunkSegmentWriter segments_;
  BlockIndexWriter index_;
  std::vector<ChunkMeta> metas_;  // of the series being added
};

// Fills `directory`; false when the source has no samples.
Result<bool> fill(FileSystem& fs, const std::string& directory, BlockMeta& meta, SeriesSource& source,
                  const BlockWriteOptions& options) {
  SLUICE_ASSIGN(auto files, BlockFiles::create(fs, directory, options));
  while (true) {
    if (options.is_cancelled && options.is_cancelled()) {
      return fail(ErrorCode::kCancelled, fmt::format("writing block {} was cancelled", meta.ulid.to_string()));
    }
    SLUICE_ASSIGN(const bool more, source.next());
    if (!more) break;
    if (!source.chunks().empty()) SLUICE_TRY(files.add(source.labels(), source.chunks(), meta));
  }
  if (meta.stats.samples == 0) return false;
  SLUICE_TRY(files.finish());
  SLUICE_TRY(write_tombstones(fs, directory, {}));
  SLUICE_TRY(write_block_meta(fs, directory, meta));
  return true;
}

Result<void> publish(FileSystem& fs, const std::string& temporary, const std::string& directory) {
  SLUICE_TRY(fs.sync_directory(temporary));
  SLUICE_TRY(fs.rename(temporary, directory));
  auto synced = fs.sync_directory(std::string(parent_path(directory)));
  // It may be there after a crash or not; the caller, who hears of a failure, will write its data again.
  if (!synced) (void)fs.remove_tree(directory);
  return synced;
}

}  // namespace

Result<std::optional<BlockMeta>> write_block(FileSystem& fs, const std::string& parent_directory, BlockMeta meta,
                                             SeriesSource& source, const BlockWriteOptions& options) {
  const std::string directory = join_path(parent_directory, meta.ulid.to_string());
  const std::string temporary = directory + std::string(kForCreationSuffix);
  meta.stats = {};
  SLUICE_TRY(fs.remove_tree(temporary));
  SLUICE_TRY(fs.create_directories(temporary));
  const auto filled = fill(fs, temporary, meta, source, options);
  auto published = filled && *filled ? publish(fs, temporary, directory) : Result<void>();
  if (filled && *filled && published) return meta;
  (void)fs.remove_tree(temporary);
  if (!filled) return std::unexpected(filled.error());
  if (!published) return std::unexpected(published.error());
  return std::nullopt;
}

Result<void> link_block(FileSystem& fs, const std::string& block_directory, const std::string& to) {
  const std::string chunks = join_path(block_directory, kBlockChunksDirectory);
  const std::string chunks_to = join_path(to, kBlockChunksDirectory);
  SLUICE_TRY(fs.create_directories(chunks_to));
  SLUICE_ASSIGN(const auto segments, fs.list(chunks));
  for (const auto& name : segments) SLUICE_TRY(fs.hard_link(join_path(chunks, name), join_path(chunks_to, name)));
  SLUICE_TRY(fs.sync_directory(chunks_to));
  for (const auto name : {kBlockIndexFile, kBlockTombstonesFile, kBlockMetaFile}) {
    const auto linked = fs.hard_link(join_path(block_directory, name), join_path(to, name));
    const bool is_missing = !linked && linked.error().code == ErrorCode::kNotFound && name == kBlockTombstonesFile;
    if (!linked && !is_missing) return std::unexpected(linked.error());
  }
  return fs.sync_directory(to);
}

}  // namespace sluice::tsdb
