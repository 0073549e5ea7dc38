#include "model/matcher.h"

#include <algorithm>

#include <fmt/format.h>
#include <re2/re2.h>

#include "base/encoding.h"
#include "base/limits.h"
#include "model/regex_shape.h"

namespace sluice::model {

/// A compiled, fully anchored pattern; immutable. `engine` is there only for Kind::kOther.
struct Matcher::Regex {
  RegexShape shape;
  std::unique_ptr<const re2::RE2> engine;

  bool matches(std::string_view text) const;
};

namespace {

re2::RE2::Options regex_options() {
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_never_capture(true);
  options.set_dot_nl(true);
  options.set_max_mem(limits::kRegexMemoryBytesMax);
  return options;
}

bool is_regex(MatchType type) { return type == MatchType::kRegex || type == MatchType::kNotRegex; }
bool is_negative(MatchType type) { return type == MatchType::kNotEqual || type == MatchType::kNotRegex; }

std::string_view to_operator(MatchType type) {
  switch (type) {
    case MatchType::kEqual: return "=";
    case MatchType::kNotEqual: return "!=";
    case MatchType::kRegex: return "=~";
    case MatchType::kNotRegex: return "!~";
  }
  return "";
}

std::unexpected<Error> refuse_pattern(std::string_view pattern, std::string_view reason) {
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("invalid regular expression \"{}\": {}", printable(pattern, 200), reason));
}

}  // namespace

bool Matcher::Regex::matches(std::string_view text) const {
  using Kind = RegexShape::Kind;
  const std::string& literal = shape.literal;
  const bool is_long_enough = text.size() >= literal.size() + (shape.rest_required ? 1 : 0);
  switch (shape.kind) {
    case Kind::kSet: return std::ranges::binary_search(shape.literals, text, std::less<>());
    case Kind::kAnything: return true;
    case Kind::kNonEmpty: return !text.empty();
    case Kind::kPrefix: return is_long_enough && text.starts_with(literal);
    case Kind::kSuffix: return is_long_enough && text.ends_with(literal);
    case Kind::kContains: return text.find(literal) != std::string_view::npos;
    case Kind::kOther: break;
  }
  if (!text.starts_with(literal)) return false;
  const re2::StringPiece piece(text.data(), text.size());
  return engine->Match(piece, 0, text.size(), re2::RE2::ANCHOR_BOTH, nullptr, 0);
}

Matcher::Matcher(MatchType type, std::string name, std::string value, std::shared_ptr<const Regex> regex)
    : type_(type), name_(std::move(name)), value_(std::move(value)), regex_(std::move(regex)) {}

Result<Matcher> Matcher::make(MatchType type, std::string name, std::string value) {
  if (!is_regex(type)) return Matcher(type, std::move(name), std::move(value), nullptr);
  if (value.size() > limits::kRegexBytesMax) {
    return refuse_pattern(value,
                          fmt::format("{} bytes long, at most {} are taken", value.size(), limits::kRegexBytesMax));
  }
  if (!is_valid_utf8(value)) return refuse_pattern(value, "not valid UTF-8");

  auto regex = std::make_shared<Regex>();
  regex->shape = shape_of(value);
  if (regex->shape.kind == RegexShape::Kind::kOther) {
    auto engine = std::make_unique<re2::RE2>(re2::StringPiece(value.data(), value.size()), regex_options());
    if (!engine->ok()) return refuse_pattern(value, engine->error());
    regex->engine = std::move(engine);
  }
  return Matcher(type, std::move(name), std::move(value), std::move(regex));
}

bool Matcher::matches(std::string_view label_value) const {
  const bool is_match = is_regex(type_) ? regex_->matches(label_value) : label_value == value_;
  return is_match != is_negative(type_);
}

std::span<const std::string> Matcher::set_matches() const {
  if (!regex_) return {};
  return regex_->shape.literals;
}

std::string_view Matcher::prefix() const {
  if (!regex_) return {};
  const auto kind = regex_->shape.kind;
  const bool is_prefix = kind == RegexShape::Kind::kPrefix || kind == RegexShape::Kind::kOther;
  return is_prefix ? std::string_view(regex_->shape.literal) : std::string_view();
}

std::string Matcher::to_string() const {
  std::string out;
  if (is_classic_label_name(name_)) {
    out = name_;
  } else {
    append_quoted(out, name_);
  }
  out += to_operator(type_);
  append_quoted(out, value_);
  return out;
}

bool matches_all(std::span<const Matcher> matchers, const Labels& labels) {
  return std::ranges::all_of(matchers, [&](const Matcher& matcher) { return matcher.matches(labels); });
}

}  // namespace sluice::model
