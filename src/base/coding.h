#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

/// Integers as bytes, for every format on disk: fixed little- and big-endian, and LEB128 varints.
/// Appending grows the string; reading never goes past the end.
namespace sluice {

inline constexpr size_t kVarintBytesMax = 10;

/// `value` with its bytes turned round on machines of the other order.
template <std::unsigned_integral T>
constexpr T to_little_endian(T value) {
  return std::endian::native == std::endian::little ? value : std::byteswap(value);
}
template <std::unsigned_integral T>
constexpr T to_big_endian(T value) {
  return std::endian::native == std::endian::big ? value : std::byteswap(value);
}

/// Writes sizeof(T) bytes at `to`, which the caller has made sure exist.
template <std::unsigned_integral T>
void store_le(char* to, T value) {
  value = to_little_endian(value);
  std::memcpy(to, &value, sizeof value);
}
template <std::unsigned_integral T>
void store_be(char* to, T value) {
  value = to_big_endian(value);
  std::memcpy(to, &value, sizeof value);
}
/// Reads sizeof(T) bytes at `from`, which the caller has made sure exist: `load_le<uint32_t>(at)`.
template <std::unsigned_integral T>
T load_le(const char* from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return to_little_endian(value);
}
template <std::unsigned_integral T>
T load_be(const char* from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return to_big_endian(value);
}

/// `append_le<uint32_t>(out, n)`: the width is always named, never deduced.
template <std::unsigned_integral T>
void append_le(std::string& out, std::type_identity_t<T> value) {
  char bytes[sizeof(T)];
  store_le<T>(bytes, value);
  out.append(bytes, sizeof bytes);
}
template <std::unsigned_integral T>
void append_be(std::string& out, std::type_identity_t<T> value) {
  char bytes[sizeof(T)];
  store_be<T>(bytes, value);
  out.append(bytes, sizeof bytes);
}

/// Unsigned LEB128 (Go's encoding/binary Uvarint): seven bits a byte, least significant first.
inline void append_varint(std::string& out, uint64_t value) {
  char bytes[kVarintBytesMax];
  size_t size = 0;
  while (value >= 0x80) {
    bytes[size++] = static_cast<char>(value | 0x80);
    value >>= 7;
  }
  bytes[size++] = static_cast<char>(value);
  out.append(bytes, size);
}

constexpr uint64_t zigzag_encode(int64_t value) {
  return (static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63);
}
constexpr int64_t zigzag_decode(uint64_t value) {
  return static_cast<int64_t>(value >> 1) ^ -static_cast<int64_t>(value & 1);
}
/// Zigzag, then LEB128 (Go's Varint).
inline void append_signed_varint(std::string& out, int64_t value) { append_varint(out, zigzag_encode(value)); }

constexpr size_t varint_size(uint64_t value) { return 1 + static_cast<size_t>(63 - std::countl_zero(value | 1)) / 7; }

/// Reads a varint in [at, end) into `value`; returns what follows it, or nullptr when it is cut off, over
/// 64 bits, or longer than need be (each number has one form, so equal bytes and equal values coincide).
inline const char* read_varint(const char* at, const char* end, uint64_t& value) {
  uint64_t result = 0;
  for (unsigned shift = 0; at != end && shift < 64; shift += 7) {
    const auto byte = static_cast<unsigned char>(*at++);
    if (shift == 63 && byte > 1) return nullptr;
    result |= static_cast<uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) {
      if (byte == 0 && shift != 0) return nullptr;
      value = result;
      return at;
    }
  }
  return nullptr;
}

/// Walks bytes from front to back. A read that does not fit yields nullopt and leaves the position where it
/// was. Views it hands out borrow from the bytes given. Not thread-safe.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : begin_(bytes.data()), at_(begin_), end_(begin_ + bytes.size()) {}

  size_t offset() const { return static_cast<size_t>(at_ - begin_); }
  size_t remaining() const { return static_cast<size_t>(end_ - at_); }
  bool empty() const { return at_ == end_; }

  template <std::unsigned_integral T>
  std::optional<T> le() {
    if (remaining() < sizeof(T)) return std::nullopt;
    at_ += sizeof(T);
    return load_le<T>(at_ - sizeof(T));
  }
  template <std::unsigned_integral T>
  std::optional<T> be() {
    if (remaining() < sizeof(T)) return std::nullopt;
    at_ += sizeof(T);
    return load_be<T>(at_ - sizeof(T));
  }
  std::optional<uint64_t> varint() {
    uint64_t value = 0;
    const char* next = read_varint(at_, end_, value);
    if (next == nullptr) return std::nullopt;
    at_ = next;
    return value;
  }
  std::optional<int64_t> signed_varint() {
    const auto value = varint();
    if (!value) return std::nullopt;
    return zigzag_decode(*value);
  }
  std::optional<std::string_view> bytes(uint64_t size) {
    if (remaining() < size) return std::nullopt;
    at_ += size;
    return std::string_view(at_ - size, static_cast<size_t>(size));
  }
  /// varint(size), then that many bytes.
  std::optional<std::string_view> prefixed_bytes() {
    const char* start = at_;
    const auto size = varint();
    if (!size || remaining() < *size) {
      at_ = start;
      return std::nullopt;
    }
    return bytes(*size);
  }

 private:
  const char* begin_;
  const char* at_;
  const char* end_;
};

/// varint(size), then the bytes: what ByteReader::prefixed_bytes reads.
inline void append_prefixed_bytes(std::string& out, std::string_view bytes) {
  append_varint(out, bytes.size());
  out.append(bytes);
}

}  // namespace sluice
