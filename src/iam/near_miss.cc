#include "iam/near_miss.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "base/encoding.h"
#include "base/limits.h"
#include "iam/near_miss_hints.h"

namespace sluice::iam {
namespace {

std::string join(const std::vector<std::string>& values) { return fmt::format("{}", fmt::join(values, ", ")); }

std::string list_principals(const Statement& statement) {
  std::string out;
  for (const auto& principal : statement.principals) {
    if (!out.empty()) out.append(", ");
    out.append(principal.value);
  }
  return out;
}

std::string name_of(const Principal& caller) {
  if (caller.kind == PrincipalKind::kWebIdentity) return caller.provider_arn;
  return caller.arn.empty() ? "anonymous" : caller.arn;
}

std::string list_resources(const Statement& statement) {
  std::string out;
  for (const auto& resource : statement.resources) {
    if (!out.empty()) out.append(", ");
    out.append(resource.source());
  }
  return out;
}

void explain_condition(NearMiss& miss, const Condition& condition, const RequestContext& context) {
  miss.condition_operator = condition.operator_text();
  miss.key = condition.key();
  const ContextValue* value = context.find(condition.lookup_key());
  miss.seen = value == nullptr || value->values.empty() ? "(missing)" : join(value->values);
  miss.wanted = join(condition.values());
  miss.hint = condition_hint(condition, context);
}

NearMiss explain_mismatch(const AttachedPolicy& policy, size_t index, const Mismatch& mismatch,
                          const Question& question) {
  const Statement& statement = policy.policy->statements[index];
  NearMiss miss{.statement = {policy.source, policy.name, index, statement.sid},
                .effect = statement.effect,
                .element = mismatch.element};
  switch (mismatch.element) {
    case StatementElement::kPrincipal:
      miss.seen = name_of(question.caller);
      miss.wanted = (statement.is_not_principal ? "anyone but " : "") + list_principals(statement);
      miss.hint = principal_hint(statement, question.caller);
      break;
    case StatementElement::kAction:
      miss.seen = question.action;
      miss.wanted = (statement.is_not_action ? "any action but " : "") + join(statement.action_sources);
      miss.hint = action_hint(statement, question.action);
      break;
    case StatementElement::kResource:
      miss.seen = question.resource;
      miss.wanted = (statement.is_not_resource ? "any resource but " : "") + list_resources(statement);
      miss.hint = resource_hint(statement, question);
      break;
    case StatementElement::kCondition:
      explain_condition(miss, statement.conditions[mismatch.condition], question.context);
      break;
  }
  for (std::string* text : {&miss.seen, &miss.wanted, &miss.key})
    *text = printable(*text, limits::kDecisionFieldBytesMax);
  return miss;
}

}  // namespace

std::vector<NearMiss> find_near_misses(const std::vector<AttachedPolicy>& policies, const Question& question) {
  struct Candidate {
    const AttachedPolicy* policy;
    size_t index;
    Mismatch mismatch;
    size_t order;
  };
  std::vector<Candidate> candidates;
  for (const auto& policy : policies) {
    for (size_t i = 0; i < policy.policy->statements.size(); ++i) {
      const Statement& statement = policy.policy->statements[i];
      if (statement.effect != Effect::kAllow) continue;
      if (const auto mismatch = first_mismatch(statement, question))
        candidates.push_back({&policy, i, *mismatch, candidates.size()});
    }
  }
  // Elements are asked in a fixed order, so the later the one that failed, the nearer the statement.
  std::ranges::sort(candidates, [](const Candidate& a, const Candidate& b) {
    return std::tuple(b.mismatch.element, a.order) < std::tuple(a.mismatch.element, b.order);
  });
  if (candidates.size() > limits::kNearMissesMax) candidates.resize(limits::kNearMissesMax);
  std::vector<NearMiss> misses;
  for (const auto& [policy, index, mismatch, order] : candidates) {
    misses.push_back(explain_mismatch(*policy, index, mismatch, question));
  }
  return misses;
}

}  // namespace sluice::iam
