#include "promql/go_format.h"

#include <charconv>
#include <cmath>

#include <fmt/format.h>

namespace sluice::promql {

std::string format_general(double value, int precision) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  if (precision >= 0) return fmt::format("{:.{}g}", value, precision);
  // With the shortest digits Go takes the exponent form below 1e-4 and from 1e6 on.
  const double magnitude = std::fabs(value);
  const bool exponent = magnitude != 0 && (magnitude < 1e-4 || magnitude >= 1e6);
  char buffer[64];
  const auto format = exponent ? std::chars_format::scientific : std::chars_format::fixed;
  const auto [end, error] = std::to_chars(buffer, buffer + sizeof(buffer), value, format);
  return error == std::errc() ? std::string(buffer, end) : fmt::format("{}", value);
}

std::string format_open_metrics(double value) {
  std::string text = format_general(value);
  if (std::isfinite(value) && text.find_first_of("e.") == std::string::npos) text += ".0";
  return text;
}

}  // namespace sluice::promql
