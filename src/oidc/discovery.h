#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::oidc {

/// What is used of an issuer's discovery document (OpenID Connect Discovery 1.0, section 3).
struct Discovery {
  std::string issuer;
  std::string jwks_uri;
  std::vector<std::string> algorithms;  ///< id_token_signing_alg_values_supported; informative
};

enum class DiscoveryRefusal : uint8_t {
  kTooLong,
  kNotJson,
  kIssuerMissing,
  kIssuerDiffers,     ///< not byte for byte the registered issuer: a copied or misplaced document
  kJwksUriMissing,
  kJwksUriNotHttps,   ///< other scheme, user information, fragment, or not a URL
};
std::string_view describe(DiscoveryRefusal refusal);  ///< one sentence

struct DiscoveryRejection {
  DiscoveryRefusal refusal{};
  std::string seen;    ///< from the document; print through printable()
  std::string wanted;
  std::string detail;  ///< the JSON reader's words
};

/// Where an issuer's document is: the issuer without one trailing slash, then
/// "/.well-known/openid-configuration" (AKS issuers end with a slash, EKS ones do not).
std::string discovery_url(std::string_view issuer);

/// Reads a document of at most kDiscoveryBytesMax fetched for `issuer`. Whether jwks_uri may be reached is
/// the fetcher's question (net's SSRF guard), not asked here. Thread-safe.
std::expected<Discovery, DiscoveryRejection> parse_discovery(std::string_view json, std::string_view issuer);

}  // namespace sluice::oidc
