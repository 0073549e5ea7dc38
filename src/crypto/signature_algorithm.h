#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace sluice::crypto {

/// The closed list of JWS algorithms (RFC 7518 3.3 and 3.4): RSASSA-PKCS1-v1_5 and ECDSA. No "none", no
/// HMAC: a public key can never be taken for a MAC's secret, since no value here stands for one.
enum class SignatureAlgorithm : uint8_t { kRs256, kRs384, kRs512, kEs256, kEs384, kEs512 };

/// By its name in a JWT header, case counts; nullopt for anything else.
std::optional<SignatureAlgorithm> parse_signature_algorithm(std::string_view name);
std::string_view to_string(SignatureAlgorithm algorithm);  ///< "RS256"

/// The NIST curves of JOSE.
enum class Curve : uint8_t { kP256, kP384, kP521 };

/// By its name in a JWK's `crv` ("P-256"), case counts; nullopt for anything else.
std::optional<Curve> parse_curve(std::string_view name);
std::string_view to_string(Curve curve);
/// Bytes of one coordinate, and of r and of s in a signature: 32, 48, 66.
size_t coordinate_bytes(Curve curve);

}  // namespace sluice::crypto
