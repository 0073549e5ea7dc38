#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "iam/decision.h"
#include "iam/policy.h"
#include "iam/principal.h"
#include "iam/request_context.h"

/// Whether one statement speaks of a request: the one code path of enforcement and of explanation. Internal to iam.
namespace sluice::iam {

/// A request, put as statements are asked. Views what evaluate() was given.
struct Question {
  Question(const Principal& caller_in, std::string_view action_in, std::string_view resource_in,
           const RequestContext& context_in);

  const Principal& caller;
  std::string_view action;
  std::string lower_action;
  std::string_view resource;
  const RequestContext& context;
};

/// How closely a Principal element names the caller.
enum class PrincipalMatch : uint8_t {
  kNone,
  kAccount,  ///< the caller's account: delegates to that account's identity policies
  kAnyone,   ///< "*"
  kRole,     ///< the session's role, the root of its own account, or the web identity's provider
  kSession,  ///< the session's own ARN
};
PrincipalMatch match_principal(const Statement& statement, const Principal& caller);

/// The first element that does not match, in the order principal, action, resource, condition.
struct Mismatch {
  StatementElement element = StatementElement::kAction;
  size_t condition = 0;  ///< index into Statement::conditions, for kCondition
};
/// nullopt when the statement speaks of the request.
std::optional<Mismatch> first_mismatch(const Statement& statement, const Question& question);

}  // namespace sluice::iam
