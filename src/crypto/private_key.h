#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "base/secret.h"
#include "crypto/public_key.h"
#include "crypto/signature_algorithm.h"

namespace sluice::crypto {

/// A signing key, for the demo's pretend issuer, its certificates, and tests: the collector itself signs no
/// JWT. A value; copies share the key. Thread-safe. kInternal where OpenSSL refuses.
class PrivateKey {
 public:
  static Result<PrivateKey> generate_rsa(size_t bits = kRsaBitsMin);  ///< takes 0.1 s and more
  static Result<PrivateKey> generate_ec(Curve curve = Curve::kP256);
  /// PEM, PKCS #8 or the older forms, unencrypted: an RSA key or one on a curve of JOSE. kMalformed for bytes
  /// that are no such PEM, kUnsupported for other keys.
  static Result<PrivateKey> from_pem(std::string_view pem);

  /// The signature as JWS carries it: RS* as the modulus is long, ES* r || s. kInvalidArgument when the
  /// algorithm does not fit the key. ES* signatures differ from call to call.
  Result<std::string> sign(SignatureAlgorithm algorithm, std::string_view message) const;

  bool is_rsa() const;
  Curve curve() const;  ///< SLUICE_CHECKs that it is no RSA key
  std::pair<std::string, std::string> rsa_parts() const;  ///< n and e, big-endian, as short as can be
  std::pair<std::string, std::string> ec_parts() const;   ///< x and y, coordinate_bytes each
  Result<PublicKey> public_key() const;
  Secret pem() const;  ///< PKCS #8, unencrypted
  /// "-----BEGIN PUBLIC KEY-----": what tests hand to HS256 to prove it is refused.
  std::string public_pem() const;

 private:
  struct Key;
  explicit PrivateKey(std::shared_ptr<const Key> key) : key_(std::move(key)) {}
  std::shared_ptr<const Key> key_;
};

}  // namespace sluice::crypto
