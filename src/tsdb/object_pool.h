#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/memory_region.h"
#include "base/thread_safety.h"

namespace sluice::tsdb {

/// Memory for objects of a few hundred bytes that come in millions and stay: close together in large pages, without a
/// header each. What is released serves the next object of that size; a region without objects goes back to the
/// kernel in give_back(). Larger objects come from the allocator. Thread-safe.
class ObjectPool {
 public:
  ObjectPool();
  ~ObjectPool();
  ObjectPool(const ObjectPool&) = delete;
  ObjectPool& operator=(const ObjectPool&) = delete;

  /// Aligned to 16 bytes. Throws std::bad_alloc when there is no memory.
  void* allocate(size_t bytes);
  /// `bytes` as it was allocated.
  void release(void* object, size_t bytes);
  /// Work for every object that is released and not used again.
  void give_back();

  uint64_t region_bytes() const;  ///< of all regions

 private:
  static constexpr size_t kStep = 16;
  static constexpr size_t kPooledBytesMax = 1024;
  struct Header;  // at the beginning of a region
  struct Free {
    Free* next;
  };

  static size_t class_of(size_t bytes) { return (bytes + kStep - 1) / kStep; }
  static Header& header_of(void* object);
  void begin_region() SLUICE_REQUIRES(mutex_);

  mutable Mutex mutex_;
  std::vector<MemoryRegion> regions_ SLUICE_GUARDED_BY(mutex_);  // objects are added to the last one
  size_t used_ SLUICE_GUARDED_BY(mutex_) = MemoryRegion::kUnitBytes;  // bytes of the last one
  std::array<Free*, kPooledBytesMax / kStep + 1> free_ SLUICE_GUARDED_BY(mutex_){};  // by size
};

}  // namespace sluice::tsdb
