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

// Exclusive.
TimestampMs chunk_range_end(TimestampMs t_ms) {
  if (t_ms > INT64_MAX - kChunkRangeMs) return INT64_MAX;
  const int64_t past_begin = t_ms % kChunkRangeMs;
  return t_ms - past_begin + (past_begin < 0 ? 0 : kChunkRangeMs);
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
    existing = open_.last_value();
  } else if (!find(sample.t_ms, existing)) {
    return Verdict::kOutOfOrder;
  }
  return same_bits(existing, sample.value) ? Verdict::kDuplicate : Verdict::kConflicting;
}

Verdict MemorySeries::append(model::Sample sample, double& existing, uint64_t& bytes_grown) {
  const Verdict verdict = judge(sample, existing);
  if (verdict != Verdict::kAdded) return verdict;
  const size_t memory_before = open_.memory_bytes();
  if (chunk_is_full(sample.t_ms)) {
    bytes_grown += kSealedChunkBytes + open_.size();
    seal();
  }
  if (open_.samples() == 0) begin_chunk(sample.t_ms);
  open_.append(sample.t_ms, sample.value);
  newest_ms_.store(sample.t_ms, std::memory_order_relaxed);
  ++samples_;
  bytes_grown += open_.memory_bytes() - memory_before;  // wraps around where less is held than before
  return verdict;
}

bool MemorySeries::chunk_is_full(TimestampMs t_ms) const {
  return open_.samples() >= kSamplesPerChunk || (open_.samples() != 0 && t_ms >= open_end_ms_);
}

void MemorySeries::begin_chunk(TimestampMs t_ms) {
  if (samples_ == 0) oldest_ms_ = t_ms;
  open_min_ms_ = t_ms;
  open_end_ms_ = chunk_range_end(t_ms);
}

void MemorySeries::seal() {
  sealed_.push_back(make_chunk_view(open_min_ms_, newest_ms(), ChunkEncoding::kXor, open_.take()));
}

bool MemorySeries::find(TimestampMs t_ms, double& value) const {
  if (open_.samples() > 0 && t_ms >= open_min_ms_) return find_in_chunk(open_.chunk(), t_ms, value);
  const auto chunk = std::ranges::lower_bound(sealed_, t_ms, {}, &ChunkView::max_ms);
  return chunk != sealed_.end() && t_ms >= chunk->min_ms && find_in_chunk(chunk->bytes, t_ms, value);
}

void MemorySeries::prefetch_labels() const {
  constexpr size_t kCacheLine = 64;
  const std::string_view packed = labels_.packed();
  for (size_t at = 0; at < packed.size(); at += kCacheLine) __builtin_prefetch(packed.data() + at);
}

std::vector<ChunkView> MemorySeries::chunks(model::TimeRange range) const {
  std::vector<ChunkView> found;
  auto chunk = std::ranges::lower_bound(sealed_, range.min_ms, {}, &ChunkView::max_ms);
  for (; chunk != sealed_.end() && chunk->min_ms <= range.max_ms; ++chunk) found.push_back(*chunk);
  if (open_.samples() > 0 && open_min_ms_ <= range.max_ms && newest_ms() >= range.min_ms) {
    found.push_back(make_chunk_view(open_min_ms_, newest_ms(), ChunkEncoding::kXor, open_.chunk()));
  }
  return found;
}

uint64_t MemorySeries::bytes() const {
  uint64_t total = sizeof(MemorySeries) + labels_.packed().size() + open_.memory_bytes();
  for (const auto& chunk : sealed_) total += kSealedChunkBytes + chunk.bytes.size();
  return total;
}

}  // namespace sluice::tsdb
