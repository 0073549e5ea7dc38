#pragma once

#include <string>
#include <string_view>

#include "base/secret.h"

namespace sluice::crypto {

/// HMAC-SHA256 (RFC 2104, FIPS 198-1), 32 raw bytes. Keys of any length. Thread-safe. Compare a MAC from
/// outside with equal_constant_time (compare.h), never with ==.
std::string hmac_sha256(std::string_view key, std::string_view message);
/// The same where the result is itself a key (SigV4's signing-key chain).
Secret hmac_sha256_key(std::string_view key, std::string_view message);

}  // namespace sluice::crypto
