#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "aws/error.h"

namespace sluice::aws {

/// A pattern of an API model: the regular expression as AWS prints it, and a hand-written predicate that says the
/// same. `text` must be valid UTF-8.
struct Pattern {
  std::string_view expression;
  bool (*matches)(std::string_view text);
};

/// What an API model demands of one parameter. Lengths are UTF-16 code units, ends inclusive.
struct ParameterRule {
  static constexpr size_t kNoMaximum = std::numeric_limits<size_t>::max();
  enum class Type : uint8_t { kString, kInteger, kBoolean };

  std::string_view name;         ///< as on the wire: "RoleSessionName"
  bool required = false;
  size_t length_min = 0;
  size_t length_max = kNoMaximum;
  const Pattern* pattern = nullptr;
  std::span<const std::string_view> allowed = {};  ///< an enumeration's values
  Type type = Type::kString;
  int64_t value_min = std::numeric_limits<int32_t>::min();  ///< integers only; inclusive
  int64_t value_max = std::numeric_limits<int32_t>::max();
  bool sensitive = false;        ///< never echoed
};

/// Collects violations and prints them as AWS does: "2 validation errors detected: Value 'x' at 'roleSessionName'
/// failed to satisfy constraint: Member must ...; Value ...".
class Violations {
 public:
  /// `where` is the member's path as AWS prints it: "roleSessionName", "tags.1.member.key". Pattern, then
  /// length, then enumeration or range.
  void check(const ParameterRule& rule, std::string_view where, const std::string* value);
  void add(std::string text) { texts_.push_back(std::move(text)); }
  bool empty() const { return texts_.empty(); }
  /// 400 ValidationError (`code` for restJson: ValidationException). The object must not be empty().
  AwsError to_error(std::string_view code = "ValidationError") const;

 private:
  std::vector<std::string> texts_;
};

/// Checks every rule against the request's parameters (first of repeated names wins). Values that are not
/// valid UTF-8, or not integers or booleans where those are asked for, are 400 MalformedInput at once; shape
/// violations are gathered into one ValidationError. nullopt when all is well. Unknown parameters are ignored.
std::optional<AwsError> validate(std::span<const ParameterRule> rules, const Parameters& parameters);

/// A decimal 32-bit integer as STS reads it: digits with an optional sign, leading zeros allowed; blanks, fractions,
/// exponents and values beyond 32 bits are MalformedInput, and so is "" ("missing value for decimal type").
std::expected<int64_t, AwsError> parse_integer(std::string_view text);

/// "RoleSessionName" -> "roleSessionName".
std::string member_name(std::string_view parameter);

/// The patterns of the STS and IAM models, named after their shapes.
namespace patterns {
extern const Pattern kNameCharacters;        ///< [\w+=,.@-]+   role, policy, user names
extern const Pattern kSessionName;           ///< [\w+=,.@-]*
extern const Pattern kArn;                   ///< the wide printable class of arnType in STS
extern const Pattern kPath;                  ///< (\u002F)|(\u002F[\u0021-\u007E]+\u002F)
extern const Pattern kPolicyPath;            ///< ((/[A-Za-z0-9\.,\+@=_-]+)*)/
extern const Pattern kPathPrefix;            ///< \u002F[\u0021-\u007F]*
extern const Pattern kPolicyDocument;        ///< [\u0009\u000A\u000D\u0020-\u00FF]+
extern const Pattern kRoleDescription;       ///< [\u0009\u000A\u000D\u0020-\u007E\u00A1-\u00FF]*
extern const Pattern kMarker;                ///< [\u0020-\u00FF]+
extern const Pattern kVersionId;             ///< v[1-9][0-9]*(\.[A-Za-z0-9-]*)?
extern const Pattern kTagKey;                ///< [\p{L}\p{Z}\p{N}_.:/=+\-@]+
extern const Pattern kTagValue;              ///< [\p{L}\p{Z}\p{N}_.:/=+\-@]*
extern const Pattern kExternalId;            ///< [\w+=,.@:\/-]*
extern const Pattern kClientToken;           ///< [!-~]+   idempotency tokens of AMP
}  // namespace patterns

}  // namespace sluice::aws
