#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace sluice::promql {

/// One character of UTF-8: its code point and how many bytes it takes. Invalid bytes are {U+FFFD, 1}, the end
/// of the text is {kEndOfText, 0}.
struct Character {
  int32_t code = 0;
  int32_t bytes = 0;
};
inline constexpr int32_t kEndOfText = -1;
inline constexpr int32_t kInvalidCharacter = 0xFFFD;
Character decode_character(std::string_view text, size_t offset);
void append_utf8(int32_t code, std::string& out);

/// In double quotes with Go's escapes (strconv.Quote).
std::string quote(std::string_view text);
/// One character in single quotes with Go's escapes: `'~'`, `'\n'`.
std::string quote_character(int32_t code);
/// `U+0063 'c'`, as Go's %#U.
std::string name_character(int32_t code);
/// The first `count` characters.
std::string_view first_characters(std::string_view text, size_t count);

/// The value of a string literal, quotes included: '...', "..." with escapes, `...` without. The lexer has
/// checked the escapes; kInvalidArgument otherwise.
Result<std::string> unquote(std::string_view literal);

/// A number literal, as the lexer passes them: 5, 1_000, 0x1F, 017, 1e3, Inf, nan. kInvalidArgument with Go's
/// text for what is out of range.
Result<double> parse_number(std::string_view text);

}  // namespace sluice::promql
