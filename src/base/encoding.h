#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace sluice {

/// Bytes are carried as std::string_view and std::string throughout; nothing here assumes text.

std::string hex_encode(std::string_view bytes);  ///< lower case
std::optional<std::string> hex_decode(
    std::string_view text);  ///< either case; nullopt on odd length or other characters

std::string base64_encode(std::string_view bytes);  ///< RFC 4648 section 4, padded
/// Strict: padding required, no white space, zero trailing bits.
std::optional<std::string> base64_decode(std::string_view text);

std::string base64url_encode(std::string_view bytes);  ///< RFC 4648 section 5, unpadded (as JOSE wants)
/// Strict as RFC 7515 section 2: unpadded, no white space, zero trailing bits.
std::optional<std::string> base64url_decode(std::string_view text);

/// Percent-encodes all but RFC 3986 unreserved characters (A-Z a-z 0-9 - . _ ~), hex digits upper case;
/// `keep_slash` leaves '/' as it is. This is SigV4's UriEncode.
std::string percent_encode(std::string_view bytes, bool keep_slash = false);
/// Decodes %XX; a '%' not followed by two hex digits yields nullopt. `plus_is_space` for form bodies.
std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space = false);

/// True when `text` is well-formed UTF-8 (no overlong forms, no surrogates, at most U+10FFFF).
bool is_valid_utf8(std::string_view text);
/// Length in UTF-16 code units, the unit in which AWS counts characters. `text` must be valid UTF-8.
size_t utf16_length(std::string_view text);
/// `text` with control characters, bidirectional overrides and invalid UTF-8 written as \u{XX} or \xXX,
/// cut after `bytes_max` bytes with "...": safe to print in a log line or a terminal.
std::string printable(std::string_view text, size_t bytes_max = 1024);

std::string ascii_lower(std::string_view text);
bool ascii_iequals(std::string_view a, std::string_view b);
/// Without leading and trailing spaces and tabs.
std::string_view trim(std::string_view text);

}  // namespace sluice
