// Numbers as Go's strconv.ParseFloat reads them.
#include <bit>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include "base/encoding.h"
#include "model/sample.h"
#include "wire/exposition_line.h"

namespace sluice::wire {
namespace {

std::optional<double> parse_word(std::string_view text) {
  if (ascii_iequals(text, "inf") || ascii_iequals(text, "infinity")) return std::numeric_limits<double>::infinity();
  if (ascii_iequals(text, "nan")) return std::bit_cast<double>(model::kNormalNaNBits);
  return std::nullopt;
}

// from_chars says only "out of range"; strtod tells too large (refused) from too small (zero, as in Go).
std::optional<double> parse_extreme(const std::string& text) {
  const double value = std::strtod(text.c_str(), nullptr);
  if (std::isinf(value)) return std::nullopt;
  return value;
}

std::optional<double> parse_magnitude(std::string_view text) {
  const bool is_hex = text.starts_with("0x") || text.starts_with("0X");
  const std::string_view digits = is_hex ? text.substr(2) : text;
  if (is_hex && digits.find_first_of("pP") == std::string_view::npos) return std::nullopt;
  double value = 0;
  const auto format = is_hex ? std::chars_format::hex : std::chars_format::general;
  const auto [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), value, format);
  if (end != digits.data() + digits.size()) return std::nullopt;
  if (code == std::errc::result_out_of_range) return parse_extreme(std::string(text));
  if (code != std::errc()) return std::nullopt;
  return value;
}

}  // namespace

std::optional<double> parse_go_float(std::string_view text) {
  const bool is_negative = text.starts_with('-');
  if (is_negative || text.starts_with('+')) text.remove_prefix(1);
  if (text.empty()) return std::nullopt;
  // Only a digit or a point may begin a number: from_chars would take a second sign and "nan(...)".
  const char first = text.front();
  const bool is_number = (first >= '0' && first <= '9') || first == '.';
  const auto magnitude = is_number ? parse_magnitude(text) : parse_word(text);
  if (!magnitude || std::isnan(*magnitude)) return magnitude;
  return is_negative ? -*magnitude : *magnitude;
}

}  // namespace sluice::wire
