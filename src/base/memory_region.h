#pragma once

#include <cstddef>
#include <utility>

namespace sluice {

/// Anonymous memory in units of two mebibytes, zeroed, aligned to them, straight from the kernel: in huge pages where
/// it gives them, so that what is touched all over costs one entry of the TLB and one page fault instead of 512. For
/// pools of small objects of which there are millions. Movable. Not thread-safe.
class MemoryRegion {
 public:
  static constexpr size_t kUnitBytes = size_t{2} << 20;

  enum class Pages {
    kSmall,  ///< memory is used as it is touched: for the beginning of what may stay small
    kHuge,   ///< a unit is used at the first touch, if the kernel has a huge page (it is asked by madvise)
  };

  MemoryRegion() = default;  ///< none
  /// `bytes` is a multiple of kUnitBytes. Throws std::bad_alloc when there is no memory.
  explicit MemoryRegion(Pages pages, size_t bytes = kUnitBytes);
  ~MemoryRegion() { reset(); }
  MemoryRegion(MemoryRegion&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  MemoryRegion& operator=(MemoryRegion&& other) noexcept {
    if (this == &other) return *this;
    reset();
    data_ = std::exchange(other.data_, nullptr);
    size_ = std::exchange(other.size_, 0);
    return *this;
  }

  char* data() const { return data_; }  ///< null: none
  explicit operator bool() const { return data_ != nullptr; }
  void reset() noexcept;  ///< gives it back

 private:
  char* data_ = nullptr;
  size_t size_ = 0;
};

/// Tell AddressSanitizer which bytes of a pool nobody may touch; nothing in other builds.
void forbid_access(const void* begin, size_t size);
void allow_access(const void* begin, size_t size);

}  // namespace sluice
