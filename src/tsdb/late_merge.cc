#include "tsdb/late_merge.h"

#include <algorithm>
#include <utility>

#include "tsdb/chunk_rewrite.h"
#include "tsdb/column_merge.h"

namespace sluice::tsdb {

Result<void> read_merged(const SeriesChunks& chunks, model::TimeRange range, model::SampleColumn& out) {
  for (const auto& chunk : chunks.in_order) {
    if (chunk.max_ms < range.min_ms) continue;
    if (chunk.min_ms > range.max_ms) break;
    SLUICE_TRY(read_chunk(chunk, range, out));
  }
  if (chunks.late.empty()) return {};
  // Late chunks overlap each other as they like, but mostly follow one another: among themselves first.
  auto late = chunks.late;
  std::ranges::sort(late, {}, &ChunkView::min_ms);
  model::SampleColumn merged;
  model::SampleColumn column;
  for (const auto& chunk : late) {
    column.clear();
    SLUICE_TRY(read_chunk(chunk, range, column));
    merge_column(merged, column);
  }
  merge_column(out, merged);
  return {};
}

Result<std::vector<ChunkView>> merged_chunks(SeriesChunks chunks, model::TimeRange range) {
  const auto reaches_out = [&](const ChunkView& chunk) {
    return chunk.min_ms < range.min_ms || chunk.max_ms > range.max_ms;
  };
  if (chunks.late.empty() && std::ranges::none_of(chunks.in_order, reaches_out)) return std::move(chunks.in_order);
  auto all = std::move(chunks.in_order);
  std::ranges::move(chunks.late, std::back_inserter(all));
  return encode_anew(all, {&range, 1});
}

}  // namespace sluice::tsdb
