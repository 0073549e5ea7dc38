#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "model/labels.h"
#include "model/sample.h"
#include "tsdb/chunk.h"
#include "tsdb/xor_chunk.h"

namespace sluice::tsdb {

/// What becomes of a sample, decided by the series' samples before it and nothing else.
enum class Verdict : uint8_t {
  kAdded,
  kDuplicate,    ///< stored already, same bits
  kConflicting,  ///< another value is stored at that time
  kOutOfOrder,   ///< older than the newest sample, and nothing is stored at that time
};

/// One series of the head: its labels and its samples, the newest in an open chunk.
///
/// Thread safety: ref, hash and labels never change. newest_ms() and the follower may be used at any time. `pins` and
/// the writing of `defined` belong to the head's shard; all else is guarded by the head's gate (append() and
/// set_slot() exclusive, the const functions shared).
///
/// There are millions of these: members are ordered so that what recognizing a series touches lies together, then
/// what appending touches.
class MemorySeries {
 public:
  MemorySeries(uint64_t ref, model::SeriesHash hash, model::Labels labels)
      : ref_(ref), labels_(std::move(labels)), hash_(hash) {}

  uint64_t ref() const { return ref_; }  ///< its name in the log
  model::SeriesHash hash() const { return hash_; }
  const model::Labels& labels() const { return labels_; }

  /// INT64_MIN while there is no sample. Only grows.
  TimestampMs newest_ms() const { return newest_ms_.load(std::memory_order_relaxed); }
  bool has_samples() const { return samples_ > 0; }
  TimestampMs oldest_ms() const { return oldest_ms_; }
  uint64_t samples() const { return samples_; }
  bool overlaps(model::TimeRange range) const {
    return has_samples() && oldest_ms_ <= range.max_ms && newest_ms() >= range.min_ms;
  }

  /// What append() would answer. `existing` gets the stored value for kDuplicate and kConflicting.
  Verdict judge(model::Sample sample, double& existing) const;
  /// `bytes_grown` is increased by the memory it took, approximately.
  Verdict append(model::Sample sample, double& existing, uint64_t& bytes_grown);

  /// The chunks that overlap `range`, in time order; the open one is copied.
  std::vector<ChunkView> chunks(model::TimeRange range) const;
  /// Approximate memory in use.
  uint64_t bytes() const;

  uint32_t slot() const { return slot_; }  ///< its number in the index, once defined
  void set_slot(uint32_t slot) { slot_ = slot; }

  /// The defined series that is likely to come next in a request: a hint, as good as the last request. Null at first.
  MemorySeries* follower() const { return follower_.load(std::memory_order_acquire); }
  void set_follower(MemorySeries* series) { follower_.store(series, std::memory_order_release); }

  /// Asks for the memory that follower() and labels() will read, the object itself being there already.
  void prefetch_labels() const;
  /// Asks for the memory that append() will write, the object itself being there already.
  void prefetch_open_chunk() const { open_.prefetch(); }

  /// True once a durable, applied record holds the definition. Set under the gate and the shard's mutex.
  std::atomic<bool> defined{false};
  uint32_t pins = 0;  ///< appends under way that rely on it though it is not defined

 private:
  bool chunk_is_full(TimestampMs t_ms) const;
  void begin_chunk(TimestampMs t_ms);
  void seal();
  bool find(TimestampMs t_ms, double& value) const;

  const uint64_t ref_;
  std::atomic<MemorySeries*> follower_{nullptr};
  std::atomic<TimestampMs> newest_ms_{INT64_MIN};
  const model::Labels labels_;
  XorChunkWriter open_;
  TimestampMs open_min_ms_ = 0;
  TimestampMs open_end_ms_ = 0;  // of the block of time the open chunk lies in, exclusive
  TimestampMs oldest_ms_ = 0;
  std::vector<ChunkView> sealed_;
  const model::SeriesHash hash_;
  uint32_t samples_ = 0;
  uint32_t slot_ = 0;
};

}  // namespace sluice::tsdb
