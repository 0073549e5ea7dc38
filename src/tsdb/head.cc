#include "tsdb/head.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/check.h"

namespace sluice::tsdb {
namespace {

// What the index, the shard's table and the allocator take for a series, besides MemorySeries::bytes().
uint64_t overhead_bytes(const MemorySeries& series) {
  constexpr uint64_t kPerSeries = 96;
  constexpr uint64_t kPerLabel = 16;
  return kPerSeries + kPerLabel * series.labels().size();
}

// Prometheus' words (storage.ErrOutOfOrderSample, ErrDuplicateSampleForTimestamp), and which series it was.
std::string refusal_text(Verdict verdict, const MemorySeries& series, model::Sample sample, double existing) {
  const auto labels = series.labels().to_string();
  if (verdict == Verdict::kConflicting) {
    return fmt::format("duplicate sample for timestamp {}; overrides not allowed: existing {}, new value {} for "
                       "series {}",
                       sample.t_ms, existing, sample.value, labels);
  }
  return fmt::format("out of order sample for series {}: timestamp {}, the newest stored is {}", labels, sample.t_ms,
                     series.newest_ms());
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
Head::~Head() {
  // Chains are short, but nobody promises how short: no recursion by unique_ptr.
  for (auto& shard : shards_) {
    MutexLock lock(shard.mutex);
    for (auto& [hash, first] : shard.series) {
      while (first) first = std::move(first->next);
    }
  }
}

MemorySeries* Head::find(std::unique_ptr<MemorySeries>& chain, std::string_view packed) {
  for (auto* series = chain.get(); series != nullptr; series = series->next.get()) {
    if (series->labels().packed() == packed) return series;
  }
  return nullptr;
}

MemorySeries* Head::insert(std::unique_ptr<MemorySeries>& chain, uint64_t ref, model::SeriesHash hash,
                           std::string_view packed) {
  auto series = std::make_unique<MemorySeries>(ref, hash, model::Labels::from_packed(std::string(packed)));
  bytes_ += series->bytes() + overhead_bytes(*series);
  series->next = std::move(chain);
  chain = std::move(series);
  return chain.get();
}

MemorySeries* Head::resolve(model::SeriesHash hash, std::string_view packed, bool& pinned) {
  Shard& shard = shard_of(hash);
  MutexLock lock(shard.mutex);
  auto& chain = shard.series[hash];
  auto* series = find(chain, packed);
  if (series == nullptr) series = insert(chain, next_ref_.fetch_add(1, std::memory_order_relaxed), hash, packed);
  pinned = !series->defined.load(std::memory_order_relaxed);
  if (pinned) ++series->pins;
  return series;
}

void Head::unpin(std::span<MemorySeries* const> series) {
  for (auto* one : series) {
    Shard& shard = shard_of(one->hash());
    MutexLock lock(shard.mutex);
    SLUICE_CHECK(one->pins > 0, "a series is unpinned more often than pinned");
    --one->pins;
    if (one->pins == 0 && !one->defined.load(std::memory_order_relaxed)) remove(shard, one);
  }
}

void Head::remove(Shard& shard, MemorySeries* series) {
  bytes_ -= series->bytes() + overhead_bytes(*series);
  const auto entry = shard.series.find(series->hash());
  SLUICE_CHECK(entry != shard.series.end(), "a series is not in its shard");
  auto* link = &entry->second;
  while (link->get() != series) link = &(*link)->next;
  *link = std::move((*link)->next);
  if (!entry->second) shard.series.erase(entry);
}

Verdict Head::judge(const MemorySeries& series, model::Sample sample, double& existing) const {
  if (sample.t_ms > series.newest_ms()) return Verdict::kAdded;  // nearly always, and without the gate
  GateReadLock lock(gate_);
  return series.judge(sample, existing);
}

void Head::define(MemorySeries& series) {
  if (series.defined.load(std::memory_order_relaxed)) return;  // an earlier record did
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
  for (const auto& [series, sample] : samples) {
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
    auto& chain = shard.series[hash];
    series = find(chain, packed);
    if (series == nullptr) series = insert(chain, ref, hash, packed);
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
