#include "tsdb/object_pool.h"

#include <algorithm>
#include <new>
#include <utility>

namespace sluice::tsdb {

struct ObjectPool::Header {
  uint64_t objects = 0;
};

namespace {

constexpr size_t kHeaderBytes = 64;

}  // namespace

ObjectPool::ObjectPool() = default;
ObjectPool::~ObjectPool() = default;

ObjectPool::Header& ObjectPool::header_of(void* object) {
  const uintptr_t begin = reinterpret_cast<uintptr_t>(object) & ~(MemoryRegion::kUnitBytes - 1);
  return *reinterpret_cast<Header*>(begin);
}

// Small pages at first, so that a small head takes little.
void ObjectPool::begin_region() {
  regions_.emplace_back(regions_.empty() ? MemoryRegion::Pages::kSmall : MemoryRegion::Pages::kHuge);
  new (regions_.back().data()) Header;
  used_ = kHeaderBytes;
}

void* ObjectPool::allocate(size_t bytes) {
  if (bytes > kPooledBytesMax) return ::operator new(bytes);
  const size_t size_class = class_of(bytes);
  MutexLock lock(mutex_);
  void* object = free_[size_class];
  if (object != nullptr) {
    allow_access(object, size_class * kStep);
    free_[size_class] = static_cast<Free*>(object)->next;
  } else {
    if (used_ + size_class * kStep > MemoryRegion::kUnitBytes) begin_region();
    object = regions_.back().data() + used_;
    used_ += size_class * kStep;
  }
  ++header_of(object).objects;
  return object;
}

void ObjectPool::release(void* object, size_t bytes) {
  if (bytes > kPooledBytesMax) {
    ::operator delete(object, bytes);
    return;
  }
  const size_t size_class = class_of(bytes);
  MutexLock lock(mutex_);
  --header_of(object).objects;
  free_[size_class] = new (object) Free{free_[size_class]};
  forbid_access(object, size_class * kStep);
}

void ObjectPool::give_back() {
  MutexLock lock(mutex_);
  if (regions_.size() < 2) return;
  const auto last = regions_.end() - 1;
  const auto is_in_use = [&](const MemoryRegion& region) {
    return header_of(region.data()).objects != 0 || &region == &*last;
  };
  if (std::all_of(regions_.begin(), last, is_in_use)) return;
  for (size_t size_class = 1; size_class < free_.size(); ++size_class) {
    Free* rest = nullptr;
    for (Free* object = free_[size_class]; object != nullptr;) {
      allow_access(object, size_class * kStep);
      Free* const next = object->next;
      const bool is_kept = header_of(object).objects != 0 || &header_of(object) == &header_of(last->data());
      if (is_kept) {
        object->next = rest;
        rest = object;
        forbid_access(object, size_class * kStep);
      }
      object = next;
    }
    free_[size_class] = rest;
  }
  regions_.erase(std::remove_if(regions_.begin(), last, [&](const auto& region) { return !is_in_use(region); }), last);
}

uint64_t ObjectPool::region_bytes() const {
  MutexLock lock(mutex_);
  return regions_.size() * MemoryRegion::kUnitBytes;
}

}  // namespace sluice::tsdb
