#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>

#include "tsdb/bit_stream.h"

/// How chunks hold one double after the other: as the bits in which it differs from the one before, within a window
/// that stays as long as it suffices (Gorilla, VLDB 2015, section 4.1.2; xorWrite and xorRead of tsdb/chunkenc/xor.go).
namespace sluice::tsdb {

/// The bits of a change that are written: those between `leading` and `trailing` zeros.
struct XorWindow {
  static constexpr uint8_t kNone = 0xff;  ///< `leading` while no window was chosen
  uint8_t leading = kNone;
  uint8_t trailing = 0;

  unsigned size() const { return 64u - leading - trailing; }
  bool holds(uint64_t change) const {
    return leading != kNone && std::countl_zero(change) >= leading && std::countr_zero(change) >= trailing;
  }
  template <class Out>
  void write(Out& out, uint64_t change) const {
    out.bits(change >> trailing, size());
  }
  /// Chooses the narrowest window for a change that is not zero, and writes the window (5 bits of leading zeros, 6 of
  /// size, where 64 is 0) and the change.
  template <class Out>
  void write_new(Out& out, uint64_t change) {
    leading = static_cast<uint8_t>(std::min(std::countl_zero(change), 31));
    trailing = static_cast<uint8_t>(std::countr_zero(change));
    out.bits(static_cast<uint64_t>(leading) << 6 | (size() & 63), 11);
    write(out, change);
  }
};

/// Writes `change`, the difference of two doubles' bits: `0`, `10` and the window's bits, or `11` and a new window.
template <class Out>
void append_xor_change(Out& out, uint64_t change, XorWindow& window) {
  if (change == 0) {
    out.bit(false);
  } else if (window.holds(change)) {
    out.bits(0b10, 2);
    window.write(out, change);
  } else {
    out.bits(0b11, 2);
    window.write_new(out, change);
  }
}

/// The window of a reader. Before one was read all 64 bits are inside: so does upstream's appender go on that was
/// opened on a chunk whose values had never changed.
struct XorReadWindow {
  uint8_t significant = 64;
  uint8_t trailing = 0;

  /// The change that the window's bits tell; nullptr, or what is wrong.
  const char* read(BitReader& in, uint64_t& bits) const {
    uint64_t change = 0;
    if (!in.read(significant, change)) return "cut off in a value";
    bits ^= change << trailing;
    return nullptr;
  }
  const char* read_new(BitReader& in, uint64_t& bits) {
    uint64_t window = 0;
    if (!in.read(11, window)) return "cut off in a value";
    const auto leading = static_cast<unsigned>(window >> 6);
    const auto size = static_cast<unsigned>(window & 63);
    significant = static_cast<uint8_t>(size == 0 ? 64 : size);
    if (leading + significant > 64) return "a value window of more than 64 bits";
    trailing = static_cast<uint8_t>(64 - leading - significant);
    return read(in, bits);
  }
};

/// Turns `bits`, those of the value before, into the next value's; returns nullptr, or what is wrong.
inline const char* read_xor_change(BitReader& in, uint64_t& bits, XorReadWindow& window) {
  if (in.remaining() == 0) return "cut off in a value";
  const uint64_t control = in.peek(2);
  if (control < 0b10) {
    in.skip(1);
    return nullptr;
  }
  if (in.remaining() < 2) return "cut off in a value";
  in.skip(2);
  return control == 0b10 ? window.read(in, bits) : window.read_new(in, bits);
}

}  // namespace sluice::tsdb
