#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/matcher.h"
#include "promql/ast.h"

namespace sluice::promql {

/// What of the language is on, by the names of Prometheus' feature flags. Everything parses either way; what
/// is off is refused with Prometheus' own text.
struct ParserOptions {
  bool experimental_functions = false;  ///< promql-experimental-functions
  bool duration_expressions = false;    ///< promql-duration-expr
  bool extended_selectors = false;      ///< promql-extended-range-selectors: anchored, smoothed
  bool fill_modifiers = false;          ///< promql-binop-fill-modifiers
  /// All of them on.
  static constexpr ParserOptions everything() { return {true, true, true, true}; }
};

/// Parses and type-checks one query, with Prometheus 3.14's grammar and error texts.
/// Errors are kInvalidArgument, or kTooLarge past limits::kQueryTextBytesMax and kQueryDepthMax; their message
/// is `<line>:<column>: parse error: <what>, expected <what>`, line and column counted from 1 (column in bytes).
/// Only the first error is told, as Prometheus does. Thread-safe.
Result<ExprPtr> parse_expr(std::string_view text, const ParserOptions& options = {});

/// Parses a series selector as in `match[]`: `up`, `{job="a"}`, `up{job=~"a.*"}`. At least one matcher must
/// refuse the empty string ("match[] must contain at least one non-empty matcher"). Errors as parse_expr.
Result<std::vector<model::Matcher>> parse_selector(std::string_view text);

/// "1d2h", "15s", "500ms", "0": units y w d h m s ms, each at most once, largest first. Milliseconds.
/// kInvalidArgument with Prometheus' text otherwise.
Result<int64_t> parse_duration(std::string_view text);

/// The inverse of parse_duration: 5400000 is "1h30m", 0 is "0s". Not negative.
std::string format_duration(int64_t duration_ms);

/// "<line>:<column>" of a byte offset, both from 1, as Prometheus prints positions.
std::string line_and_column(std::string_view text, int32_t offset);

}  // namespace sluice::promql
