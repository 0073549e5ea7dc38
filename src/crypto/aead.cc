#include "crypto/aead.h"

#include <climits>

#include "base/check.h"
#include "crypto/openssl.h"
#include "crypto/random.h"

namespace sluice::crypto {
namespace {

using internal::as_bytes;

int checked_size(std::string_view bytes) {
  SLUICE_CHECK(bytes.size() <= INT_MAX, "a message of gigabytes");
  return static_cast<int>(bytes.size());
}

}  // namespace

std::string seal(const Secret& key, std::string_view associated_data, std::string_view plain_text) {
  SLUICE_CHECK(key.size() == kAeadKeyBytes, "AES-256-GCM takes a key of 32 bytes");
  std::string out = random_bytes(kAeadNonceBytes);
  out.resize(kAeadOverheadBytes + plain_text.size());
  unsigned char* const nonce = as_bytes(out);
  unsigned char* const cipher_text = nonce + kAeadNonceBytes;
  unsigned char* const tag = cipher_text + plain_text.size();
  const internal::CipherContext context(EVP_CIPHER_CTX_new());
  int size = 0;
  const bool sealed =
      context && EVP_EncryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, as_bytes(key.reveal()), nonce) == 1 &&
      EVP_EncryptUpdate(context.get(), nullptr, &size, as_bytes(associated_data), checked_size(associated_data)) == 1 &&
      EVP_EncryptUpdate(context.get(), cipher_text, &size, as_bytes(plain_text), checked_size(plain_text)) == 1 &&
      EVP_EncryptFinal_ex(context.get(), tag, &size) == 1 &&
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_GET_TAG, kAeadTagBytes, tag) == 1;
  SLUICE_CHECK(sealed, "OpenSSL cannot encrypt");
  return out;
}

Result<std::string> open_sealed(const Secret& key, std::string_view associated_data, std::string_view sealed) {
  SLUICE_CHECK(key.size() == kAeadKeyBytes, "AES-256-GCM takes a key of 32 bytes");
  const auto refused = [] {
    internal::clear_openssl_errors();
    return fail(ErrorCode::kUnauthenticated, "the sealed bytes were not made with this key, or were altered");
  };
  if (sealed.size() < kAeadOverheadBytes) return refused();
  const std::string_view nonce = sealed.substr(0, kAeadNonceBytes);
  const std::string_view cipher_text = sealed.substr(kAeadNonceBytes, sealed.size() - kAeadOverheadBytes);
  std::string tag(sealed.substr(sealed.size() - kAeadTagBytes));
  std::string out(cipher_text.size(), '\0');
  const internal::CipherContext context(EVP_CIPHER_CTX_new());
  int size = 0;
  const bool opened =
      context &&
      EVP_DecryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, as_bytes(key.reveal()), as_bytes(nonce)) == 1 &&
      EVP_DecryptUpdate(context.get(), nullptr, &size, as_bytes(associated_data), checked_size(associated_data)) == 1 &&
      EVP_DecryptUpdate(context.get(), as_bytes(out), &size, as_bytes(cipher_text), checked_size(cipher_text)) == 1 &&
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_SET_TAG, kAeadTagBytes, tag.data()) == 1 &&
      EVP_DecryptFinal_ex(context.get(), as_bytes(out) + out.size(), &size) == 1;
  if (!opened) {
    wipe(out.data(), out.size());  // plain text that was not authenticated goes nowhere
    return refused();
  }
  return out;
}

}  // namespace sluice::crypto
