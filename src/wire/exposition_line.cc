#include "wire/exposition_line.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "base/encoding.h"
#include "model/labels.h"

namespace sluice::wire {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\t'; }
// What an unquoted name may consist of; whether it is a good one is checked afterwards.
bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == ':';
}

/// Reads tokens of one line from left to right.
class Scanner {
 public:
  explicit Scanner(std::string_view line) : line_(line) {}

  bool at_end() const { return at_ == line_.size(); }
  bool is_next(char c) const { return !at_end() && line_[at_] == c; }
  std::string_view rest() const { return line_.substr(at_); }

  void skip_blanks() {
    while (!at_end() && is_blank(line_[at_])) ++at_;
  }
  bool take(char c) {
    if (!is_next(c)) return false;
    ++at_;
    return true;
  }
  std::string_view word() {
    const size_t start = at_;
    while (!at_end() && !is_blank(line_[at_])) ++at_;
    return line_.substr(start, at_ - start);
  }
  std::string_view unquoted_name() {
    const size_t start = at_;
    while (!at_end() && is_name_character(line_[at_])) ++at_;
    return line_.substr(start, at_ - start);
  }

  std::unexpected<Error> refuse(std::string_view wanted) const {
    const std::string found = at_end() ? "the end of the line" : fmt::format("\"{}\"", printable(rest(), 40));
    return refuse_at(at_, fmt::format("found {} where {} is wanted", found, wanted));
  }
  std::unexpected<Error> refuse_at(size_t at, std::string_view what) const {
    return fail(ErrorCode::kMalformed, fmt::format("column {}: {}", at + 1, what));
  }
  size_t position() const { return at_; }

  /// A string in double quotes, escapes \\, \" and \n resolved.
  Result<std::string> quoted(std::string_view wanted) {
    if (!take('"')) return refuse(wanted);
    std::string text;
    while (!at_end()) {
      const char c = line_[at_++];
      if (c == '"') return text;
      if (c != '\\') {
        text += c;
        continue;
      }
      SLUICE_ASSIGN(const char escaped, escape(true));
      text += escaped;
    }
    return refuse("a closing quote");
  }

  /// The rest of the line with \\ and \n resolved: the text of a HELP line.
  Result<std::string> help_text() {
    std::string text;
    while (!at_end()) {
      const char c = line_[at_++];
      if (c != '\\') {
        text += c;
        continue;
      }
      SLUICE_ASSIGN(const char escaped, escape(false));
      text += escaped;
    }
    return text;
  }

 private:
  Result<char> escape(bool allows_quote) {
    if (at_end()) return refuse("an escaped character");
    const char c = line_[at_++];
    if (c == 'n') return '\n';
    if (c == '\\' || (allows_quote && c == '"')) return c;
    return refuse_at(at_ - 2, fmt::format("unknown escape \"\\{}\"; {} are known", printable(std::string_view(&c, 1)),
                                          allows_quote ? R"(\\, \" and \n)" : R"(\\ and \n)"));
  }

  std::string_view line_;
  size_t at_ = 0;
};

Result<std::string> metric_name(Scanner& scanner) {
  if (scanner.is_next('"')) {
    SLUICE_ASSIGN(std::string name, scanner.quoted("a metric name"));
    if (name.empty()) return scanner.refuse_at(scanner.position(), "an empty metric name");
    return name;
  }
  const std::string_view name = scanner.unquoted_name();
  if (!model::is_classic_metric_name(name)) return scanner.refuse("a metric name");
  return std::string(name);
}

