#include "oidc/discovery.h"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

#include "base/json.h"
#include "base/limits.h"

namespace sluice::oidc {
namespace {

using Rejected = std::unexpected<DiscoveryRejection>;

constexpr std::string_view kHttps = "https://";

Rejected reject(DiscoveryRefusal refusal, std::string seen, std::string wanted, std::string detail = {}) {
  return Rejected(DiscoveryRejection{refusal, std::move(seen), std::move(wanted), std::move(detail)});
}

/// An https URL with a host, without user information or fragment, in printable ASCII.
bool is_plain_https_url(std::string_view url) {
  if (!url.starts_with(kHttps)) return false;
  const std::string_view rest = url.substr(kHttps.size());
  const std::string_view authority = rest.substr(0, rest.find_first_of("/?"));
  const bool printable_ascii = std::ranges::all_of(url, [](char c) { return c > ' ' && c < '\x7f'; });
  return printable_ascii && !authority.empty() && !authority.starts_with(':') && !authority.contains('@') &&
         !url.contains('#') && !url.contains('\\');
}

std::vector<std::string> algorithms(const JsonObject& document) {
  std::vector<std::string> result;
  const JsonValue* value = document.find("id_token_signing_alg_values_supported");
  if (value == nullptr || value->as_array() == nullptr) return result;
  for (const JsonValue& entry : *value->as_array()) {
    if (entry.as_string() != nullptr) result.push_back(*entry.as_string());
  }
  return result;
}

}  // namespace

std::string_view describe(DiscoveryRefusal refusal) {
  switch (refusal) {
    case DiscoveryRefusal::kTooLong: return "The discovery document is unreasonably long.";
    case DiscoveryRefusal::kNotJson: return "The discovery document is not one strict JSON object.";
    case DiscoveryRefusal::kIssuerMissing: return "The discovery document names no issuer.";
    case DiscoveryRefusal::kIssuerDiffers: return "The discovery document is another issuer's.";
    case DiscoveryRefusal::kJwksUriMissing: return "The discovery document does not say where the keys are (jwks_uri).";
    case DiscoveryRefusal::kJwksUriNotHttps: return "The discovery document's jwks_uri is not a plain https URL.";
  }
  return "The discovery document is refused.";
}

std::string discovery_url(std::string_view issuer) {
  if (issuer.ends_with('/')) issuer.remove_suffix(1);
  return std::string(issuer) + "/.well-known/openid-configuration";
}

std::expected<Discovery, DiscoveryRejection> parse_discovery(std::string_view json, std::string_view issuer) {
  using enum DiscoveryRefusal;
  if (json.size() > limits::kDiscoveryBytesMax) {
    return reject(kTooLong, fmt::format("{} bytes", json.size()),
                  fmt::format("at most {} bytes", limits::kDiscoveryBytesMax));
  }
  const auto value = parse_json(json, {.bytes_max = limits::kDiscoveryBytesMax, .depth_max = limits::kJwtJsonDepthMax});
  if (!value) return reject(kNotJson, "text the JSON reader refuses", "one JSON object", value.error().message);
  const JsonObject* document = value->as_object();
  if (document == nullptr) {
    return reject(kNotJson, fmt::format("a JSON {}", to_string(value->kind())), "one JSON object");
  }

  const JsonValue* found_issuer = document->find("issuer");
  if (found_issuer == nullptr || found_issuer->as_string() == nullptr) {
    return reject(kIssuerMissing, "no issuer as a string", std::string(issuer));
  }
  if (*found_issuer->as_string() != issuer)
    return reject(kIssuerDiffers, *found_issuer->as_string(), std::string(issuer));

  const JsonValue* uri = document->find("jwks_uri");
  if (uri == nullptr || uri->as_string() == nullptr)
    return reject(kJwksUriMissing, "no jwks_uri as a string", "an https URL");
  if (!is_plain_https_url(*uri->as_string())) return reject(kJwksUriNotHttps, *uri->as_string(), "https://host/path");
  return Discovery{*found_issuer->as_string(), *uri->as_string(), algorithms(*document)};
}

}  // namespace sluice::oidc
