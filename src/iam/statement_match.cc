#include "iam/statement_match.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/encoding.h"
#include "iam/wildcard.h"

namespace sluice::iam {
namespace {

using Type = StatementPrincipal::Type;

PrincipalMatch match_aws(std::string_view value, const Principal& caller) {
  if (caller.kind != PrincipalKind::kRoot && caller.kind != PrincipalKind::kAssumedRole) return PrincipalMatch::kNone;
  if (value == caller.arn) {
    return caller.kind == PrincipalKind::kRoot ? PrincipalMatch::kRole : PrincipalMatch::kSession;
  }
  if (!caller.role_arn.empty() && value == caller.role_arn) return PrincipalMatch::kRole;
  return value == fmt::format("arn:aws:iam::{}:root", caller.account_id) ? PrincipalMatch::kAccount
                                                                         : PrincipalMatch::kNone;
}

PrincipalMatch match_one(const StatementPrincipal& principal, const Principal& caller, Effect effect) {
  switch (principal.type) {
    case Type::kAnyone:
      // "AWS": "*" does not let a web identity in (observed on AWS). A Deny of everyone still means everyone.
      return caller.kind == PrincipalKind::kWebIdentity && effect == Effect::kAllow ? PrincipalMatch::kNone
                                                                                    : PrincipalMatch::kAnyone;
    case Type::kAws: return match_aws(principal.value, caller);
    case Type::kFederated:
      return caller.kind == PrincipalKind::kWebIdentity && principal.value == caller.provider_arn
                 ? PrincipalMatch::kRole
                 : PrincipalMatch::kNone;
    case Type::kService:
    case Type::kCanonicalUser: return PrincipalMatch::kNone;
  }
  return PrincipalMatch::kNone;
}

bool action_matches(const Statement& statement, const Question& question) {
  const bool is_listed = std::ranges::any_of(
      statement.actions, [&](const std::string& pattern) { return glob_match(pattern, question.lower_action); });
  return is_listed != statement.is_not_action;
}

bool resource_matches(const Statement& statement, const Question& question) {
  if (statement.resources.empty()) return true;  // trust policies have none
  std::string buffer;
  bool is_listed = false;
  for (const auto& text : statement.resources) {
    const auto pattern = text.resolve(question.context, buffer);
    // A variable that does not resolve takes the whole statement out when it is negated: what it excludes is unknown.
    if (!pattern && statement.is_not_resource) return false;
    is_listed = is_listed || (pattern && resource_match(*pattern, question.resource));
  }
  return is_listed != statement.is_not_resource;
}

}  // namespace

Question::Question(const Principal& caller_in, std::string_view action_in, std::string_view resource_in,
                   const RequestContext& context_in)
    : caller(caller_in), action(action_in), lower_action(ascii_lower(action_in)), resource(resource_in),
      context(context_in) {}

PrincipalMatch match_principal(const Statement& statement, const Principal& caller) {
  PrincipalMatch best = PrincipalMatch::kNone;
  for (const auto& principal : statement.principals) {
    // Inside NotPrincipal the list exempts, so that the careful reading is the Deny's.
    const Effect effect = statement.is_not_principal ? Effect::kDeny : statement.effect;
    best = std::max(best, match_one(principal, caller, effect));
  }
  if (!statement.is_not_principal) return best;
  return best == PrincipalMatch::kNone ? PrincipalMatch::kAnyone : PrincipalMatch::kNone;
}

std::optional<Mismatch> first_mismatch(const Statement& statement, const Question& question) {
  if (statement.has_principal && match_principal(statement, question.caller) == PrincipalMatch::kNone) {
    return Mismatch{StatementElement::kPrincipal};
  }
  if (!action_matches(statement, question)) return Mismatch{StatementElement::kAction};
  if (!resource_matches(statement, question)) return Mismatch{StatementElement::kResource};
  for (size_t i = 0; i < statement.conditions.size(); ++i) {
    if (!statement.conditions[i].matches(question.context)) return Mismatch{StatementElement::kCondition, i};
  }
  return std::nullopt;
}

}  // namespace sluice::iam
