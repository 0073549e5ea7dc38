#include "tsdb/block.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include <fmt/format.h>

#include "tsdb/block_select.h"

namespace sluice::tsdb {

Block::Block(std::string directory, std::shared_ptr<const Files> files, BlockMeta meta, Tombstones tombstones,
             uint64_t bytes)
    : directory_(std::move(directory)), files_(std::move(files)), meta_(std::move(meta)),
      tombstones_(std::move(tombstones)), bytes_(bytes) {
  meta_.stats.tombstones = tombstones_.intervals();
}

Result<std::shared_ptr<const Block>> Block::open(FileSystem& fs, std::string directory) {
  SLUICE_ASSIGN(auto meta, read_block_meta(fs, directory));
  if (meta.ulid.to_string() != base_name(directory)) {
    return fail(ErrorCode::kDataLoss, fmt::format("{}: its {} says it is block {}: give the directory that name",
                                                  directory, kBlockMetaFile, meta.ulid.to_string()));
  }
  const std::string index_path = join_path(directory, kBlockIndexFile);
  SLUICE_ASSIGN(auto index_file, fs.map(index_path));
  SLUICE_ASSIGN(auto index, BlockIndex::open(std::move(index_file), index_path));
  SLUICE_ASSIGN(auto segments, ChunkSegments::open(fs, join_path(directory, kBlockChunksDirectory)));
  SLUICE_ASSIGN(auto tombstones, read_tombstones(fs, directory));
  const uint64_t bytes = index.bytes() + segments.bytes();
  auto files = std::make_shared<const Files>(std::move(index), std::move(segments));
  return std::shared_ptr<const Block>(
      new Block(std::move(directory), std::move(files), std::move(meta), std::move(tombstones), bytes));
}

std::shared_ptr<const Block> Block::with(BlockMeta meta, Tombstones tombstones) const {
  return std::shared_ptr<const Block>(new Block(directory_, files_, std::move(meta), std::move(tombstones), bytes_));
}

Result<Block::Deletion> Block::delete_series(std::span<const model::Matcher> matchers, model::TimeRange range) const {
  Deletion deletion = {.tombstones = tombstones_, .series = 0};
  SLUICE_ASSIGN(const auto numbers, select_series(files_->index, matchers));
  std::vector<ChunkMeta> chunks;
  for (const uint32_t number : numbers) {
    SLUICE_ASSIGN(const auto entry, files_->index.series(number));
    SLUICE_TRY(files_->index.chunks(entry, chunks));
    const bool is_touched = std::ranges::any_of(
        chunks, [&](const ChunkMeta& chunk) { return chunk.min_ms <= range.max_ms && range.min_ms <= chunk.max_ms; });
    if (!is_touched) continue;
    const model::TimeRange interval{std::max(range.min_ms, chunks.front().min_ms),
                                    std::min(range.max_ms, chunks.back().max_ms)};
    // Also of what is deleted already: who asks again may have met an error that left the tombstones written and not
    // durable.
    ++deletion.series;
    deletion.tombstones.add(number, interval);
  }
  return deletion;
}

std::vector<model::TimeRange> Block::live_ranges(uint32_t series, model::TimeRange range) const {
  return subtract_intervals(range, tombstones_.of(series));
}

Result<void> Block::read_chunks(std::span<const ChunkMeta> chunks, model::TimeRange range,
                                model::SampleColumn& out) const {
  for (const auto& chunk : chunks) {
    if (chunk.max_ms < range.min_ms) continue;
    if (chunk.min_ms > range.max_ms) break;
    SLUICE_ASSIGN(const ChunkView view, files_->segments.chunk(chunk));
    const size_t before = out.size();
    if (auto read = read_chunk(view, range, out); !read) return fail_in(where(chunk), read.error());
    const auto unsorted =
        std::ranges::adjacent_find(out.t_ms.begin() + static_cast<std::ptrdiff_t>(before == 0 ? 0 : before - 1),
                                   out.t_ms.end(), std::greater_equal<>());
    if (unsorted != out.t_ms.end()) {
      return fail(ErrorCode::kDataLoss,
                  fmt::format("{}: a sample at {} comes after one at {}", where(chunk), unsorted[1], unsorted[0]));
    }
  }
  return {};
}

std::string Block::where(const ChunkMeta& chunk) const {
  const uint32_t segment = chunk_segment(chunk.ref);
  const auto& segments = files_->segments;
  return fmt::format("{}: at offset {}", segment < segments.size() ? segments.path(segment) : directory_,
                     chunk_offset(chunk.ref));
}

}  // namespace sluice::tsdb
