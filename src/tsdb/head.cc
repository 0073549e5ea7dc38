#include "tsdb/head.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/check.h"

namespace sluice::tsdb {
namespace {

// What the index, the shard's table and the allocator take for a series, besides MemorySeries::bytes().
uint64_t overhead_bytes(const MemorySeries& series) {
  constexpr uint64_t kPerSeries = 72;
  constexpr uint64_t kPerLabel = 16;
  return kPerSeries + kPerLabel * series.labels().size();
}

// Prometheus' words (storage.ErrOutOfOrderSample, ErrDuplicateSampleForTimestamp), and which series it was.
std::string refusal_text(Verdict verdict, const MemorySeries& series, model::Sample sample, double existing) {
  const auto labels = series.labels().to_string();
  if (verdict == Verdict::kConflicting) {
    return fmt::format(
        "duplicate sample for timestamp {}; overrides not allowed: existing {}, new value {} for "
        "series {}",
        sample.t_ms, existing, sample.value, labels);
  }
  return fmt::format("out of order sample for series {}: timestamp {}, the newest stored is {}", labels, sample.t_ms,
                     series.newest_ms());
}

// Appending to a series waits for its object and for the end of its open chunk, and the samples say which those are.
void prefetch(std::span<const HeadSample> samples, size_t at) {
  constexpr size_t kChunksAhead = 4;
  constexpr size_t kObjectsAhead = 8;
  if (at + kObjectsAhead < samples.size()) {
    const char* object = reinterpret_cast<const char*>(samples[at + kObjectsAhead].series);
    for (size_t line = 0; line < sizeof(MemorySeries); line += 64) __builtin_prefetch(object + line, 1);
  }
  if (at + kChunksAhead < samples.size()) samples[at + kChunksAhead].series->prefetch_open_chunk();
}

}  // namespace

void count_verdict(Verdict verdict, const MemorySeries& series, model::Sample sample, double existing,
                   model::AppendOutcome& outcome) {
  switch (verdict) {
    case Verdict::kAdded: ++outcome.samples_added; return;
    case Verdict::kDuplicate: ++outcome.duplicates; return;
    case Verdict::kConflicting: ++outcome.conflicting; break;
    case Verdict::kOutOfOrder: ++outcome.out_of_order; break;
  }
  if (outcome.first_refusal.empty()) outcome.first_refusal = refusal_text(verdict, series, sample, existing);
}

Head::Head() = default;
Head::~Head() = default;

MemorySeries* Head::insert(Shard& shard, uint64_t ref, model::SeriesHash hash, std::string_view packed) {
  auto series = std::make_unique<MemorySeries>(ref, hash, model::Labels::from_packed(std::string(packed)));
  bytes_ += series->bytes() + overhead_bytes(*series);
  return shard.series.insert(std::move(series));
}

MemorySeries* Head::resolve(model::SeriesHash hash, std::string_view packed, bool& pinned) {
  Shard& shard = shard_of(hash);
  MutexLock lock(shard.mutex);
  auto* series = shard.series.find(hash, packed);
  if (series == nullptr) series = insert(shard, next_ref_.fetch_add(1, std::memory_order_relaxed), hash, packed);
  pinned = !series->defined.load(std::memory_order_relaxed);
  if (pinned) ++series->pins;
  return series;
}

MemorySeries* Head::find_defined(model::SeriesHash hash, std::string_view packed) {
  Shard& shard = shard_of(hash);
  MutexLock lock(shard.mutex);
  auto* series = shard.series.find(hash, packed);
  return series != nullptr && series->defined.load(std::memory_order_relaxed) ? series : nullptr;
}

void Head::unpin(std::span<MemorySeries* const> series) {
  for (auto* one : series) {
    Shard& shard = shard_of(one->hash());
    MutexLock lock(shard.mutex);
    SLUICE_CHECK(one->pins > 0, "a series is unpinned more often than pinned");
    --one->pins;
    if (one->pins > 0 || one->defined.load(std::memory_order_relaxed)) continue;
    bytes_ -= one->bytes() + overhead_bytes(*one);
    shard.series.erase(*one);
  }
}

Verdict Head::judge(const MemorySeries& series, model::Sample sample, double& existing) const {
  if (sample.t_ms > series.newest_ms()) return Verdict::kAdded;  // nearly always, and without the gate
  GateReadLock lock(gate_);
  return series.judge(sample, existing);
}

void Head::define(MemorySeries& series) {
  if (series.defined.load(std::memory_order_relaxed)) return;  // an earlier record did
  if (index_.size() != 0) index_.at(static_cast<uint32_t>(index_.size() - 1)).set_follower(&series);
  index_.add(series);
  series_count_.fetch_add(1, std::memory_order_relaxed);
  Shard& shard = shard_of(series.hash());
  MutexLock lock(shard.mutex);
  series.defined.store(true, std::memory_order_relaxed);
}

void Head::apply(std::span<MemorySeries* const> definitions, std::span<const HeadSample> samples,
                 model::AppendOutcome& outcome) {
  TimestampMs min_ms = INT64_MAX;
  TimestampMs max_ms = INT64_MIN;
  uint64_t bytes = 0;
  const uint64_t added_before = outcome.samples_added;
  GateWriteLock lock(gate_);
  const uint64_t series_before = index_.size();
  for (auto* series : definitions) define(*series);
  for (size_t i = 0; i < samples.size(); ++i) {
    prefetch(samples, i);
    const auto& [series, sample] = samples[i];
    double existing = 0;
    const Verdict verdict = series->append(sample, existing, bytes);
    count_verdict(verdict, *series, sample, existing, outcome);
    if (verdict != Verdict::kAdded) continue;
    min_ms = std::min(min_ms, sample.t_ms);
    max_ms = std::max(max_ms, sample.t_ms);
  }
  outcome.series_created += index_.size() - series_before;
  bytes_.fetch_add(bytes, std::memory_order_relaxed);
  samples_count_.fetch_add(outcome.samples_added - added_before, std::memory_order_relaxed);
  min_ms_.store(std::min(min_ms, min_ms_.load()), std::memory_order_relaxed);
  max_ms_.store(std::max(max_ms, max_ms_.load()), std::memory_order_relaxed);
}

MemorySeries* Head::replay_define(uint64_t ref, std::string_view packed) {
  const auto hash = model::hash_packed(packed);
  MemorySeries* series = nullptr;
  {
    Shard& shard = shard_of(hash);
    MutexLock lock(shard.mutex);
    series = shard.series.find(hash, packed);
    if (series == nullptr) series = insert(shard, ref, hash, packed);
  }
  reserve_refs(ref);
  GateWriteLock lock(gate_);
  define(*series);
  return series;
}

void Head::reserve_refs(uint64_t ref) {
  if (ref >= next_ref_.load(std::memory_order_relaxed)) next_ref_.store(ref + 1, std::memory_order_relaxed);
}

HeadStats Head::stats() const {
  return {series_count_.load(), samples_count_.load(), bytes_.load(), min_ms_.load(), max_ms_.load()};
}

}  // namespace sluice::tsdb
