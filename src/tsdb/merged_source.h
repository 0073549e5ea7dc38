#pragma once

#include <memory>
#include <vector>

#include "tsdb/series_source.h"

namespace sluice::tsdb {

/// Several sources as one, series with equal labels merged (merge_chunks): where samples of two sources are at one
/// time, that of the source named first is kept. Small chunks are joined. Not thread-safe.
class MergedSource final : public SeriesSource {
 public:
  explicit MergedSource(std::vector<std::unique_ptr<SeriesSource>> sources) {
    for (auto& source : sources) inputs_.push_back({.source = std::move(source)});
  }

  /// kDataLoss also when the series of a source are not sorted.
  Result<bool> next() override;
  const model::Labels& labels() const override { return labels_; }
  std::span<const ChunkView> chunks() const override { return chunks_; }

 private:
  struct Input {
    std::unique_ptr<SeriesSource> source;
    bool is_current = true;  // its series went into the current one, or it has not begun
    bool is_at_end = false;
  };
  Result<void> advance(Input& input);

  std::vector<Input> inputs_;
  model::Labels labels_;
  std::vector<ChunkView> chunks_;
};

}  // namespace sluice::tsdb
