#include "ingest/series_memo.h"

#include <algorithm>
#include <bit>

namespace sluice::ingest {

SeriesMemo::SeriesMemo(size_t entries)
    : slots_(std::bit_ceil(std::max<size_t>(entries * 2, 16))), mask_(slots_.size() - 1) {}

void SeriesMemo::put(uint64_t hash, uint32_t id) {
  for (size_t probe = 0; probe < kProbesMax; ++probe) {
    Slot& slot = slots_[(hash + probe) & mask_];
    if (slot.id != kNone) continue;
    slot = {.hash = hash, .id = id};
    return;
  }
}

}  // namespace sluice::ingest
