#include "iam/condition.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "base/encoding.h"
#include "iam/case_folding.h"
#include "iam/wildcard.h"

namespace sluice::iam {
namespace {

/// How values of an operator are read and compared.
enum class Family : uint8_t { kString, kStringIgnoreCase, kPattern, kNumber, kDate, kBool, kBytes, kIp, kArn, kNull };
enum class Relation : uint8_t { kEqual, kLess, kLessEqual, kGreater, kGreaterEqual };

struct OperatorRow {
  ConditionOperator op;
  std::string_view name;
  Family family;
  Relation relation = Relation::kEqual;
  bool negated = false;
};

using enum ConditionOperator;
constexpr std::array<OperatorRow, static_cast<size_t>(kNull) + 1> kOperators = {{
    {kStringEquals, "StringEquals", Family::kString},
    {kStringNotEquals, "StringNotEquals", Family::kString, Relation::kEqual, true},
    {kStringEqualsIgnoreCase, "StringEqualsIgnoreCase", Family::kStringIgnoreCase},
    {kStringNotEqualsIgnoreCase, "StringNotEqualsIgnoreCase", Family::kStringIgnoreCase, Relation::kEqual, true},
    {kStringLike, "StringLike", Family::kPattern},
    {kStringNotLike, "StringNotLike", Family::kPattern, Relation::kEqual, true},
    {kNumericEquals, "NumericEquals", Family::kNumber},
    {kNumericNotEquals, "NumericNotEquals", Family::kNumber, Relation::kEqual, true},
    {kNumericLessThan, "NumericLessThan", Family::kNumber, Relation::kLess},
    {kNumericLessThanEquals, "NumericLessThanEquals", Family::kNumber, Relation::kLessEqual},
    {kNumericGreaterThan, "NumericGreaterThan", Family::kNumber, Relation::kGreater},
    {kNumericGreaterThanEquals, "NumericGreaterThanEquals", Family::kNumber, Relation::kGreaterEqual},
    {kDateEquals, "DateEquals", Family::kDate},
    {kDateNotEquals, "DateNotEquals", Family::kDate, Relation::kEqual, true},
    {kDateLessThan, "DateLessThan", Family::kDate, Relation::kLess},
    {kDateLessThanEquals, "DateLessThanEquals", Family::kDate, Relation::kLessEqual},
    {kDateGreaterThan, "DateGreaterThan", Family::kDate, Relation::kGreater},
    {kDateGreaterThanEquals, "DateGreaterThanEquals", Family::kDate, Relation::kGreaterEqual},
    {kBool, "Bool", Family::kBool},
    {kBinaryEquals, "BinaryEquals", Family::kBytes},
    {kIpAddress, "IpAddress", Family::kIp},
    {kNotIpAddress, "NotIpAddress", Family::kIp, Relation::kEqual, true},
    {kArnEquals, "ArnEquals", Family::kArn},
    {kArnNotEquals, "ArnNotEquals", Family::kArn, Relation::kEqual, true},
    {kArnLike, "ArnLike", Family::kArn},
    {kArnNotLike, "ArnNotLike", Family::kArn, Relation::kEqual, true},
    {kNull, "Null", Family::kNull},
}};

constexpr bool rows_are_in_order() {
  for (size_t i = 0; i < kOperators.size(); ++i) {
    if (static_cast<size_t>(kOperators[i].op) != i) return false;
  }
  return true;
}
static_assert(rows_are_in_order());

const OperatorRow& row_of(ConditionOperator op) { return kOperators[static_cast<size_t>(op)]; }

std::optional<double> parse_number(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

/// ISO 8601 or seconds since the epoch.
std::optional<TimestampMs> parse_date(std::string_view text) {
  constexpr size_t kEpochDigitsMax = 12;
  const bool is_epoch = !text.empty() && text.size() <= kEpochDigitsMax &&
                        std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
  if (is_epoch) {
    int64_t seconds = 0;
    std::from_chars(text.data(), text.data() + text.size(), seconds);
    return seconds * 1000;
  }
  const auto parsed = parse_rfc3339(text);
  return parsed ? std::optional(*parsed) : std::nullopt;
}

std::optional<bool> parse_bool(std::string_view text) {
  if (ascii_iequals(text, "true")) return true;
  if (ascii_iequals(text, "false")) return false;
  return std::nullopt;
}

template <class T>
bool holds(Relation relation, const T& seen, const T& wanted) {
  switch (relation) {
    case Relation::kEqual: return seen == wanted;
    case Relation::kLess: return seen < wanted;
    case Relation::kLessEqual: return seen <= wanted;
    case Relation::kGreater: return seen > wanted;
    case Relation::kGreaterEqual: return seen >= wanted;
  }
  return false;
}

bool text_holds(Family family, std::string_view wanted, std::string_view seen) {
  switch (family) {
    case Family::kStringIgnoreCase: return fold_case(wanted) == fold_case(seen);
    case Family::kPattern: return glob_match(wanted, seen);
    case Family::kArn: return arn_like(wanted, seen);
    default: return wanted == seen;
  }
}

std::optional<SetQuantifier> take_quantifier(std::string_view& text) {
  const size_t colon = text.find(':');
  if (colon == std::string_view::npos) return SetQuantifier::kNone;
  const std::string_view prefix = text.substr(0, colon);
  text.remove_prefix(colon + 1);
  if (prefix == "ForAllValues") return SetQuantifier::kForAllValues;
  if (prefix == "ForAnyValue") return SetQuantifier::kForAnyValue;
  return std::nullopt;
}

std::unexpected<Error> unknown_operator(std::string_view text) {
  return fail(ErrorCode::kMalformed, fmt::format("Invalid Condition type : {}", printable(text, 64)));
}

}  // namespace

std::string_view to_string(ConditionOperator op) { return row_of(op).name; }
bool is_negated(ConditionOperator op) { return row_of(op).negated; }

Result<Condition> Condition::compile(std::string_view operator_text, std::string_view key,
                                     const std::vector<std::string>& values, PolicyText::Variables variables) {
  Condition condition;
  std::string_view name = operator_text;
  const auto quantifier = take_quantifier(name);
  if (!quantifier) return unknown_operator(operator_text);
  condition.quantifier_ = *quantifier;
  constexpr std::string_view kSuffix = "IfExists";
  if (name.ends_with(kSuffix)) {
    condition.if_exists_ = true;
    name.remove_suffix(kSuffix.size());
  }
  const auto row = std::ranges::find(kOperators, name, &OperatorRow::name);
  if (row == kOperators.end()) return unknown_operator(operator_text);
  if (row->op == kNull && (condition.if_exists_ || *quantifier != SetQuantifier::kNone)) {
    return unknown_operator(operator_text);
  }
  condition.op_ = row->op;
  condition.operator_text_ = operator_text;
  condition.key_ = key;
  condition.lookup_key_ = ascii_lower(key);
  condition.sources_ = values;
  for (const auto& value : values) {
    SLUICE_ASSIGN(Operand operand, compile_operand(row->op, value, variables));
    condition.operands_.push_back(std::move(operand));
  }
  return condition;
}

Result<Condition::Operand> Condition::compile_operand(ConditionOperator op, std::string_view value,
                                                      PolicyText::Variables variables) {
  const auto compile_text = [&](PolicyText::Use use) -> Result<Operand> {
    SLUICE_ASSIGN(PolicyText text, PolicyText::compile(value, use, variables));
    return Operand(std::move(text));
  };
  switch (row_of(op).family) {
    case Family::kString:
    case Family::kStringIgnoreCase: return compile_text(PolicyText::Use::kLiteral);
    case Family::kPattern: return compile_text(PolicyText::Use::kPattern);
    case Family::kArn: return compile_text(PolicyText::Use::kArn);
    case Family::kNumber:
      if (const auto number = parse_number(value)) return Operand(Number{*number});
      break;
    case Family::kDate:
      if (const auto at = parse_date(value)) return Operand(Instant{*at});
      break;
    case Family::kBool:
    case Family::kNull:
      if (const auto flag = parse_bool(value)) return Operand(*flag);
      break;
    case Family::kBytes:
      if (auto bytes = base64_decode(value)) return Operand(Bytes{*std::move(bytes)});
      break;
    case Family::kIp:
      if (const auto network = IpNetwork::parse(value)) return Operand(*network);
      break;
  }
  return Operand(Unusable{});
}

std::optional<bool> Condition::compare(const Operand& operand, std::string_view seen,
                                       const RequestContext& context) const {
  const OperatorRow& row = row_of(op_);
  if (const auto* text = std::get_if<PolicyText>(&operand)) {
    std::string buffer;
    const auto wanted = text->resolve(context, buffer);
    if (!wanted) return std::nullopt;
    return text_holds(row.family, *wanted, seen);
  }
  if (const auto* number = std::get_if<Number>(&operand)) {
    const auto value = parse_number(seen);
    return value ? std::optional(holds(row.relation, *value, number->value)) : std::nullopt;
  }
  if (const auto* instant = std::get_if<Instant>(&operand)) {
    const auto value = parse_date(seen);
    return value ? std::optional(holds(row.relation, *value, instant->at)) : std::nullopt;
  }
  if (const auto* flag = std::get_if<bool>(&operand)) {
    const auto value = parse_bool(seen);
    return value ? std::optional(*value == *flag) : std::nullopt;
  }
  if (const auto* bytes = std::get_if<Bytes>(&operand)) {
    const auto value = base64_decode(seen);
    return value ? std::optional(*value == bytes->bytes) : std::nullopt;
  }
  if (const auto* network = std::get_if<IpNetwork>(&operand)) {
    const auto value = IpNetwork::parse(seen);
    return value ? std::optional(network->contains(*value)) : std::nullopt;
  }
  return std::nullopt;
}

bool Condition::matches_one(std::string_view seen, const RequestContext& context) const {
  if (!is_negated(op_)) {
    return std::ranges::any_of(operands_,
                               [&](const Operand& operand) { return compare(operand, seen, context).value_or(false); });
  }
  // "None of them", and of each it must be known: a value that cannot be compared proves nothing.
  return std::ranges::all_of(operands_,
                             [&](const Operand& operand) { return !compare(operand, seen, context).value_or(true); });
}

bool Condition::matches(const RequestContext& context) const {
  const ContextValue* value = context.find(lookup_key_);
  const bool is_missing = value == nullptr || value->values.empty();
  if (op_ == kNull) {
    return std::ranges::any_of(operands_, [&](const Operand& operand) {
      const bool* wants_missing = std::get_if<bool>(&operand);
      return wants_missing != nullptr && *wants_missing == is_missing;
    });
  }
  if (is_missing) {
    if (if_exists_ || quantifier_ == SetQuantifier::kForAllValues) return true;
    return quantifier_ == SetQuantifier::kNone && is_negated(op_);
  }
  const auto matches_seen = [&](const std::string& seen) { return matches_one(seen, context); };
  switch (quantifier_) {
    case SetQuantifier::kNone: return !value->is_multivalued && matches_one(value->values.front(), context);
    case SetQuantifier::kForAllValues: return std::ranges::all_of(value->values, matches_seen);
    case SetQuantifier::kForAnyValue: return std::ranges::any_of(value->values, matches_seen);
  }
  return false;
}

}  // namespace sluice::iam
