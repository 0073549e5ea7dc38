#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "diagnosis/finding.h"
#include "oidc/discovery.h"
#include "oidc/jwt_refusal.h"

namespace sluice::diagnosis {

/// What is registered, for near misses. Only ever shown to operators.
struct RegisteredIssuers {
  std::vector<std::string> same_account;    ///< issuers of the role's account, with scheme
  std::vector<std::string> other_accounts;  ///< issuers of this server's other accounts
};

/// Turns a refused token into a finding: the rule, the values, and for an issuer that is not registered the
/// near miss (trailing slash, case, scheme, port, another id of the same place, another account). Thread-safe.
Finding explain(const oidc::JwtRejection& rejection, const RegisteredIssuers& registered = {});

/// The same for an issuer's discovery document.
Finding explain(const oidc::DiscoveryRejection& rejection);

/// How `issuer` misses a registered one, best match first; kOidcIssuerNotRegistered with no `nearest` when
/// nothing is near.
struct IssuerMiss {
  RuleId rule = RuleId::kOidcIssuerNotRegistered;
  std::string nearest;
};
IssuerMiss nearest_issuer(std::string_view issuer, const RegisteredIssuers& registered);

/// Where two texts part: "differs from character 12 on: ...prod/ <> ...prod". Characters are bytes here.
std::string first_difference(std::string_view seen, std::string_view wanted);

}  // namespace sluice::diagnosis
