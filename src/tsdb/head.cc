#include "tsdb/head.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/check.h"

namespace sluice::tsdb {
namespace {

std::string value_text(const TypedSample& sample) {
  const auto* value = std::get_if<double>(&sample.value);
  return value != nullptr ? fmt::format("{}", *value) : "a histogram";
}

// Prometheus' words (storage.ErrOutOfOrderSample, ErrTooOldSample, ErrDuplicateSampleForTimestamp), and which series
// it was.
std::string refusal_text(Verdict verdict, const MemorySeries& series, const LabelTable& table,
                         const TypedSample& sample, const TypedSample& existing, TimestampMs floor_ms) {
  const auto labels = series.labels(table).to_string();
  if (verdict == Verdict::kConflicting) {
    return fmt::format(
        "duplicate sample for timestamp {}; overrides not allowed: existing {}, new value {} for "
        "series {}",
        sample.t_ms, value_text(existing), value_text(sample), labels);
  }
  if (floor_ms == INT64_MAX) {
    return fmt::format("out of order sample for series {}: timestamp {}, the newest stored is {}", labels, sample.t_ms,
                       series.newest_ms());
  }
  return fmt::format(
      "too old sample for series {}: timestamp {}, the newest stored is {}, and late samples are taken from "
      "{} on",
      labels, sample.t_ms, series.newest_ms(), floor_ms);
}

// Appending to a series waits for its object and for the end of its open chunk, and the samples say which those are.
void prefetch(std::span<const HeadSample> samples, size_t at, const HeadChunks& chunks) {
  constexpr size_t kChunksAhead = 4;
  constexpr size_t kObjectsAhead = 8;
  if (at + kObjectsAhead < samples.size()) {
    const char* object = reinterpret_cast<const char*>(samples[at + kObjectsAhead].series);
    for (size_t line = 0; line < sizeof(MemorySeries); line += 64) __builtin_prefetch(object + line, 1);
  }
  if (at + kChunksAhead < samples.size()) samples[at + kChunksAhead].series->prefetch_open_chunk(chunks);
}

}  // namespace

void count_verdict(Verdict verdict, const MemorySeries& series, const LabelTable& labels, const TypedSample& sample,
                   const TypedSample& existing, TimestampMs floor_ms, model::AppendOutcome& outcome) {
  const uint64_t histograms = std::holds_alternative<double>(sample.value) ? 0 : 1;
  switch (verdict) {
    case Verdict::kAddedLate: ++outcome.samples_late; [[fallthrough]];
    case Verdict::kAdded:
      ++outcome.samples_added;
      outcome.histograms_added += histograms;
      return;
    case Verdict::kDuplicate: ++outcome.duplicates; return;
    case Verdict::kConflicting: ++outcome.conflicting; break;
    case Verdict::kOutOfOrder: ++outcome.out_of_order; break;
  }
  if (outcome.first_refusal.empty()) {
    outcome.first_refusal = refusal_text(verdict, series, labels, sample, existing, floor_ms);
  }
}

MemorySeries* SeriesResolver::resolve(model::SeriesHash hash, std::string_view packed, bool& pinned) {
  const uint8_t number = Head::shard_of(hash);
  Head::Shard& shard = head_.shards_[number];
  MutexLock lock(shard.mutex);
  auto* series = shard.series.find(hash.low, packed, head_.labels_);
  if (series == nullptr) {
    const uint64_t ref = head_.next_ref_.fetch_add(1, std::memory_order_relaxed);
    auto made = make_memory_series(head_.series_pool_, ref, number, intern(packed));
    head_.bytes_.fetch_add(made->bytes() + Head::kSeriesOverheadBytes, std::memory_order_relaxed);
    series = shard.series.insert(hash.low, std::move(made));
  } else if (series->doomed.load(std::memory_order_relaxed)) {
    // Its labels may be in no list any more: asked for anew, they stay. Who resolves it defines it anew.
    intern(packed);
    for (const LabelId id : series->label_ids()) (void)head_.labels_.intern(head_.labels_.field(id));
    series->doomed.store(false, std::memory_order_relaxed);
    pinned = true;
    ++series->pins;
    return series;
  }
  pinned = !series->defined.load(std::memory_order_relaxed);
  if (pinned) ++series->pins;
  return series;
}

std::span<const LabelId> SeriesResolver::intern(std::string_view packed) {
  size_t rank = 0;
  for (; !packed.empty(); ++rank) {
    const std::string_view field = model::take_packed_label(packed);
    if (rank == ids_.size()) ids_.push_back(kNoLabel);
    if (ids_[rank] == kNoLabel || head_.labels_.field(ids_[rank]) != field) ids_[rank] = head_.labels_.intern(field);
  }
  return std::span(ids_).first(rank);
}

Head::Head() : Head(nullptr, {}, nullptr) {}

Head::Head(FileSystem* fs, std::string chunks_directory, Logger* logger)
    : index_(labels_), chunks_(fs, std::move(chunks_directory), logger) {}

Head::~Head() = default;

MemorySeries* Head::find_defined(model::SeriesHash hash, std::string_view packed) {
  Shard& shard = shards_[shard_of(hash)];
  MutexLock lock(shard.mutex);
  auto* series = shard.series.find(hash.low, packed, labels_);
  const bool is_known = series != nullptr && series->defined.load(std::memory_order_relaxed) &&
                        !series->doomed.load(std::memory_order_relaxed);
  return is_known ? series : nullptr;
}

void Head::unpin(std::span<MemorySeries* const> series) {
  for (auto* one : series) {
    Shard& shard = shards_[one->shard()];
    MutexLock lock(shard.mutex);
    SLUICE_CHECK(one->pins > 0, "a series is unpinned more often than pinned");
    --one->pins;
    if (one->pins > 0 || one->defined.load(std::memory_order_relaxed)) continue;
    bytes_.fetch_sub(one->bytes() + kSeriesOverheadBytes, std::memory_order_relaxed);
    (void)shard.series.take(model::hash_packed(one->labels(labels_).packed()).low, *one);
  }
}

HeadView Head::view(const HeadChunks::Snapshot& chunks) const {
  return {chunks, dropped_before_ms_, late_segments_end_};
}

Verdict Head::judge_older(const MemorySeries& series, const TypedSample& sample, TimestampMs floor_ms,
                          TypedSample& existing) const {
  const auto chunks = chunks_.snapshot();
  if (auto found = series.find(sample.t_ms, view(chunks))) {
    existing = *std::move(found);
    return is_same_value(existing, sample) ? Verdict::kDuplicate : Verdict::kConflicting;
  }
  return sample.t_ms >= floor_ms ? Verdict::kAddedLate : Verdict::kOutOfOrder;
}

Verdict Head::judge(const MemorySeries& series, model::Sample sample, TimestampMs floor_ms,
                    TypedSample& existing) const {
  // Nearly always, and without the gate.
  if (sample.t_ms > series.newest_ms() && sample.t_ms >= frozen_before_ms()) return Verdict::kAdded;
  return judge(series, TypedSample::from(sample), floor_ms, existing);
}

Verdict Head::judge(const MemorySeries& series, const TypedSample& sample, TimestampMs floor_ms,
                    TypedSample& existing) const {
  if (sample.t_ms > series.newest_ms() && sample.t_ms >= frozen_before_ms()) return Verdict::kAdded;
  GateReadLock lock(gate_);
  return judge_older(series, sample, floor_ms, existing);
}

void Head::define(MemorySeries& series) {
  if (series.defined.load(std::memory_order_relaxed)) return;  // an earlier record did
  if (index_.size() != 0) index_.at(static_cast<uint32_t>(index_.size() - 1)).set_follower(&series);
  index_.add(series);
  series_count_.fetch_add(1, std::memory_order_relaxed);
  MutexLock lock(shards_[series.shard()].mutex);
  series.defined.store(true, std::memory_order_relaxed);
}

struct Head::Applied {
  void cover(TimestampMs t_ms) {
    min_ms = std::min(min_ms, t_ms);
    max_ms = std::max(max_ms, t_ms);
    ++samples;
  }
  TimestampMs min_ms = INT64_MAX;
  TimestampMs max_ms = INT64_MIN;
  uint64_t samples = 0;
  uint64_t bytes = 0;
};

void Head::add_late(MemorySeries& series, TypedSample sample, TimestampMs floor_ms, Applied& applied,
                    model::AppendOutcome& outcome) {
  TypedSample existing;
  const Verdict verdict = judge_older(series, sample, floor_ms, existing);
  count_verdict(verdict, series, labels_, sample, existing, floor_ms, outcome);
  if (verdict != Verdict::kAddedLate) return;
  applied.cover(sample.t_ms);
  if (!series.has_late()) late_series_.push_back(&series);
  series.append_late(std::move(sample), chunks_, applied.bytes);
}

void Head::add_up(const Applied& applied) {
  bytes_.fetch_add(applied.bytes, std::memory_order_relaxed);
  samples_count_.fetch_add(applied.samples, std::memory_order_relaxed);
  min_ms_.store(std::min(applied.min_ms, min_ms_.load()), std::memory_order_relaxed);
  max_ms_.store(std::max(applied.max_ms, max_ms_.load()), std::memory_order_relaxed);
}

void Head::apply(std::span<MemorySeries* const> definitions, std::span<const HeadSample> samples, TimestampMs floor_ms,
                 model::AppendOutcome& outcome) {
  Applied applied;
  GateWriteLock lock(gate_);
  const uint64_t series_before = index_.size();
  const TimestampMs frozen_before = frozen_before_ms();
  for (auto* series : definitions) define(*series);
  for (size_t i = 0; i < samples.size(); ++i) {
    prefetch(samples, i, chunks_);
    const auto& [series, sample] = samples[i];
    if (sample.t_ms > series->newest_ms() && sample.t_ms >= frozen_before) {
      series->append(sample, chunks_, applied.bytes);
      ++outcome.samples_added;
      applied.cover(sample.t_ms);
    } else {
      add_late(*series, TypedSample::from(sample), floor_ms, applied, outcome);
    }
  }
  outcome.series_created += index_.size() - series_before;
  add_up(applied);
}

void Head::apply(std::span<MemorySeries* const> definitions, std::span<HeadTypedSample> samples, TimestampMs floor_ms,
                 model::AppendOutcome& outcome) {
  Applied applied;
  GateWriteLock lock(gate_);
  const uint64_t series_before = index_.size();
  const TimestampMs frozen_before = frozen_before_ms();
  for (auto* series : definitions) define(*series);
  for (auto& [series, sample] : samples) {
    if (sample.t_ms > series->newest_ms() && sample.t_ms >= frozen_before) {
      count_verdict(Verdict::kAdded, *series, labels_, sample, {}, floor_ms, outcome);
      applied.cover(sample.t_ms);
      series->append(std::move(sample), chunks_, applied.bytes);
    } else {
      add_late(*series, std::move(sample), floor_ms, applied, outcome);
    }
  }
  outcome.series_created += index_.size() - series_before;
  add_up(applied);
}

MemorySeries* Head::replay_define(uint64_t ref, std::string_view packed) {
  const auto hash = model::hash_packed(packed);
  const uint8_t number = shard_of(hash);
  MemorySeries* series = nullptr;
  reserve_refs(ref);
  {
    Shard& shard = shards_[number];
    MutexLock lock(shard.mutex);
    series = shard.series.find(hash.low, packed, labels_);
    if (series == nullptr) {
      auto made = make_memory_series(series_pool_, ref, number, replay_resolver_.intern(packed));
      bytes_.fetch_add(made->bytes() + kSeriesOverheadBytes, std::memory_order_relaxed);
      series = shard.series.insert(hash.low, std::move(made));
    }
  }
  GateWriteLock lock(gate_);
  define(*series);
  return series;
}

void Head::reserve_refs(uint64_t ref) {
  if (ref >= next_ref_.load(std::memory_order_relaxed)) next_ref_.store(ref + 1, std::memory_order_relaxed);
}

HeadStats Head::stats() const {
  return {series_count_.load(), samples_count_.load(), bytes(), min_ms_.load(), max_ms_.load()};
}

uint64_t Head::bytes() const { return bytes_.load(std::memory_order_relaxed) + labels_.bytes(); }

}  // namespace sluice::tsdb
