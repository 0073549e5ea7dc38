#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"

namespace sluice::iam {

enum class PrincipalKind : uint8_t {
  kAnonymous,
  kRoot,         ///< the account's root, with a long-lived key
  kAssumedRole,  ///< a session of a role
  kWebIdentity,  ///< the holder of a verified OIDC token, before it has a session (trust policies only)
};

/// Who is calling, proven. Everything a policy may ask about the caller, and nothing secret.
struct Principal {
  PrincipalKind kind = PrincipalKind::kAnonymous;
  std::string arn;         ///< arn:aws:iam::A:root, or arn:aws:sts::A:assumed-role/ROLE/SESSION
  std::string account_id;
  std::string user_id;     ///< account id for root, "AROA...:SESSION" for a session, provider ARN for a web identity
  std::string access_key_id;

  // Sessions of roles only.
  std::string role_arn;    ///< with the role's path
  std::string role_id;
  std::string session_name;
  UnixSeconds issued_at = 0;   ///< aws:TokenIssueTime
  UnixSeconds expires_at = 0;
  std::vector<std::pair<std::string, std::string>> tags;  ///< aws:PrincipalTag/..., from the role

  // What the web identity brought; kept in its session.
  std::string provider_arn;
  std::string provider_id;
  std::string issuer_key_prefix;  ///< provider URL without scheme, the prefix of its condition keys
  std::string subject;
  std::string audience;           ///< azp, or the single aud
  /// Further condition keys with their values, e.g. {"<issuer>:amr", {"pwd"}}. Keys that end in ":amr" or ":oaud"
  /// are multivalued.
  std::vector<std::pair<std::string, std::vector<std::string>>> extra_keys;
};

}  // namespace sluice::iam
