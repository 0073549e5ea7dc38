#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "model/labels.h"
#include "model/sample.h"
#include "tsdb/block_range.h"
#include "tsdb/chunk.h"
#include "tsdb/head_chunks.h"
#include "tsdb/label_table.h"
#include "tsdb/object_pool.h"
#include "tsdb/open_chunk.h"
#include "tsdb/typed_chunk_writer.h"

namespace sluice::tsdb {

/// What becomes of a sample.
enum class Verdict : uint8_t {
  kAdded,
  kAddedLate,    ///< out of order, within the window for late samples
  kDuplicate,    ///< stored already, same bits
  kConflicting,  ///< another value is stored at that time
  kOutOfOrder,   ///< older than what may still be added, and nothing is stored at that time
};

/// What a series must know of its head to tell which of its chunks count: see docs/storage.md, freeze and drop.
struct HeadView {
  const HeadChunks::Snapshot& chunks;
  TimestampMs dropped_before_ms = INT64_MIN;  ///< samples in order before it are in blocks, and no longer here
  uint32_t late_segments_end = 0;             ///< late chunks of segments below it count from dropped_before_ms on
};

/// The chunks of a series that overlap a range.
struct SeriesChunks {
  std::vector<ChunkView> in_order;  ///< in time order, not overlapping
  std::vector<ChunkView> late;      ///< in any order, overlapping as they like; no time is in two chunks
};

/// One series of the head: its labels and its samples, the newest in an open chunk, full chunks in HeadChunks. Nearly
/// all samples are plain floats, and have the shorter ways.
///
/// Made by make_memory_series(): the label numbers stand behind the object, in the same piece of a pool, since there
/// are millions of these. Members are ordered so that what recognizing a series touches lies together, then what
/// appending touches. The open chunk is in the lines of the head's chunks, which outlive it or are let go of before.
///
/// Thread safety: ref, shard and labels never change. newest_ms(), the follower and `doomed` may be used at any time.
/// `pins` and the writing of `defined` and `doomed` belong to the head's shard; all else is guarded by the head's gate
/// (exclusive for what changes the series, shared for the const functions).
class MemorySeries {
 public:
  MemorySeries(const MemorySeries&) = delete;
  MemorySeries& operator=(const MemorySeries&) = delete;

  uint64_t ref() const { return ref_; }  ///< its name in the log
  uint8_t shard() const { return shard_; }
  std::span<const LabelId> label_ids() const { return {reinterpret_cast<const LabelId*>(this + 1), label_count_}; }
  model::Labels labels(const LabelTable& table) const;
  /// True when `bytes` begin with the series' packed labels; `size` is then their size.
  bool begins(std::string_view bytes, const LabelTable& table, size_t& size) const;
  bool has_labels(std::string_view packed, const LabelTable& table) const;

  /// Time of the newest sample in order, also once it is deleted; INT64_MIN while there was none. Only grows.
  TimestampMs newest_ms() const { return newest_ms_.load(std::memory_order_relaxed); }
  bool has_late() const { return late_ != nullptr; }
  /// True when it has samples in `range`, or chunks that reach over it.
  bool overlaps(model::TimeRange range, const HeadView& view) const;
  /// True when nothing is left of it in the head.
  bool is_empty(const HeadView& view) const;

  /// The sample stored at `t_ms`, if there is one.
  std::optional<TypedSample> find(TimestampMs t_ms, const HeadView& view) const;
  /// Adds a sample newer than all. `bytes_grown` is increased by the memory it took, approximately.
  void append(model::Sample sample, HeadChunks& chunks, uint64_t& bytes_grown);
  void append(TypedSample sample, HeadChunks& chunks, uint64_t& bytes_grown);
  /// Adds a sample at a time where there is none.
  void append_late(TypedSample sample, HeadChunks& chunks, uint64_t& bytes_grown);

  /// The chunks that overlap `range`; what is still open is copied. An error when a chunk in a file is damaged.
  Result<SeriesChunks> chunks(model::TimeRange range, const HeadView& view) const;

  /// Removes the samples in `range` and returns how many there were. After an error (a chunk in a file is damaged)
  /// nothing has changed.
  Result<uint64_t> delete_range(model::TimeRange range, const HeadView& view, HeadChunks& chunks);
  /// newest_ms() where the sample of that time was deleted.
  std::optional<TimestampMs> deleted_newest_ms(const HeadView& view) const;

  /// Puts the late samples before `before_ms` into full chunks.
  void seal_late(TimestampMs before_ms, HeadChunks& chunks);
  /// Lets go of chunks that no longer count, so that segments can be removed.
  void forget_dropped(const HeadView& view, HeadChunks& chunks);

