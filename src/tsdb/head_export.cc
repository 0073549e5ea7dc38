#include <algorithm>
#include <numeric>
#include <set>
#include <utility>

#include "tsdb/head.h"
#include "tsdb/late_merge.h"

/// The head read as a whole, for blocks and checkpoints, and made from a checkpoint.
namespace sluice::tsdb {
namespace {

constexpr size_t kSliceSeries = 512;

}  // namespace

std::vector<MemorySeries*> Head::series_from(size_t begin, size_t count) const {
  GateReadLock lock(gate_);
  std::vector<MemorySeries*> found;
  const size_t end = std::min(index_.size(), begin + count);
  for (size_t slot = begin; slot < end; ++slot) found.push_back(&index_.at(static_cast<uint32_t>(slot)));
  return found;
}

// Labels are compared by their rank among all labels, so that no text is compared twice.
std::vector<MemorySeries*> Head::sorted_series() const {
  auto series = series_from(0, SIZE_MAX);
  std::vector<LabelId> ids;
  {
    std::vector<bool> in_use(labels_.end());
    for (const auto* one : series) {
      for (const LabelId id : one->label_ids()) in_use[id] = true;
    }
    for (LabelId id = 0; id < in_use.size(); ++id) {
      if (in_use[id]) ids.push_back(id);
    }
  }
  std::ranges::sort(ids, {}, [this](LabelId id) { return labels_.label(id); });
  std::vector<uint32_t> ranks(ids.empty() ? 0 : *std::ranges::max_element(ids) + 1);
  for (uint32_t rank = 0; rank < ids.size(); ++rank) ranks[ids[rank]] = rank;
  std::ranges::sort(series, [&](const MemorySeries* a, const MemorySeries* b) {
    return std::ranges::lexicographical_compare(a->label_ids(), b->label_ids(),
                                                [&](LabelId x, LabelId y) { return ranks[x] < ranks[y]; });
  });
  return series;
}

Result<std::vector<HeadSeriesData>> Head::read_series(std::span<MemorySeries* const> series,
                                                      model::TimeRange range) const {
  std::vector<HeadSeriesData> all;
  all.reserve(series.size());
  GateReadLock lock(gate_);
  const auto chunks = chunks_.snapshot();
  for (const MemorySeries* one : series) {
    SLUICE_ASSIGN(auto found, one->chunks(range, view(chunks)));
    all.push_back({one->ref(), one->labels(labels_), std::move(found), one->deleted_newest_ms(view(chunks))});
  }
  return all;
}

Result<std::vector<TimestampMs>> Head::block_ranges_before(TimestampMs before_ms) const {
  std::set<TimestampMs> ranges;
  const auto all = series_from(0, SIZE_MAX);
  for (size_t begin = 0; begin < all.size(); begin += kSliceSeries) {
    const auto slice = std::span(all).subspan(begin, std::min(kSliceSeries, all.size() - begin));
    GateReadLock lock(gate_);
    const auto chunks = chunks_.snapshot();
    for (const MemorySeries* series : slice) {
      SLUICE_ASSIGN(const auto found, series->chunks({INT64_MIN, before_ms - 1}, view(chunks)));
      for (const auto& chunk : found.in_order) ranges.insert(block_range_begin(chunk.min_ms));
      for (const auto& chunk : found.late) {
        for (auto begin_ms = block_range_begin(chunk.min_ms); begin_ms <= chunk.max_ms; begin_ms += kBlockRangeMs) {
          ranges.insert(begin_ms);
        }
      }
    }
  }
  std::erase_if(ranges, [&](TimestampMs begin_ms) { return begin_ms >= before_ms; });
  return std::vector<TimestampMs>(ranges.begin(), ranges.end());
}

Head::Limits Head::limits() const {
  GateReadLock lock(gate_);
  return {frozen_before_ms(), dropped_before_ms_, max_ms(), next_ref()};
}

void Head::restore_limits(const Limits& limits) {
  GateWriteLock lock(gate_);
  frozen_before_ms_.store(limits.frozen_before_ms, std::memory_order_release);
  dropped_before_ms_ = limits.dropped_before_ms;
  max_ms_.store(std::max(limits.max_ms, max_ms_.load()), std::memory_order_relaxed);
  next_ref_.store(std::max(limits.next_ref, next_ref()), std::memory_order_relaxed);
}

Result<void> Head::restore_series(uint64_t ref, std::string_view packed, const SeriesChunks& chunks,
                                  std::optional<TimestampMs> newest_ms) {
  MemorySeries* const series = replay_define(ref, packed);
  GateWriteLock lock(gate_);
  uint64_t bytes = 0;
  uint64_t samples = 0;
  for (size_t i = 0; i < chunks.in_order.size(); ++i) {
    const ChunkView& chunk = chunks.in_order[i];
    const uint16_t in_chunk = samples_in_chunk(chunk);
    samples += in_chunk;
    if (i + 1 < chunks.in_order.size() || in_chunk >= kSamplesPerChunk || chunk.encoding != ChunkEncoding::kXor) {
      series->restore_chunk(chunk, chunks_);
      continue;
    }
    model::SampleColumn column;
    SLUICE_TRY(read_chunk(chunk, {}, column));
    for (size_t row = 0; row < column.size(); ++row) {
      if (column.t_ms[row] > series->newest_ms()) {
        series->append(model::Sample{column.t_ms[row], column.values[row]}, chunks_, bytes);
      }
    }
  }
  if (newest_ms) series->restore_newest(*newest_ms, chunks_);
  if (!chunks.in_order.empty()) {
    min_ms_.store(std::min(chunks.in_order.front().min_ms, min_ms_.load()), std::memory_order_relaxed);
    max_ms_.store(std::max(series->newest_ms(), max_ms_.load()), std::memory_order_relaxed);
  }
  if (!chunks.late.empty() && !series->has_late()) late_series_.push_back(series);
  for (const auto& chunk : chunks.late) {
    series->restore_late_chunk(chunk, chunks_);
    samples += samples_in_chunk(chunk);
    min_ms_.store(std::min(chunk.min_ms, min_ms_.load()), std::memory_order_relaxed);
  }
  bytes_.fetch_add(bytes, std::memory_order_relaxed);
  samples_count_.fetch_add(samples, std::memory_order_relaxed);
  return {};
}

}  // namespace sluice::tsdb
