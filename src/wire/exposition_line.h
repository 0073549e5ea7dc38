#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace sluice::wire {

/// A sample line, taken apart: `name{a="b"} 1 1395066363000`.
struct ExpositionSampleLine {
  std::string name;
  std::vector<std::pair<std::string, std::string>> labels;  ///< without the name, unique, order of the line
  double value = 0;
  std::optional<TimestampMs> timestamp_ms;
};

/// A `# HELP name text` or `# TYPE name type` line, unescaped; of OpenMetrics also `# UNIT name unit`.
struct ExpositionCommentLine {
  enum class Kind { kHelp, kType, kUnit, kOther } kind = Kind::kOther;
  std::string name;
  std::string text;
};

/// One line without its line feed and without trailing blanks, valid UTF-8. kMalformed; the message
/// begins with `column N:`.
Result<ExpositionCommentLine> parse_comment_line(std::string_view line);
Result<ExpositionCommentLine> parse_open_metrics_comment_line(std::string_view line);
Result<ExpositionSampleLine> parse_sample_line(std::string_view line, size_t labels_max);
/// The same in OpenMetrics 1.0: the timestamp counts seconds, with a fraction (what is finer than a millisecond is cut,
/// as Prometheus does), and an exemplar may follow, which is checked and left out.
Result<ExpositionSampleLine> parse_open_metrics_sample_line(std::string_view line, size_t labels_max);

/// As Go's strconv.ParseFloat, without underscores: decimal, hexadecimal with `p` exponent, inf, infinity
/// and nan in any case. Overflow is refused. NaN becomes Prometheus' normal NaN.
std::optional<double> parse_go_float(std::string_view text);

}  // namespace sluice::wire
