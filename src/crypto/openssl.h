#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "crypto/signature_algorithm.h"

/// OpenSSL's types with owners. Included by this module's .cc files only, never by a header others use.
namespace sluice::crypto::internal {

template <auto Free>
struct Deleter {
  template <class T>
  void operator()(T* pointer) const {
    Free(pointer);
  }
};

using BigNumber = std::unique_ptr<BIGNUM, Deleter<BN_free>>;
using Bio = std::unique_ptr<BIO, Deleter<BIO_free>>;
using EcdsaSignature = std::unique_ptr<ECDSA_SIG, Deleter<ECDSA_SIG_free>>;
using EvpKey = std::unique_ptr<EVP_PKEY, Deleter<EVP_PKEY_free>>;
using EvpKeyContext = std::unique_ptr<EVP_PKEY_CTX, Deleter<EVP_PKEY_CTX_free>>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, Deleter<EVP_MD_CTX_free>>;
using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, Deleter<EVP_CIPHER_CTX_free>>;
using Certificate = std::unique_ptr<X509, Deleter<X509_free>>;

inline const unsigned char* as_bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
inline unsigned char* as_bytes(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

/// The reason OpenSSL gives for the last failure on this thread, and empties its queue.
std::string take_openssl_error();
/// Empties the queue: a refused signature must leave nothing behind for the TLS code to trip over.
void clear_openssl_errors();

const EVP_MD* digest_of(SignatureAlgorithm algorithm);
bool is_rsa(SignatureAlgorithm algorithm);
/// Of an ES* algorithm.
Curve curve_of(SignatureAlgorithm algorithm);
/// OpenSSL's name: "prime256v1".
const char* group_name(Curve curve);

}  // namespace sluice::crypto::internal
