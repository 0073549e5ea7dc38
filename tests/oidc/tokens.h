#pragma once

#include <string>
#include <string_view>
#include <utility>

#include <fmt/core.h>

#include "base/check.h"
#include "base/encoding.h"
#include "crypto/private_key.h"

// Pretend issuers for tests: keys made once a process, tokens and key sets made by hand, so that a test can
// write any header and any claims.
namespace sluice::test {

inline const crypto::PrivateKey& rsa_key() {
  static const crypto::PrivateKey key = crypto::PrivateKey::generate_rsa(2048).value();
  return key;
}
inline const crypto::PrivateKey& other_rsa_key() {
  static const crypto::PrivateKey key = crypto::PrivateKey::generate_rsa(2048).value();
  return key;
}
inline const crypto::PrivateKey& ec_key(crypto::Curve curve = crypto::Curve::kP256) {
  static const crypto::PrivateKey p256 = crypto::PrivateKey::generate_ec(crypto::Curve::kP256).value();
  static const crypto::PrivateKey p384 = crypto::PrivateKey::generate_ec(crypto::Curve::kP384).value();
  static const crypto::PrivateKey p521 = crypto::PrivateKey::generate_ec(crypto::Curve::kP521).value();
  return curve == crypto::Curve::kP256 ? p256 : curve == crypto::Curve::kP384 ? p384 : p521;
}

/// Members of a JWK without the braces: `"kty":"RSA","n":..,"e":..`.
inline std::string jwk_numbers(const crypto::PrivateKey& key) {
  if (key.is_rsa()) {
    const auto [n, e] = key.rsa_parts();
    return fmt::format(R"("kty":"RSA","n":"{}","e":"{}")", base64url_encode(n), base64url_encode(e));
  }
  const auto [x, y] = key.ec_parts();
  return fmt::format(R"("kty":"EC","crv":"{}","x":"{}","y":"{}")", crypto::to_string(key.curve()), base64url_encode(x),
                     base64url_encode(y));
}
/// One JWK, `extra` being further members with a leading comma.
inline std::string jwk(const crypto::PrivateKey& key, std::string_view kid,
                       std::string_view extra = R"(,"use":"sig")") {
  return fmt::format(R"({{{},"kid":"{}"{}}})", jwk_numbers(key), kid, extra);
}
inline std::string jwks(std::string_view keys) { return fmt::format(R"({{"keys":[{}]}})", keys); }
/// The key set of the pretend issuers: one RSA key "rsa-1", one EC key of each curve.
inline std::string issuer_jwks() {
  return jwks(jwk(rsa_key(), "rsa-1") + "," + jwk(ec_key(crypto::Curve::kP256), "ec-256") + "," +
              jwk(ec_key(crypto::Curve::kP384), "ec-384") + "," + jwk(ec_key(crypto::Curve::kP521), "ec-521"));
}

inline std::string unsigned_token(std::string_view header, std::string_view claims) {
  return base64url_encode(header) + "." + base64url_encode(claims);
}
inline std::string with_signature(std::string_view signing_input, std::string_view signature) {
  return std::string(signing_input) + "." + base64url_encode(signature);
}
/// Signed by `key` with `algorithm`, whatever the header says.
inline std::string signed_token(const crypto::PrivateKey& key, crypto::SignatureAlgorithm algorithm,
                                std::string_view header, std::string_view claims) {
  const std::string input = unsigned_token(header, claims);
  return with_signature(input, key.sign(algorithm, input).value());
}
/// The usual case: RS256 by rsa_key() under the kid "rsa-1".
inline std::string rs256_token(std::string_view claims) {
  return signed_token(rsa_key(), crypto::SignatureAlgorithm::kRs256, R"({"alg":"RS256","kid":"rsa-1"})", claims);
}

inline constexpr int64_t kNow = 1'789'124'000;
inline constexpr std::string_view kEksIssuer =
    "https://oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF";
inline constexpr std::string_view kSubject = "system:serviceaccount:monitoring:prometheus";

/// Claims as a Kubernetes API server writes them into a projected token, issued a minute ago for an hour.
inline std::string kubernetes_claims(std::string_view issuer = kEksIssuer, std::string_view subject = kSubject,
                                     std::string_view audience = "sts.amazonaws.com") {
  return fmt::format(
      R"({{"aud":["{}"],"exp":{},"iat":{},"iss":"{}","kubernetes.io":{{"namespace":"monitoring","node":{{"name":"n1","uid":"8f0c"}},)"
      R"("pod":{{"name":"prometheus-0","uid":"5ff1"}},"serviceaccount":{{"name":"prometheus","uid":"a2d5"}}}},"nbf":{},"sub":"{}"}})",
      audience, kNow + 3540, kNow - 60, issuer, kNow - 60, subject);
}

}  // namespace sluice::test
