#include "crypto/hmac.h"

#include <climits>

#include <openssl/hmac.h>

#include "base/check.h"
#include "crypto/openssl.h"

namespace sluice::crypto {

std::string hmac_sha256(std::string_view key, std::string_view message) {
  SLUICE_CHECK(key.size() <= INT_MAX, "an HMAC key of gigabytes");
  std::string out(32, '\0');
  unsigned int size = 0;
  // A null pointer would mean "the key of last time" to OpenSSL, so an empty key points at something.
  const void* key_bytes = key.empty() ? "" : key.data();
  const unsigned char* made = HMAC(EVP_sha256(), key_bytes, static_cast<int>(key.size()), internal::as_bytes(message),
                                   message.size(), internal::as_bytes(out), &size);
  SLUICE_CHECK(made != nullptr && size == out.size(), "OpenSSL cannot compute an HMAC");
  return out;
}

Secret hmac_sha256_key(std::string_view key, std::string_view message) { return Secret(hmac_sha256(key, message)); }

}  // namespace sluice::crypto
