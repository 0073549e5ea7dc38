#pragma once

#include <span>
#include <vector>

#include "tsdb/head.h"
#include "tsdb/series_source.h"

namespace sluice::tsdb {

/// The samples of a head inside a range that is frozen, late ones merged in: what a block is cut from. Reads a few
/// series at a time, so that writers hardly wait. `series` must be sorted (Head::sorted_series) and may have none in
/// the range. Both are borrowed, and no series may leave the head meanwhile.
class HeadBlockSource final : public SeriesSource {
 public:
  HeadBlockSource(const Head& head, std::span<MemorySeries* const> series, model::TimeRange range)
      : head_(head), left_(series), range_(range) {}

  Result<bool> next() override;
  const model::Labels& labels() const override { return slice_[at_].labels; }
  std::span<const ChunkView> chunks() const override { return chunks_; }

 private:
  const Head& head_;
  std::span<MemorySeries* const> left_;
  const model::TimeRange range_;
  std::vector<HeadSeriesData> slice_;
  size_t at_ = 0;
  std::vector<ChunkView> chunks_;
};

}  // namespace sluice::tsdb
