// Sample values and timestamps as Prometheus' API writes them (util/jsonutil of prometheus).
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <string>
#include <string_view>

#include "wire/prometheus_json.h"

namespace sluice::wire {
namespace {

// Lays out the digits of "d.ddde±xx" without an exponent. std::to_chars's own fixed form is no use here: for
// large values it prints every digit of the exact binary value, while Go pads the shortest ones with zeros.
void append_without_exponent(std::string& out, std::string_view scientific) {
  if (scientific.front() == '-') {
    out += '-';
    scientific.remove_prefix(1);
  }
  const size_t e = scientific.find('e');
  int exponent = 0;
  const char* digits_of_exponent = scientific.data() + e + (scientific[e + 1] == '+' ? 2 : 1);
  std::from_chars(digits_of_exponent, scientific.data() + scientific.size(), exponent);
  std::string digits(1, scientific.front());
  if (e > 2) digits += scientific.substr(2, e - 2);

  if (exponent < 0) {
    out += "0.";
    out.append(static_cast<size_t>(-exponent - 1), '0');
    out += digits;
    return;
  }
  const size_t integer_digits = static_cast<size_t>(exponent) + 1;
  if (digits.size() <= integer_digits) {
    out += digits;
    out.append(integer_digits - digits.size(), '0');
  } else {
    out.append(digits, 0, integer_digits);
    out += '.';
    out.append(digits, integer_digits);
  }
}

}  // namespace

void append_sample_value(std::string& out, double value) {
  if (std::isnan(value)) {
    out += "NaN";
    return;
  }
  if (std::isinf(value)) {
    out += value > 0 ? "+Inf" : "-Inf";
    return;
  }
  const double magnitude = std::fabs(value);
  char buffer[32];
  // Small integers, the most common values by far, are the same in every notation.
  if (magnitude < 1e15 && value == std::trunc(value) && !(value == 0 && std::signbit(value))) {
    const auto end = std::to_chars(buffer, buffer + sizeof buffer, static_cast<int64_t>(value)).ptr;
    out.append(buffer, end);
    return;
  }
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::scientific).ptr;
  const std::string_view scientific(buffer, static_cast<size_t>(end - buffer));
  if (magnitude != 0 && (magnitude < 1e-6 || magnitude >= 1e21)) {
    out += scientific;
  } else {
    append_without_exponent(out, scientific);
  }
}

std::string format_sample_value(double value) {
  std::string out;
  append_sample_value(out, value);
  return out;
}

void append_timestamp(std::string& out, TimestampMs t_ms) {
  if (t_ms < 0) out += '-';
  // Unsigned, so that the smallest timestamp has a magnitude too.
  const uint64_t magnitude = t_ms < 0 ? 0 - static_cast<uint64_t>(t_ms) : static_cast<uint64_t>(t_ms);
  out += std::to_string(magnitude / 1000);
  const uint64_t millis = magnitude % 1000;
  if (millis == 0) return;
  out += '.';
  out += static_cast<char>('0' + millis / 100);
  out += static_cast<char>('0' + millis / 10 % 10);
  out += static_cast<char>('0' + millis % 10);
}

}  // namespace sluice::wire
