#include "tsdb/line_pool.h"

#include <algorithm>

#include "base/check.h"

namespace sluice::tsdb {

// The first region has small pages, so that a small head takes little.
void LinePool::map(size_t region) {
  if (region == regions_.size()) {
    SLUICE_CHECK(region < size_t{1} << (32 - kRegionBits), "more lines than numbers");
    regions_.emplace_back();
    begins_.push_back(nullptr);
  }
  regions_[region] =
      Region{.memory = MemoryRegion(region == 0 ? MemoryRegion::Pages::kSmall : MemoryRegion::Pages::kHuge)};
  begins_[region] = regions_[region].memory.data();
}

LineRef LinePool::take() {
  (void)has_room_before(regions_.size());
  if (first_with_room_ == regions_.size() || !regions_[first_with_room_].memory) map(first_with_room_);
  Region& region = regions_[first_with_room_];
  LineRef line = region.free;
  if (line != 0) {
    allow_access(at(line), kLineBytes);
    region.free = at(line)->next;
  } else {
    line = static_cast<LineRef>(first_with_room_ << kRegionBits) + region.begun++;
  }
  ++region.in_use;
  ++in_use_;
  at(line)->next = 0;
  return line;
}

bool LinePool::has_room_before(size_t region) {
  while (first_with_room_ < region && !regions_[first_with_room_].has_room()) ++first_with_room_;
  return first_with_room_ < region;
}

void LinePool::give(LineRef first) {
  for (LineRef line = first; line != 0;) {
    const LineRef next = at(line)->next;
    const size_t number = line >> kRegionBits;
    Region& region = regions_[number];
    at(line)->next = region.free;
    region.free = line;
    forbid_access(at(line), kLineBytes);
    --in_use_;
    // Not the one that the next line would come from, or it would be mapped again and again.
    if (--region.in_use == 0 && number != 0 && has_room_before(number)) {
      region = Region{};
      begins_[number] = nullptr;
    }
    if (number < first_with_room_) first_with_room_ = number;
    line = next;
  }
}

size_t LinePool::regions() const {
  return static_cast<size_t>(
      std::ranges::count_if(regions_, [](const Region& region) { return static_cast<bool>(region.memory); }));
}

}  // namespace sluice::tsdb
