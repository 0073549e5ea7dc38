#include "oidc/jwk.h"

#include <algorithm>
#include <expected>
#include <utility>

#include <fmt/core.h>

#include "base/encoding.h"
#include "base/json.h"
#include "base/limits.h"

namespace sluice::oidc {
namespace {

struct Skip {
  JwkSkip reason;
  std::string detail;
};
using Skipped = std::unexpected<Skip>;

/// The member as a string, or "" when it is absent or of another kind.
std::string_view text(const JsonObject& key, std::string_view name) {
  const JsonValue* value = key.find(name);
  return value == nullptr || value->as_string() == nullptr ? std::string_view() : std::string_view(*value->as_string());
}

std::expected<std::string, Skip> number(const JsonObject& key, std::string_view name) {
  if (key.find(name) == nullptr) return Skipped(Skip{JwkSkip::kMembersMissing, fmt::format("no {}", name)});
  const std::string_view encoded = text(key, name);
  auto bytes = base64url_decode(encoded);
  if (!bytes || bytes->empty()) {
    return Skipped(Skip{JwkSkip::kMembersMalformed, fmt::format("{} is not strict base64url", name)});
  }
  return *std::move(bytes);
}

std::expected<crypto::PublicKey, Skip> accept(Result<crypto::PublicKey> key) {
  if (!key) return Skipped(Skip{JwkSkip::kKeyRefused, key.error().message});
  return *std::move(key);
}

std::expected<crypto::PublicKey, Skip> rsa(const JsonObject& key) {
  SLUICE_ASSIGN(const std::string modulus, number(key, "n"));
  SLUICE_ASSIGN(const std::string exponent, number(key, "e"));
  return accept(crypto::PublicKey::rsa(modulus, exponent));
}

std::expected<crypto::PublicKey, Skip> ec(const JsonObject& key) {
  if (key.find("crv") == nullptr) return Skipped(Skip{JwkSkip::kMembersMissing, "no crv"});
  const auto curve = crypto::parse_curve(text(key, "crv"));
  if (!curve) return Skipped(Skip{JwkSkip::kCurveUnsupported, fmt::format("crv: {}", printable(text(key, "crv"), 32))});
  SLUICE_ASSIGN(const std::string x, number(key, "x"));
  SLUICE_ASSIGN(const std::string y, number(key, "y"));
  return accept(crypto::PublicKey::ec(*curve, x, y));
}

std::optional<KeyType> parse_type(std::string_view kty) {
  if (kty == "RSA") return KeyType::kRsa;
  if (kty == "EC") return KeyType::kEc;
  return std::nullopt;
}

/// The rules on what a key is for and how it is found, before its numbers are looked at.
std::expected<void, Skip> check_purpose(const JsonObject& key) {
  // `d` is the private exponent or scalar; `p` and `q` give it away.
  for (const std::string_view name : {"d", "p", "q"}) {
    if (key.find(name) != nullptr) return Skipped(Skip{JwkSkip::kPrivate, fmt::format("a member {}", name)});
  }
  if (const JsonValue* use = key.find("use"); use != nullptr && text(key, "use") != "sig") {
    return Skipped(Skip{JwkSkip::kUseNotSignature, fmt::format("use: {}", printable(to_json(*use), 32))});
  }
  if (key.find("key_ops") != nullptr) return Skipped(Skip{JwkSkip::kHasKeyOps, "a member key_ops"});
  const JsonValue* kid = key.find("kid");
  if (kid != nullptr && !kid->is_null() && kid->as_string() == nullptr) {
    return Skipped(Skip{JwkSkip::kMembersMalformed, fmt::format("kid as {}", to_string(kid->kind()))});
  }
  if (text(key, "kid").empty()) return Skipped(Skip{JwkSkip::kNoKid, kid == nullptr ? "no kid" : "an empty kid"});
  return {};
}

std::expected<VerificationKey, Skip> read_key(const JsonObject& key) {
  const std::string_view kty = text(key, "kty");
  const auto type = parse_type(kty);
  if (!type) return Skipped(Skip{JwkSkip::kTypeUnsupported, fmt::format("kty: {}", printable(kty, 32))});
  SLUICE_TRY(check_purpose(key));
  SLUICE_ASSIGN(crypto::PublicKey parsed, *type == KeyType::kRsa ? rsa(key) : ec(key));
  return VerificationKey{std::string(text(key, "kid")), *type, std::move(parsed)};
}

std::array<bool, 2> over_the_limit(const JsonArray& entries) {
  std::array<size_t, 2> counts{};
  for (const JsonValue& entry : entries) {
    if (entry.as_object() == nullptr) continue;
    if (const auto type = parse_type(text(*entry.as_object(), "kty"))) ++counts[static_cast<size_t>(*type)];
  }
  return {counts[0] > limits::kJwksKeysPerTypeMax, counts[1] > limits::kJwksKeysPerTypeMax};
}

}  // namespace

std::string_view to_string(KeyType type) { return type == KeyType::kRsa ? "RSA" : "EC"; }

std::string_view describe(JwkSkip skip) {
  switch (skip) {
    case JwkSkip::kNotAnObject: return "The entry is not a JSON object.";
    case JwkSkip::kTypeUnsupported: return "The key's type is not RSA or EC.";
    case JwkSkip::kUseNotSignature: return "The key is not for signatures (`use` is not sig).";
    case JwkSkip::kHasKeyOps: return "The key has `key_ops`, which makes AWS ignore it.";
    case JwkSkip::kNoKid: return "The key has no `kid`, so no token can name it.";
    case JwkSkip::kPrivate: return "The issuer publishes the private half of this key: anyone can sign with it.";
    case JwkSkip::kCurveUnsupported: return "The key's curve is not P-256, P-384 or P-521.";
    case JwkSkip::kMembersMissing: return "The key lacks its numbers (n and e, or crv, x and y).";
    case JwkSkip::kMembersMalformed: return "A member of the key is not in its format.";
    case JwkSkip::kKeyRefused: return "The key is too weak or not a valid key.";
    case JwkSkip::kReplaced: return "A later entry has the same `kid` and replaces this one.";
  }
  return "The key is not used.";
}

Result<KeySet> KeySet::parse(std::string_view json) {
  if (json.size() > limits::kJwksBytesMax) {
    return fail(ErrorCode::kTooLarge,
                fmt::format("key set of {} bytes; at most {} are read", json.size(), limits::kJwksBytesMax));
  }
  auto value = parse_json(json, {.bytes_max = limits::kJwksBytesMax, .depth_max = limits::kJwtJsonDepthMax});
  if (!value) return fail_in("key set", value.error());
  const JsonObject* document = value->as_object();
  const JsonValue* entries = document == nullptr ? nullptr : document->find("keys");
  if (entries == nullptr || entries->as_array() == nullptr) {
    return fail(ErrorCode::kMalformed, "key set: not a JSON object with a list `keys`");
  }

  KeySet set;
  set.disabled_ = over_the_limit(*entries->as_array());
  size_t index = 0;
  for (const JsonValue& entry : *entries->as_array()) {
    const JsonObject* object = entry.as_object();
    const auto type = object == nullptr ? std::nullopt : parse_type(text(*object, "kty"));
    // A disabled type's keys are not even parsed: a hostile document would buy much work with them.
    if (object == nullptr) {
      set.skipped_.push_back({index, "", JwkSkip::kNotAnObject, fmt::format("a {}", to_string(entry.kind()))});
    } else if (!type || !set.is_disabled(*type)) {
      auto key = read_key(*object);
      if (key) {
        set.add(*std::move(key), index);
      } else {
        set.skipped_.push_back({index, std::string(text(*object, "kid")), key.error().reason, key.error().detail});
      }
    }
    ++index;
  }
  return set;
}

void KeySet::add(VerificationKey key, size_t index) {
  const auto [at, is_new] = by_kid_.try_emplace(key.kid, keys_.size());
  if (is_new) {
    keys_.push_back(std::move(key));
    indexes_.push_back(index);
    return;
  }
  skipped_.push_back({indexes_[at->second], key.kid, JwkSkip::kReplaced, fmt::format("by the key at {}", index)});
  keys_[at->second] = std::move(key);
  indexes_[at->second] = index;
}

const VerificationKey* KeySet::find(std::string_view kid) const {
  const auto at = by_kid_.find(std::string(kid));
  return at == by_kid_.end() ? nullptr : &keys_[at->second];
}

const SkippedKey* KeySet::find_skipped(std::string_view kid) const {
  const auto at = std::ranges::find(skipped_, kid, &SkippedKey::kid);
  return at == skipped_.end() ? nullptr : &*at;
}

}  // namespace sluice::oidc
