#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>

namespace sluice::tsdb {

/// Bytes that grow at their end, for objects of which there are millions: 16 bytes by itself, and a buffer that grows
/// in small steps instead of doubling. At most 4 GB. Movable. Not thread-safe.
class ByteBuffer {
 public:
  ByteBuffer() = default;
  ByteBuffer(ByteBuffer&& other) noexcept
      : data_(std::move(other.data_)), size_(std::exchange(other.size_, 0)),
        capacity_(std::exchange(other.capacity_, 0)) {}
  ByteBuffer& operator=(ByteBuffer&& other) noexcept {
    data_ = std::move(other.data_);
    size_ = std::exchange(other.size_, 0);
    capacity_ = std::exchange(other.capacity_, 0);
    return *this;
  }

  size_t size() const { return size_; }
  size_t capacity() const { return capacity_; }
  std::string_view view() const { return {data_.get(), size_}; }
  char back() const { return data_[size_ - 1]; }  ///< not of an empty one
  void prefetch() const {
    if (size_ != 0) __builtin_prefetch(data_.get() + size_ - 1, 1);
  }

  /// Puts `bytes` in place of the last `replaced` ones.
  void replace_tail(size_t replaced, std::string_view bytes) {
    const size_t kept = size_ - replaced;
    const size_t size = kept + bytes.size();
    if (size > capacity_) grow(size);
    if (!bytes.empty()) std::memcpy(data_.get() + kept, bytes.data(), bytes.size());
    size_ = static_cast<uint32_t>(size);
  }
  /// Lets go of the memory too.
  void clear() { *this = ByteBuffer(); }

 private:
  // By about a quarter, in sizes that allocators hand out as they are: four classes to each doubling; and by 32 bytes
  // at least, since every step is an allocation.
  static size_t step_of(size_t capacity) {
    size_t step = 32;
    while (step * 8 <= capacity) step *= 2;
    return step;
  }
  void grow(size_t size) {
    size_t capacity = capacity_ < kFirst ? kFirst : capacity_;
    while (capacity < size) capacity += step_of(capacity);
    auto data = std::make_unique_for_overwrite<char[]>(capacity);
    if (size_ != 0) std::memcpy(data.get(), data_.get(), size_);
    data_ = std::move(data);
    capacity_ = static_cast<uint32_t>(capacity);
  }

  static constexpr size_t kFirst = 32;

  std::unique_ptr<char[]> data_;
  uint32_t size_ = 0;
  uint32_t capacity_ = 0;
};

}  // namespace sluice::tsdb
