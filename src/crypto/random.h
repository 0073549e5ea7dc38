#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/secret.h"

namespace sluice::crypto {

/// From the operating system's cryptographic source (OpenSSL's DRBG, seeded by getrandom). A source that
/// fails is a broken machine: SLUICE_CHECKed, since no caller could go on safely. Thread-safe.
std::string random_bytes(size_t size);
Secret random_secret(size_t size);
/// A version 4 UUID, "f81d4fae-7dec-41d0-a765-00a0c91e6bf6".
std::string random_uuid();
/// `size` characters, each uniformly one of `alphabet` (1..256 characters, SLUICE_CHECKed).
std::string random_text(size_t size, std::string_view alphabet);

/// A-Z and 2-7: what follows the prefix of AWS unique ids and access key ids ("AROA" + 17, "ASIA" + 16).
inline constexpr std::string_view kUniqueIdAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
/// A-Z, a-z, 0-9.
inline constexpr std::string_view kAlphanumeric = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

}  // namespace sluice::crypto
