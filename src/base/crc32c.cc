#include "base/crc32c.h"

#include <array>
#include <cstddef>

#include "base/coding.h"

#if defined(__x86_64__)
#include <nmmintrin.h>
#elif defined(__ARM_FEATURE_CRC32)
#include <arm_acle.h>
#endif

namespace sluice {
namespace {

constexpr uint32_t kPolynomial = 0x82f63b78;  // 0x1edc6f41 with its bits reversed

using Tables = std::array<std::array<uint32_t, 256>, 8>;

// tables[k][b]: the effect of byte b followed by k zero bytes ("slicing by eight").
constexpr Tables make_tables() {
  Tables tables{};
  for (uint32_t byte = 0; byte < 256; ++byte) {
    uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? kPolynomial : 0);
    tables[0][byte] = crc;
  }
  for (size_t k = 1; k < tables.size(); ++k) {
    for (size_t byte = 0; byte < 256; ++byte) {
      const uint32_t before = tables[k - 1][byte];
      tables[k][byte] = (before >> 8) ^ tables[0][before & 0xff];
    }
  }
  return tables;
}

constexpr Tables kTables = make_tables();

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) uint32_t extend_by_instruction(uint32_t crc, std::string_view bytes) {
  const char* at = bytes.data();
  size_t left = bytes.size();
  uint64_t state = ~crc;
  for (; left >= 8; left -= 8, at += 8) state = _mm_crc32_u64(state, load_le<uint64_t>(at));
  auto state32 = static_cast<uint32_t>(state);
  for (; left > 0; --left, ++at) state32 = _mm_crc32_u8(state32, static_cast<unsigned char>(*at));
  return ~state32;
}

bool has_instruction() {
  static const bool supported = __builtin_cpu_supports("sse4.2") != 0;
  return supported;
}
#elif defined(__ARM_FEATURE_CRC32)
uint32_t extend_by_instruction(uint32_t crc, std::string_view bytes) {
  const char* at = bytes.data();
  size_t left = bytes.size();
  uint32_t state = ~crc;
  for (; left >= 8; left -= 8, at += 8) state = __crc32cd(state, load_le<uint64_t>(at));
  for (; left > 0; --left, ++at) state = __crc32cb(state, static_cast<unsigned char>(*at));
  return ~state;
}

bool has_instruction() { return true; }
#else
uint32_t extend_by_instruction(uint32_t crc, std::string_view bytes) {
  return internal::crc32c_extend_portable(crc, bytes);
}

bool has_instruction() { return false; }
#endif

}  // namespace

namespace internal {

uint32_t crc32c_extend_portable(uint32_t crc, std::string_view bytes) {
  const char* at = bytes.data();
  size_t left = bytes.size();
  uint32_t state = ~crc;
  for (; left >= 8; left -= 8, at += 8) {
    const uint64_t word = load_le<uint64_t>(at) ^ state;
    state = 0;
    for (size_t i = 0; i < 8; ++i) state ^= kTables[7 - i][(word >> (8 * i)) & 0xff];
  }
  for (; left > 0; --left, ++at) {
    state = (state >> 8) ^ kTables[0][(state ^ static_cast<unsigned char>(*at)) & 0xff];
  }
  return ~state;
}

}  // namespace internal

uint32_t crc32c_extend(uint32_t crc, std::string_view bytes) {
  return has_instruction() ? extend_by_instruction(crc, bytes) : internal::crc32c_extend_portable(crc, bytes);
}

uint32_t crc32c(std::string_view bytes) { return crc32c_extend(0, bytes); }

}  // namespace sluice
