#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/secret.h"
#include "iam/principal.h"
#include "sts/sealing_keys.h"

namespace sluice::sts {

/// What a session remembers of how it came to be. Everything else (policies, whether role and provider still
/// exist) is looked up at each request, so that changes take effect at once.
struct SessionClaims {
  std::string account_id;
  std::string role_arn;   ///< with path
  std::string role_id;
  std::string session_name;
  std::string provider_arn;
  std::string provider_id;
  std::string issuer_key_prefix;  ///< the provider's URL without scheme
  std::string subject;   ///< the key <issuer>:sub
  std::string audience;  ///< the key <issuer>:aud; :oaud and :email end with the exchange, as on AWS
  std::vector<std::string> authentication_methods;  ///< the key <issuer>:amr
  UnixSeconds issued_at = 0;
  UnixSeconds expires_at = 0;

  friend bool operator==(const SessionClaims&, const SessionClaims&) = default;
};

/// What a client gets: useless one without the others.
struct SessionCredentials {
  std::string access_key_id;
  Secret secret_access_key;  ///< 40 characters, base64 alphabet
  Secret session_token;
  UnixSeconds expires_at = 0;
};

/// A session token is self-contained; nothing is stored for it. As base64 of
///
///   version (1) | sealing key id (4, big-endian) | salt (32) | AES-256-GCM: nonce (12), claims, tag (16)
///
/// with the AES key = HKDF(sealing key, salt, "claims"), associated data = everything before the nonce and
/// the access key id, and claims as compact JSON. The secret access key is HKDF(sealing key, salt,
/// "secret", access key id): whoever unseals the token can derive it, nobody else. The access key id is a
/// function of the salt (access_key_id.h). Thread-safe, as everything here.
SessionCredentials issue_session(const SealingKeys& keys, const SessionClaims& claims);

enum class UnsealRefusal : uint8_t {
  kMalformed,           ///< not base64, or too short or long to be one
  kUnknownVersion,      ///< of a newer or another server
  kOtherAccessKeyId,    ///< made together with another access key id
  kUnknownSealingKey,   ///< sealed under a key this server does not have (any more)
  kTampered,            ///< does not open: altered, or forged
  kClaimsUnreadable,    ///< opens, but was sealed by something that is not this code
};
std::string_view describe(UnsealRefusal refusal);  ///< one sentence

struct UnsealedSession {
  SessionClaims claims;
  Secret secret_access_key;
};

/// Opens a token that came with `access_key_id`. Whether it has expired, and whether its role still exists,
/// is asked apart (session_check.h). Bounded by kSessionTokenBytesMax.
std::expected<UnsealedSession, UnsealRefusal> unseal_session(const SealingKeys& keys, std::string_view token,
                                                             std::string_view access_key_id);

/// The caller that a session stands for: arn:aws:sts::<account>:assumed-role/<role name>/<session name>.
iam::Principal to_principal(const SessionClaims& claims, std::string access_key_id);

}  // namespace sluice::sts
