#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/coding.h"
#include "tsdb/byte_buffer.h"

namespace sluice::tsdb {

/// Gathers a few bits, most significant first, as Prometheus' bstream does: those of one sample, put behind the last
/// byte of a stream, which may have bits free. Not thread-safe.
class BitCollector {
 public:
  static constexpr unsigned kBitsMax = 192;  ///< together, those of the last byte included

  /// `last` is the stream's last byte, whose `free` lower bits, 0 to 7, are zeros still to be written. With `free` 0
  /// the byte is complete and is not taken in.
  BitCollector(char last, unsigned free) {
    if (free == 0) return;
    used_ = 8 - free;
    word_ = static_cast<uint64_t>(static_cast<unsigned char>(last)) << 56;
  }

  /// The low `count` bits of `value`, the others of which must be zero; 1 <= count <= 64.
  void bits(uint64_t value, unsigned count) {
    const unsigned room = 64 - used_;
    if (count < room) {
      word_ |= value << (room - count);
      used_ += count;
      return;
    }
    used_ = count - room;
    store_be<uint64_t>(bytes_.data() + words_ * sizeof(uint64_t), word_ | value >> used_);
    ++words_;
    word_ = used_ == 0 ? 0 : value << (64 - used_);
  }
  void bit(bool set) { bits(set ? 1 : 0, 1); }

  /// Everything gathered, the unused bits of the last byte zero; valid until the next call.
  std::string_view finish() {
    store_be<uint64_t>(bytes_.data() + words_ * sizeof(uint64_t), word_);
    return {bytes_.data(), words_ * sizeof(uint64_t) + (used_ + 7) / 8};
  }
  unsigned free() const { return (8 - used_ % 8) % 8; }  ///< bits of the last byte still to be written

 private:
  std::array<char, kBitsMax / 8 + sizeof(uint64_t)> bytes_;  // the last word is written whole
  size_t words_ = 0;   // complete ones
  uint64_t word_ = 0;  // the one being filled, from the top
  unsigned used_ = 0;  // bits of it, below 64
};

/// Puts bits, most significant first, behind those that a buffer holds: as BitCollector, for any number of them.
/// Borrows the buffer, whose content is whole again after finish(). Not thread-safe.
class BitWriter {
 public:
  /// `free` lower bits, 0 to 7, of the buffer's last byte are zeros still to be written.
  BitWriter(ByteBuffer& out, unsigned free) : out_(out) {
    if (free == 0) return;
    used_ = 8 - free;
    word_ = static_cast<uint64_t>(static_cast<unsigned char>(out.back())) << 56;
    out.replace_tail(1, {});
  }
  BitWriter(const BitWriter&) = delete;
  BitWriter& operator=(const BitWriter&) = delete;

  /// The low `count` bits of `value`, the others of which must be zero; 1 <= count <= 64.
  void bits(uint64_t value, unsigned count) {
    const unsigned room = 64 - used_;
    if (count < room) {
      word_ |= value << (room - count);
      used_ += count;
      return;
    }
    used_ = count - room;
    append(word_ | value >> used_, sizeof(uint64_t));
    word_ = used_ == 0 ? 0 : value << (64 - used_);
  }
  void bit(bool set) { bits(set ? 1 : 0, 1); }

  /// Hands everything to the buffer; returns how many bits of its last byte are free.
  unsigned finish() {
    append(word_, (used_ + 7) / 8);
    const unsigned free = (8 - used_ % 8) % 8;
    word_ = 0;
    used_ = 0;
    return free;
  }

 private:
  void append(uint64_t word, size_t bytes) {
    char text[sizeof word];
    store_be<uint64_t>(text, word);
    out_.replace_tail(0, {text, bytes});
  }

  ByteBuffer& out_;
  uint64_t word_ = 0;  // being filled, from the top
  unsigned used_ = 0;  // bits of it, below 64
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