// One entry between braces: `name="value"`, or a quoted metric name alone.
Result<void> label_entry(Scanner& scanner, size_t labels_max, ExpositionSampleLine& sample) {
  const size_t start = scanner.position();
  const bool is_quoted = scanner.is_next('"');
  std::string name;
  if (is_quoted) {
    SLUICE_ASSIGN(name, scanner.quoted("a label name"));
  } else {
    name = scanner.unquoted_name();
    if (!model::is_classic_label_name(name)) return scanner.refuse("a label name");
  }
  if (name.empty()) return scanner.refuse_at(start, "an empty name");
  scanner.skip_blanks();
  if (is_quoted && !scanner.is_next('=')) {
    if (!sample.name.empty()) return scanner.refuse_at(start, "a second metric name");
    sample.name = std::move(name);
    return {};
  }
  if (!scanner.take('=')) return scanner.refuse("\"=\"");
  scanner.skip_blanks();
  SLUICE_ASSIGN(std::string value, scanner.quoted("a label value in double quotes"));
  if (name == model::kMetricName) return scanner.refuse_at(start, "the label name __name__ is reserved");
  const auto same = [&](const auto& label) { return label.first == name; };
  if (std::ranges::any_of(sample.labels, same)) {
    return scanner.refuse_at(start, fmt::format("duplicate label name \"{}\"", printable(name, 100)));
  }
  if (sample.labels.size() >= labels_max) {
    return scanner.refuse_at(start, fmt::format("more than {} labels on one sample", labels_max));
  }
  sample.labels.emplace_back(std::move(name), std::move(value));
  return {};
}

Result<void> label_list(Scanner& scanner, size_t labels_max, ExpositionSampleLine& sample) {
  for (;;) {
    scanner.skip_blanks();
    if (scanner.take('}')) return {};
    SLUICE_TRY(label_entry(scanner, labels_max, sample));
    scanner.skip_blanks();
    if (scanner.take('}')) return {};
    if (!scanner.take(',')) return scanner.refuse("\",\" or \"}\"");
  }
}

Result<double> number(Scanner& scanner, std::string_view wanted) {
  const size_t start = scanner.position();
  const std::string_view text = scanner.word();
  if (text.empty()) return scanner.refuse(wanted);
  const auto value = parse_go_float(text);
  if (value) return *value;
  return scanner.refuse_at(start, fmt::format("\"{}\" is not a floating-point number", printable(text, 60)));
}

Result<void> value_and_timestamp(Scanner& scanner, ExpositionSampleLine& sample) {
  SLUICE_ASSIGN(sample.value, number(scanner, "a value"));
  scanner.skip_blanks();
  if (scanner.at_end()) return {};
  const size_t start = scanner.position();
  const std::string_view text = scanner.word();
  TimestampMs timestamp_ms = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), timestamp_ms);
  if (code != std::errc() || end != text.data() + text.size()) {
    return scanner.refuse_at(start,
                             fmt::format("\"{}\" is not a timestamp in whole milliseconds", printable(text, 60)));
  }
  sample.timestamp_ms = timestamp_ms;
  scanner.skip_blanks();
  if (!scanner.at_end()) return scanner.refuse("the end of the line");
  return {};
}

ExpositionCommentLine::Kind kind_of(std::string_view keyword, bool knows_unit) {
  using Kind = ExpositionCommentLine::Kind;
  if (keyword == "HELP") return Kind::kHelp;
  if (keyword == "TYPE") return Kind::kType;
  return knows_unit && keyword == "UNIT" ? Kind::kUnit : Kind::kOther;
}

Result<ExpositionCommentLine> comment_line(std::string_view line, bool knows_unit) {
  Scanner scanner(line);
  scanner.skip_blanks();
  scanner.take('#');
  scanner.skip_blanks();
  ExpositionCommentLine comment;
  comment.kind = kind_of(scanner.word(), knows_unit);
  if (comment.kind == ExpositionCommentLine::Kind::kOther) return comment;
  scanner.skip_blanks();
  SLUICE_ASSIGN(comment.name, metric_name(scanner));
  const size_t after_name = scanner.position();
  scanner.skip_blanks();
  if (!scanner.at_end() && scanner.position() == after_name) return scanner.refuse("a blank after the metric name");
  if (comment.kind == ExpositionCommentLine::Kind::kHelp) {
    SLUICE_ASSIGN(comment.text, scanner.help_text());
  } else {
    comment.text = scanner.rest();
  }
  return comment;
}

