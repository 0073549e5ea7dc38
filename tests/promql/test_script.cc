#include "promql/test_script.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include "base/encoding.h"
#include "promql/parser.h"
#include "promql/text.h"

namespace sluice::promql::test {
namespace {

class ScriptParser {
 public:
  explicit ScriptParser(std::string_view text) {
    for (size_t begin = 0; begin <= text.size();) {
      const size_t end = std::min(text.find('\n', begin), text.size());
      std::string_view line = trim(text.substr(begin, end - begin));
      if (line.starts_with('#')) line = {};
      lines_.emplace_back(line);
      begin = end + 1;
    }
  }

  Result<std::vector<Command>> parse() {
    std::vector<Command> out;
    for (; at_ < lines_.size(); ++at_) {
      const std::string& line = lines_[at_];
      if (line.empty()) continue;
      if (line == "clear") {
        out.emplace_back(ClearCommand{});
      } else if (line.starts_with("load")) {
        SLUICE_ASSIGN(out.emplace_back(), parse_load());
      } else if (line.starts_with("eval")) {
        SLUICE_ASSIGN(out.emplace_back(), parse_eval());
      } else {
        return error("unknown command");
      }
    }
    return out;
  }

 private:
  std::unexpected<Error> error(std::string_view what) const {
    return fail(ErrorCode::kInvalidArgument, fmt::format("line {}: {}: {}", at_ + 1, what, lines_[at_]));
  }
  /// Goes to the next line of the command's block.
  bool next() {
    if (at_ + 1 >= lines_.size() || lines_[at_ + 1].empty()) return false;
    ++at_;
    return true;
  }
  Result<SeriesDescription> series() const {
    auto parsed = parse_series(lines_[at_]);
    if (!parsed) return error(parsed.error().message);
    return parsed;
  }

  Result<LoadCommand> parse_load() {
    static const re2::RE2 pattern("^load(_with_nhcb)?\\s+(.+?)$");
    std::string nhcb;
    std::string step;
    if (!re2::RE2::FullMatch(lines_[at_], pattern, &nhcb, &step)) return error("bad load");
    LoadCommand out;
    out.with_nhcb = !nhcb.empty();
    SLUICE_ASSIGN(out.step_ms, parse_duration(step));
    std::vector<std::optional<int64_t>> starts;  // of the series on the next line
    while (next()) {
      const std::string_view line = lines_[at_];
      if (const size_t space = line.find_first_of(" \t"); line.substr(0, space).ends_with("@st")) {
        SLUICE_ASSIGN(starts, parse_start_offsets(line.substr(space)));
        continue;
      }
      SLUICE_ASSIGN(SeriesDescription description, series());
      if (!starts.empty() && starts.size() != description.values.size())
        return error("another number of start timestamps");
      for (size_t i = 0; i < starts.size(); ++i) description.values[i].start_offset_ms = starts[i];
      starts.clear();
      out.series.push_back(std::move(description));
    }
    return out;
  }

  Result<void> parse_head(EvalCommand& out) {
    static const re2::RE2 instant("^eval(?:_(fail|warn|ordered|info))?\\s+instant\\s+(?:at\\s+(.+?))?\\s+(.+)$");
    static const re2::RE2 range(
        "^eval(?:_(fail|warn|info))?\\s+range\\s+from\\s+(.+)\\s+to\\s+(.+)\\s+step\\s+(.+?)\\s+(.+)$");
    std::string mode;
    std::string a;
    std::string b;
    std::string c;
    if (re2::RE2::FullMatch(lines_[at_], instant, &mode, &a, &out.expr)) {
      SLUICE_ASSIGN(out.at, parse_duration(a));
    } else if (re2::RE2::FullMatch(lines_[at_], range, &mode, &a, &b, &c, &out.expr)) {
      out.range = true;
      SLUICE_ASSIGN(out.start, parse_duration(a));
      SLUICE_ASSIGN(out.end, parse_duration(b));
      SLUICE_ASSIGN(out.step_ms, parse_duration(c));
    } else {
      return error("bad eval");
    }
    out.ordered = mode == "ordered";
    out.any_warning = mode == "warn";
    out.any_info = mode == "info";
    if (mode == "fail") out.failure = Expectation{};
    return {};
  }

  Result<EvalCommand> parse_eval() {
    EvalCommand out;
    out.line = at_ + 1;
    SLUICE_TRY(parse_head(out));
    while (next()) {
      const std::string& line = lines_[at_];
      if (line.starts_with("expected_fail_message")) {
        out.failure = Expectation{std::string(trim(std::string_view(line).substr(21))), {}};
      } else if (line.starts_with("expected_fail_regexp")) {
        out.failure = Expectation{std::nullopt, std::string(trim(std::string_view(line).substr(20)))};
      } else if (line.starts_with("expect range vector")) {
        SLUICE_TRY(parse_range_vector(out));
      } else if (line.starts_with("expect string ")) {
        SLUICE_ASSIGN(out.string, unquote(std::string_view(line).substr(14)));
      } else if (line.starts_with("expect ")) {
        SLUICE_TRY(parse_expectation(out));
      } else if (const auto number = parse_test_number(line)) {
        out.scalar = SequenceValue{.omitted = false, .value = *number, .histogram = nullptr};
      } else {
        SLUICE_ASSIGN(out.series.emplace_back(), series());
      }
    }
    return out;
  }

  Result<void> parse_range_vector(EvalCommand& out) {
    static const re2::RE2 pattern("^expect range vector\\s+from\\s+(.+)\\s+to\\s+(.+)\\s+step\\s+(.+)$");
    std::string from;
    std::string to;
    std::string step;
    if (!re2::RE2::FullMatch(lines_[at_], pattern, &from, &to, &step)) return error("bad range vector");
    SLUICE_ASSIGN(out.start, parse_duration(from));
    SLUICE_ASSIGN(out.end, parse_duration(to));
    SLUICE_ASSIGN(out.step_ms, parse_duration(step));
    // The query is evaluated at the range's end, wherever the head said.
    out.at = out.end;
    out.range_vector = true;
    return {};
  }

  Result<void> parse_expectation(EvalCommand& out) {
    static const re2::RE2 pattern("^expect\\s+(ordered|fail|warn|no_warn|info|no_info)(?:\\s+(regex|msg):(.+))?$");
    std::string kind;
    std::string how;
    std::string text;
    if (!re2::RE2::FullMatch(lines_[at_], pattern, &kind, &how, &text)) return error("bad expect");
    Expectation expectation;
    if (how == "msg") expectation.message = std::string(trim(text));
    if (how == "regex") expectation.pattern = std::string(trim(text));
    if (kind == "ordered") out.ordered = true;
    else if (kind == "no_warn") out.no_warning = true;
    else if (kind == "no_info") out.no_info = true;
    else if (kind == "fail") out.failure = expectation;
    else (kind == "warn" ? out.warnings : out.infos).push_back(expectation);
    return {};
  }

  std::vector<std::string> lines_;
  size_t at_ = 0;
};

}  // namespace

Result<std::vector<Command>> parse_script(std::string_view text) { return ScriptParser(text).parse(); }

}  // namespace sluice::promql::test
