#include "diagnosis/explain_policy.h"

#include <algorithm>
#include <array>
#include <string>

#include <fmt/core.h>

#include "base/check.h"
#include "base/encoding.h"
#include "diagnosis/explain_jwt.h"

namespace sluice::diagnosis {
namespace {

using enum RuleId;

constexpr std::array<std::string_view, 5> kTokenKeys = {"sub", "aud", "amr", "oaud", "email"};

std::string deny_detail(const iam::Decision& decision) {
  return decision.deciding ? decision.deciding->describe() : std::string();
}

/// "<prefix>:<suffix>", cut at the last colon.
struct KeyParts {
  std::string_view prefix;
  std::string suffix;  ///< lower case
};
KeyParts split_key(std::string_view key) {
  const size_t colon = key.rfind(':');
  if (colon == std::string_view::npos) return {{}, ascii_lower(key)};
  return {key.substr(0, colon), ascii_lower(key.substr(colon + 1))};
}

/// Keys that belong to AWS, not to an issuer: "aws:SourceIp", "sts:RoleSessionName".
bool is_service_key(std::string_view prefix) { return ascii_iequals(prefix, "aws") || ascii_iequals(prefix, "sts"); }

bool compares_letter_for_letter(std::string_view condition_operator) {
  const size_t colon = condition_operator.find(':');
  if (colon != std::string_view::npos) condition_operator.remove_prefix(colon + 1);
  return condition_operator.starts_with("StringEquals");
}

/// A subject under :aud, or an audience under :sub.
bool is_other_keys_value(std::string_view suffix, std::string_view wanted, const iam::Principal& caller) {
  if (suffix == "aud" || suffix == "oaud") {
    return wanted.contains("system:serviceaccount:") || (!caller.subject.empty() && wanted.contains(caller.subject));
  }
  return suffix == "sub" && (wanted == caller.audience || wanted == "sts.amazonaws.com");
}

std::string with_hint(std::string detail, const iam::NearMiss& miss, std::string_view otherwise = {}) {
  const std::string_view more = miss.hint.empty() ? otherwise : std::string_view(miss.hint);
  return more.empty() ? detail : fmt::format("{}; {}", detail, more);
}

std::string where(const iam::NearMiss& miss) {
  return fmt::format("{}; {} {}", miss.statement.describe(), miss.condition_operator, miss.key);
}

/// What all statements as near as this one would have taken for its key: a role may trust several subjects.
std::string wanted_by_all(const iam::Decision& decision, const iam::NearMiss& nearest) {
  std::string all = nearest.wanted;
  for (const iam::NearMiss& miss : decision.near_misses) {
    if (miss.key == nearest.key && miss.wanted != nearest.wanted) all += fmt::format(", or {}", miss.wanted);
  }
  return all;
}

Finding explain_value(const iam::NearMiss& miss, std::string_view suffix, const iam::Decision& decision,
                      const iam::Principal& caller) {
  if (is_other_keys_value(suffix, miss.wanted, caller)) {
    return make_finding(kTrustValueUnderWrongKey, miss.seen, miss.wanted, where(miss));
  }
  if (compares_letter_for_letter(miss.condition_operator) && miss.wanted.find_first_of("*?") != std::string::npos) {
    return make_finding(kTrustWildcardUnderEquals, miss.seen, miss.wanted, where(miss));
  }
  const RuleId id = suffix == "sub" ? kTrustSubMismatch : suffix == "aud" ? kTrustAudMismatch : kTrustConditionMismatch;
  return make_finding(id, miss.seen, wanted_by_all(decision, miss),
                      with_hint(where(miss), miss, first_difference(miss.seen, miss.wanted)));
}

Finding explain_condition(const iam::NearMiss& miss, const iam::Decision& decision, const iam::Principal& caller) {
  const KeyParts key = split_key(miss.key);
  const bool is_token_key = std::ranges::find(kTokenKeys, key.suffix) != kTokenKeys.end();
  if (!key.prefix.empty() && !is_service_key(key.prefix)) {
    const bool is_own_prefix = ascii_iequals(key.prefix, caller.issuer_key_prefix);
    if (is_own_prefix && is_token_key) return explain_value(miss, key.suffix, decision, caller);
    if (is_own_prefix) {
      return make_finding(kTrustUnknownKey, miss.key, "sub, aud, amr, oaud or email", where(miss));
    }
    if (is_token_key) {
      const std::string wanted = fmt::format("{}:{}", caller.issuer_key_prefix, key.suffix);
      return make_finding(kTrustKeyPrefix, miss.key, wanted,
                          with_hint(miss.statement.describe(), miss, first_difference(miss.key, wanted)));
    }
  }
  return make_finding(kTrustConditionMismatch, miss.seen, miss.wanted, with_hint(where(miss), miss));
}

/// "a, b" as iam lists principals: whether one of them is `arn` but for slashes at its end.
bool differs_in_slash(std::string_view wanted, std::string_view arn) {
  const auto bare = [](std::string_view text) {
    while (text.ends_with('/')) text.remove_suffix(1);
    return text;
  };
  while (true) {
    const size_t comma = std::min(wanted.find(", "), wanted.size());
    if (bare(wanted.substr(0, comma)) == bare(arn)) return true;
    if (comma == wanted.size()) return false;
    wanted.remove_prefix(comma + 2);
  }
}

std::string account_of(std::string_view arn) {
  for (int colons = 0; colons < 4; ++colons) {
    const size_t at = arn.find(':');
    if (at == std::string_view::npos) return {};
    arn.remove_prefix(at + 1);
  }
  return std::string(arn.substr(0, arn.find(':')));
}

RuleId permission_rule(const iam::NearMiss& miss) {
  switch (miss.element) {
    case iam::StatementElement::kAction: return kPolicyActionMissing;
    case iam::StatementElement::kResource: return kPolicyResourceMismatch;
    case iam::StatementElement::kCondition: return kPolicyConditionMismatch;
    case iam::StatementElement::kPrincipal: break;
  }
  return kPolicyNoAllow;
}

}  // namespace

Finding explain_denial(const iam::Decision& decision, const iam::Principal& caller, std::string_view action,
                       std::string_view resource) {
  SLUICE_CHECK(!decision.is_allowed(), "only denials are explained");
  const std::string asked = fmt::format("{} on {}", action, resource);
  if (decision.outcome == iam::Outcome::kExplicitDeny) {
    return make_finding(kPolicyExplicitDeny, asked, "no Deny that matches", deny_detail(decision));
  }
  const std::string account = account_of(resource);
  if (!account.empty() && !caller.account_id.empty() && account != caller.account_id) {
    return make_finding(kPolicyOtherAccount, resource, fmt::format("a resource of account {}", caller.account_id));
  }
  if (decision.near_misses.empty()) return make_finding(kPolicyNoPolicies, asked, "a policy that allows it");
  const iam::NearMiss& miss = decision.near_misses.front();
  const RuleId id = permission_rule(miss);
  switch (id) {
    case kPolicyActionMissing: return make_finding(id, action, miss.wanted, with_hint(miss.statement.describe(), miss));
    case kPolicyResourceMismatch:
      return make_finding(id, resource, miss.wanted,
                          with_hint(miss.statement.describe(), miss, first_difference(resource, miss.wanted)));
    case kPolicyConditionMismatch: return make_finding(id, miss.seen, miss.wanted, with_hint(where(miss), miss));
    default: return make_finding(id, asked, miss.wanted, with_hint(miss.statement.describe(), miss));
  }
}

Finding explain_trust(const iam::Decision& decision, const iam::Principal& caller) {
  SLUICE_CHECK(!decision.is_allowed(), "only denials are explained");
  if (decision.outcome == iam::Outcome::kExplicitDeny) {
    return make_finding(kTrustExplicitDeny, caller.subject, "no Deny that matches", deny_detail(decision));
  }
  if (decision.near_misses.empty()) return make_finding(kTrustNoAllow, caller.provider_arn, "an Allow statement");
  const iam::NearMiss& miss = decision.near_misses.front();
  const std::string statement = miss.statement.describe();
  switch (miss.element) {
    case iam::StatementElement::kPrincipal:
      return make_finding(
          differs_in_slash(miss.wanted, caller.provider_arn) ? kTrustPrincipalSlash : kTrustPrincipalOtherProvider,
          caller.provider_arn, miss.wanted, with_hint(statement, miss));
    case iam::StatementElement::kAction:
      return make_finding(kTrustActionMissing, "sts:AssumeRoleWithWebIdentity", miss.wanted,
                          with_hint(statement, miss));
    case iam::StatementElement::kCondition: return explain_condition(miss, decision, caller);
    case iam::StatementElement::kResource: break;
  }
  return make_finding(kTrustConditionMismatch, miss.seen, miss.wanted, with_hint(statement, miss));
}

}  // namespace sluice::diagnosis
