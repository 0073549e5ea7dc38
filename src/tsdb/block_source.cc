#include <algorithm>
#include <utility>

#include "tsdb/block.h"
#include "tsdb/chunk_rewrite.h"

namespace sluice::tsdb {

/// A block's series in order, without what is deleted.
class BlockSource final : public SeriesSource {
 public:
  explicit BlockSource(std::shared_ptr<const Block> block) : block_(std::move(block)) {}

  Result<bool> next() override {
    if (at_ == 0) {
      SLUICE_ASSIGN(all_, block_->files_->index.all_series());
    }
    if (at_ == all_.size()) return false;
    SLUICE_TRY(read(all_[at_]));
    ++at_;
    return true;
  }
  const model::Labels& labels() const override { return labels_; }
  std::span<const ChunkView> chunks() const override { return chunks_; }

 private:
  Result<void> read(uint32_t number) {
    const auto& files = *block_->files_;
    SLUICE_ASSIGN(const auto entry, files.index.series(number));
    SLUICE_ASSIGN(labels_, files.index.labels(entry));
    SLUICE_TRY(files.index.chunks(entry, metas_));
    block_->keep_live(number, {}, metas_);
    chunks_.clear();
    for (const auto& meta : metas_) {
      SLUICE_ASSIGN(auto chunk, files.segments.chunk(meta));
      const auto live = block_->live_ranges(number, {meta.min_ms, meta.max_ms});
      const bool is_whole = live.size() == 1 && live.front() == model::TimeRange{meta.min_ms, meta.max_ms};
      if (is_whole) {
        chunks_.push_back(std::move(chunk));
        continue;
      }
      auto anew = encode_anew({&chunk, 1}, live);
      if (!anew) return fail_in(block_->where(meta), anew.error());
      std::ranges::move(*anew, std::back_inserter(chunks_));
    }
    return {};
  }

  std::shared_ptr<const Block> block_;
  StoredPostings all_;
  size_t at_ = 0;
  model::Labels labels_;
  std::vector<ChunkMeta> metas_;
  std::vector<ChunkView> chunks_;
};

std::unique_ptr<SeriesSource> Block::source() const { return std::make_unique<BlockSource>(shared_from_this()); }

}  // namespace sluice::tsdb
