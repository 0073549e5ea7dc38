#pragma once

#include "base/result.h"
#include "promql/ast.h"
#include "promql/row.h"

namespace sluice::promql {

/// When the query is evaluated. For an instant query start equals end and step_ms is 0.
struct QueryWindow {
  TimestampMs start = 0;
  TimestampMs end = 0;
  int64_t step_ms = 0;
};

/// Makes a parsed query ready for one evaluation:
/// - start(), end(), range() and step() become numbers,
/// - durations that are expressions get their values, `@ start()` and `@ end()` their moments,
/// - parentheses around arguments go away,
/// - nodes learn whether they are step invariant, and whether their series differ without their metric names.
/// kInvalidArgument for a duration that is not positive, not finite or divides by zero.
Result<void> prepare(ExprPtr& root, const QueryWindow& window);

/// True of functions whose result changes with the moment of evaluation although their arguments do not.
bool is_at_modifier_unsafe(FunctionId id);

/// Without any parentheses around it.
const Expr& unwrapped(const Expr& expr);

}  // namespace sluice::promql
