#pragma once

#include <vector>

#include "model/matcher.h"
#include "promql/ast.h"

namespace sluice::promql {

/// The matchers of every series selector in the expression, in the order in which they are written; offsets, `@` and
/// ranges are not looked at. For queries about series instead of samples (Prometheus' parser.ExtractSelectors).
std::vector<std::vector<model::Matcher>> extract_selectors(const Expr& expr);

}  // namespace sluice::promql
