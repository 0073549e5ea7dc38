#include "model/regex_shape.h"

#include <algorithm>

namespace sluice::model {
namespace {

constexpr std::string_view kMeta = R"(\.+*?()|[]{}^$)";
constexpr std::string_view kQuantifiers = "*+?{";

bool is_ascii_punctuation(char c) {
  return (c >= '!' && c <= '/') || (c >= ':' && c <= '@') || (c >= '[' && c <= '`') || (c >= '{' && c <= '~');
}

// Takes literal characters (also `\.`-style escapes) off the front of `pattern`. A character that a
// quantifier follows is not literal and stays.
std::string take_literal(std::string_view& pattern) {
  std::string literal;
  while (!pattern.empty()) {
    size_t length = 1;
    char c = pattern.front();
    if (c == '\\') {
      if (pattern.size() < 2 || !is_ascii_punctuation(pattern[1])) break;
      c = pattern[1];
      length = 2;
    } else if (kMeta.find(c) != std::string_view::npos) {
      break;
    } else {
      // A quantifier binds to the whole code point, so its bytes go together.
      while (length < pattern.size() && (static_cast<unsigned char>(pattern[length]) & 0xc0) == 0x80) ++length;
    }
    const auto after = pattern.substr(length);
    if (!after.empty() && kQuantifiers.find(after.front()) != std::string_view::npos) break;
    if (length == 2 && pattern.front() == '\\') {
      literal += c;
    } else {
      literal += pattern.substr(0, length);
    }
    pattern = after;
  }
  return literal;
}

// The inside of `(...)` or `(?:...)` when the whole pattern is one group without groups or classes inside.
std::string_view strip_group(std::string_view pattern) {
  if (pattern.size() < 2 || pattern.front() != '(' || pattern.back() != ')') return pattern;
  std::string_view inside = pattern.substr(1, pattern.size() - 2);
  if (inside.starts_with("?:")) inside.remove_prefix(2);
  if (inside.find_first_of("()[]") != std::string_view::npos || inside.starts_with('?') || inside.ends_with('\\')) {
    return pattern;
  }
  return inside;
}

std::optional<std::vector<std::string>> alternation_of_literals(std::string_view pattern) {
  std::vector<std::string> literals;
  for (;;) {
    literals.push_back(take_literal(pattern));
    if (pattern.empty()) break;
    if (pattern.front() != '|') return std::nullopt;
    pattern.remove_prefix(1);
  }
  std::ranges::sort(literals);
  const auto repeated = std::ranges::unique(literals);
  literals.erase(repeated.begin(), repeated.end());
  return literals;
}

bool has_alternation(std::string_view pattern) { return pattern.find('|') != std::string_view::npos; }

}  // namespace

RegexShape shape_of(std::string_view pattern) {
  using Kind = RegexShape::Kind;
  pattern = strip_group(pattern);
  if (pattern == ".*") return {.kind = Kind::kAnything};
  if (pattern == ".+") return {.kind = Kind::kNonEmpty};
  if (auto literals = alternation_of_literals(pattern)) return {.kind = Kind::kSet, .literals = std::move(*literals)};

  std::string_view rest = pattern;
  const bool any_before = rest.starts_with(".*");
  const bool some_before = rest.starts_with(".+");
  if (any_before || some_before) rest.remove_prefix(2);
  std::string literal = take_literal(rest);
  if (any_before || some_before) {
    if (rest.empty()) return {.kind = Kind::kSuffix, .literal = std::move(literal), .rest_required = some_before};
    if (any_before && rest == ".*") return {.kind = Kind::kContains, .literal = std::move(literal)};
    return {};
  }
  if (rest == ".*" || rest == ".+") {
    return {.kind = Kind::kPrefix, .literal = std::move(literal), .rest_required = rest == ".+"};
  }
  // A prefix counts only when nothing can offer another way in: no `|`, no flags such as `(?i)`.
  if (has_alternation(pattern) || pattern.find("(?") != std::string_view::npos) literal.clear();
  return {.kind = Kind::kOther, .literal = std::move(literal)};
}

}  // namespace sluice::model
