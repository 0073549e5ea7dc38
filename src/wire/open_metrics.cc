#include "wire/open_metrics.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "base/encoding.h"
#include "wire/exposition_line.h"

namespace sluice::wire {
namespace {

constexpr std::string_view kEnd = "# EOF";
constexpr std::array<std::string_view, 8> kTypes = {"counter",  "gauge", "histogram", "gaugehistogram",
                                                    "stateset", "info",  "summary",   "unknown"};
// The buffer is moved up once so much of it has been read.
constexpr size_t kReadBytesKeptMax = 64 << 10;

std::unexpected<Error> refuse(std::string what) { return fail(ErrorCode::kMalformed, std::move(what)); }

}  // namespace

std::unexpected<Error> OpenMetricsReader::at_line(const Error& error) const {
  return fail_in(fmt::format("line {}", number_), error);
}

Result<std::optional<OpenMetricsSample>> OpenMetricsReader::next() {
  while (!is_ended_) {
    SLUICE_ASSIGN(const auto line, next_line());
    if (!line) {
      return refuse(fmt::format("the text ends behind line {} without \"{}\": it is cut off", number_, kEnd));
    }
    if (*line == kEnd) {
      SLUICE_TRY(check_end());
      break;
    }
    if (line->empty()) return at_line({ErrorCode::kMalformed, "an empty line; OpenMetrics has none"});
    if (line->starts_with('#')) {
      if (const auto checked = check_comment(*line); !checked) return at_line(checked.error());
      continue;
    }
    auto sample = parse_open_metrics_sample_line(*line, limits_.labels_per_sample_max);
    if (!sample) return at_line(sample.error());
    sample->labels.emplace_back(model::kMetricName, std::move(sample->name));
    return OpenMetricsSample{model::Labels::from(std::move(sample->labels)), sample->value, sample->timestamp_ms};
  }
  return std::nullopt;
}

// The line is valid until the next call. nullopt at the end of the text.
Result<std::optional<std::string_view>> OpenMetricsReader::next_line() {
  if (at_ > kReadBytesKeptMax) {
    buffer_.erase(0, at_);
    at_ = 0;
  }
  size_t end = buffer_.find('\n', at_);
  while (end == std::string::npos && !is_drained_ && buffer_.size() - at_ <= limits_.line_bytes_max) {
    const size_t searched = buffer_.size();
    SLUICE_ASSIGN(const bool has_more, read_(buffer_));
    is_drained_ = !has_more;
    end = buffer_.find('\n', searched);
  }
  if (end == std::string::npos && at_ == buffer_.size()) return std::nullopt;
  ++number_;
  const bool is_whole = end != std::string::npos;
  const auto line = std::string_view(buffer_).substr(at_, is_whole ? end - at_ : std::string::npos);
  if (line.size() > limits_.line_bytes_max) {
    return at_line({ErrorCode::kTooLarge, fmt::format("longer than {} bytes", limits_.line_bytes_max)});
  }
  // "# EOF" alone may come without its line feed.
  if (!is_whole && line != kEnd) {
    return at_line({ErrorCode::kMalformed, "the last line does not end with a line feed; the text is cut off"});
  }
  if (!is_valid_utf8(line)) return at_line({ErrorCode::kMalformed, "not valid UTF-8"});
  at_ = is_whole ? end + 1 : buffer_.size();
  return line;
}

Result<void> OpenMetricsReader::check_comment(std::string_view line) const {
  SLUICE_ASSIGN(const auto comment, parse_open_metrics_comment_line(line));
  switch (comment.kind) {
    case ExpositionCommentLine::Kind::kType:
      if (std::ranges::find(kTypes, comment.text) != kTypes.end()) return {};
      return refuse(
          fmt::format("unknown type \"{}\"; known are {}", printable(comment.text, 60), fmt::join(kTypes, ", ")));
    case ExpositionCommentLine::Kind::kUnit:
      if (comment.text.empty() || comment.name.ends_with("_" + comment.text)) return {};
      return refuse(fmt::format("the unit \"{}\" is not the suffix of \"{}\"", printable(comment.text, 60),
                                printable(comment.name, 100)));
    case ExpositionCommentLine::Kind::kHelp: return {};
    case ExpositionCommentLine::Kind::kOther: break;
  }
  return refuse("a comment; OpenMetrics has HELP, TYPE, UNIT and EOF lines only");
}

Result<void> OpenMetricsReader::check_end() {
  is_ended_ = true;
  while (at_ == buffer_.size() && !is_drained_) {
    SLUICE_ASSIGN(const bool has_more, read_(buffer_));
    is_drained_ = !has_more;
  }
  if (at_ < buffer_.size()) return at_line({ErrorCode::kMalformed, fmt::format("more text behind \"{}\"", kEnd)});
  return {};
}

}  // namespace sluice::wire
