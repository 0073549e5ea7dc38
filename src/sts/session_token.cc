#include "sts/session_token.h"

#include <utility>

#include <fmt/core.h>

#include "base/coding.h"
#include "base/encoding.h"
#include "base/json.h"
#include "base/limits.h"
#include "crypto/aead.h"
#include "crypto/hkdf.h"
#include "crypto/random.h"
#include "sts/access_key_id.h"

namespace sluice::sts {
namespace {

constexpr uint8_t kVersion = 1;
constexpr size_t kSaltBytes = 32;
constexpr size_t kHeaderBytes = 1 + sizeof(uint32_t) + kSaltBytes;
constexpr size_t kSecretBytes = 30;  ///< 40 characters of base64, AWS's length
constexpr size_t kClaimsJsonDepthMax = 4;

Secret claims_key(const SealingKey& key, std::string_view salt) {
  return crypto::hkdf(salt, key.bytes.reveal(), "sluice session v1\nclaims", crypto::kAeadKeyBytes);
}

Secret secret_access_key(const SealingKey& key, std::string_view salt, std::string_view access_key_id) {
  const Secret bytes =
      crypto::hkdf(salt, key.bytes.reveal(), fmt::format("sluice session v1\nsecret\n{}", access_key_id), kSecretBytes);
  return Secret(base64_encode(bytes.reveal()));
}

/// Header and access key id: what the seal covers without carrying.
std::string associated_data(std::string_view header, std::string_view access_key_id) {
  return std::string(header).append(access_key_id);
}

void write_list(JsonWriter& json, std::string_view name, const std::vector<std::string>& values) {
  if (values.empty()) return;
  json.key(name);
  json.begin_array();
  for (const std::string& value : values) json.string(value);
  json.end_array();
}

std::string write_claims(const SessionClaims& claims) {
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  json.member("account", claims.account_id);
  json.member("role", claims.role_arn);
  json.member("role_id", claims.role_id);
  json.member("session", claims.session_name);
  json.member("provider", claims.provider_arn);
  json.member("provider_id", claims.provider_id);
  json.member("prefix", claims.issuer_key_prefix);
  json.member("sub", claims.subject);
  json.member("aud", claims.audience);
  write_list(json, "amr", claims.authentication_methods);
  json.member("iat", claims.issued_at);
  json.member("exp", claims.expires_at);
  json.end_object();
  return out;
}

bool read_text(const JsonObject& object, std::string_view name, std::string& to) {
  const JsonValue* value = object.find(name);
  if (value == nullptr || value->as_string() == nullptr) return false;
  to = *value->as_string();
  return true;
}

bool read_seconds(const JsonObject& object, std::string_view name, UnixSeconds& to) {
  const JsonValue* value = object.find(name);
  if (value == nullptr || value->as_integer() == nullptr) return false;
  to = *value->as_integer();
  return true;
}

/// Absent is empty.
bool read_list(const JsonObject& object, std::string_view name, std::vector<std::string>& to) {
  const JsonValue* value = object.find(name);
  if (value == nullptr) return true;
  if (value->as_array() == nullptr) return false;
  for (const JsonValue& entry : *value->as_array()) {
    if (entry.as_string() == nullptr) return false;
    to.push_back(*entry.as_string());
  }
  return true;
}

/// Members it does not know are ignored, so that a newer replica may add some.
std::optional<SessionClaims> read_claims(std::string_view text) {
  const auto value = parse_json(text, {.bytes_max = limits::kSessionTokenBytesMax, .depth_max = kClaimsJsonDepthMax});
  const JsonObject* object = value ? value->as_object() : nullptr;
  if (object == nullptr) return std::nullopt;
  SessionClaims claims;
  const bool is_whole =
      read_text(*object, "account", claims.account_id) && read_text(*object, "role", claims.role_arn) &&
      read_text(*object, "role_id", claims.role_id) && read_text(*object, "session", claims.session_name) &&
      read_text(*object, "provider", claims.provider_arn) && read_text(*object, "provider_id", claims.provider_id) &&
      read_text(*object, "prefix", claims.issuer_key_prefix) && read_text(*object, "sub", claims.subject) &&
      read_text(*object, "aud", claims.audience) && read_list(*object, "amr", claims.authentication_methods) &&
      read_seconds(*object, "iat", claims.issued_at) && read_seconds(*object, "exp", claims.expires_at);
  return is_whole ? std::optional(std::move(claims)) : std::nullopt;
}

}  // namespace

SessionCredentials issue_session(const SealingKeys& keys, const SessionClaims& claims) {
  const SealingKey& key = keys.newest();
  const std::string salt = crypto::random_bytes(kSaltBytes);
  std::string token(1, static_cast<char>(kVersion));
  append_be<uint32_t>(token, key.id);
  token += salt;
  const std::string access_key_id = session_access_key_id(salt);
  token += crypto::seal(claims_key(key, salt), associated_data(token, access_key_id), write_claims(claims));
  return {.access_key_id = access_key_id,
          .secret_access_key = secret_access_key(key, salt, access_key_id),
          .session_token = Secret(base64_encode(token)),
          .expires_at = claims.expires_at};
}

std::string_view describe(UnsealRefusal refusal) {
  switch (refusal) {
    case UnsealRefusal::kMalformed: return "The session token is not in the form this server writes.";
    case UnsealRefusal::kUnknownVersion: return "The session token is of a version this server does not know.";
    case UnsealRefusal::kOtherAccessKeyId: return "The session token belongs to another access key id.";
    case UnsealRefusal::kUnknownSealingKey: return "The session token was sealed with a key this server does not have.";
    case UnsealRefusal::kTampered: return "The session token was altered or forged.";
    case UnsealRefusal::kClaimsUnreadable: return "The session token opens, but its content is not a session.";
  }
  return "The session token is refused.";
}

std::expected<UnsealedSession, UnsealRefusal> unseal_session(const SealingKeys& keys, std::string_view token,
                                                             std::string_view access_key_id) {
  using Refused = std::unexpected<UnsealRefusal>;
  if (token.size() > limits::kSessionTokenBytesMax) return Refused(UnsealRefusal::kMalformed);
  const auto bytes = base64_decode(token);
  if (!bytes || bytes->empty()) return Refused(UnsealRefusal::kMalformed);
  // The version comes before the length: other versions may be shorter.
  if (static_cast<uint8_t>(bytes->front()) != kVersion) return Refused(UnsealRefusal::kUnknownVersion);
  if (bytes->size() < kHeaderBytes + crypto::kAeadOverheadBytes) return Refused(UnsealRefusal::kMalformed);

  const std::string_view header = std::string_view(*bytes).substr(0, kHeaderBytes);
  const std::string_view salt = header.substr(kHeaderBytes - kSaltBytes);
  if (session_access_key_id(salt) != access_key_id) return Refused(UnsealRefusal::kOtherAccessKeyId);
  const SealingKey* key = keys.find(load_be<uint32_t>(header.data() + 1));
  if (key == nullptr) return Refused(UnsealRefusal::kUnknownSealingKey);
  const auto opened = crypto::open_sealed(claims_key(*key, salt), associated_data(header, access_key_id),
                                          std::string_view(*bytes).substr(kHeaderBytes));
  if (!opened) return Refused(UnsealRefusal::kTampered);
  auto claims = read_claims(*opened);
  if (!claims) return Refused(UnsealRefusal::kClaimsUnreadable);
  return UnsealedSession{*std::move(claims), secret_access_key(*key, salt, access_key_id)};
}

iam::Principal to_principal(const SessionClaims& claims, std::string access_key_id) {
  const std::string role_name = claims.role_arn.substr(claims.role_arn.rfind('/') + 1);
  iam::Principal caller;
  caller.kind = iam::PrincipalKind::kAssumedRole;
  caller.arn = fmt::format("arn:aws:sts::{}:assumed-role/{}/{}", claims.account_id, role_name, claims.session_name);
  caller.account_id = claims.account_id;
  caller.user_id = fmt::format("{}:{}", claims.role_id, claims.session_name);
  caller.access_key_id = std::move(access_key_id);
  caller.role_arn = claims.role_arn;
  caller.role_id = claims.role_id;
  caller.session_name = claims.session_name;
  caller.issued_at = claims.issued_at;
  caller.expires_at = claims.expires_at;
  caller.provider_arn = claims.provider_arn;
  caller.provider_id = claims.provider_id;
  caller.issuer_key_prefix = claims.issuer_key_prefix;
  caller.subject = claims.subject;
  caller.audience = claims.audience;
  if (!claims.authentication_methods.empty()) {
    caller.extra_keys.emplace_back(claims.issuer_key_prefix + ":amr", claims.authentication_methods);
  }
  return caller;
}

}  // namespace sluice::sts
