#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/file_system.h"
#include "base/log.h"
#include "base/result.h"
#include "base/thread_safety.h"
#include "model/queryable.h"
#include "model/write_batch.h"
#include "tsdb/gate.h"
#include "tsdb/head_chunks.h"
#include "tsdb/label_table.h"
#include "tsdb/memory_series.h"
#include "tsdb/request_generations.h"
#include "tsdb/series_index.h"
#include "tsdb/series_map.h"

namespace sluice::tsdb {

struct HeadStats {
  uint64_t series = 0;   ///< defined ones
  uint64_t samples = 0;  ///< added and not dropped, approximately
  uint64_t bytes = 0;    ///< approximate memory
  TimestampMs min_ms = INT64_MAX;
  TimestampMs max_ms = INT64_MIN;
};

/// A sample on its way into the head.
struct HeadSample {
  MemorySeries* series = nullptr;
  model::Sample sample;
};

/// A sample that is no plain float on its way into the head.
struct HeadTypedSample {
  MemorySeries* series = nullptr;
  TypedSample sample;
};

/// One series of the head with all its chunks, as a block or a checkpoint takes them.
struct HeadSeriesData {
  uint64_t ref = 0;
  model::Labels labels;
  SeriesChunks chunks;
  std::optional<TimestampMs> newest_ms;  ///< of samples in order, where it is newer than all that are left
};

/// What a deletion did in the head.
struct HeadDeletion {
  uint64_t series = 0;   ///< that lost samples
  uint64_t samples = 0;
  std::optional<Error> damage;  ///< the first series that could not be read, and so stays as it is
};

class Head;

/// Finds or makes the series of one request, whose labels mostly repeat those of the series before. For one thread.
class SeriesResolver {
 public:
  explicit SeriesResolver(Head& head) : head_(head) {}
  /// The series with these packed labels, made if it is new. `pinned` tells that it is not defined yet: the caller
  /// defines it in its record and must unpin() it in the end.
  MemorySeries* resolve(model::SeriesHash hash, std::string_view packed, bool& pinned);

 private:
  friend class Head;
  std::span<const LabelId> intern(std::string_view packed);

  Head& head_;
  std::vector<LabelId> ids_;  // of the series before, and then of this one
};

/// A workspace's series in memory: what docs/storage.md calls a fold over the log.
///
/// Writers find or make series in shards, side by side. What is durable is applied by one thread at a time under the
/// gate, a whole record at once; readers take the gate shared and leave with immutable chunks. A series that nothing
/// durable defines yet exists only in its shard, held there by pins, and no reader sees it.
///
/// Pointers to series are valid while a lease() from before they were obtained is held.
///
/// A query's series charge their samples to its budget as they are read; the budget must outlive them.
/// Thread-safe, but for apply(), delete_samples(), freeze(), drop(), the retiring and the restoring functions, of which
/// one at a time may run.
class Head final : public model::Queryable {
 public:
  /// Everything in memory.
  Head();
  /// Full chunks go to files in `chunks_directory`, which belongs to this head alone; open_chunks() empties it.
  Head(FileSystem* fs, std::string chunks_directory, Logger* logger);
  ~Head() override;
  void open_chunks() { chunks_.open(); }

  RequestGenerations::Lease lease() const { return generations_.enter(); }

  /// The series with these packed labels, if it is defined.
  MemorySeries* find_defined(model::SeriesHash hash, std::string_view packed);
  /// Lets go of pins. What no durable record defined, and nothing pins any more, is gone.
  void unpin(std::span<MemorySeries* const> series);

