#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/thread_safety.h"
#include "model/queryable.h"
#include "model/write_batch.h"
#include "tsdb/gate.h"
#include "tsdb/memory_series.h"
#include "tsdb/series_index.h"
#include "tsdb/series_map.h"

namespace sluice::tsdb {

struct HeadStats {
  uint64_t series = 0;   ///< defined ones
  uint64_t samples = 0;
  uint64_t bytes = 0;    ///< approximate memory
  TimestampMs min_ms = INT64_MAX;
  TimestampMs max_ms = INT64_MIN;
};

/// A sample on its way into the head.
struct HeadSample {
  MemorySeries* series = nullptr;
  model::Sample sample;
};

/// Counts what became of a sample, and keeps the text of the first refusal.
void count_verdict(Verdict verdict, const MemorySeries& series, model::Sample sample, double existing,
                   model::AppendOutcome& outcome);

/// A workspace's series in memory.
///
/// Writers find or make series in shards, side by side. What is durable is applied by one thread at a time under
/// the gate, a whole request at once; readers take the gate shared and leave with immutable chunks. A series
/// that nothing durable defines yet exists only in its shard, held there by pins, and no reader sees it.
///
/// A query's series charge their samples to its budget as they are read; the budget must outlive them.
/// Thread-safe, but for apply() and replay_define(), of which one at a time may run.
class Head final : public model::Queryable, public std::enable_shared_from_this<Head> {
 public:
  Head();
  ~Head() override;

  /// The series with these packed labels, made if it is new. `pinned` tells that it is not defined yet: the caller
  /// defines it in its record and must unpin() it in the end.
  MemorySeries* resolve(model::SeriesHash hash, std::string_view packed, bool& pinned);
  /// The series with these packed labels, if it is defined.
  MemorySeries* find_defined(model::SeriesHash hash, std::string_view packed);
  /// Lets go of pins. What no durable record defined, and nothing pins any more, is gone.
  void unpin(std::span<MemorySeries* const> series);

  /// What apply() would answer now. kAdded may change until then; no other verdict ever does.
  Verdict judge(const MemorySeries& series, model::Sample sample, double& existing) const;
  /// Adds a durable record: its definitions, then its samples, in their order. Counts into `outcome`.
  void apply(std::span<MemorySeries* const> definitions, std::span<const HeadSample> samples,
             model::AppendOutcome& outcome);

  /// For replay: the series that the log calls `ref` and defines as `packed`, defined at once; the one that exists
  /// if these labels have been defined under another name.
  MemorySeries* replay_define(uint64_t ref, std::string_view packed);
  /// Names up to `ref` are taken.
  void reserve_refs(uint64_t ref);

  HeadStats stats() const;
  uint64_t bytes() const { return bytes_.load(std::memory_order_relaxed); }

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
  static constexpr size_t kShards = 64;
  struct Shard {
    mutable Mutex mutex;
    SeriesMap series SLUICE_GUARDED_BY(mutex);
  };

  Shard& shard_of(model::SeriesHash hash) { return shards_[hash.high % kShards]; }
  MemorySeries* insert(Shard& shard, uint64_t ref, model::SeriesHash hash, std::string_view packed)
      SLUICE_REQUIRES(shard.mutex);
  void define(MemorySeries& series) SLUICE_REQUIRES(gate_);
  Postings matching(std::span<const std::vector<model::Matcher>> selectors, model::TimeRange range) const
      __attribute__((requires_shared_capability(gate_)));

  std::array<Shard, kShards> shards_;
  std::atomic<uint64_t> next_ref_{1};
  std::atomic<uint64_t> bytes_{0};
  std::atomic<uint64_t> series_count_{0};
  std::atomic<uint64_t> samples_count_{0};
  std::atomic<TimestampMs> min_ms_{INT64_MAX};
  std::atomic<TimestampMs> max_ms_{INT64_MIN};

  mutable Gate gate_;
  SeriesIndex index_ SLUICE_GUARDED_BY(gate_);
};

}  // namespace sluice::tsdb
