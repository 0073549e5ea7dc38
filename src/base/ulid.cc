#include "base/ulid.h"

#include <algorithm>

namespace sluice {
namespace {

constexpr std::string_view kAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
constexpr size_t kTimeSize = 6;
constexpr unsigned kBitsPerCharacter = 5;

// 26 characters hold 130 bits, so the first one carries only three.
constexpr unsigned kBitsOfFirstCharacter = 3;

std::optional<unsigned> digit(char c) {
  if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  const size_t at = kAlphabet.find(c);
  if (at == std::string_view::npos) return std::nullopt;
  return static_cast<unsigned>(at);
}

}  // namespace

Ulid Ulid::make(TimestampMs at_ms, std::array<uint8_t, kRandomSize> random) {
  Ulid ulid;
  for (size_t i = 0; i < kTimeSize; ++i) {
    ulid.bytes[i] = static_cast<uint8_t>(static_cast<uint64_t>(at_ms) >> (8 * (kTimeSize - 1 - i)));
  }
  std::ranges::copy(random, ulid.bytes.begin() + kTimeSize);
  return ulid;
}

std::optional<Ulid> Ulid::parse(std::string_view text) {
  if (text.size() != kTextSize) return std::nullopt;
  Ulid ulid;
  size_t filled = 0;
  unsigned bits = 0;
  uint32_t window = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto value = digit(text[i]);
    if (!value || (i == 0 && *value >> kBitsOfFirstCharacter != 0)) return std::nullopt;
    window = window << kBitsPerCharacter | *value;
    bits += i == 0 ? kBitsOfFirstCharacter : kBitsPerCharacter;
    if (bits >= 8) {
      bits -= 8;
      ulid.bytes[filled++] = static_cast<uint8_t>(window >> bits);
    }
  }
  return ulid;
}

TimestampMs Ulid::time_ms() const {
  uint64_t at = 0;
  for (size_t i = 0; i < kTimeSize; ++i) at = at << 8 | bytes[i];
  return static_cast<TimestampMs>(at);
}

std::string Ulid::to_string() const {
  std::string text(kTextSize, '0');
  uint32_t window = 0;
  unsigned bits = 0;
  size_t next = bytes.size();
  for (size_t i = kTextSize; i-- > 0;) {
    if (bits < kBitsPerCharacter && next > 0) {
      window |= static_cast<uint32_t>(bytes[--next]) << bits;
      bits += 8;
    }
    text[i] = kAlphabet[window & 0x1f];
    window >>= kBitsPerCharacter;
    bits -= std::min(bits, kBitsPerCharacter);
  }
  return text;
}

}  // namespace sluice
