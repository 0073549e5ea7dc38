#pragma once

#include <cstddef>
#include <string_view>

#include "base/secret.h"

namespace sluice::crypto {

/// HKDF-SHA256 (RFC 5869). Thread-safe.
/// Step 1: a 32-byte pseudorandom key out of `input_key`; an empty `salt` counts as 32 zero bytes.
Secret hkdf_extract(std::string_view salt, std::string_view input_key);
/// Step 2: `length` bytes for the purpose `info` names. SLUICE_CHECKs 1 <= length <= 255 * 32.
Secret hkdf_expand(std::string_view pseudorandom_key, std::string_view info, size_t length);
/// Both steps.
Secret hkdf(std::string_view salt, std::string_view input_key, std::string_view info, size_t length);

}  // namespace sluice::crypto
