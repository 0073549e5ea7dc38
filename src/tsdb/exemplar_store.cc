#include "tsdb/exemplar_store.h"

#include <algorithm>
#include <utility>

namespace sluice::tsdb {

using Verdict = ExemplarStore::Verdict;

Verdict ExemplarStore::judge(const model::Labels& series, const model::Exemplar& exemplar) const {
  const MutexLock lock(mutex_);
  return judge_locked(series, exemplar);
}

// Comparing with the newest one suffices: of those at one time only greater ones are taken (validateExemplar).
Verdict ExemplarStore::judge_locked(const model::Labels& series, const model::Exemplar& exemplar) const {
  if (exemplars_max_ == 0) return Verdict::kNotKept;
  const auto found = series_.find(series);
  if (found == series_.end()) return Verdict::kNew;
  const model::Exemplar& newest = slots_[found->second.newest].exemplar;
  if (exemplar == newest) return Verdict::kDuplicate;
  if (exemplar.t_ms > newest.t_ms) return Verdict::kNew;
  if (exemplar.t_ms == newest.t_ms) {
    const bool is_before = exemplar.value < newest.value ||
                           (exemplar.value == newest.value && exemplar.labels.hash().low < newest.labels.hash().low);
    return is_before ? Verdict::kOutOfOrder : Verdict::kNew;
  }
  const uint64_t age = static_cast<uint64_t>(newest.t_ms) - static_cast<uint64_t>(exemplar.t_ms);
  if (age >= static_cast<uint64_t>(std::max<int64_t>(window_ms_, 0))) return Verdict::kOutOfOrder;
  // Late ones of a native histogram come in numbers: one at that time stands for all.
  const uint32_t before = not_after(found->second, exemplar.t_ms);
  const bool is_there = before != kNone && slots_[before].exemplar.t_ms == exemplar.t_ms;
  return is_there ? Verdict::kDuplicate : Verdict::kNew;
}

Verdict ExemplarStore::add(const model::Labels& series, model::Exemplar exemplar) {
  const MutexLock lock(mutex_);
  const Verdict verdict = judge_locked(series, exemplar);
  if (verdict != Verdict::kNew) return verdict;
  const uint32_t at = take_slot();  // which may take the last one of this very series
  auto found = series_.find(series);
  if (found == series_.end()) found = series_.emplace(std::make_shared<const model::Labels>(series), Ends{}).first;
  slots_[at] = {.series = found->first, .exemplar = std::move(exemplar)};
  link(at, found->second);
  return verdict;
}

// The newest one of a series that is not after `t_ms`. Late ones are seldom very late.
uint32_t ExemplarStore::not_after(const Ends& ends, TimestampMs t_ms) const {
  uint32_t at = ends.newest;
  while (at != kNone && slots_[at].exemplar.t_ms > t_ms) at = slots_[at].older;
  return at;
}

// An empty one: new, or that of the exemplar added first.
uint32_t ExemplarStore::take_slot() {
  if (slots_.size() < exemplars_max_) {
    slots_.emplace_back();
    return static_cast<uint32_t>(slots_.size() - 1);
  }
  const uint32_t at = next_;
  next_ = at + 1 == slots_.size() ? 0 : at + 1;
  unlink(at);
  return at;
}

void ExemplarStore::unlink(uint32_t at) {
  const Slot& slot = slots_[at];
  const auto found = series_.find(slot.series);
  (slot.older == kNone ? found->second.oldest : slots_[slot.older].newer) = slot.newer;
  (slot.newer == kNone ? found->second.newest : slots_[slot.newer].older) = slot.older;
  if (found->second.oldest == kNone) series_.erase(found);
}

void ExemplarStore::link(uint32_t at, Ends& ends) {
  Slot& slot = slots_[at];
  slot.older = not_after(ends, slot.exemplar.t_ms);
  slot.newer = slot.older == kNone ? ends.oldest : slots_[slot.older].newer;
  (slot.older == kNone ? ends.oldest : slots_[slot.older].newer) = at;
  (slot.newer == kNone ? ends.newest : slots_[slot.newer].older) = at;
}

std::vector<ExemplarStore::SeriesLabels> ExemplarStore::series(model::TimeRange range) const {
  std::vector<SeriesLabels> found;
  {
    const MutexLock lock(mutex_);
    for (const auto& [labels, ends] : series_) {
      const uint32_t last = not_after(ends, range.max_ms);
      if (last != kNone && slots_[last].exemplar.t_ms >= range.min_ms) found.push_back(labels);
    }
  }
  std::ranges::sort(found, {}, [](const SeriesLabels& labels) -> const model::Labels& { return *labels; });
  return found;
}

std::vector<model::Exemplar> ExemplarStore::read(const model::Labels& series, model::TimeRange range) const {
  const MutexLock lock(mutex_);
  std::vector<model::Exemplar> exemplars;
  const auto found = series_.find(series);
  if (found == series_.end()) return exemplars;
  uint32_t at = not_after(found->second, range.max_ms);
  for (; at != kNone && slots_[at].exemplar.t_ms >= range.min_ms; at = slots_[at].older) {
    exemplars.push_back(slots_[at].exemplar);
  }
  std::ranges::reverse(exemplars);
  return exemplars;
}

void ExemplarStore::for_each(const std::function<void(const model::Labels&, const model::Exemplar&)>& visit) const {
  const MutexLock lock(mutex_);
  for (size_t i = 0; i < slots_.size(); ++i) {
    const Slot& slot = slots_[(next_ + i) % slots_.size()];
    visit(*slot.series, slot.exemplar);
  }
}

size_t ExemplarStore::size() const {
  const MutexLock lock(mutex_);
  return slots_.size();
}

size_t ExemplarStore::series_count() const {
  const MutexLock lock(mutex_);
  return series_.size();
}

void count_exemplar(Verdict verdict, model::AppendOutcome& outcome) {
  switch (verdict) {
    case Verdict::kNew:
    case Verdict::kDuplicate: ++outcome.exemplars_added; return;
    case Verdict::kOutOfOrder: ++outcome.exemplars_out_of_order; return;
    case Verdict::kNotKept: return;
  }
}

}  // namespace sluice::tsdb