  /// What apply() would answer now. kAdded and kAddedLate may change until then; others only when a deletion comes in
  /// between.
  Verdict judge(const MemorySeries& series, model::Sample sample, TimestampMs floor_ms, TypedSample& existing) const;
  Verdict judge(const MemorySeries& series, const TypedSample& sample, TimestampMs floor_ms,
                TypedSample& existing) const;
  /// Adds a durable record: its definitions, then its samples, in their order. Late samples are taken from `floor_ms`
  /// on. Counts into `outcome`.
  void apply(std::span<MemorySeries* const> definitions, std::span<const HeadSample> samples, TimestampMs floor_ms,
             model::AppendOutcome& outcome);
  void apply(std::span<MemorySeries* const> definitions, std::span<HeadTypedSample> samples, TimestampMs floor_ms,
             model::AppendOutcome& outcome);
  /// From here on no sample before `before_ms`, which must be the beginning of a block of time, is added in order.
  void freeze(TimestampMs before_ms);
  /// Removes the samples of these series in `range`, wherever they are; counts into `deletion`. What is in order is
  /// judged as before. Not between a freeze and its drop: what is frozen never changes.
  void delete_samples(std::span<MemorySeries* const> series, model::TimeRange range, HeadDeletion& deletion);
  /// The defined series that match and have samples in `range`.
  std::vector<MemorySeries*> find_series(std::span<const model::Matcher> matchers, model::TimeRange range) const;
  /// Forgets what was frozen last: the samples before the freeze's time that were there when it was applied.
  void drop();
  TimestampMs frozen_before_ms() const { return frozen_before_ms_.load(std::memory_order_acquire); }
  uint64_t drops() const { return drops_.load(std::memory_order_acquire); }  ///< so far
  /// True between a freeze and its drop.
  bool has_frozen() const;

  /// For replay: the series that the log calls `ref` and defines as `packed`, defined at once; the one that exists
  /// if these labels have been defined under another name.
  MemorySeries* replay_define(uint64_t ref, std::string_view packed);
  /// Names up to `ref` are taken.
  void reserve_refs(uint64_t ref);
  uint64_t next_ref() const { return next_ref_.load(std::memory_order_relaxed); }

  // Reading everything, for blocks and checkpoints.

  /// Where blocks of time begin that have samples before `before_ms`, sorted.
  Result<std::vector<TimestampMs>> block_ranges_before(TimestampMs before_ms) const;
  /// All series, in the order of their labels. Valid while no series leaves the head (see retire()).
  std::vector<MemorySeries*> sorted_series() const;
  /// All series, in the order they were added, from number `begin` on; at most `count`.
  std::vector<MemorySeries*> series_from(size_t begin, size_t count) const;
  /// Each series with its chunks that overlap `range`, all as of one moment.
  Result<std::vector<HeadSeriesData>> read_series(std::span<MemorySeries* const> series, model::TimeRange range) const;
  const LabelTable& labels() const { return labels_; }

  // Restoring a checkpoint, before anything else is done with the head.

  struct Limits {
    TimestampMs frozen_before_ms = INT64_MIN;
    TimestampMs dropped_before_ms = INT64_MIN;
    TimestampMs max_ms = INT64_MIN;
    uint64_t next_ref = 1;
  };
  Limits limits() const;
  void restore_limits(const Limits& limits);
  /// Chunks in order must be in time order. Appends go on in the last one, if it has room.
  Result<void> restore_series(uint64_t ref, std::string_view packed, const SeriesChunks& chunks,
                              std::optional<TimestampMs> newest_ms = std::nullopt);

  // What leaves the head after a drop, step by step: see docs/storage.md, Memory.

  /// Does what can be done now, in slices that hold up writers for a few milliseconds each. Returns false when
  /// nothing is left to do until the next drop.
  bool retire();
  /// Writes full chunks to their files, after an apply(), outside of any lock.
  void write_full_chunks() { chunks_.write_full(); }

  HeadStats stats() const;
  uint64_t bytes() const;
  TimestampMs max_ms() const { return max_ms_.load(std::memory_order_relaxed); }
  uint64_t chunk_file_bytes() const { return chunks_.disk_bytes(); }

