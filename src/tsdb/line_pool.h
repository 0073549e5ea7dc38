#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/memory_region.h"

namespace sluice::tsdb {

/// The number of a line in its pool; 0: none.
using LineRef = uint32_t;

/// Memory in pieces of one cache line, each of which may name a next one: for what millions of objects append to in
/// small steps. One size means that what is given back fits whoever asks next, and nothing is copied to grow.
///
/// Lines stand close together in large pages; regions without lines in use go back to the kernel. Not thread-safe, but
/// for any number of readers.
class LinePool {
 public:
  static constexpr size_t kLineBytes = 64;
  static constexpr size_t kDataBytes = kLineBytes - sizeof(LineRef);

  /// A line of unknown content, without a next one. Throws std::bad_alloc when there is no memory.
  LineRef take();
  /// Gives back a line and all that follow it.
  void give(LineRef first);

  char* data(LineRef line) { return at(line)->data; }
  const char* data(LineRef line) const { return at(line)->data; }
  LineRef next(LineRef line) const { return at(line)->next; }
  void set_next(LineRef line, LineRef next) { at(line)->next = next; }
  void prefetch(LineRef line) const { __builtin_prefetch(at(line), 1); }

  uint64_t bytes() const { return in_use_ * kLineBytes; }  ///< of lines in use
  size_t regions() const;  ///< mapped now

 private:
  struct Line {
    LineRef next;
    char data[kDataBytes];
  };
  static_assert(sizeof(Line) == kLineBytes);
  static constexpr unsigned kRegionBits = 15;
  static constexpr uint32_t kRegionLines = 1u << kRegionBits;
  static_assert(kRegionLines * kLineBytes == MemoryRegion::kUnitBytes);
  struct Region {
    bool has_room() const { return free != 0 || begun < kRegionLines; }

    MemoryRegion memory;  // none: had lines once
    LineRef free = 0;
    uint32_t begun = 1;  // lines used since it was mapped; the first one is left out, so that none has number 0
    uint32_t in_use = 0;
  };

  Line* at(LineRef line) const {
    return reinterpret_cast<Line*>(begins_[line >> kRegionBits]) + (line & (kRegionLines - 1));
  }
  void map(size_t region);
  bool has_room_before(size_t region);

  std::vector<char*> begins_;  // of the regions: all that reading needs
  std::vector<Region> regions_;
  size_t first_with_room_ = 0;  // none before it has
  uint64_t in_use_ = 0;
};

}  // namespace sluice::tsdb
