#pragma once

#include <string>
#include <string_view>

#include "iam/condition.h"
#include "iam/policy.h"
#include "iam/principal.h"
#include "iam/request_context.h"
#include "iam/statement_match.h"

/// Guesses at what the author of a policy meant: one sentence, or "" when nothing comes to mind. They never take part
/// in a decision. Internal to iam.
namespace sluice::iam {

/// Another key that differs by a slash, a scheme or a doubled separator; a claim that is no key; a wildcard under
/// StringEquals; case; values of another key; a multivalued key without set operator; which part of a service account's
/// name differs.
std::string condition_hint(const Condition& condition, const RequestContext& context);
std::string principal_hint(const Statement& statement, const Principal& caller);
std::string action_hint(const Statement& statement, std::string_view action);
/// The ARN component that differs from the nearest of the statement's resources.
std::string resource_hint(const Statement& statement, const Question& question);

}  // namespace sluice::iam
