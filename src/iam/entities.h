#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"

namespace sluice::iam {

/// Tags in the order they were given; keys unique.
using Tags = std::vector<std::pair<std::string, std::string>>;

/// An OpenID Connect provider of an account. `url` has no scheme and is kept byte for byte, trailing slash
/// and case included: that is what GetOpenIDConnectProvider answers and what `iss` (with "https://") must
/// equal.
struct OidcProvider {
  std::string arn;         ///< arn:aws:iam::<account>:oidc-provider/<url>
  std::string id;          ///< unique, never reused: a recreated provider has another
  std::string account_id;  ///< 12 digits
  std::string url;
  std::vector<std::string> client_ids;   ///< order kept, no duplicates
  std::vector<std::string> thumbprints;  ///< lower case, order and duplicates kept
  Tags tags;
  UnixSeconds created_at = 0;

  std::string issuer() const { return "https://" + url; }
};

struct InlinePolicy {
  std::string name;
  std::string document;  ///< as given
};

struct Role {
  std::string arn;         ///< arn:aws:iam::<account>:role<path><name>
  std::string id;          ///< AROA + 17: unique, never reused
  std::string account_id;
  std::string name;        ///< unique in the account without regard to case
  std::string path = "/";
  std::string description;
  std::string trust_policy;  ///< as given
  int64_t max_session_seconds = 3600;
  Tags tags;
  UnixSeconds created_at = 0;
};

struct ManagedPolicyVersion {
  std::string id;  ///< "v1"
  std::string document;
  UnixSeconds created_at = 0;
};

struct ManagedPolicy {
  std::string arn;
  std::string id;  ///< ANPA + 17
  std::string account_id;
  std::string name;
  std::string path = "/";
  std::string description;
  std::string default_version_id = "v1";
  std::vector<ManagedPolicyVersion> versions;
  Tags tags;
  int64_t attachment_count = 0;
  UnixSeconds created_at = 0;
  UnixSeconds updated_at = 0;
};

/// A long-lived key. For the account's root in this release; `secret` is sealed by the caller of catalog.
struct AccessKey {
  std::string id;            ///< AKIA + 16
  std::string account_id;
  std::string principal_arn; ///< arn:aws:iam::<account>:root
  std::string sealed_secret; ///< bytes, under the sealing key
  bool active = true;
  UnixSeconds created_at = 0;
};

}  // namespace sluice::iam
