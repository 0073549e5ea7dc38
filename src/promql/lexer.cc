#include "promql/lexer.h"

#include <fmt/format.h>

#include "promql/text.h"

namespace sluice::promql {
namespace {

using K = TokenKind;
constexpr std::string_view kDigits = "0123456789";
constexpr std::string_view kHexDigits = "0123456789abcdefABCDEF";

bool is_space(int32_t c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool is_digit(int32_t c) { return c >= '0' && c <= '9'; }
bool is_alpha(int32_t c) { return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_alphanumeric(int32_t c) { return is_alpha(c) || is_digit(c); }
/// First letters of step, range, max_of, min_of.
bool starts_duration_word(int32_t c) {
  return c > 0 && c < 0x80 && std::string_view("srmSRM").contains(static_cast<char>(c));
}
bool contains(std::string_view set, int32_t c) { return c > 0 && c < 0x80 && set.contains(static_cast<char>(c)); }

}  // namespace

Lexer::Lexer(std::string_view text) : text_(text) { run(); }

void Lexer::run() {
  for (bool going = true; going;) {
    start_ = at_;
    switch (mode_) {
      case Mode::kStatement: going = lex_statement(); break;
      case Mode::kBraces: going = lex_in_braces(); break;
      case Mode::kDuration: going = lex_in_duration(); break;
    }
  }
}

Character Lexer::peek() const { return decode_character(text_, at_); }

int32_t Lexer::next() {
  const Character c = peek();
  at_ += static_cast<size_t>(c.bytes);
  return c.code;
}

bool Lexer::looking_at(std::string_view set) const { return contains(set, peek().code); }

bool Lexer::accept(std::string_view set) {
  if (!looking_at(set)) return false;
  ++at_;
  return true;
}

void Lexer::accept_run(std::string_view set) {
  while (accept(set)) {
  }
}

bool Lexer::emit(TokenKind kind) {
  tokens_.push_back({kind, static_cast<int32_t>(start_), text_.substr(start_, at_ - start_)});
  start_ = at_;
  return true;
}

bool Lexer::error(std::string message) {
  message_ = std::move(message);
  tokens_.push_back({K::kError, static_cast<int32_t>(start_), message_});
  return false;
}

bool Lexer::open_paren() {
  ++paren_depth_;
  return emit(K::kLeftParen);
}

bool Lexer::close_paren() {
  emit(K::kRightParen);
  if (--paren_depth_ >= 0) return true;
  tokens_.pop_back();  // The parser is to see the error in its place.
  return error("unexpected right parenthesis ')'");
}

void Lexer::skip_comment() {
  while (at_ < text_.size() && text_[at_] != '\n' && text_[at_] != '\r') ++at_;
}

bool Lexer::lex_statement() {
  const int32_t c = next();
  if (c == kEndOfText) {
    if (paren_depth_ != 0) return error("unclosed left parenthesis");
    if (in_bracket_) return error("unclosed left bracket");
    emit(K::kEnd);
    return false;
  }
  if (is_space(c)) return true;
  if (c == '#') return skip_comment(), true;
  if (is_digit(c) || (c == '.' && is_digit(peek().code))) {
    --at_;
    return lex_number_or_duration();
  }
  if (c == '"' || c == '\'' || c == '`') return lex_string(c);
  if (is_alpha(c) || c == ':') return in_bracket_ ? lex_bracketed_word(c) : lex_word();
  return lex_operator(c);
}

bool Lexer::lex_operator(int32_t c) {
  switch (c) {
    case ',': return emit(K::kComma);
    case '*': return emit(K::kMul);
    case '/': return emit(K::kDiv);
    case '%': return emit(K::kMod);
    case '+': return emit(K::kAdd);
    case '-': return emit(K::kSub);
    case '^': return emit(K::kPow);
    case '@': return emit(K::kAt);
    case '=':
      if (looking_at("~")) return error("unexpected character after '=': '~'");
      return emit(accept("=") ? K::kEqual : K::kAssign);
    case '!': {
      const int32_t after = next();
      return after == '=' ? emit(K::kNotEqual)
                          : error(fmt::format("unexpected character after '!': {}", quote_character(after)));
    }
    case '<': return emit(accept("=") ? K::kLessEqual : accept("/") ? K::kTrimUpper : K::kLess);
    case '>': return emit(accept("=") ? K::kGreaterEqual : accept("/") ? K::kTrimLower : K::kGreater);
    case '(': return open_paren();
    case ')': return close_paren();
    case '{': mode_ = Mode::kBraces; return emit(K::kLeftBrace);
    case '[':
      if (in_bracket_) return error("unexpected left bracket '['");
      emit(K::kLeftBracket);
      in_bracket_ = true;
      got_colon_ = false;
      mode_ = Mode::kDuration;
      return true;
    case ']':
      if (!in_bracket_) return error("unexpected right bracket ']'");
      in_bracket_ = false;
      return emit(K::kRightBracket);
    default: return error(fmt::format("unexpected character: {}", quote_character(c)));
  }
}

/// After the first number inside brackets: a colon, or step(), range(), max_of(), min_of().
bool Lexer::lex_bracketed_word(int32_t c) {
  if (c == ':') {
    if (got_colon_) return error("unexpected colon ':'");
    got_colon_ = true;
    return emit(K::kColon);
  }
  if (starts_duration_word(c) && scan_duration_word()) return true;
  return error(fmt::format("unexpected character: {}, expected ':'", quote_character(c)));
}

bool Lexer::lex_word() {
  while (is_alphanumeric(peek().code) || looking_at(":")) ++at_;
  const std::string_view word = text_.substr(start_, at_ - start_);
  const TokenKind kind = keyword_kind(word);
  const bool fill = kind == K::kFill || kind == K::kFillLeft || kind == K::kFillRight;
  // `fill` is a younger keyword: metrics of that name keep working unless a parenthesis follows.
  if (fill && !followed_by_paren()) return emit(K::kIdentifier);
  if (kind != K::kIdentifier) return emit(kind);
  return emit(word.contains(':') ? K::kMetricIdentifier : K::kIdentifier);
}

bool Lexer::followed_by_paren() const {
  size_t i = at_;
  while (i < text_.size() && is_space(text_[i])) ++i;
  return i < text_.size() && text_[i] == '(';
}

bool Lexer::lex_in_braces() {
  const int32_t c = next();
  if (c == kEndOfText) return error("unexpected end of input inside braces");
  if (is_space(c)) return true;
  if (c == '#') return skip_comment(), true;
  if (is_alpha(c)) {
    while (is_alphanumeric(peek().code)) ++at_;
    return emit(K::kIdentifier);
  }
  switch (c) {
    case ',': return emit(K::kComma);
    case '"':
    case '\'':
    case '`': return lex_string(c);
    case '=': return emit(accept("~") ? K::kMatchRegex : K::kAssign);
    case '!': {
      const int32_t after = next();
      if (after == '~') return emit(K::kNotMatchRegex);
      if (after == '=') return emit(K::kNotEqual);
      return error(fmt::format("unexpected character after '!' inside braces: {}", quote_character(after)));
    }
    case '{': return error("unexpected left brace '{'");
    case '}': mode_ = Mode::kStatement; return emit(K::kRightBrace);
    default: return error(fmt::format("unexpected character inside braces: {}", quote_character(c)));
  }
}

bool Lexer::lex_in_duration() {
  const int32_t c = next();
  if (is_space(c)) return true;
  if (is_digit(c) || (c == '.' && is_digit(peek().code))) {
    --at_;
    got_duration_ = true;
    mode_ = Mode::kStatement;
    return lex_number_or_duration();
  }
  switch (c) {
    case kEndOfText: return error("unexpected end of input in duration expression");
    case ']':
      in_bracket_ = false;
      got_colon_ = false;
      mode_ = Mode::kStatement;
      return emit(K::kRightBracket);
    case ':':
      if (!got_duration_) return error("unexpected colon before duration in duration expression");
      if (got_colon_) return error("unexpected repeated colon in duration expression");
      got_colon_ = true;
      return emit(K::kColon);
    case '(': return open_paren();
    case ')': return close_paren();
    case '+': return emit(K::kAdd);
    case '-': return emit(K::kSub);
    case '*': return emit(K::kMul);
    case '/': return emit(K::kDiv);
    case '%': return emit(K::kMod);
    case '^': return emit(K::kPow);
    case ',': return emit(K::kComma);
    default: break;
  }
  if (starts_duration_word(c) && scan_duration_word()) return true;
  return error(fmt::format("unexpected character in duration expression: {}", quote_character(c)));
}

bool Lexer::scan_duration_word() {
  while (is_alpha(peek().code)) ++at_;
  const TokenKind kind = keyword_kind(text_.substr(start_, at_ - start_));
  if (kind != K::kStep && kind != K::kRange && kind != K::kMaxOf && kind != K::kMinOf) return false;
  return emit(kind);
}

bool Lexer::lex_number_or_duration() {
  if (scan_number()) return emit(K::kNumber);
  if (scan_duration_rest()) return emit(K::kDuration);
  return error(fmt::format("bad number or duration syntax: {}", quote(text_.substr(start_, at_ - start_))));
}

/// After the leading digits: a unit, then more digits and units. Which units, and in which order, is checked
/// when the duration's value is taken.
bool Lexer::scan_duration_rest() {
  if (!accept("smhdwy")) return false;
  accept("s");
  while (accept(kDigits)) {
    accept_run(kDigits);
    if (!accept("smhdw")) return false;  // a year comes first or not at all
    accept("s");
  }
  if (!is_alphanumeric(peek().code)) return true;
  next();
  return false;
}

/// Digits, at most one dot and one exponent, underscores between digits. What it accepts need not be a number
/// yet; where it stops shows in the error, so it follows Prometheus character by character.
bool Lexer::scan_number() {
  const size_t begin = at_;
  std::string_view digits = kDigits;
  if (accept("0") && accept("xX")) {
    accept("_");
    digits = kHexDigits;
  }
  const bool hex = digits.size() > kDigits.size();
  accept(".");
  accept(digits);
  bool dot = false;
  bool exponent = false;
  for (;;) {
    if (looking_at(".")) {
      ++at_;
      if (dot || hex) return false;
      dot = true;
      if (accept("_.")) return false;
    } else if (!hex && looking_at("eE")) {
      ++at_;
      if (exponent) return false;
      exponent = true;
      accept("+-");
      if (accept("._eE") || peek().code == kEndOfText) return false;
    } else if (looking_at("_")) {
      ++at_;
      if (accept("._eE") || peek().code == kEndOfText) return false;
    } else if (looking_at(digits)) {
      accept_run(digits);
    } else {
      break;
    }
  }
  return at_ != begin && !is_alphanumeric(peek().code);
}

bool Lexer::lex_string(int32_t mark) {
  for (;;) {
    const int32_t c = next();
    if (c == mark) return emit(K::kString);
    if (c == kInvalidCharacter) return error("invalid UTF-8 rune");
    if (mark == '`') {
      if (c == kEndOfText) return error("unterminated raw string");
    } else if (c == kEndOfText || c == '\n') {
      return error("unterminated quoted string");
    } else if (c == '\\' && !lex_escape(mark)) {
      return false;
    }
  }
}

bool Lexer::lex_escape(int32_t mark) {
  int32_t c = next();
  if (c == mark || contains("abfnrtv\\", c)) return true;
  int digits = 0;
  int base = 16;
  int64_t max = 0x10FFFF;
  if (c >= '0' && c <= '7') {
    digits = 3, base = 8, max = 255;
  } else if (c == 'x') {
    digits = 2, max = 255, c = next();
  } else if (c == 'u' || c == 'U') {
    digits = c == 'u' ? 4 : 8, c = next();
  } else {
    return error(c == kEndOfText ? "escape sequence not terminated"
                                 : fmt::format("unknown escape sequence {}", name_character(c)));
  }
  int64_t value = 0;
  for (; digits > 0; --digits) {
    const int digit = is_digit(c)             ? c - '0'
                      : contains("abcdef", c) ? c - 'a' + 10
                      : contains("ABCDEF", c) ? c - 'A' + 10
                                              : 16;
    if (digit >= base)
      return error(c == kEndOfText ? "escape sequence not terminated"
                                   : fmt::format("illegal character {} in escape sequence", name_character(c)));
    value = value * base + digit;
    if (digits > 1) c = next();
  }
  if (value > max || (value >= 0xD800 && value < 0xE000))
    return error("escape sequence is an invalid Unicode code point");
  return true;
}

}  // namespace sluice::promql
