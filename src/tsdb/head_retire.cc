#include <algorithm>
#include <utility>

#include "base/check.h"
#include "tsdb/head.h"

/// What leaves the head: freeze, drop, and the slow part of a drop.
namespace sluice::tsdb {
namespace {

// Series looked at while writers wait: well below a millisecond.
constexpr size_t kSliceSeries = 512;

}  // namespace

void Head::freeze(TimestampMs before_ms) {
  SLUICE_CHECK(block_range_begin(before_ms) == before_ms, "a freeze inside a block of time");
  GateWriteLock lock(gate_);
  if (before_ms < frozen_before_ms()) return;  // an older log's record once more
  frozen_before_ms_.store(before_ms, std::memory_order_release);
  for (MemorySeries* series : late_series_) series->seal_late(before_ms, chunks_);
  frozen_segments_end_ = chunks_.begin_segment();
}

bool Head::has_frozen() const {
  GateReadLock lock(gate_);
  return frozen_segments_end_ != 0;
}

void Head::drop() {
  GateWriteLock lock(gate_);
  if (frozen_segments_end_ == 0) return;
  drops_.fetch_add(1, std::memory_order_acq_rel);
  dropped_before_ms_ = frozen_before_ms();
  late_segments_end_ = std::exchange(frozen_segments_end_, 0);
  min_ms_.store(std::max(min_ms_.load(), dropped_before_ms_), std::memory_order_relaxed);
  retiring_.store(Retiring::kForgetting);
}

bool Head::retire() {
  switch (retiring_.load()) {
    case Retiring::kNothing: return false;
    case Retiring::kForgetting:
      forget_dropped();
      retiring_.store(Retiring::kDooming);
      return true;
    case Retiring::kDooming:
      retiring_.store(doom() == 0 ? Retiring::kNothing : Retiring::kUnlinking);
      return retiring_.load() != Retiring::kNothing;
    case Retiring::kUnlinking:
      if (!generations_.are_old_over()) return true;
      unlink();
      retiring_.store(Retiring::kDeleting);
      return true;
    case Retiring::kDeleting:
      if (!generations_.are_old_over()) return true;
      delete_unlinked();
      retiring_.store(Retiring::kNothing);
      return false;
  }
  return false;
}

void Head::forget_dropped() {
  uint64_t bytes_before = 0;
  uint64_t bytes_after = 0;
  bool is_last = false;
  for (size_t begin = 0; !is_last; begin += kSliceSeries) {
    GateWriteLock lock(gate_);
    const auto chunks = chunks_.snapshot();
    const size_t end = std::min(begin + kSliceSeries, index_.size());
    for (size_t slot = begin; slot < end; ++slot) {
      MemorySeries& series = index_.at(static_cast<uint32_t>(slot));
      bytes_before += series.bytes();
      series.forget_dropped(view(chunks), chunks_);
      bytes_after += series.bytes();
    }
    is_last = end >= index_.size();
  }
  bytes_.fetch_sub(bytes_before - bytes_after, std::memory_order_relaxed);
  uint32_t segments_end = 0;
  TimestampMs before_ms = 0;
  {
    GateWriteLock lock(gate_);
    std::erase_if(late_series_, [](const MemorySeries* series) { return !series->has_late(); });
    segments_end = late_segments_end_;
    before_ms = dropped_before_ms_;
  }
  chunks_.remove_segments(segments_end, before_ms);
  chunks_.write_full();
}

// Marks the series that have nothing left here.
size_t Head::doom() {
  size_t doomed = 0;
  bool is_last = false;
  for (size_t begin = 0; !is_last; begin += kSliceSeries) {
    GateReadLock lock(gate_);
    const auto chunks = chunks_.snapshot();
    const size_t end = std::min(begin + kSliceSeries, index_.size());
    for (size_t slot = begin; slot < end; ++slot) {
      MemorySeries& series = index_.at(static_cast<uint32_t>(slot));
      if (!series.is_empty(view(chunks))) continue;
      MutexLock shard(shards_[series.shard()].mutex);
      if (series.pins != 0) continue;
      series.doomed.store(true, std::memory_order_relaxed);
      ++doomed;
    }
    is_last = end >= index_.size();
  }
  if (doomed != 0) generations_.advance();
  return doomed;
}

// Every request that may have found a doomed series without seeing it doomed has ended: what it added is applied.
void Head::unlink() {
  std::vector<MemorySeries*> doomed;
  {
    GateWriteLock lock(gate_);
    const auto chunks = chunks_.snapshot();
    for (size_t slot = 0; slot < index_.size(); ++slot) {
      MemorySeries& series = index_.at(static_cast<uint32_t>(slot));
      if (!series.doomed.load(std::memory_order_relaxed)) continue;
      MutexLock shard(shards_[series.shard()].mutex);
      if (series.pins == 0 && series.is_empty(view(chunks))) {
        series.defined.store(false, std::memory_order_relaxed);
        doomed.push_back(&series);
      } else {
        series.doomed.store(false, std::memory_order_relaxed);
      }
    }
    index_.remove_doomed();
  }
  series_count_.fetch_sub(doomed.size(), std::memory_order_relaxed);
  for (const Shard& shard : shards_) {
    MutexLock lock(shard.mutex);
    shard.series.for_each([](MemorySeries& series) {
      const MemorySeries* follower = series.follower();
      if (follower != nullptr && follower->doomed.load(std::memory_order_relaxed)) series.set_follower(nullptr);
    });
  }
  for (MemorySeries* series : doomed) {
    const uint64_t hash = model::hash_packed(series->labels(labels_).packed()).low;
    Shard& shard = shards_[series->shard()];
    MutexLock lock(shard.mutex);
    if (!series->doomed.load(std::memory_order_relaxed)) continue;  // somebody wants it again
    bytes_.fetch_sub(series->bytes() + kSeriesOverheadBytes, std::memory_order_relaxed);
    unlinked_.push_back(shard.series.take(hash, *series));
  }
  labels_.begin_generation();
  generations_.advance();
}

// Nobody has a pointer to the unlinked series any more, nor a label number that is not in use.
void Head::delete_unlinked() {
  unlinked_.clear();
  unlinked_.shrink_to_fit();
  series_pool_.give_back();
  GateReadLock lock(gate_);
  (void)labels_.sweep([this](LabelId id) __attribute__((no_thread_safety_analysis)) { return index_.has(id); });
}

}  // namespace sluice::tsdb
