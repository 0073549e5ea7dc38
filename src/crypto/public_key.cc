#include "crypto/public_key.h"

#include <optional>

#include <fmt/format.h>
#include <openssl/core_names.h>
#include <openssl/param_build.h>

#include "base/check.h"
#include "crypto/openssl.h"

namespace sluice::crypto {

struct PublicKey::Key {
  internal::EvpKey evp;
  size_t signature_bytes;      // of the one length a signature by this key has
  std::optional<Curve> curve;  // none for RSA
};

namespace {

using internal::as_bytes;
using internal::BigNumber;

using ParamBuilder = std::unique_ptr<OSSL_PARAM_BLD, internal::Deleter<OSSL_PARAM_BLD_free>>;
using Params = std::unique_ptr<OSSL_PARAM, internal::Deleter<OSSL_PARAM_free>>;

std::string_view without_leading_zeros(std::string_view bytes) {
  const size_t first = bytes.find_first_not_of('\0');
  return first == std::string_view::npos ? std::string_view() : bytes.substr(first);
}

size_t bit_length(std::string_view minimal) {
  if (minimal.empty()) return 0;
  size_t bits = (minimal.size() - 1) * 8;
  for (auto top = static_cast<unsigned char>(minimal.front()); top != 0; top >>= 1) ++bits;
  return bits;
}

bool is_odd(std::string_view minimal) { return !minimal.empty() && (minimal.back() & 1) != 0; }

std::unexpected<Error> invalid(std::string message) {
  internal::clear_openssl_errors();
  return fail(ErrorCode::kInvalidArgument, std::move(message));
}

BigNumber to_number(std::string_view bytes) {
  BigNumber number(BN_bin2bn(as_bytes(bytes), static_cast<int>(bytes.size()), nullptr));
  SLUICE_CHECK(number, "out of memory");
  return number;
}

/// Null when OpenSSL refuses the parts.
internal::EvpKey make_key(const char* type, OSSL_PARAM_BLD* builder) {
  const Params params(OSSL_PARAM_BLD_to_param(builder));
  const internal::EvpKeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  EVP_PKEY* key = nullptr;
  if (!params || !context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, params.get()) != 1) {
    return nullptr;
  }
  return internal::EvpKey(key);
}

/// r || s as the DER that OpenSSL wants; "" when r or s is zero. What is not below the order OpenSSL refuses.
std::string to_der(std::string_view signature) {
  const size_t half = signature.size() / 2;
  BigNumber r = to_number(signature.substr(0, half));
  BigNumber s = to_number(signature.substr(half));
  if (BN_is_zero(r.get()) || BN_is_zero(s.get())) return {};
  const internal::EcdsaSignature parts(ECDSA_SIG_new());
  SLUICE_CHECK(parts && ECDSA_SIG_set0(parts.get(), r.release(), s.release()) == 1, "out of memory");
  std::string der(static_cast<size_t>(i2d_ECDSA_SIG(parts.get(), nullptr)), '\0');
  unsigned char* at = as_bytes(der);
  i2d_ECDSA_SIG(parts.get(), &at);
  return der;
}

}  // namespace

Result<PublicKey> PublicKey::rsa(std::string_view modulus, std::string_view exponent) {
  const std::string_view n = without_leading_zeros(modulus);
  const std::string_view e = without_leading_zeros(exponent);
  const size_t bits = bit_length(n);
  if (bits < kRsaBitsMin || bits > kRsaBitsMax) {
    return invalid(fmt::format("an RSA modulus of {} bits; {} to {} are taken", bits, kRsaBitsMin, kRsaBitsMax));
  }
  if (!is_odd(n)) return invalid("an RSA modulus that is even");
  if (bit_length(e) > 32)
    return invalid(fmt::format("an RSA exponent of {} bits; at most 32 are taken", bit_length(e)));
  if (!is_odd(e) || e == "\x01") return invalid("an RSA exponent that is not an odd number of at least 3");

  const BigNumber n_number = to_number(n);
  const BigNumber e_number = to_number(e);
  const ParamBuilder builder(OSSL_PARAM_BLD_new());
  SLUICE_CHECK(builder && OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n_number.get()) == 1 &&
                   OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e_number.get()) == 1,
               "out of memory");
  internal::EvpKey key = make_key("RSA", builder.get());
  if (!key) return invalid(fmt::format("an RSA key that OpenSSL refuses: {}", internal::take_openssl_error()));
  return PublicKey(std::make_shared<const Key>(
      Key{.evp = std::move(key), .signature_bytes = (bits + 7) / 8, .curve = std::nullopt}));
}

Result<PublicKey> PublicKey::ec(Curve curve, std::string_view x, std::string_view y) {
  const size_t size = coordinate_bytes(curve);
  if (x.size() != size || y.size() != size) {
    return invalid(
        fmt::format("coordinates of {} and {} bytes; {} has {} each", x.size(), y.size(), to_string(curve), size));
  }
  std::string point = "\x04";  // SEC 1 2.3.3: uncompressed
  point.append(x).append(y);
  const ParamBuilder builder(OSSL_PARAM_BLD_new());
  SLUICE_CHECK(
      builder &&
          OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, internal::group_name(curve), 0) ==
              1 &&
          OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()) == 1,
      "out of memory");
  internal::EvpKey key = make_key("EC", builder.get());
  const internal::EvpKeyContext check(key ? EVP_PKEY_CTX_new_from_pkey(nullptr, key.get(), nullptr) : nullptr);
  if (!check || EVP_PKEY_public_check(check.get()) != 1) {
    return invalid(fmt::format("a point that is not on {}", to_string(curve)));
  }
  return PublicKey(
      std::make_shared<const Key>(Key{.evp = std::move(key), .signature_bytes = 2 * size, .curve = curve}));
}

bool PublicKey::fits(SignatureAlgorithm algorithm) const {
  if (internal::is_rsa(algorithm)) return !key_->curve;
  return key_->curve == internal::curve_of(algorithm);
}

Verification PublicKey::verify(SignatureAlgorithm algorithm, std::string_view message,
                               std::string_view signature) const {
  if (!fits(algorithm)) return Verification::kWrongAlgorithm;
  if (signature.size() != key_->signature_bytes) return Verification::kInvalid;
  std::string der;
  if (key_->curve) {
    der = to_der(signature);
    if (der.empty()) return Verification::kInvalid;
    signature = der;
  }
  const internal::DigestContext context(EVP_MD_CTX_new());
  const bool valid =
      context &&
      EVP_DigestVerifyInit(context.get(), nullptr, internal::digest_of(algorithm), nullptr, key_->evp.get()) == 1 &&
      EVP_DigestVerify(context.get(), as_bytes(signature), signature.size(), as_bytes(message), message.size()) == 1;
  if (valid) return Verification::kValid;
  internal::clear_openssl_errors();
  return Verification::kInvalid;
}

}  // namespace sluice::crypto
