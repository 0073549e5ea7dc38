#pragma once

#include <array>
#include <cstdint>
#include <string>

namespace sluice {

/// "f81d4fae-7dec-41d0-a765-00a0c91e6bf6": 16 random bytes as a version 4 UUID (RFC 9562 5.4), the version
/// and variant bits set over them, lower case. The caller brings the randomness (crypto/random.h).
std::string format_uuid_v4(std::array<uint8_t, 16> random);

}  // namespace sluice
