#pragma once

#include <string>

#include "promql/ast.h"

namespace sluice::promql {

/// The query in Prometheus' canonical one-line form (promql/parser/printer.go): what it prints parses to an
/// equal tree. Thread-safe.
std::string to_string(const Expr& expr);

/// A double as PromQL writes literals: shortest decimal form that reads back the same, never with an exponent;
/// "+Inf", "-Inf", "NaN".
std::string format_number(double value);

/// `job=~"a|b"`; names that are not classic ones are quoted.
std::string print_matcher(const model::Matcher& matcher);

/// A label set as Prometheus' errors show it, the name among the others: `{__name__="up", job="x"}`.
std::string print_labels(const model::Labels& labels);

}  // namespace sluice::promql
