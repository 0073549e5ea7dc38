#pragma once

#include <cstdint>
#include <string_view>

namespace sluice {

/// XXH3 (stable since xxHash 0.8.0, so hashes may be kept on disk). Not keyed: for inputs an attacker
/// chooses, equality is decided by comparing the bytes, and tables must stand many equal hashes.
struct Hash128 {
  uint64_t low = 0;
  uint64_t high = 0;
  friend bool operator==(const Hash128&, const Hash128&) = default;
};

Hash128 hash128(std::string_view bytes);
uint64_t hash64(std::string_view bytes);
/// XXH64 with seed 0: what Prometheus hashes label sets with.
uint64_t xxh64(std::string_view bytes);

}  // namespace sluice
