#include <utility>

#include <fmt/format.h>

#include "base/encoding.h"
#include "base/limits.h"
#include "iam/policy_parser.h"

namespace sluice::iam::parser {
namespace {

Result<std::string> scalar(const JsonValue& value, std::string_view place) {
  if (const auto* text = value.as_string()) {
    if (text->size() > limits::kPolicyTextBytesMax) {
      return fail(ErrorCode::kTooLarge, fmt::format("{}: a value of {} bytes, at most {} are allowed", place,
                                                    text->size(), limits::kPolicyTextBytesMax));
    }
    return *text;
  }
  if (const auto* flag = value.as_bool()) return std::string(*flag ? "true" : "false");
  if (const auto* integer = value.as_integer()) return std::to_string(*integer);
  if (const auto* number = value.as_double()) return fmt::format("{}", *number);
  return malformed(
      fmt::format("{}: a condition value must be a string, number or boolean, got {}", place, to_string(value.kind())));
}

Result<std::vector<std::string>> scalars(const JsonValue& value, std::string_view place) {
  std::vector<std::string> values;
  if (const auto* list = value.as_array()) {
    for (const auto& entry : *list) {
      SLUICE_ASSIGN(std::string text, scalar(entry, place));
      values.push_back(std::move(text));
    }
  } else {
    SLUICE_ASSIGN(std::string text, scalar(value, place));
    values.push_back(std::move(text));
  }
  return values;
}

/// "aws:SourceIp", "<issuer>:sub", "aws:PrincipalTag/team": something before a colon.
bool is_condition_key(std::string_view key) {
  const size_t colon = key.find(':');
  return colon != std::string_view::npos && colon > 0 && colon + 1 < key.size() &&
         key.size() <= limits::kPolicyTextBytesMax;
}

}  // namespace

Result<std::vector<Condition>> conditions(const JsonValue& value, std::string_view place,
                                          PolicyText::Variables variables) {
  const auto* block = value.as_object();
  if (block == nullptr) return malformed(fmt::format("{} must be an object, got {}", place, to_string(value.kind())));
  std::vector<Condition> list;
  for (const auto& [op, keys] : block->members()) {
    const std::string op_place = fmt::format("{}.{}", place, printable(op, 64));
    const auto* by_key = keys.as_object();
    if (by_key == nullptr) {
      return malformed(fmt::format("{} must be an object of keys, got {}", op_place, to_string(keys.kind())));
    }
    for (const auto& [key, entry] : by_key->members()) {
      if (!is_condition_key(key)) {
        return malformed("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.");
      }
      SLUICE_ASSIGN(const auto values, scalars(entry, fmt::format("{}[\"{}\"]", op_place, printable(key, 256))));
      auto condition = Condition::compile(op, key, values, variables);
      if (!condition) return std::unexpected(std::move(condition).error());
      list.push_back(*std::move(condition));
    }
  }
  return list;
}

}  // namespace sluice::iam::parser
