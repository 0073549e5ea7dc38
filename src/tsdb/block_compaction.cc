#include "tsdb/block_compaction.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/check.h"
#include "tsdb/merged_source.h"

namespace sluice::tsdb {

BlockMeta compacted_meta(const Ulid& ulid, std::span<const std::shared_ptr<const Block>> blocks) {
  SLUICE_CHECK(!blocks.empty(), "a compaction has blocks");
  BlockMeta meta;
  meta.ulid = ulid;
  meta.min_ms = blocks.front()->meta().min_ms;
  meta.max_ms = blocks.front()->meta().max_ms;
  meta.level = 0;
  meta.hints = blocks.front()->meta().hints;
  std::set<Ulid> sources;
  for (const auto& block : blocks) {
    const BlockMeta& from = block->meta();
    meta.min_ms = std::min(meta.min_ms, from.min_ms);
    meta.max_ms = std::max(meta.max_ms, from.max_ms);
    meta.level = std::max(meta.level, from.level);
    sources.insert(from.sources.begin(), from.sources.end());
    meta.parents.push_back({from.ulid, from.min_ms, from.max_ms});
    std::erase_if(meta.hints,
                  [&](const std::string& hint) { return std::ranges::find(from.hints, hint) == from.hints.end(); });
  }
  ++meta.level;
  meta.sources.assign(sources.begin(), sources.end());
  std::ranges::sort(meta.parents, {}, [](const BlockParent& parent) { return std::pair(parent.min_ms, parent.ulid); });
  return meta;
}

Result<std::optional<BlockMeta>> compact_blocks(FileSystem& fs, const std::string& parent_directory, const Ulid& ulid,
                                                std::span<const std::shared_ptr<const Block>> blocks,
                                                const BlockWriteOptions& options) {
  std::vector<std::unique_ptr<SeriesSource>> sources;
  for (const auto& block : blocks) sources.push_back(block->source());
  MergedSource merged(std::move(sources));
  return write_block(fs, parent_directory, compacted_meta(ulid, blocks), merged, options);
}

}  // namespace sluice::tsdb
