#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "iam/ip_network.h"
#include "iam/policy_text.h"
#include "iam/request_context.h"

namespace sluice::iam {

enum class ConditionOperator : uint8_t {
  kStringEquals,
  kStringNotEquals,
  kStringEqualsIgnoreCase,
  kStringNotEqualsIgnoreCase,
  kStringLike,
  kStringNotLike,
  kNumericEquals,
  kNumericNotEquals,
  kNumericLessThan,
  kNumericLessThanEquals,
  kNumericGreaterThan,
  kNumericGreaterThanEquals,
  kDateEquals,
  kDateNotEquals,
  kDateLessThan,
  kDateLessThanEquals,
  kDateGreaterThan,
  kDateGreaterThanEquals,
  kBool,
  kBinaryEquals,
  kIpAddress,
  kNotIpAddress,
  kArnEquals,
  kArnNotEquals,
  kArnLike,
  kArnNotLike,
  kNull,
};
std::string_view to_string(ConditionOperator op);
/// StringNotEquals and its like: several values mean "none of them".
bool is_negated(ConditionOperator op);

enum class SetQuantifier : uint8_t { kNone, kForAllValues, kForAnyValue };

/// One operator, one key, its values: true or false for a context. Rules (IAM user guide, and recordings of AWS):
///   1. values OR; with a negated operator NOR;
///   2. missing key: positive false, negated true, ...IfExists true, ForAllValues true, ForAnyValue false;
///   3. a multivalued key without set prefix never matches, not even a negated operator;
///   4. a policy value that is no number, date, network or boolean matches nothing, and a negated operator over such
///      values does not match either; likewise for the request's value;
///   5. a variable that does not resolve makes its value match nothing.
/// Immutable, thread-safe.
class Condition {
 public:
  /// `operator_text` as in the policy: "ForAnyValue:StringLikeIfExists". kMalformed for an unknown operator or a
  /// broken variable, quoting it.
  static Result<Condition> compile(std::string_view operator_text, std::string_view key,
                                   const std::vector<std::string>& values, PolicyText::Variables variables);

  bool matches(const RequestContext& context) const;

  ConditionOperator op() const { return op_; }
  SetQuantifier quantifier() const { return quantifier_; }
  bool is_if_exists() const { return if_exists_; }
  const std::string& operator_text() const { return operator_text_; }  ///< canonical spelling, prefix and suffix too
  const std::string& key() const { return key_; }                ///< as written
  const std::string& lookup_key() const { return lookup_key_; }  ///< lower case
  const std::vector<std::string>& values() const { return sources_; }  ///< as written

 private:
  struct Unusable {};  ///< a value that can match nothing
  struct Bytes {
    std::string bytes;
  };
  struct Number {
    double value;
  };
  struct Instant {
    TimestampMs at;
  };
  using Operand = std::variant<Unusable, PolicyText, Number, Instant, bool, Bytes, IpNetwork>;

  static Result<Operand> compile_operand(ConditionOperator op, std::string_view value, PolicyText::Variables variables);
  bool matches_one(std::string_view seen, const RequestContext& context) const;
  /// nullopt when the two cannot be compared.
  std::optional<bool> compare(const Operand& operand, std::string_view seen, const RequestContext& context) const;

  ConditionOperator op_ = ConditionOperator::kStringEquals;
  SetQuantifier quantifier_ = SetQuantifier::kNone;
  bool if_exists_ = false;
  std::string operator_text_;
  std::string key_;
  std::string lookup_key_;
  std::vector<std::string> sources_;
  std::vector<Operand> operands_;
};

}  // namespace sluice::iam
