#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/clock.h"
#include "base/hash.h"

namespace sluice::bench {

/// Series by the 128-bit hash of their labels: open addressing in one array, at most half full. Nothing is removed, and
/// a hash is trusted alone, as no server may: this is the floor. Not thread-safe.
class SeriesTable {
 public:
  SeriesTable() : slots_(kSlotsFirst) {}

  /// The newest timestamp of a series, which is added with none (0) when it is not there. Valid until the next call.
  TimestampMs& at(const Hash128& hash);
  /// Lets the processor fetch a series' slot before at() is called for it.
  void prefetch(const Hash128& hash) const { __builtin_prefetch(&slots_[hash.low & (slots_.size() - 1)]); }
  size_t size() const { return size_; }

 private:
  static constexpr size_t kSlotsFirst = 1 << 12;  ///< powers of two, so that a mask finds the slot
  struct Slot {
    Hash128 hash;
    TimestampMs newest_ms = 0;
    bool is_used = false;
  };
  Slot& find(const Hash128& hash);
  void grow();

  std::vector<Slot> slots_;
  size_t size_ = 0;
};

}  // namespace sluice::bench
