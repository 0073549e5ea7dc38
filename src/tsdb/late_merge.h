#pragma once

#include <vector>

#include "base/result.h"
#include "model/sample.h"
#include "tsdb/memory_series.h"

/// A series' samples in order and its late ones as one.
namespace sluice::tsdb {

/// Appends the samples inside `range` to `out`, in time order.
Result<void> read_merged(const SeriesChunks& chunks, model::TimeRange range, model::SampleColumn& out);

/// The samples inside `range` as chunks in time order that do not overlap: those in order as they are when there are no
/// late ones and none reaches out of `range`, else all encoded anew.
Result<std::vector<ChunkView>> merged_chunks(SeriesChunks chunks, model::TimeRange range);

}  // namespace sluice::tsdb
