#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "model/labels.h"
#include "model/sample.h"
#include "tsdb/xor_chunk.h"

namespace sluice::tsdb {

/// A chunk as a reader holds it: immutable.
struct ChunkView {
  TimestampMs min_ms = 0;
  TimestampMs max_ms = 0;
  std::shared_ptr<const std::string> bytes;
};

/// What becomes of a sample, decided by the series' samples before it and nothing else.
enum class Verdict : uint8_t {
  kAdded,
  kDuplicate,    ///< stored already, same bits
  kConflicting,  ///< another value is stored at that time
  kOutOfOrder,   ///< older than the newest sample, and nothing is stored at that time
};

/// One series of the head: its labels and its samples, the newest in an open chunk.
///
/// Thread safety: ref, hash and labels never change. newest_ms() may be read at any time. `pins`, `next` and the
/// writing of `defined` belong to the head's shard; all else is guarded by the head's gate (append() and
/// set_slot() exclusive, the const functions shared).
class MemorySeries {
 public:
  MemorySeries(uint64_t ref, model::SeriesHash hash, model::Labels labels)
      : ref_(ref), hash_(hash), labels_(std::move(labels)) {}

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

  /// True once a durable, applied record holds the definition. Set under the gate and the shard's mutex.
  std::atomic<bool> defined{false};
  uint32_t pins = 0;                   ///< appends under way that rely on it though it is not defined
  std::unique_ptr<MemorySeries> next;  ///< another series of the same hash

 private:
  bool chunk_is_full(TimestampMs t_ms) const;
  void seal();
  bool find(TimestampMs t_ms, double& value) const;

  const uint64_t ref_;
  const model::SeriesHash hash_;
  const model::Labels labels_;
  std::atomic<TimestampMs> newest_ms_{INT64_MIN};
  TimestampMs oldest_ms_ = 0;
  uint64_t samples_ = 0;
  double newest_value_ = 0;
  TimestampMs open_min_ms_ = 0;
  XorChunkWriter open_;
  std::vector<ChunkView> sealed_;
  uint32_t slot_ = 0;
};

}  // namespace sluice::tsdb
