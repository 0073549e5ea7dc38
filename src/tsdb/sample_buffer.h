#pragma once

#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "model/labels.h"
#include "model/sample.h"
#include "tsdb/series_source.h"

namespace sluice::tsdb {

/// Samples in any order, collected in memory to become a block: what back-filling needs. Not thread-safe.
class SampleBuffer {
 public:
  void add(const model::Labels& labels, model::Sample sample);

  uint64_t samples() const { return samples_; }
  TimestampMs min_ms() const { return min_ms_; }  ///< of what was added; meaningless without samples
  TimestampMs max_ms() const { return max_ms_; }  ///< inclusive

  /// The samples by series and time, encoded in chunks of kSamplesPerChunk; the buffer is empty afterwards. Of several
  /// at one time that of the series added first is kept; the others are counted: those with the same value as
  /// duplicates, those with another as conflicts.
  struct Counts {
    uint64_t duplicates = 0;
    uint64_t conflicts = 0;
  };
  /// `counts` must outlive the source, which adds to it as it is walked.
  std::unique_ptr<SeriesSource> take(Counts& counts);

 private:
  using Series = std::unordered_map<model::Labels, std::vector<model::Sample>, model::LabelsHasher>;
  class Source;

  Series series_;
  uint64_t samples_ = 0;
  TimestampMs min_ms_ = 0;
  TimestampMs max_ms_ = 0;
};

}  // namespace sluice::tsdb
