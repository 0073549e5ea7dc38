#include "tsdb/memory_series.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace sluice::tsdb {
namespace {

// A chunk stays inside one two-hour block of time, so that blocks are cut between chunks (Prometheus' chunk range).
constexpr int64_t kChunkRangeMs = 2 * 60 * 60 * 1000;

// The view, its control block and string object, and the allocator's rounding.
constexpr uint64_t kSealedChunkBytes = sizeof(ChunkView) + 64;

int64_t chunk_range_of(TimestampMs t_ms) {
  return t_ms / kChunkRangeMs - (t_ms % kChunkRangeMs < 0 ? 1 : 0);
}

bool same_bits(double a, double b) { return std::bit_cast<uint64_t>(a) == std::bit_cast<uint64_t>(b); }

// Finds `t_ms` in a chunk that this program wrote.
bool find_in_chunk(std::string_view chunk, TimestampMs t_ms, double& value) {
  XorChunkReader reader(chunk);
  while (reader.next()) {
    if (reader.t_ms() < t_ms) continue;
    value = reader.value();
    return reader.t_ms() == t_ms;
  }
  return false;
}

}  // namespace

Verdict MemorySeries::judge(model::Sample sample, double& existing) const {
  const TimestampMs newest = newest_ms();
  if (samples_ == 0 || sample.t_ms > newest) return Verdict::kAdded;
  if (sample.t_ms == newest) {
    existing = newest_value_;
  } else if (!find(sample.t_ms, existing)) {
    return Verdict::kOutOfOrder;
  }
  return same_bits(existing, sample.value) ? Verdict::kDuplicate : Verdict::kConflicting;
}

Verdict MemorySeries::append(model::Sample sample, double& existing, uint64_t& bytes_grown) {
  const Verdict verdict = judge(sample, existing);
  if (verdict != Verdict::kAdded) return verdict;
  if (chunk_is_full(sample.t_ms)) {
    seal();
    bytes_grown += kSealedChunkBytes;
  }
  const size_t size_before = open_.bytes().size();
  if (open_.samples() == 0) open_min_ms_ = sample.t_ms;
  if (samples_ == 0) oldest_ms_ = sample.t_ms;
  open_.append(sample.t_ms, sample.value);
  newest_value_ = sample.value;
  newest_ms_.store(sample.t_ms, std::memory_order_relaxed);
  ++samples_;
  bytes_grown += open_.bytes().size() - size_before;
  return verdict;
}

bool MemorySeries::chunk_is_full(TimestampMs t_ms) const {
  if (open_.samples() == 0) return false;
  return open_.samples() >= kSamplesPerChunk || chunk_range_of(t_ms) != chunk_range_of(open_min_ms_);
}

void MemorySeries::seal() {
  std::string bytes = std::move(open_).take();
  bytes.shrink_to_fit();
  sealed_.push_back({open_min_ms_, newest_ms(), std::make_shared<const std::string>(std::move(bytes))});
  open_ = XorChunkWriter();
}

bool MemorySeries::find(TimestampMs t_ms, double& value) const {
  if (open_.samples() > 0 && t_ms >= open_min_ms_) return find_in_chunk(open_.bytes(), t_ms, value);
  const auto chunk = std::ranges::lower_bound(sealed_, t_ms, {}, &ChunkView::max_ms);
  return chunk != sealed_.end() && t_ms >= chunk->min_ms && find_in_chunk(*chunk->bytes, t_ms, value);
}

std::vector<ChunkView> MemorySeries::chunks(model::TimeRange range) const {
  std::vector<ChunkView> found;
  auto chunk = std::ranges::lower_bound(sealed_, range.min_ms, {}, &ChunkView::max_ms);
  for (; chunk != sealed_.end() && chunk->min_ms <= range.max_ms; ++chunk) found.push_back(*chunk);
  if (open_.samples() > 0 && open_min_ms_ <= range.max_ms && newest_ms() >= range.min_ms) {
    found.push_back({open_min_ms_, newest_ms(), std::make_shared<const std::string>(open_.bytes())});
  }
  return found;
}

uint64_t MemorySeries::bytes() const {
  uint64_t total = sizeof(MemorySeries) + labels_.packed().size() + open_.bytes().size();
  for (const auto& chunk : sealed_) total += kSealedChunkBytes + chunk.bytes->size();
  return total;
}

}  // namespace sluice::tsdb
