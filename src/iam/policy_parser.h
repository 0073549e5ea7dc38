#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "iam/policy.h"

/// The parts of parse_policy, apart from the walk over statements. Internal to iam.
namespace sluice::iam::parser {

/// kMalformed with AWS's words.
std::unexpected<Error> malformed(std::string text);

/// A string or an array of strings, each within kPolicyTextBytesMax. `place` names the element in errors.
Result<std::vector<std::string>> string_or_list(const JsonValue& value, std::string_view place);

/// Principal and NotPrincipal of a trust or resource policy.
Result<std::vector<StatementPrincipal>> principals(const JsonValue& value, PolicyKind kind, std::string_view place);

/// The Condition block: operators, keys, values (strings, numbers and booleans, alone or in lists).
Result<std::vector<Condition>> conditions(const JsonValue& value, std::string_view place,
                                          PolicyText::Variables variables);

}  // namespace sluice::iam::parser
