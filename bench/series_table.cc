#include "bench/series_table.h"

#include <utility>

namespace sluice::bench {

SeriesTable::Slot& SeriesTable::find(const Hash128& hash) {
  const size_t mask = slots_.size() - 1;
  for (size_t i = hash.low & mask;; i = (i + 1) & mask) {
    Slot& slot = slots_[i];
    if (!slot.is_used || slot.hash == hash) return slot;
  }
}

void SeriesTable::grow() {
  std::vector<Slot> old(slots_.size() * 2);
  old.swap(slots_);
  for (const Slot& slot : old) {
    if (slot.is_used) find(slot.hash) = slot;
  }
}

TimestampMs& SeriesTable::at(const Hash128& hash) {
  Slot* slot = &find(hash);
  if (!slot->is_used) {
    if (2 * (size_ + 1) > slots_.size()) {
      grow();
      slot = &find(hash);
    }
    *slot = {.hash = hash, .is_used = true};
    ++size_;
  }
  return slot->newest_ms;
}

}  // namespace sluice::bench
