#include "promql/text.h"

#include <charconv>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "base/encoding.h"

namespace sluice::promql {
namespace {

bool is_continuation(unsigned char byte) { return (byte & 0xC0) == 0x80; }

bool is_printable(int32_t code) {
  if (code < 0x20 || code == 0x7F) return false;
  if (code >= 0x80 && code <= 0xA0) return false;
  // Format and private-use characters that Go's table of printable ones leaves out, as far as they are common.
  // The replacement character too: it is what lexers take for invalid UTF-8.
  return code != 0xAD && code != kInvalidCharacter && code != 0x2028 && code != 0x2029 &&
         !(code >= 0x200B && code <= 0x200F) && code != 0xFEFF && !(code >= 0xE000 && code <= 0xF8FF);
}

void append_escaped(int32_t code, char quote_mark, std::string& out) {
  switch (code) {
    case '\a': out += "\\a"; return;
    case '\b': out += "\\b"; return;
    case '\f': out += "\\f"; return;
    case '\n': out += "\\n"; return;
    case '\r': out += "\\r"; return;
    case '\t': out += "\\t"; return;
    case '\v': out += "\\v"; return;
    case '\\': out += "\\\\"; return;
    default: break;
  }
  if (code == quote_mark) {
    out += '\\';
    out += quote_mark;
  } else if (is_printable(code)) {
    append_utf8(code, out);
  } else if (code < 0x80) {
    out += fmt::format("\\x{:02x}", code);
  } else if (code < 0x10000) {
    out += fmt::format("\\u{:04x}", code);
  } else {
    out += fmt::format("\\U{:08x}", code);
  }
}

std::unexpected<Error> bad_literal(std::string_view literal) {
  return fail(ErrorCode::kInvalidArgument, fmt::format("error unquoting string {}: invalid syntax", quote(literal)));
}

int digit_of(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return 16;
}

/// Reads `count` digits after offset `at`; -1 when there are not that many of that base.
int64_t read_digits(std::string_view text, size_t at, size_t count, int base) {
  if (at + count > text.size()) return -1;
  int64_t value = 0;
  for (size_t i = 0; i < count; ++i) {
    const int digit = digit_of(text[at + i]);
    if (digit >= base) return -1;
    value = value * base + digit;
  }
  return value;
}

/// Appends what the escape at body[i] (just after the backslash) stands for, and returns the offset after it;
/// npos when it is none.
size_t append_escape(std::string_view body, size_t i, char mark, std::string& out) {
  const char c = body[i];
  if (c == mark || c == '\\') return out += c, i + 1;
  switch (c) {
    case 'a': return out += '\a', i + 1;
    case 'b': return out += '\b', i + 1;
    case 'f': return out += '\f', i + 1;
    case 'n': return out += '\n', i + 1;
    case 'r': return out += '\r', i + 1;
    case 't': return out += '\t', i + 1;
    case 'v': return out += '\v', i + 1;
    default: break;
  }
  const bool octal = c >= '0' && c <= '7';
  const size_t digits = octal ? 3 : c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0;
  if (digits == 0) return std::string_view::npos;
  const size_t from = octal ? i : i + 1;
  const int64_t code = read_digits(body, from, digits, octal ? 8 : 16);
  if (code < 0) return std::string_view::npos;
  if (octal || c == 'x') {
    if (code > 255) return std::string_view::npos;
    out += static_cast<char>(code);  // a byte, not a character
  } else {
    if (code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) return std::string_view::npos;
    append_utf8(static_cast<int32_t>(code), out);
  }
  return from + digits;
}

/// An integer in Go's base-0 notation; false when it is not one, or does not fit.
bool parse_integer(std::string_view text, double& out) {
  int base = 10;
  std::string digits;
  size_t at = 0;
  if (text.size() > 1 && text[0] == '0') {
    const bool hex = text[1] == 'x' || text[1] == 'X';
    base = hex ? 16 : 8;
    at = hex ? 2 : 1;
  }
  for (; at < text.size(); ++at)
    if (text[at] != '_') digits += text[at];
  int64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
  if (digits.empty() || error != std::errc() || end != digits.data() + digits.size()) return false;
  out = static_cast<double>(value);
  return true;
}

}  // namespace

Character decode_character(std::string_view text, size_t offset) {
  if (offset >= text.size()) return {kEndOfText, 0};
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[offset + i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return {first, 1};
  const int length = first >= 0xF0 && first < 0xF5   ? 4
                     : first >= 0xE0 && first < 0xF0 ? 3
                     : first >= 0xC2 && first < 0xE0 ? 2
                                                     : 0;
  if (length == 0 || offset + static_cast<size_t>(length) > text.size()) return {kInvalidCharacter, 1};
  int32_t code = first & (0xFF >> (length + 1));
  for (int i = 1; i < length; ++i) {
    if (!is_continuation(byte(static_cast<size_t>(i)))) return {kInvalidCharacter, 1};
    code = (code << 6) | (byte(static_cast<size_t>(i)) & 0x3F);
  }
  const bool overlong = (length == 3 && code < 0x800) || (length == 4 && code < 0x10000);
  if (overlong || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) return {kInvalidCharacter, 1};
  return {code, length};
}

void append_utf8(int32_t code, std::string& out) {
  const auto put = [&](int32_t byte) { out += static_cast<char>(byte); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xC0 | (code >> 6));
    put(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    put(0xE0 | (code >> 12));
    put(0x80 | ((code >> 6) & 0x3F));
    put(0x80 | (code & 0x3F));
  } else {
    put(0xF0 | (code >> 18));
    put(0x80 | ((code >> 12) & 0x3F));
    put(0x80 | ((code >> 6) & 0x3F));
    put(0x80 | (code & 0x3F));
  }
}

std::string quote(std::string_view text) {
  std::string out = "\"";
  for (size_t i = 0; i < text.size();) {
    const Character c = decode_character(text, i);
    const bool valid = c.code != kInvalidCharacter || c.bytes == 3;
    if (valid) append_escaped(c.code, '"', out);
    else out += fmt::format("\\x{:02x}", static_cast<unsigned char>(text[i]));
    i += static_cast<size_t>(c.bytes);
  }
  return out += '"';
}

std::string quote_character(int32_t code) {
  std::string out = "'";
  append_escaped(code == kEndOfText ? kInvalidCharacter : code, '\'', out);
  return out += '\'';
}

std::string name_character(int32_t code) {
  std::string out = fmt::format("U+{:04X}", code);
  if (is_printable(code)) {
    out += " '";
    append_utf8(code, out);
    out += '\'';
  }
  return out;
}

std::string_view first_characters(std::string_view text, size_t count) {
  size_t end = 0;
  for (; count > 0 && end < text.size(); --count) end += static_cast<size_t>(decode_character(text, end).bytes);
  return text.substr(0, end);
}

Result<std::string> unquote(std::string_view literal) {
  if (literal.size() < 2 || literal.front() != literal.back()) return bad_literal(literal);
  const char mark = literal.front();
  const std::string_view body = literal.substr(1, literal.size() - 2);
  if (mark == '`') return std::string(body);
  std::string out;
  out.reserve(body.size());
  for (size_t i = 0; i < body.size();) {
    if (body[i] == mark || body[i] == '\n') return bad_literal(literal);
    if (body[i] != '\\') {
      out += body[i++];
      continue;
    }
    i = i + 1 < body.size() ? append_escape(body, i + 1, mark, out) : std::string_view::npos;
    if (i == std::string_view::npos) return bad_literal(literal);
  }
  return out;
}

Result<double> parse_number(std::string_view text) {
  const std::string lower = ascii_lower(text);
  if (lower == "inf" || lower == "+inf") return std::numeric_limits<double>::infinity();
  if (lower == "-inf") return -std::numeric_limits<double>::infinity();
  if (lower == "nan") return std::numeric_limits<double>::quiet_NaN();
  double value = 0;
  if (parse_integer(text, value)) return value;
  std::string plain;
  for (const char c : text)
    if (c != '_') plain += c;
  const auto [end, error] = std::from_chars(plain.data(), plain.data() + plain.size(), value);
  if (error == std::errc::result_out_of_range) {
    // from_chars says the same of numbers too large and too small; Go takes the latter as 0.
    if (const auto exponent = lower.find("e-"); exponent != std::string::npos) return 0.0;
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("error parsing number: strconv.ParseFloat: parsing {}: value out of range", quote(text)));
  }
  if (plain.empty() || error != std::errc() || end != plain.data() + plain.size())
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("error parsing number: strconv.ParseFloat: parsing {}: invalid syntax", quote(text)));
  return value;
}

}  // namespace sluice::promql