  Result<std::vector<std::unique_ptr<model::Series>>> select(std::span<const model::Matcher> matchers,
                                                             model::TimeRange range,
                                                             model::QueryBudget& budget) const override;
  Result<std::vector<model::Labels>> series(std::span<const std::vector<model::Matcher>> selectors,
                                            model::TimeRange range, size_t limit) const override;
  Result<std::vector<std::string>> label_names(std::span<const std::vector<model::Matcher>> selectors,
                                               model::TimeRange range, size_t limit) const override;
  Result<std::vector<std::string>> label_values(std::string_view name,
                                                std::span<const std::vector<model::Matcher>> selectors,
                                                model::TimeRange range, size_t limit) const override;

 private:
  friend class SeriesResolver;
  friend class SeriesRecognizer;

  static constexpr size_t kShards = 64;
  struct Shard {
    mutable Mutex mutex;
    SeriesMap series SLUICE_GUARDED_BY(mutex);
  };
  enum class Retiring : uint8_t { kNothing, kForgetting, kDooming, kUnlinking, kDeleting };

  /// What the index, the shard's table and the allocator take for a series, besides MemorySeries::bytes(); about.
  static constexpr uint64_t kSeriesOverheadBytes = 64;

  static uint8_t shard_of(model::SeriesHash hash) { return static_cast<uint8_t>(hash.high % kShards); }
  void define(MemorySeries& series) SLUICE_REQUIRES(gate_);
  struct Applied;  // what an apply() adds up
  void add_late(MemorySeries& series, TypedSample sample, TimestampMs floor_ms, Applied& applied,
                model::AppendOutcome& outcome) SLUICE_REQUIRES(gate_);
  void add_up(const Applied& applied);
  Verdict judge_older(const MemorySeries& series, const TypedSample& sample, TimestampMs floor_ms,
                      TypedSample& existing) const __attribute__((requires_shared_capability(gate_)));
  HeadView view(const HeadChunks::Snapshot& chunks) const __attribute__((requires_shared_capability(gate_)));
  Postings matching(std::span<const std::vector<model::Matcher>> selectors, model::TimeRange range) const
      __attribute__((requires_shared_capability(gate_)));
  void forget_dropped();
  size_t doom();
  void unlink();
  void delete_unlinked();

  LabelTable labels_;
  ObjectPool series_pool_;
  std::array<Shard, kShards> shards_;
  RequestGenerations generations_;
  std::atomic<uint64_t> next_ref_{1};
  std::atomic<uint64_t> bytes_{0};
  std::atomic<uint64_t> series_count_{0};
  std::atomic<uint64_t> samples_count_{0};
  std::atomic<TimestampMs> min_ms_{INT64_MAX};
  std::atomic<TimestampMs> max_ms_{INT64_MIN};
  std::atomic<TimestampMs> frozen_before_ms_{INT64_MIN};
  std::atomic<uint64_t> drops_{0};

  mutable Gate gate_;
  SeriesIndex index_ SLUICE_GUARDED_BY(gate_);
  HeadChunks chunks_;  // filled under the gate
  TimestampMs dropped_before_ms_ SLUICE_GUARDED_BY(gate_) = INT64_MIN;
  uint32_t late_segments_end_ SLUICE_GUARDED_BY(gate_) = 0;
  uint32_t frozen_segments_end_ SLUICE_GUARDED_BY(gate_) = 0;
  std::vector<MemorySeries*> late_series_ SLUICE_GUARDED_BY(gate_);  // those that has_late()

  SeriesResolver replay_resolver_{*this};

  // Of the thread that retires.
  std::atomic<Retiring> retiring_{Retiring::kNothing};  // drop() begins it
  std::vector<MemorySeriesPtr> unlinked_;
};

/// Counts what became of a sample, and keeps the text of the first refusal. `labels` is asked for it only then.
void count_verdict(Verdict verdict, const MemorySeries& series, const LabelTable& labels, const TypedSample& sample,
                   const TypedSample& existing, TimestampMs floor_ms, model::AppendOutcome& outcome);

}  // namespace sluice::tsdb
