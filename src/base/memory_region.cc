#include "base/memory_region.h"

#include <sys/mman.h>

#include <cstdint>
#include <new>

#include "base/check.h"

#if __has_feature(address_sanitizer)
#include <sanitizer/asan_interface.h>
#endif

namespace sluice {

// The kernel aligns to small pages only, so more is mapped, and what is too much given back.
MemoryRegion::MemoryRegion(Pages pages, size_t bytes) : size_(bytes) {
  SLUICE_CHECK(bytes != 0 && bytes % kUnitBytes == 0, "a region is made of whole units");
  void* const mapped = ::mmap(nullptr, bytes + kUnitBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) throw std::bad_alloc();
  char* const begin = static_cast<char*>(mapped);
  const size_t before = (kUnitBytes - reinterpret_cast<uintptr_t>(begin) % kUnitBytes) % kUnitBytes;
  data_ = begin + before;
  if (before != 0) (void)::munmap(begin, before);
  (void)::munmap(data_ + bytes, kUnitBytes - before);
  // Said in both cases: by default many systems give huge pages to whoever did not say.
  (void)::madvise(data_, bytes, pages == Pages::kHuge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
}

void MemoryRegion::reset() noexcept {
  if (data_ == nullptr) return;
  allow_access(data_, size_);
  (void)::munmap(std::exchange(data_, nullptr), std::exchange(size_, 0));
}

#if __has_feature(address_sanitizer)
void forbid_access(const void* begin, size_t size) { __asan_poison_memory_region(begin, size); }
void allow_access(const void* begin, size_t size) { __asan_unpoison_memory_region(begin, size); }
#else
void forbid_access(const void*, size_t) {}
void allow_access(const void*, size_t) {}
#endif

}  // namespace sluice
