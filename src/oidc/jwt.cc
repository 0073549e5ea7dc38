#include "oidc/jwt.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/core.h>

#include "base/encoding.h"
#include "base/limits.h"
#include "crypto/digest.h"

namespace sluice::oidc {
namespace {

using Rejected = std::unexpected<JwtRejection>;

Rejected reject(JwtRefusal refusal, std::string seen, std::string wanted, std::string detail = {}) {
  return Rejected(JwtRejection{
      .refusal = refusal, .seen = std::move(seen), .wanted = std::move(wanted), .detail = std::move(detail)});
}

/// Says what a text that is no JWT looks like without quoting it: it may be another system's secret.
std::string shape(std::string_view text, size_t dots) {
  return fmt::format("{} bytes in {} part{}", text.size(), dots + 1, dots == 0 ? "" : "s");
}

std::expected<std::array<std::string_view, 3>, JwtRejection> split(std::string_view token) {
  if (token.size() > limits::kJwtBytesMax) {
    return reject(JwtRefusal::kTooLong, fmt::format("{} bytes", token.size()),
                  fmt::format("at most {} bytes", limits::kJwtBytesMax));
  }
  // No base64url begins with a slash, and no header's encoding with "file:".
  if (token.starts_with('/') || token.starts_with("file:")) {
    return reject(JwtRefusal::kFilePath, "a file's path", "the file's content");
  }
  const auto dots = static_cast<size_t>(std::ranges::count(token, '.'));
  if (dots == 4) return reject(JwtRefusal::kEncrypted, shape(token, dots), "3 parts: header.claims.signature");
  const size_t first = token.find('.');
  const size_t last = token.rfind('.');
  if (dots != 2 || first == 0 || last == first + 1) {
    return reject(JwtRefusal::kNotThreeSegments, shape(token, dots), "3 parts: header.claims.signature");
  }
  return std::array{token.substr(0, first), token.substr(first + 1, last - first - 1), token.substr(last + 1)};
}

std::expected<std::string, JwtRejection> decode(std::string_view segment, std::string_view name) {
  if (auto bytes = base64url_decode(segment)) return *std::move(bytes);
  return reject(JwtRefusal::kBadBase64, fmt::format("the {} part, {} bytes", name, segment.size()),
                "base64url without padding, spaces or stray bits");
}

std::expected<JsonObject, JwtRejection> object(std::string_view text, JwtRefusal refusal) {
  auto value = parse_json(text, {.bytes_max = limits::kJwtBytesMax, .depth_max = limits::kJwtJsonDepthMax});
  if (!value) return reject(refusal, "text the JSON reader refuses", "one JSON object", value.error().message);
  if (const JsonObject* found = value->as_object()) return *found;
  return reject(refusal, fmt::format("a JSON {}", to_string(value->kind())), "one JSON object");
}

Rejected reject_algorithm(const std::string& name) {
  const std::string wanted = "RS256, RS384, RS512, ES256, ES384 or ES512";
  if (ascii_iequals(name, "none")) return reject(JwtRefusal::kAlgorithmNone, name, wanted);
  if (name.starts_with("HS")) return reject(JwtRefusal::kAlgorithmSymmetric, name, wanted);
  return reject(JwtRefusal::kAlgorithmUnsupported, name, wanted);
}

std::expected<JwtHeader, JwtRejection> parse_header(std::string_view segment) {
  if (segment.size() > limits::kJwtHeaderBytesMax) {
    return reject(JwtRefusal::kHeaderTooLong, fmt::format("{} bytes", segment.size()),
                  fmt::format("at most {} bytes", limits::kJwtHeaderBytesMax));
  }
  SLUICE_ASSIGN(const std::string text, decode(segment, "header"));
  SLUICE_ASSIGN(const JsonObject header, object(text, JwtRefusal::kHeaderNotJson));
  if (header.find("crit") != nullptr) return reject(JwtRefusal::kCriticalHeader, "crit", "no crit member");
  if (header.find("b64") != nullptr) return reject(JwtRefusal::kUnencodedPayload, "b64", "no b64 member");
  if (header.find("enc") != nullptr) return reject(JwtRefusal::kEncrypted, "enc", "no enc member");

  JwtHeader result;
  const JsonValue* alg = header.find("alg");
  if (alg == nullptr || alg->as_string() == nullptr) {
    return reject(JwtRefusal::kAlgorithmMissing, alg == nullptr ? "no alg" : "alg that is not a string",
                  "alg as a string");
  }
  result.algorithm_name = *alg->as_string();
  const auto algorithm = crypto::parse_signature_algorithm(result.algorithm_name);
  if (!algorithm) return reject_algorithm(result.algorithm_name);
  result.algorithm = *algorithm;

  if (const JsonValue* kid = header.find("kid"); kid != nullptr && !kid->is_null()) {
    if (kid->as_string() == nullptr) {
      return reject(JwtRefusal::kKidNotString, fmt::format("kid as {}", to_string(kid->kind())), "kid as a string");
    }
    result.kid = *kid->as_string();
  }
  return result;
}

/// The claim's value; a claim that is null counts as absent.
const JsonValue* claim(const JsonObject& claims, std::string_view name) {
  const JsonValue* found = claims.find(name);
  return found == nullptr || found->is_null() ? nullptr : found;
}

Rejected missing(JwtRefusal refusal, const JsonObject& claims, std::string_view name) {
  return reject(refusal,
                claims.find(name) == nullptr ? fmt::format("no {} claim", name) : fmt::format("{}: null", name),
                fmt::format("a claim {}", name));
}

Rejected wrong_type(const JsonValue& value, std::string_view name, std::string_view wanted) {
  return reject(JwtRefusal::kClaimWrongType, fmt::format("{} is of type {}", name, to_string(value.kind())),
                fmt::format("{} as {}", name, wanted));
}

std::expected<std::vector<std::string>, JwtRejection> string_or_list(const JsonValue& value, std::string_view name) {
  if (const std::string* one = value.as_string()) return std::vector{*one};
  const JsonArray* list = value.as_array();
  if (list == nullptr) return wrong_type(value, name, "a string or a list of strings");
  std::vector<std::string> result;
  for (const JsonValue& entry : *list) {
    if (entry.as_string() == nullptr) return wrong_type(entry, fmt::format("an entry of {}", name), "a string");
    result.push_back(*entry.as_string());
  }
  return result;
}

/// Whole seconds from 1970 to 9999, so that later sums cannot overflow.
std::optional<UnixSeconds> to_seconds(const JsonValue& value) {
  constexpr UnixSeconds kYear10000 = 253'402'300'800;
  constexpr size_t kDigitsMax = 12;
  if (const int64_t* integer = value.as_integer()) {
    return *integer >= 0 && *integer < kYear10000 ? std::optional(*integer) : std::nullopt;
  }
  const std::string* text = value.as_string();
  if (text == nullptr || text->empty() || text->size() > kDigitsMax) return std::nullopt;
  UnixSeconds seconds = 0;
  for (const char digit : *text) {
    if (digit < '0' || digit > '9') return std::nullopt;
    seconds = seconds * 10 + (digit - '0');
  }
  return seconds < kYear10000 ? std::optional(seconds) : std::nullopt;
}

std::expected<UnixSeconds, JwtRejection> timestamp(const JsonObject& claims, std::string_view name) {
  const JsonValue& value = *claims.find(name);
  if (const auto seconds = to_seconds(value)) return *seconds;
  return reject(JwtRefusal::kTimestampInvalid, fmt::format("{}: {}", name, printable(to_json(value), 64)),
                fmt::format("{} as whole seconds since 1970", name));
}

std::expected<void, JwtRejection> parse_subject(const JsonObject& claims, JwtClaims& result) {
  const JsonValue* sub = claim(claims, "sub");
  if (sub == nullptr) return missing(JwtRefusal::kSubjectMissing, claims, "sub");
  if (const int64_t* number = sub->as_integer()) {
    result.subject = fmt::format("{}", *number);
  } else if (const std::string* text = sub->as_string()) {
    result.subject = *text;
  } else {
    return wrong_type(*sub, "sub", "a string");
  }
  if (result.subject.empty())
    return reject(JwtRefusal::kSubjectEmpty, "sub: \"\"", "a subject of at least one character");
  return {};
}

std::expected<void, JwtRejection> parse_audience(const JsonObject& claims, JwtClaims& result) {
  const JsonValue* aud = claim(claims, "aud");
  if (aud == nullptr) return missing(JwtRefusal::kAudienceMissing, claims, "aud");
  SLUICE_ASSIGN(result.audiences, string_or_list(*aud, "aud"));
  if (result.audiences.empty()) return reject(JwtRefusal::kAudienceListEmpty, "aud: []", "one audience");
  if (result.audiences.size() == 1 && result.audiences[0].empty()) {
    return reject(JwtRefusal::kAudienceBlank, "aud: \"\"", "one audience");
  }
  if (const JsonValue* azp = claim(claims, "azp")) {
    if (azp->as_string() == nullptr) return wrong_type(*azp, "azp", "a string");
    result.authorized_party = *azp->as_string();
  }
  return {};
}

/// Presence of iss, sub, aud, iat and exp is asked in this order, each with its own refusal, before the
/// times are read: AWS names the missing claim first.
std::expected<JwtClaims, JwtRejection> parse_claims(JsonObject claims) {
  JwtClaims result;
  const JsonValue* iss = claim(claims, "iss");
  if (iss == nullptr) return missing(JwtRefusal::kIssuerMissing, claims, "iss");
  if (iss->as_string() == nullptr) return wrong_type(*iss, "iss", "a string");
  result.issuer = *iss->as_string();
  SLUICE_TRY(parse_subject(claims, result));
  SLUICE_TRY(parse_audience(claims, result));
  // A time that is null is an invalid time to AWS, not a missing one.
  if (claims.find("iat") == nullptr) return missing(JwtRefusal::kIssuedAtMissing, claims, "iat");
  if (claims.find("exp") == nullptr) return missing(JwtRefusal::kExpiryMissing, claims, "exp");
  SLUICE_ASSIGN(result.issued_at, timestamp(claims, "iat"));
  SLUICE_ASSIGN(result.expires_at, timestamp(claims, "exp"));
  if (claims.find("nbf") != nullptr) {
    SLUICE_ASSIGN(result.not_before, timestamp(claims, "nbf"));
  }
  if (const JsonValue* amr = claim(claims, "amr")) {
    SLUICE_ASSIGN(result.authentication_methods, string_or_list(*amr, "amr"));
  }
  result.all = std::move(claims);
  return result;
}

}  // namespace

const std::string& JwtClaims::effective_audience() const {
  return authorized_party ? *authorized_party : audiences.front();
}

std::expected<Jwt, JwtRejection> Jwt::parse(std::string_view token) {
  SLUICE_ASSIGN(const auto segments, split(token));
  Jwt jwt;
  SLUICE_ASSIGN(jwt.header_, parse_header(segments[0]));
  SLUICE_ASSIGN(const std::string payload, decode(segments[1], "claims"));
  SLUICE_ASSIGN(std::string signature, decode(segments[2], "signature"));
  jwt.signature_ = Secret(std::move(signature));
  SLUICE_ASSIGN(JsonObject claims, object(payload, JwtRefusal::kPayloadNotJson));
  SLUICE_ASSIGN(jwt.claims_, parse_claims(std::move(claims)));
  jwt.signing_input_ = Secret(std::string(token.substr(0, segments[0].size() + 1 + segments[1].size())));
  jwt.fingerprint_ = hex_encode(crypto::sha256(token)).substr(0, 16);
  return jwt;
}

}  // namespace sluice::oidc
