#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace sluice::ingest {

/// Finds an earlier entry of the same request by the bytes of its labels: senders repeat label sets (one
/// sample an entry), and judging a set once is several times cheaper. A lookup only proposes; the caller
/// compares the labels. Bounded probing: inputs made to collide merely lose the saving. Not thread-safe.
class SeriesMemo {
 public:
  static constexpr uint32_t kNone = UINT32_MAX;

  explicit SeriesMemo(size_t entries);

  /// Calls `is_same(id)` for ids that were put under an equal hash; returns the first it accepts, or kNone.
  template <class IsSame>
  uint32_t find(uint64_t hash, IsSame is_same) const {
    for (size_t probe = 0; probe < kProbesMax; ++probe) {
      const Slot& slot = slots_[(hash + probe) & mask_];
      if (slot.id == kNone) break;
      if (slot.hash == hash && is_same(slot.id)) return slot.id;
    }
    return kNone;
  }
  void put(uint64_t hash, uint32_t id);

 private:
  static constexpr size_t kProbesMax = 8;
  struct Slot {
    uint64_t hash = 0;
    uint32_t id = kNone;
  };
  std::vector<Slot> slots_;
  size_t mask_;
};

}  // namespace sluice::ingest
