#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "base/coding.h"

namespace sluice::tsdb {

/// A string that grows bit by bit, most significant first, as Prometheus' bstream does; the unused bits of the
/// last byte are zero. Not thread-safe.
class BitWriter {
 public:
  /// Starts behind `prefix` bytes of zeros, which patch() may set later.
  explicit BitWriter(size_t prefix) : bytes_(prefix, '\0') {}

  void bit(bool set) { bits(set ? 1 : 0, 1); }

  /// The low `count` bits of `value`, the others of which must be zero; 1 <= count <= 64.
  void bits(uint64_t value, unsigned count) {
    value <<= 64 - count;
    while (count > 0) {
      if (free_ == 0) {
        bytes_.push_back('\0');
        free_ = 8;
      }
      const unsigned taken = count < free_ ? count : free_;
      const auto top = static_cast<unsigned>(value >> 56) >> (8 - free_);
      bytes_.back() = static_cast<char>(static_cast<unsigned char>(bytes_.back()) | top);
      value <<= taken;
      free_ = static_cast<uint8_t>(free_ - taken);
      count -= taken;
    }
  }

  char* prefix() { return bytes_.data(); }
  const std::string& bytes() const { return bytes_; }
  std::string take() && { return std::move(bytes_); }

 private:
  std::string bytes_;
  uint8_t free_ = 0;  // bits of the last byte still to be written
};

/// Reads bits from the front. Borrows its bytes. Not thread-safe.
class BitReader {
 public:
  explicit BitReader(std::string_view bytes) : bytes_(bytes) {}

  uint64_t remaining() const { return bytes_.size() * 8 - at_; }

  /// The next `count` bits, 0 <= count <= 64; false, and nothing read, when there are fewer.
  bool read(unsigned count, uint64_t& value) {
    if (count > remaining()) return false;
    value = 0;
    while (count > 0) {
      const unsigned skip = at_ & 7;
      const unsigned taken = count < kWindowBits ? count : kWindowBits;
      value = value << taken | window() << skip >> (64 - taken);
      at_ += taken;
      count -= taken;
    }
    return true;
  }

  /// The next `count` bits without moving, zeros where the stream has ended; 1 <= count <= 56.
  uint64_t peek(unsigned count) const { return window() << (at_ & 7) >> (64 - count); }
  /// Moves on; the caller has checked remaining().
  void skip(unsigned count) { at_ += count; }

 private:
  static constexpr unsigned kWindowBits = 56;  // within eight bytes, whatever the alignment

  // The eight bytes from the current one on, zeros behind the end.
  uint64_t window() const {
    const size_t byte = at_ / 8;
    if (bytes_.size() - byte >= sizeof(uint64_t)) return load_be<uint64_t>(bytes_.data() + byte);
    uint64_t window = 0;
    for (size_t i = 0; i < sizeof(uint64_t); ++i) {
      const size_t at = byte + i;
      window = window << 8 | (at < bytes_.size() ? static_cast<unsigned char>(bytes_[at]) : 0);
    }
    return window;
  }

  std::string_view bytes_;
  uint64_t at_ = 0;  // in bits
};

}  // namespace sluice::tsdb
