#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "base/secret.h"
#include "crypto/signature_algorithm.h"
#include "oidc/jwt_refusal.h"

namespace sluice::oidc {

/// What is used of a token's header. `jku`, `jwk`, `x5u` and `x5c` are never looked at: a token does not
/// choose the keys it is verified with.
struct JwtHeader {
  crypto::SignatureAlgorithm algorithm{};
  std::string algorithm_name;  ///< "RS256", ...
  /// An opaque map key into the provider's own key set, nothing else. Empty counts as absent (AWS).
  std::string kid;
};

/// The claims STS knows, converted; all others stay in `all`.
struct JwtClaims {
  std::string issuer;   ///< byte for byte
  std::string subject;  ///< never empty; an integer is taken as its decimal text (AWS)
  std::vector<std::string> audiences;  ///< at least one; a string claim is a list of one
  std::optional<std::string> authorized_party;  ///< azp
  UnixSeconds issued_at = 0;
  UnixSeconds expires_at = 0;
  std::optional<UnixSeconds> not_before;
  std::vector<std::string> authentication_methods;  ///< amr
  JsonObject all;  ///< every claim as it came, the ones above included

  /// azp where present, else the first audience: what is compared with the provider's client ids and what
  /// `<issuer>:aud` means in a policy. With several audiences and no azp there is no such value (verify.h).
  const std::string& effective_audience() const;
};

/// A well-formed, unverified token. It says what the token claims, not that any of it is true: verify.h does.
/// The parts that make it usable as a credential are kept as Secrets.
class Jwt {
 public:
  /// Reads the compact form (RFC 7515 3.1, RFC 7519) strictly: three strict base64url segments, at most
  /// kJwtBytesMax; header at most kJwtHeaderBytesMax; JSON of bounded depth without duplicate names; no
  /// `crit`, no `b64`, not encrypted; one of the six algorithms; iss, sub, aud, iat and exp present and of
  /// their types; times whole seconds (integer strings too, as AWS does) between 1970 and 9999.
  /// The rejection never quotes the token, so that a secret pasted by mistake stays one. Thread-safe.
  static std::expected<Jwt, JwtRejection> parse(std::string_view token);

  const JwtHeader& header() const { return header_; }
  const JwtClaims& claims() const { return claims_; }
  /// What was signed: header and payload segments with the dot between.
  std::string_view signing_input() const { return signing_input_.reveal(); }
  std::string_view signature() const { return signature_.reveal(); }
  /// The first 16 hex digits of the token's SHA-256: names the token in a log without being it.
  const std::string& fingerprint() const { return fingerprint_; }

 private:
  JwtHeader header_;
  JwtClaims claims_;
  Secret signing_input_;
  Secret signature_;
  std::string fingerprint_;
};

}  // namespace sluice::oidc
