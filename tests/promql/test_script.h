#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "promql/series_description.h"

namespace sluice::promql::test {

struct ClearCommand {};

/// `load <step>` and the series below it.
struct LoadCommand {
  int64_t step_ms = 0;
  bool with_nhcb = false;  ///< classic histograms are loaded as native ones with custom buckets, too
  std::vector<SeriesDescription> series;
};

/// A message that must, or must not, appear: exactly, or by a regular expression.
struct Expectation {
  std::optional<std::string> message;
  std::string pattern = ".*";
};

/// `eval instant ...` or `eval range ...` with what is expected of it.
struct EvalCommand {
  size_t line = 0;
  std::string expr;
  bool range = false;
  TimestampMs start = 0;
  TimestampMs end = 0;
  int64_t step_ms = 0;
  TimestampMs at = 0;  ///< of an instant query
  bool ordered = false;
  std::optional<Expectation> failure;
  std::vector<Expectation> warnings;
  std::vector<Expectation> infos;
  bool any_warning = false;  ///< eval_warn
  bool any_info = false;
  bool no_warning = false;
  bool no_info = false;
  std::optional<std::string> string;
  std::optional<SequenceValue> scalar;
  std::vector<SeriesDescription> series;
  bool range_vector = false;  ///< the result of the instant query is a range vector
};

using Command = std::variant<ClearCommand, LoadCommand, EvalCommand>;

/// Parses a file of Prometheus' promqltest language (promql/promqltest/README.md).
Result<std::vector<Command>> parse_script(std::string_view text);

}  // namespace sluice::promql::test
