#include "crypto/hmac.h"

#include <memory>

#include <openssl/core_names.h>
#include <openssl/params.h>

#include "base/check.h"
#include "crypto/openssl.h"

namespace sluice::crypto {
namespace {

using MacContext = std::unique_ptr<EVP_MAC_CTX, internal::Deleter<EVP_MAC_CTX_free>>;

// Looking HMAC and SHA-256 up in the provider takes longer than computing the MAC of a short string, so it
// is done once; every call works on a copy of this context, which itself never has a key.
const EVP_MAC_CTX* keyless_context() {
  static const EVP_MAC_CTX* const context = [] {
    EVP_MAC* mac = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
    EVP_MAC_CTX* made = mac != nullptr ? EVP_MAC_CTX_new(mac) : nullptr;
    char digest[] = "SHA256";
    const OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
                                 OSSL_PARAM_construct_end()};
    SLUICE_CHECK(made != nullptr && EVP_MAC_CTX_set_params(made, params) == 1, "OpenSSL has no HMAC-SHA256");
    return made;
  }();
  return context;
}

}  // namespace

std::string hmac_sha256(std::string_view key, std::string_view message) {
  std::string out(32, '\0');
  size_t size = 0;
  // A null key would mean "the key set before" to OpenSSL, so an empty one points at something.
  const unsigned char* key_bytes = internal::as_bytes(key.empty() ? std::string_view("") : key);
  const MacContext context(EVP_MAC_CTX_dup(keyless_context()));
  SLUICE_CHECK(context && EVP_MAC_init(context.get(), key_bytes, key.size(), nullptr) == 1 &&
                   EVP_MAC_update(context.get(), internal::as_bytes(message), message.size()) == 1 &&
                   EVP_MAC_final(context.get(), internal::as_bytes(out), &size, out.size()) == 1 && size == out.size(),
               "OpenSSL cannot compute an HMAC");
  return out;
}

Secret hmac_sha256_key(std::string_view key, std::string_view message) { return Secret(hmac_sha256(key, message)); }

}  // namespace sluice::crypto
