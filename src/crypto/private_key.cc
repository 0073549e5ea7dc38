#include "crypto/private_key.h"

#include <array>
#include <optional>

#include <fmt/format.h>
#include <openssl/core_names.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "base/check.h"
#include "base/encoding.h"
#include "crypto/openssl.h"

namespace sluice::crypto {

struct PrivateKey::Key {
  internal::EvpKey evp;
  std::optional<Curve> curve;  // none for RSA
};

namespace {

using internal::as_bytes;

std::unexpected<Error> fail_openssl(std::string_view action) {
  return fail(ErrorCode::kInternal, fmt::format("OpenSSL cannot {}: {}", action, internal::take_openssl_error()));
}

internal::BigNumber number_of(const EVP_PKEY* key, const char* parameter) {
  BIGNUM* number = nullptr;
  SLUICE_CHECK(EVP_PKEY_get_bn_param(key, parameter, &number) == 1, "a key without its parts");
  return internal::BigNumber(number);
}

std::string to_bytes(const BIGNUM* number, size_t size) {
  std::string out(size, '\0');
  SLUICE_CHECK(BN_bn2binpad(number, as_bytes(out), static_cast<int>(size)) == static_cast<int>(size),
               "a number longer than its field");
  return out;
}

std::string to_shortest_bytes(const BIGNUM* number) {
  return to_bytes(number, static_cast<size_t>(BN_num_bytes(number)));
}

std::string contents(BIO* memory) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(memory, &data);
  return std::string(data, static_cast<size_t>(size));
}

/// OpenSSL's DER as r || s.
Result<std::string> to_raw(std::string_view der, Curve curve) {
  const unsigned char* at = as_bytes(der);
  const internal::EcdsaSignature parts(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size())));
  if (!parts) return fail_openssl("read its own signature");
  const size_t size = coordinate_bytes(curve);
  return to_bytes(ECDSA_SIG_get0_r(parts.get()), size) + to_bytes(ECDSA_SIG_get0_s(parts.get()), size);
}

std::optional<Curve> curve_of(const EVP_PKEY* key) {
  std::array<char, 64> name{};
  if (EVP_PKEY_get_group_name(key, name.data(), name.size(), nullptr) != 1) return std::nullopt;
  for (const auto curve : {Curve::kP256, Curve::kP384, Curve::kP521}) {
    if (std::string_view(name.data()) == internal::group_name(curve)) return curve;
  }
  return std::nullopt;
}

// Never asks on the terminal: an encrypted key is refused.
int no_password(char*, int, int, void*) { return -1; }

}  // namespace

Result<PrivateKey> PrivateKey::generate_rsa(size_t bits) {
  if (bits < kRsaBitsMin || bits > kRsaBitsMax) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("an RSA key of {} bits; {} to {} are made", bits, kRsaBitsMin, kRsaBitsMax));
  }
  internal::EvpKey key(EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", bits));
  if (!key) return fail_openssl("make an RSA key");
  return PrivateKey(std::make_shared<const Key>(Key{.evp = std::move(key), .curve = std::nullopt}));
}

Result<PrivateKey> PrivateKey::generate_ec(Curve curve) {
  internal::EvpKey key(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", internal::group_name(curve)));
  if (!key) return fail_openssl("make an EC key");
  return PrivateKey(std::make_shared<const Key>(Key{.evp = std::move(key), .curve = curve}));
}

Result<PrivateKey> PrivateKey::from_pem(std::string_view pem) {
  const internal::Bio memory(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  internal::EvpKey key(memory ? PEM_read_bio_PrivateKey(memory.get(), nullptr, no_password, nullptr) : nullptr);
  internal::clear_openssl_errors();
  if (!key) return fail(ErrorCode::kMalformed, "not an unencrypted private key in PEM");
  if (EVP_PKEY_is_a(key.get(), "RSA") == 1) {
    return PrivateKey(std::make_shared<const Key>(Key{.evp = std::move(key), .curve = std::nullopt}));
  }
  const auto curve = EVP_PKEY_is_a(key.get(), "EC") == 1 ? curve_of(key.get()) : std::nullopt;
  internal::clear_openssl_errors();
  if (!curve) return fail(ErrorCode::kUnsupported, "a private key that is neither RSA nor on P-256, P-384 or P-521");
  return PrivateKey(std::make_shared<const Key>(Key{.evp = std::move(key), .curve = curve}));
}

Result<std::string> PrivateKey::sign(SignatureAlgorithm algorithm, std::string_view message) const {
  const bool fits = internal::is_rsa(algorithm) ? is_rsa() : key_->curve == internal::curve_of(algorithm);
  if (!fits) {
    return fail(ErrorCode::kInvalidArgument, fmt::format("{} does not fit a key of {}", to_string(algorithm),
                                                         is_rsa() ? "RSA" : to_string(*key_->curve)));
  }
  const internal::DigestContext context(EVP_MD_CTX_new());
  size_t size = 0;
  if (!context ||
      EVP_DigestSignInit(context.get(), nullptr, internal::digest_of(algorithm), nullptr, key_->evp.get()) != 1 ||
      EVP_DigestSign(context.get(), nullptr, &size, as_bytes(message), message.size()) != 1) {
    return fail_openssl("sign");
  }
  std::string signature(size, '\0');
  if (EVP_DigestSign(context.get(), as_bytes(signature), &size, as_bytes(message), message.size()) != 1) {
    return fail_openssl("sign");
  }
  signature.resize(size);
  return is_rsa() ? Result<std::string>(std::move(signature)) : to_raw(signature, *key_->curve);
}

bool PrivateKey::is_rsa() const { return !key_->curve; }

Curve PrivateKey::curve() const {
  SLUICE_CHECK(key_->curve, "an RSA key has no curve");
  return *key_->curve;
}

std::pair<std::string, std::string> PrivateKey::rsa_parts() const {
  SLUICE_CHECK(is_rsa(), "an EC key has no modulus");
  return {to_shortest_bytes(number_of(key_->evp.get(), OSSL_PKEY_PARAM_RSA_N).get()),
          to_shortest_bytes(number_of(key_->evp.get(), OSSL_PKEY_PARAM_RSA_E).get())};
}

std::pair<std::string, std::string> PrivateKey::ec_parts() const {
  const size_t size = coordinate_bytes(curve());
  return {to_bytes(number_of(key_->evp.get(), OSSL_PKEY_PARAM_EC_PUB_X).get(), size),
          to_bytes(number_of(key_->evp.get(), OSSL_PKEY_PARAM_EC_PUB_Y).get(), size)};
}

Result<PublicKey> PrivateKey::public_key() const {
  if (is_rsa()) {
    const auto [n, e] = rsa_parts();
    return PublicKey::rsa(n, e);
  }
  const auto [x, y] = ec_parts();
  return PublicKey::ec(curve(), x, y);
}

Secret PrivateKey::pem() const {
  const internal::Bio memory(BIO_new(BIO_s_secmem()));
  SLUICE_CHECK(memory && PEM_write_bio_PKCS8PrivateKey(memory.get(), key_->evp.get(), nullptr, nullptr, 0, nullptr,
                                                       nullptr) == 1,
               "OpenSSL cannot write its own key");
  return Secret(contents(memory.get()));
}

std::string PrivateKey::public_pem() const {
  const internal::Bio memory(BIO_new(BIO_s_mem()));
  SLUICE_CHECK(memory && PEM_write_bio_PUBKEY(memory.get(), key_->evp.get()) == 1, "OpenSSL cannot write its own key");
  return contents(memory.get());
}

}  // namespace sluice::crypto
