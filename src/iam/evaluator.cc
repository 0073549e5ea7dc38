#include "iam/evaluator.h"

#include <utility>

#include <fmt/format.h>

#include "iam/near_miss.h"
#include "iam/statement_match.h"

namespace sluice::iam {
namespace {

using Policies = std::vector<AttachedPolicy>;

StatementRef refer(const AttachedPolicy& policy, size_t index) {
  return {policy.source, policy.name, index, policy.policy->statements[index].sid};
}

/// The first Deny statement that speaks of the request.
std::optional<StatementRef> find_deny(const Policies& policies, const Question& question) {
  for (const auto& policy : policies) {
    const auto& statements = policy.policy->statements;
    for (size_t i = 0; i < statements.size(); ++i) {
      if (statements[i].effect == Effect::kDeny && !first_mismatch(statements[i], question)) return refer(policy, i);
    }
  }
  return std::nullopt;
}

struct Allowed {
  StatementRef statement;
  PrincipalMatch principal = PrincipalMatch::kNone;  ///< trust and resource policies
};

/// An Allow statement that speaks of the request: the one that names the caller most closely.
std::optional<Allowed> find_allow(const Policies& policies, const Question& question) {
  std::optional<Allowed> best;
  for (const auto& policy : policies) {
    const auto& statements = policy.policy->statements;
    for (size_t i = 0; i < statements.size(); ++i) {
      if (statements[i].effect != Effect::kAllow || first_mismatch(statements[i], question)) continue;
      const auto match =
          statements[i].has_principal ? match_principal(statements[i], question.caller) : PrincipalMatch::kNone;
      if (!best || match > best->principal) best = Allowed{refer(policy, i), match};
    }
  }
  return best;
}

Decision explicit_deny(StatementRef statement) {
  Decision decision{.outcome = Outcome::kExplicitDeny};
  decision.denied_by = statement.source;
  decision.deciding = std::move(statement);
  return decision;
}

Decision implicit_deny(PolicySource layer, const Policies& policies, const Question& question) {
  return Decision{
      .outcome = Outcome::kImplicitDeny, .denied_by = layer, .near_misses = find_near_misses(policies, question)};
}

Decision allow(std::optional<StatementRef> statement) {
  return Decision{.outcome = Outcome::kAllow, .deciding = std::move(statement)};
}

/// "*", resources without an account, and Amazon's own policies (account "aws") count as the caller's own. Read without
/// the strictness of Arn::parse: a resource whose name is odd still belongs to the account it names, and one whose
/// account cannot be read belongs to nobody who calls.
bool is_own_account(const Principal& caller, std::string_view resource) {
  if (!resource.starts_with("arn:")) return true;
  for (int i = 0; i < 4; ++i) {
    const size_t colon = resource.find(':');
    if (colon == std::string_view::npos) return false;
    resource.remove_prefix(colon + 1);
  }
  const size_t end = resource.find(':');
  if (end == std::string_view::npos) return false;
  const std::string_view account = resource.substr(0, end);
  return account.empty() || account == "aws" || account == caller.account_id;
}

std::string_view layer_words(PolicySource source) {
  switch (source) {
    case PolicySource::kIdentityInline:
    case PolicySource::kIdentityManaged: return "identity-based policy";
    case PolicySource::kResource: return "resource-based policy";
    case PolicySource::kTrust: return "role trust policy";
    case PolicySource::kBoundary: return "permissions boundary";
    case PolicySource::kSession: return "session policy";
  }
  return "identity-based policy";
}

}  // namespace

Decision evaluate(const Principal& caller, const PolicySet& policies, const AccessRequest& request) {
  const Question question(caller, request.action, request.resource, request.context);
  for (const Policies* layer : {&policies.resource, &policies.identity, &policies.boundary, &policies.session}) {
    if (auto deny = find_deny(*layer, question)) return explicit_deny(*std::move(deny));
  }
  const bool is_own = is_own_account(caller, request.resource);
  if (caller.kind == PrincipalKind::kRoot && is_own) return allow(std::nullopt);

  auto by_identity = find_allow(policies.identity, question);
  auto by_resource = find_allow(policies.resource, question);
  // A statement that names the account leaves the choice to that account's identity policies.
  const bool names_caller = by_resource && by_resource->principal > PrincipalMatch::kAccount;
  if (is_own && !by_identity && !names_caller) {
    return implicit_deny(PolicySource::kIdentityManaged, policies.identity, question);
  }
  if (!is_own && !by_resource) return implicit_deny(PolicySource::kResource, policies.resource, question);
  if (!is_own && !by_identity && caller.kind != PrincipalKind::kAnonymous && caller.kind != PrincipalKind::kRoot) {
    return implicit_deny(PolicySource::kIdentityManaged, policies.identity, question);
  }
  const bool names_session = is_own && by_resource && by_resource->principal == PrincipalMatch::kSession;
  if (!names_session) {
    if (!policies.boundary.empty() && !find_allow(policies.boundary, question)) {
      return implicit_deny(PolicySource::kBoundary, policies.boundary, question);
    }
    if (!policies.session.empty() && !find_allow(policies.session, question)) {
      return implicit_deny(PolicySource::kSession, policies.session, question);
    }
  }
  return allow(by_identity ? std::move(by_identity->statement) : std::move(by_resource->statement));
}

Decision evaluate_trust(const Principal& caller, const CompiledPolicy& trust, std::string_view role_arn,
                        std::string_view action, const RequestContext& context) {
  const Question question(caller, action, role_arn, context);
  // The policy is the caller's to keep alive; this pointer owns nothing.
  const std::shared_ptr<const CompiledPolicy> view(std::shared_ptr<const CompiledPolicy>(), &trust);
  const Policies policies = {{PolicySource::kTrust, std::string(role_arn), view}};
  if (auto deny = find_deny(policies, question)) return explicit_deny(*std::move(deny));
  auto allowed = find_allow(policies, question);
  if (!allowed) return implicit_deny(PolicySource::kTrust, policies, question);
  Decision decision = allow(std::move(allowed->statement));
  decision.delegates_to_account = allowed->principal == PrincipalMatch::kAccount;
  return decision;
}

std::string denial_message(const Decision& decision, const Principal& caller, std::string_view action,
                           std::string_view resource) {
  const std::string_view name = caller.arn.empty() ? std::string_view("anonymous") : std::string_view(caller.arn);
  const std::string_view layer = layer_words(decision.denied_by);
  std::string text = fmt::format("User: {} is not authorized to perform: {} on resource: {}", name, action, resource);
  if (decision.outcome == Outcome::kExplicitDeny) {
    const bool is_an = layer.starts_with("identity");
    return text + fmt::format(" with an explicit deny in {} {}", is_an ? "an" : "a", layer);
  }
  return text + fmt::format(" because no {} allows the {} action", layer, action);
}

aws::AwsError access_denied(const Decision& decision, const Principal& caller, std::string_view action,
                            std::string_view resource, std::string_view code) {
  return aws::AwsError{403, std::string(code), denial_message(decision, caller, action, resource)};
}

std::string explain(const Decision& decision) {
  std::string out(to_string(decision.outcome));
  if (decision.deciding) out += " by " + decision.deciding->describe();
  if (decision.outcome == Outcome::kAllow) {
    if (!decision.deciding) out += ": the account's root";
    if (decision.residual) out += ", for series with " + decision.residual->describe();
    return out;
  }
  if (decision.outcome == Outcome::kImplicitDeny) {
    out += fmt::format(": no {} allows it", layer_words(decision.denied_by));
    if (decision.near_misses.empty()) out += "; there is no Allow statement at all";
  }
  for (const auto& miss : decision.near_misses) out += "\n" + miss.describe();
  return out;
}

}  // namespace sluice::iam
