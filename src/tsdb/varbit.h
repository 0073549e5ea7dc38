#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "tsdb/bit_stream.h"

/// The integers of variable size that histogram chunks are made of (tsdb/chunkenc/varbit.go): as many ones as the size
/// class says and a zero, then the bits; nine ones at most, without the zero.
namespace sluice::tsdb {

namespace varbit {
/// Bits of the size classes after the first, which is a lone 0 for zero.
inline constexpr unsigned kSizes[] = {3, 6, 9, 12, 18, 25, 56, 64};
inline constexpr unsigned kClasses = 8;

constexpr uint64_t low_bits(uint64_t value, unsigned count) {
  return count == 64 ? value : value & ((uint64_t{1} << count) - 1);
}

template <class Out>
void append(Out& out, uint64_t value, unsigned size_class) {
  const unsigned ones = size_class + 1;
  if (ones == kClasses) out.bits(0xff, 8);
  else out.bits(((uint64_t{1} << ones) - 1) << 1, ones + 1);
  out.bits(low_bits(value, kSizes[size_class]), kSizes[size_class]);
}

/// The size of the number that follows, 0 when it is zero; false when the bits have ended.
inline bool read_size(BitReader& in, unsigned& size) {
  const auto ones = static_cast<unsigned>(std::countl_one(static_cast<uint8_t>(in.peek(8))));
  const unsigned prefix = std::min(ones + 1, kClasses);
  if (in.remaining() < prefix) return false;
  in.skip(prefix);
  size = ones == 0 ? 0 : kSizes[ones - 1];
  return true;
}
}  // namespace varbit

/// `out` is a BitWriter or a BitCollector.
template <class Out>
void append_varbit(Out& out, uint64_t value) {
  if (value == 0) return out.bit(false);
  unsigned size_class = 0;
  while (static_cast<unsigned>(std::bit_width(value)) > varbit::kSizes[size_class]) ++size_class;
  varbit::append(out, value, size_class);
}

/// Signed: the range of n bits is lopsided, -(2^(n-1) - 1) to 2^(n-1).
template <class Out>
void append_signed_varbit(Out& out, int64_t value) {
  if (value == 0) return out.bit(false);
  const auto fits = [value](unsigned bits) {
    return bits == 64 || (-((int64_t{1} << (bits - 1)) - 1) <= value && value <= int64_t{1} << (bits - 1));
  };
  unsigned size_class = 0;
  while (!fits(varbit::kSizes[size_class])) ++size_class;
  varbit::append(out, static_cast<uint64_t>(value), size_class);
}

/// False, and `value` is anything, when the bits end before the number does.
inline bool read_varbit(BitReader& in, uint64_t& value) {
  unsigned size = 0;
  return varbit::read_size(in, size) && in.read(size, value);
}

inline bool read_signed_varbit(BitReader& in, int64_t& value) {
  unsigned size = 0;
  uint64_t bits = 0;
  if (!varbit::read_size(in, size) || !in.read(size, bits)) return false;
  // Negative values come back as large ones; exactly 2^(n-1) is positive.
  if (size != 0 && size != 64 && bits > uint64_t{1} << (size - 1)) bits -= uint64_t{1} << size;
  value = static_cast<int64_t>(bits);
  return true;
}

/// LEB128, as Go's binary.PutUvarint writes it, at any bit.
template <class Out>
void append_varint_bits(Out& out, uint64_t value) {
  for (; value >= 0x80; value >>= 7) out.bits((value & 0x7f) | 0x80, 8);
  out.bits(value, 8);
}

/// nullptr, or what is wrong with it.
inline const char* read_varint_bits(BitReader& in, uint64_t& value) {
  value = 0;
  uint64_t byte = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    if (!in.read(8, byte)) return "cut off in a timestamp";
    if (shift == 63 && byte > 1) break;
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) return nullptr;
  }
  return "a timestamp of more than 64 bits";
}

}  // namespace sluice::tsdb
