#pragma once

#include <cstdint>
#include <string_view>

namespace sluice {

/// CRC-32C (Castagnoli, RFC 3720 B.4), the checksum of every record and of Prometheus' blocks. Uses the
/// processor's instruction where there is one (SSE 4.2, ARMv8 CRC), tables elsewhere. Thread-safe.
uint32_t crc32c(std::string_view bytes);

/// The checksum of what `crc` covers followed by `bytes`: extend(crc32c(a), b) == crc32c(a + b).
uint32_t crc32c_extend(uint32_t crc, std::string_view bytes);

namespace internal {
/// The table version, for machines without the instruction and to check the other against.
uint32_t crc32c_extend_portable(uint32_t crc, std::string_view bytes);
}  // namespace internal

}  // namespace sluice
