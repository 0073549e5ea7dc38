#include "crypto/hkdf.h"

#include <string>

#include "base/check.h"
#include "crypto/hmac.h"

namespace sluice::crypto {
namespace {

constexpr size_t kHashBytes = 32;

}  // namespace

Secret hkdf_extract(std::string_view salt, std::string_view input_key) {
  // HMAC pads its key with zeros, so an empty salt is the same as the 32 zero bytes of RFC 5869 2.2.
  return hmac_sha256_key(salt, input_key);
}

Secret hkdf_expand(std::string_view pseudorandom_key, std::string_view info, size_t length) {
  SLUICE_CHECK(length >= 1 && length <= 255 * kHashBytes, "HKDF yields 1 to 8160 bytes");
  std::string out;
  out.reserve(length + kHashBytes);  // never moved, so no copy of the key is left in freed memory
  std::string block;
  for (unsigned char counter = 1; out.size() < length; ++counter) {
    std::string message;
    message.reserve(kHashBytes + info.size() + 1);
    message.append(block).append(info) += static_cast<char>(counter);
    wipe(block.data(), block.size());
    block = hmac_sha256(pseudorandom_key, message);
    wipe(message.data(), message.size());
    out += block;
  }
  wipe(block.data(), block.size());
  wipe(out.data() + length, out.size() - length);
  out.resize(length);
  return Secret(std::move(out));
}

Secret hkdf(std::string_view salt, std::string_view input_key, std::string_view info, size_t length) {
  return hkdf_expand(hkdf_extract(salt, input_key).reveal(), info, length);
}

}  // namespace sluice::crypto