// Seconds since the epoch as milliseconds.
Result<TimestampMs> seconds_timestamp(Scanner& scanner) {
  const size_t start = scanner.position();
  SLUICE_ASSIGN(const double seconds, number(scanner, "a timestamp in seconds"));
  const double ms = seconds * 1000;
  constexpr double kMsMax = 9.2e18;
  if (ms >= -kMsMax && ms <= kMsMax) return static_cast<TimestampMs>(ms);
  return scanner.refuse_at(start, "the timestamp is out of range");
}

// ` # {trace_id="x"} 0.67 1520879607.789` behind a sample.
Result<void> exemplar(Scanner& scanner, size_t labels_max) {
  scanner.skip_blanks();
  if (!scanner.take('{')) return scanner.refuse("an exemplar's \"{\"");
  ExpositionSampleLine labels;
  const size_t start = scanner.position();
  SLUICE_TRY(label_list(scanner, labels_max, labels));
  if (!labels.name.empty()) return scanner.refuse_at(start, "a metric name in an exemplar");
  scanner.skip_blanks();
  SLUICE_TRY(number(scanner, "an exemplar's value"));
  scanner.skip_blanks();
  if (scanner.at_end()) return {};
  SLUICE_TRY(seconds_timestamp(scanner));
  scanner.skip_blanks();
  return scanner.at_end() ? Result<void>() : scanner.refuse("the end of the line");
}

Result<void> open_metrics_tail(Scanner& scanner, size_t labels_max, ExpositionSampleLine& sample) {
  SLUICE_ASSIGN(sample.value, number(scanner, "a value"));
  scanner.skip_blanks();
  if (!scanner.at_end() && !scanner.is_next('#')) {
    SLUICE_ASSIGN(sample.timestamp_ms, seconds_timestamp(scanner));
    scanner.skip_blanks();
  }
  if (scanner.take('#')) return exemplar(scanner, labels_max);
  return scanner.at_end() ? Result<void>() : scanner.refuse("an exemplar or the end of the line");
}

// `name`, `name{...}` or `{"name",...}`, and the blanks behind it.
Result<ExpositionSampleLine> series_of_line(Scanner& scanner, size_t labels_max) {
  scanner.skip_blanks();
  const size_t start = scanner.position();
  ExpositionSampleLine sample;
  if (!scanner.is_next('{')) {
    const std::string_view name = scanner.unquoted_name();
    if (!model::is_classic_metric_name(name)) return scanner.refuse("a metric name");
    sample.name = name;
  }
  const size_t after_name = scanner.position();
  scanner.skip_blanks();
  const bool has_braces = scanner.take('{');
  if (has_braces) {
    SLUICE_TRY(label_list(scanner, labels_max, sample));
    if (sample.name.empty()) return scanner.refuse_at(start, "a sample without a metric name");
    scanner.skip_blanks();
  } else if (scanner.position() == after_name) {
    return scanner.refuse("a blank or \"{\" after the metric name");
  }
  return sample;
}

}  // namespace

Result<ExpositionCommentLine> parse_comment_line(std::string_view line) { return comment_line(line, false); }

Result<ExpositionCommentLine> parse_open_metrics_comment_line(std::string_view line) {
  return comment_line(line, true);
}

Result<ExpositionSampleLine> parse_sample_line(std::string_view line, size_t labels_max) {
  Scanner scanner(line);
  SLUICE_ASSIGN(auto sample, series_of_line(scanner, labels_max));
  SLUICE_TRY(value_and_timestamp(scanner, sample));
  return sample;
}

Result<ExpositionSampleLine> parse_open_metrics_sample_line(std::string_view line, size_t labels_max) {
  Scanner scanner(line);
  SLUICE_ASSIGN(auto sample, series_of_line(scanner, labels_max));
  SLUICE_TRY(open_metrics_tail(scanner, labels_max, sample));
  return sample;
}

}  // namespace sluice::wire
