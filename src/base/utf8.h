#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace sluice {

/// One step through text: the code point at its start and its length in bytes (1..4). When the bytes are
/// not well-formed UTF-8 (Unicode 15, table 3-7) `is_valid` is false and `length` is 1.
struct Utf8Step {
  char32_t code_point;
  size_t length;
  bool is_valid;
};

/// True when all bytes are below 0x80: valid UTF-8 that needs no closer look.
bool is_ascii(std::string_view text);

/// `text` must not be empty.
Utf8Step next_utf8(std::string_view text);

/// The longest prefix of at most `bytes_max` bytes that does not cut a code point in two.
std::string_view utf8_prefix(std::string_view text, size_t bytes_max);

}  // namespace sluice
