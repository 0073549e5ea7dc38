#include "promql/natural_order.h"

#include <cstdint>
#include <optional>

namespace sluice::promql {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Takes the run of digits, or of other characters, off the front.
std::string_view take_run(std::string_view& text) {
  size_t end = 1;
  while (end < text.size() && is_digit(text[end]) == is_digit(text[0])) ++end;
  const std::string_view run = text.substr(0, end);
  text.remove_prefix(end);
  return run;
}

/// The number that a run spells, if it fits 64 bits.
std::optional<uint64_t> number_of(std::string_view run) {
  constexpr size_t kDigitsMax = 18;
  if (!is_digit(run[0]) || run.size() > kDigitsMax) return std::nullopt;
  uint64_t value = 0;
  for (const char c : run) value = value * 10 + static_cast<uint64_t>(c - '0');
  return value;
}

}  // namespace

bool natural_less(std::string_view a, std::string_view b) {
  while (!a.empty() && !b.empty()) {
    const std::string_view x = take_run(a);
    const std::string_view y = take_run(b);
    const auto m = number_of(x);
    const auto n = number_of(y);
    if (m && n) {
      if (*m != *n) return *m < *n;
    } else if (x != y) {
      return x < y;
    }
  }
  return a.empty() && !b.empty();
}

}  // namespace sluice::promql
