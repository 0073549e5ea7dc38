#include "crypto/openssl.h"

#include <array>

#include <openssl/err.h>

#include "base/check.h"

namespace sluice::crypto::internal {

std::string take_openssl_error() {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  if (code == 0) return "no reason given";
  std::array<char, 256> text{};
  ERR_error_string_n(code, text.data(), text.size());
  return text.data();
}

void clear_openssl_errors() { ERR_clear_error(); }

const EVP_MD* digest_of(SignatureAlgorithm algorithm) {
  switch (algorithm) {
    case SignatureAlgorithm::kRs256:
    case SignatureAlgorithm::kEs256: return EVP_sha256();
    case SignatureAlgorithm::kRs384:
    case SignatureAlgorithm::kEs384: return EVP_sha384();
    case SignatureAlgorithm::kRs512:
    case SignatureAlgorithm::kEs512: return EVP_sha512();
  }
  SLUICE_CHECK(false, "not a signature algorithm");
}

bool is_rsa(SignatureAlgorithm algorithm) {
  return algorithm == SignatureAlgorithm::kRs256 || algorithm == SignatureAlgorithm::kRs384 ||
         algorithm == SignatureAlgorithm::kRs512;
}

Curve curve_of(SignatureAlgorithm algorithm) {
  switch (algorithm) {
    case SignatureAlgorithm::kEs256: return Curve::kP256;
    case SignatureAlgorithm::kEs384: return Curve::kP384;
    case SignatureAlgorithm::kEs512: return Curve::kP521;
    default: break;
  }
  SLUICE_CHECK(false, "an RSA algorithm has no curve");
}

const char* group_name(Curve curve) {
  switch (curve) {
    case Curve::kP256: return "prime256v1";
    case Curve::kP384: return "secp384r1";
    case Curve::kP521: return "secp521r1";
  }
  SLUICE_CHECK(false, "not a curve");
}

}  // namespace sluice::crypto::internal