  /// For a checkpoint being read: a full chunk, older than all appends, newer than those before.
  void restore_chunk(const ChunkView& chunk, HeadChunks& chunks);
  void restore_late_chunk(const ChunkView& chunk, HeadChunks& chunks);
  /// Behind all chunks, where newest_ms() is that of a deleted sample. Ignored when it is not newer than they are.
  void restore_newest(TimestampMs newest_ms, HeadChunks& chunks);

  /// Approximate memory in use.
  uint64_t bytes() const;

  uint32_t slot() const { return slot_; }  ///< its number in the index, once defined
  void set_slot(uint32_t slot) { slot_ = slot; }

  /// The defined series that is likely to come next in a request: a hint, as good as the last request. Null at first.
  MemorySeries* follower() const { return follower_.load(std::memory_order_acquire); }
  void set_follower(MemorySeries* series) { follower_.store(series, std::memory_order_release); }

  /// Asks for the object and its labels' numbers.
  void prefetch() const {
    const char* const bytes = reinterpret_cast<const char*>(this);
    for (size_t line = 0; line < sizeof(MemorySeries) + 64; line += 64) __builtin_prefetch(bytes + line);
  }
  /// Asks for the memory that append() will write, the object itself being there already.
  void prefetch_open_chunk(const HeadChunks& chunks) const { open_.prefetch(chunks.lines()); }

  /// True once a durable, applied record holds the definition. Set under the gate and the shard's mutex.
  std::atomic<bool> defined{false};
  /// True while it is about to leave the head: new requests must not rely on it without defining it anew.
  std::atomic<bool> doomed{false};
  uint32_t pins = 0;  ///< appends under way that rely on it though it is not defined

 private:
  friend struct MemorySeriesDelete;
  friend std::unique_ptr<MemorySeries, struct MemorySeriesDelete> make_memory_series(ObjectPool& pool, uint64_t ref,
                                                                                     uint8_t shard,
                                                                                     std::span<const LabelId> labels);
  struct Late;
  struct Typed;
  struct Cut;  // what a deletion leaves of a chain

  MemorySeries(uint64_t ref, uint8_t shard, uint16_t label_count);
  ~MemorySeries();
  size_t object_bytes() const { return sizeof(MemorySeries) + label_count_ * sizeof(LabelId); }
  void append_plain(model::Sample sample, HeadChunks& chunks, uint64_t& bytes_grown);
  TimestampMs open_min_ms(const LinePool& lines) const;
  void seal(HeadChunks& chunks);
  void seal_typed(HeadChunks& chunks);
  bool has_late_near(model::TimeRange range, const HeadView& view) const;
  bool has_open() const { return open_.samples() > 0 || has_open_typed(); }
  bool has_open_typed() const;
  ChunkView open_view(const LinePool& lines) const;
  void seal_open(HeadChunks& chunks);
  Result<Cut> cut_in_order(model::TimeRange range, const HeadView& view) const;
  Result<Cut> cut_late(model::TimeRange range, const HeadView& view) const;
  void restart_late(std::span<const ChunkView> kept, HeadChunks& chunks);
  uint64_t replace_in_order(Cut cut, HeadChunks& chunks);
  uint64_t replace_late(Cut cut, model::TimeRange range, HeadChunks& chunks);
  std::optional<TypedSample> find_in_order(TimestampMs t_ms, const HeadView& view) const;
  std::optional<TypedSample> find_late(TimestampMs t_ms, const HeadView& view) const;
  Result<void> in_order_chunks(model::TimeRange range, const HeadView& view, std::vector<ChunkView>& out) const;
  Result<void> late_chunks(model::TimeRange range, const HeadView& view, std::vector<ChunkView>& out) const;

  const uint64_t ref_;
  std::atomic<MemorySeries*> follower_{nullptr};
  std::atomic<TimestampMs> newest_ms_{INT64_MIN};
  OpenChunk open_;
  HeadChunkRef sealed_ = 0;  // the newest full chunk
  std::unique_ptr<Late> late_;
  std::unique_ptr<Typed> typed_;  // the open chunk, when samples are not plain floats: then open_ is empty
  uint32_t slot_ = 0;
  const uint16_t label_count_;
  const uint8_t shard_;
};

struct MemorySeriesDelete {
  void operator()(MemorySeries* series) const;
  ObjectPool* pool = nullptr;
};
using MemorySeriesPtr = std::unique_ptr<MemorySeries, MemorySeriesDelete>;

/// A series without samples, which the pool must outlive. The labels' numbers are those of its head's table.
MemorySeriesPtr make_memory_series(ObjectPool& pool, uint64_t ref, uint8_t shard, std::span<const LabelId> labels);

}  // namespace sluice::tsdb
