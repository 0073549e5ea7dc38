#include <algorithm>
#include <utility>

#include "tsdb/head.h"

/// Deleting samples: docs/storage.md, Deletion.
namespace sluice::tsdb {

std::vector<MemorySeries*> Head::find_series(std::span<const model::Matcher> matchers, model::TimeRange range) const {
  GateReadLock lock(gate_);
  const auto chunks = chunks_.snapshot();
  std::vector<MemorySeries*> found;
  for (const uint32_t slot : index_.select(matchers)) {
    MemorySeries& series = index_.at(slot);
    if (series.overlaps(range, view(chunks))) found.push_back(&series);
  }
  return found;
}

void Head::delete_samples(std::span<MemorySeries* const> series, model::TimeRange range, HeadDeletion& deletion) {
  uint64_t bytes_grown = 0;  // wraps around where less is held than before
  uint64_t samples = 0;
  bool are_late_gone = false;
  GateWriteLock lock(gate_);
  for (MemorySeries* one : series) {
    const uint64_t bytes_before = one->bytes();
    const bool had_late = one->has_late();
    const auto chunks = chunks_.snapshot();
    const auto removed = one->delete_range(range, view(chunks), chunks_);
    if (!removed && !deletion.damage) deletion.damage = removed.error();
    if (!removed || *removed == 0) continue;
    ++deletion.series;
    samples += *removed;
    bytes_grown += one->bytes() - bytes_before;
    are_late_gone |= had_late && !one->has_late();
  }
  if (are_late_gone) std::erase_if(late_series_, [](const MemorySeries* one) { return !one->has_late(); });
  deletion.samples += samples;
  bytes_.fetch_add(bytes_grown, std::memory_order_relaxed);
  samples_count_.fetch_sub(samples, std::memory_order_relaxed);
}

}  // namespace sluice::tsdb
