#include "tsdb/line_pool.h"

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
  while (first_with_room_ < regions_.size() && !regions_[first_with_room_].has_room()) ++first_with_room_;
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

void LinePool::give(LineRef first) {
  for (LineRef line = first; line != 0;) {
    const LineRef next = at(line)->next;
    const size_t number = line >> kRegionBits;
    Region& region = regions_[number];
    at(line)->next = region.free;
    region.free = line;
    forbid_access(at(line), kLineBytes);
    --in_use_;
    if (--region.in_use == 0 && number != 0) {
      region = Region{};
      begins_[number] = nullptr;
    }
    if (number < first_with_room_) first_with_room_ = number;
    line = next;
  }
}

}  // namespace sluice::tsdb
