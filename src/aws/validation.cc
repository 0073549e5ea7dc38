#include "aws/validation.h"

#include <algorithm>

#include <fmt/format.h>

#include "aws/query_protocol.h"
#include "base/check.h"
#include "base/encoding.h"
#include "base/limits.h"
#include "base/utf8.h"

namespace sluice::aws {
namespace {

std::string echo(std::string_view value) {
  const std::string_view prefix = utf8_prefix(value, limits::kEchoedValueBytesMax);
  return prefix.size() == value.size() ? std::string(value) : std::string(prefix) + "...";
}

std::string violation(std::string_view where, std::string_view value, bool sensitive, std::string_view constraint) {
  if (sensitive) return fmt::format("Value at '{}' failed to satisfy constraint: {}", where, constraint);
  return fmt::format("Value '{}' at '{}' failed to satisfy constraint: {}", echo(value), where, constraint);
}

std::optional<AwsError> check_form(const ParameterRule& rule, std::string_view value) {
  if (!is_valid_utf8(value)) {
    return malformed_input(fmt::format("parameter '{}' is not valid UTF-8", rule.name));
  }
  if (rule.type == ParameterRule::Type::kInteger) {
    if (auto parsed = parse_integer(value); !parsed) return std::move(parsed).error();
  }
  if (rule.type == ParameterRule::Type::kBoolean && !ascii_iequals(value, "true") && !ascii_iequals(value, "false")) {
    return malformed_input(fmt::format("'{}' is not a valid value for boolean type", printable(echo(value))));
  }
  return std::nullopt;
}

}  // namespace

std::string member_name(std::string_view parameter) {
  std::string name(parameter);
  if (!name.empty() && name[0] >= 'A' && name[0] <= 'Z') name[0] = static_cast<char>(name[0] - 'A' + 'a');
  return name;
}

std::expected<int64_t, AwsError> parse_integer(std::string_view text) {
  if (text.empty()) return std::unexpected(malformed_input("missing value for decimal type"));
  const auto bad = [&] {
    return std::unexpected(malformed_input(fmt::format("invalid value for decimal type: '{}'", printable(text, 64))));
  };
  const bool is_negative = text[0] == '-';
  const std::string_view digits = is_negative || text[0] == '+' ? text.substr(1) : text;
  if (digits.empty()) return bad();
  int64_t value = 0;
  for (const char c : digits) {
    if (c < '0' || c > '9') return bad();
    value = value * 10 + (c - '0');
    if (value > int64_t{1} << 31) return bad();
  }
  if (is_negative) value = -value;
  if (value > std::numeric_limits<int32_t>::max()) return bad();
  return value;
}

void Violations::check(const ParameterRule& rule, std::string_view where, const std::string* value) {
  if (value == nullptr) {
    if (rule.required) {
      add(fmt::format("Value null at '{}' failed to satisfy constraint: Member must not be null", where));
    }
    return;
  }
  const auto report = [&](std::string_view constraint) { add(violation(where, *value, rule.sensitive, constraint)); };
  if (rule.type == ParameterRule::Type::kInteger) {
    const auto number = parse_integer(*value);
    if (!number) return add(number.error().message);
    if (*number > rule.value_max)
      report(fmt::format("Member must have value less than or equal to {}", rule.value_max));
    if (*number < rule.value_min)
      report(fmt::format("Member must have value greater than or equal to {}", rule.value_min));
    return;
  }
  if (rule.pattern && !rule.pattern->matches(*value)) {
    report(fmt::format("Member must satisfy regular expression pattern: {}", rule.pattern->expression));
  }
  const size_t length = utf16_length(*value);
  if (length > rule.length_max)
    report(fmt::format("Member must have length less than or equal to {}", rule.length_max));
  if (length < rule.length_min)
    report(fmt::format("Member must have length greater than or equal to {}", rule.length_min));
  if (!rule.allowed.empty() && std::ranges::find(rule.allowed, *value) == rule.allowed.end()) {
    report(fmt::format("Member must satisfy enum value set: [{}]", fmt::join(rule.allowed, ", ")));
  }
}

AwsError Violations::to_error(std::string_view code) const {
  SLUICE_CHECK(!texts_.empty(), "no violation to report");
  return AwsError{400, std::string(code),
                  fmt::format("{} validation error{} detected: {}", texts_.size(), texts_.size() == 1 ? "" : "s",
                              fmt::join(texts_, "; "))};
}

std::optional<AwsError> validate(std::span<const ParameterRule> rules, const Parameters& parameters) {
  for (const auto& rule : rules) {
    const std::string* value = find_parameter(parameters, rule.name);
    if (value == nullptr) continue;
    if (auto error = check_form(rule, *value)) return error;
  }
  Violations violations;
  for (const auto& rule : rules) violations.check(rule, member_name(rule.name), find_parameter(parameters, rule.name));
  if (violations.empty()) return std::nullopt;
  return violations.to_error();
}

}  // namespace sluice::aws
