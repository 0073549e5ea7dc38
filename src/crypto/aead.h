#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"

namespace sluice::crypto {

inline constexpr size_t kAeadKeyBytes = 32;
inline constexpr size_t kAeadNonceBytes = 12;
inline constexpr size_t kAeadTagBytes = 16;
/// What sealing adds to the plain text's length.
inline constexpr size_t kAeadOverheadBytes = kAeadNonceBytes + kAeadTagBytes;

/// AES-256-GCM (NIST SP 800-38D): nonce | ciphertext | tag, the 96-bit nonce fresh from the system's random
/// source. `associated_data` is authenticated, not carried. With random nonces one key is good for 2^32
/// messages (SP 800-38D 8.3); callers derive a key per message or rotate long before. SLUICE_CHECKs that
/// the key has kAeadKeyBytes. Thread-safe.
std::string seal(const Secret& key, std::string_view associated_data, std::string_view plain_text);

/// kUnauthenticated, always with the same text, when the bytes were not sealed under this key and
/// associated data: too short, cut, altered.
Result<std::string> open_sealed(const Secret& key, std::string_view associated_data, std::string_view sealed);

}  // namespace sluice::crypto
