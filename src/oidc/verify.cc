#include "oidc/verify.h"

#include <algorithm>
#include <utility>

#include <fmt/core.h>
#include <fmt/ranges.h>

#include "base/encoding.h"

namespace sluice::oidc {
namespace {

using Rejected = std::unexpected<JwtRejection>;
using Checked = std::expected<void, JwtRejection>;

constexpr size_t kListedKidsMax = 10;

Rejected reject(JwtRefusal refusal, std::string seen, std::string wanted, std::string detail = {}) {
  return Rejected(JwtRejection{
      .refusal = refusal, .seen = std::move(seen), .wanted = std::move(wanted), .detail = std::move(detail)});
}

KeyType type_of(crypto::SignatureAlgorithm algorithm) {
  using enum crypto::SignatureAlgorithm;
  return algorithm == kRs256 || algorithm == kRs384 || algorithm == kRs512 ? KeyType::kRsa : KeyType::kEc;
}

std::string published_kids(const KeySet& keys) {
  std::vector<std::string> kids;
  for (const VerificationKey& key : keys.keys()) {
    if (kids.size() == kListedKidsMax) {
      kids.push_back("...");
      break;
    }
    kids.push_back(printable(key.kid, 64));
  }
  return kids.empty() ? "no usable key is published" : fmt::format("published: {}", fmt::join(kids, ", "));
}

/// Which published key the token says it was signed with. Never tries one key after the other.
std::expected<const VerificationKey*, JwtRejection> choose_key(const Jwt& token, const KeySet& keys) {
  const JwtHeader& header = token.header();
  const KeyType type = type_of(header.algorithm);
  if (keys.is_disabled(type)) {
    return reject(JwtRefusal::kKeyTypeDisabled, fmt::format("more than 100 {} keys", to_string(type)),
                  fmt::format("at most 100 {} keys", to_string(type)));
  }
  if (header.kid.empty()) {
    if (const VerificationKey* key = keys.only_key()) return key;
    return reject(JwtRefusal::kKidMissing, fmt::format("no kid, {} usable keys", keys.keys().size()),
                  "a kid, or an issuer with one usable key");
  }
  if (const VerificationKey* key = keys.find(header.kid)) return key;
  if (const SkippedKey* skipped = keys.find_skipped(header.kid)) {
    return reject(JwtRefusal::kKeyUnusable, fmt::format("kid {}: {}", header.kid, skipped->detail),
                  "a key that may be used", std::string(describe(skipped->reason)));
  }
  return reject(JwtRefusal::kKidUnknown, fmt::format("kid {}", header.kid), published_kids(keys));
}

Checked check_signature(const Jwt& token, const VerificationKey& key) {
  switch (key.key.verify(token.header().algorithm, token.signing_input(), token.signature())) {
    case crypto::Verification::kValid: return {};
    case crypto::Verification::kWrongAlgorithm:
      return reject(JwtRefusal::kKeyTypeMismatch, token.header().algorithm_name,
                    fmt::format("an algorithm of the {} key {}", to_string(key.type), key.kid));
    case crypto::Verification::kInvalid: break;
  }
  return reject(JwtRefusal::kSignatureInvalid, fmt::format("a signature of {} bytes", token.signature().size()),
                fmt::format("{} by the key {}", token.header().algorithm_name, key.kid));
}

Rejected reject_time(JwtRefusal refusal, std::string_view name, UnixSeconds claim, UnixSeconds clock,
                     std::string_view relation) {
  return Rejected(
      JwtRejection{.refusal = refusal,
                   .seen = fmt::format("{} {} ({})", name, claim, format_iso8601(claim)),
                   .wanted = fmt::format("{} {} ({}), tolerance included", relation, clock, format_iso8601(clock)),
                   .clock = clock,
                   .claim = claim});
}

Checked check_time(const JwtClaims& claims, const VerifyRules& rules, UnixSeconds now) {
  const UnixSeconds earliest = now - rules.skew_seconds;
  const UnixSeconds latest = now + rules.skew_seconds;
  if (claims.expires_at <= earliest) {
    return reject_time(JwtRefusal::kExpired, "exp", claims.expires_at, earliest, "after");
  }
  if (claims.issued_at > latest) {
    return reject_time(JwtRefusal::kIssuedInFuture, "iat", claims.issued_at, latest, "not after");
  }
  if (claims.not_before && *claims.not_before > latest) {
    return reject_time(JwtRefusal::kNotYetValid, "nbf", *claims.not_before, latest, "not after");
  }
  if (const int64_t lifetime = claims.expires_at - claims.issued_at; lifetime > rules.lifetime_seconds_max) {
    return reject(JwtRefusal::kLifetimeTooLong, fmt::format("exp - iat = {} s", lifetime),
                  fmt::format("at most {} s", rules.lifetime_seconds_max));
  }
  return {};
}

Checked check_audience(const JwtClaims& claims, const VerifyRules& rules) {
  const std::string wanted = rules.client_ids.empty() ? "the provider has no client id"
                                                      : fmt::format("one of: {}", fmt::join(rules.client_ids, ", "));
  if (!claims.authorized_party && claims.audiences.size() > 1) {
    return reject(JwtRefusal::kSeveralAudiences, fmt::format("{}", fmt::join(claims.audiences, ", ")),
                  "one audience, or azp");
  }
  if (claims.authorized_party && claims.authorized_party->empty()) {
    return reject(JwtRefusal::kAuthorizedPartyBlank, "azp: \"\"", wanted);
  }
  const std::string& audience = claims.effective_audience();
  if (std::ranges::find(rules.client_ids, audience) != rules.client_ids.end()) return {};
  return reject(
      claims.authorized_party ? JwtRefusal::kAuthorizedPartyNotRegistered : JwtRefusal::kAudienceNotRegistered,
      audience, wanted);
}

VerifiedToken accept(const Jwt& token, const VerificationKey& key) {
  const JwtClaims& claims = token.claims();
  const JsonValue* email = claims.all.find("email");
  return {
      .issuer = claims.issuer,
      .subject = claims.subject,
      .audience = claims.effective_audience(),
      .audiences = claims.audiences,
      .authentication_methods = claims.authentication_methods,
      .email = email != nullptr && email->as_string() != nullptr ? *email->as_string() : std::string(),
      .issued_at = claims.issued_at,
      .expires_at = claims.expires_at,
      .kid = key.kid,
      .algorithm = token.header().algorithm_name,
      .fingerprint = token.fingerprint(),
      .claims = claims.all,
  };
}

}  // namespace

std::expected<VerifiedToken, JwtRejection> verify(const Jwt& token, const KeySet& keys, const VerifyRules& rules,
                                                  UnixSeconds now) {
  const JwtClaims& claims = token.claims();
  if (claims.issuer != rules.issuer) return reject(JwtRefusal::kIssuerNotRegistered, claims.issuer, rules.issuer);
  SLUICE_ASSIGN(const VerificationKey* key, choose_key(token, keys));
  SLUICE_TRY(check_signature(token, *key));
  SLUICE_TRY(check_time(claims, rules, now));
  SLUICE_TRY(check_audience(claims, rules));
  return accept(token, *key);
}

bool may_retry_with_new_keys(JwtRefusal refusal) {
  return refusal == JwtRefusal::kKidUnknown || refusal == JwtRefusal::kKidMissing;
}

}  // namespace sluice::oidc
