#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "crypto/signature_algorithm.h"

namespace sluice::crypto {

inline constexpr size_t kRsaBitsMin = 2048;
inline constexpr size_t kRsaBitsMax = 8192;  ///< above, one verification costs an attacker's request too much

/// How a verification ended.
enum class Verification : uint8_t {
  kValid,
  kInvalid,          ///< well-formed or not, this key did not make it
  kWrongAlgorithm,   ///< the algorithm does not fit the key's type or curve
};

/// A public key that verifies JWS signatures. A value; copies share the parsed key. Thread-safe: verify may
/// be called by many threads at once.
class PublicKey {
 public:
  /// From a JWK's `n` and `e`, big-endian, leading zero bytes allowed. kInvalidArgument, naming the value
  /// and the rule, unless the modulus is odd and has kRsaBitsMin..kRsaBitsMax bits, and the exponent is
  /// odd, at least 3 and at most 2^32 - 1 (FIPS 186-5 allows more; nobody issues it, and it costs time).
  static Result<PublicKey> rsa(std::string_view modulus, std::string_view exponent);

  /// From a JWK's `crv`, `x` and `y`; both coordinates exactly coordinate_bytes long (RFC 7518 6.2.1.2).
  /// kInvalidArgument when they are not or the point is not on the curve.
  static Result<PublicKey> ec(Curve curve, std::string_view x, std::string_view y);

  /// RS*: PKCS #1 v1.5, the signature as long as the modulus. ES*: raw r || s of exactly twice
  /// coordinate_bytes, both in 1..order-1 (RFC 7515 A.3, RFC 7518 3.4), never DER.
  Verification verify(SignatureAlgorithm algorithm, std::string_view message, std::string_view signature) const;

  /// True when `algorithm` fits this key's type and, for ES*, its curve.
  bool fits(SignatureAlgorithm algorithm) const;

 private:
  struct Key;
  explicit PublicKey(std::shared_ptr<const Key> key) : key_(std::move(key)) {}
  std::shared_ptr<const Key> key_;
};

}  // namespace sluice::crypto
