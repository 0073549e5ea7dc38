#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace sluice::tsdb {

/// memcmp(a, b, size) == 0, without a call where that costs more than comparing: labels have 16 to 64 bytes mostly.
inline bool same_bytes(const char* a, const char* b, size_t size) {
  constexpr size_t kInlineMax = 64;
  constexpr size_t kWord = sizeof(uint64_t);
  if (size < kWord || size > kInlineMax) return std::memcmp(a, b, size) == 0;
  const auto word = [](const char* at) {
    uint64_t value;
    std::memcpy(&value, at, sizeof value);
    return value;
  };
  for (size_t at = 0; at + kWord < size; at += kWord) {
    if (word(a + at) != word(b + at)) return false;
  }
  return word(a + size - kWord) == word(b + size - kWord);
}

}  // namespace sluice::tsdb
