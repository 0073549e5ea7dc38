#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sluice::iam {

class RequestContext;

/// A text of a policy that may hold wildcards and policy variables, compiled once.
///   ${aws:PrincipalTag/team}   ${aws:PrincipalTag/team, 'none'}   ${*} ${?} ${$}
/// Variables exist only in Version 2012-10-17, and only single-valued keys resolve. What a variable brings is never a
/// wildcard, and in an ARN it never starts a new component. Immutable, thread-safe.
class PolicyText {
 public:
  enum class Use : uint8_t {
    kLiteral,  ///< compared as it is: StringEquals
    kPattern,  ///< '*' and '?' are wildcards: StringLike
    kArn,      ///< as kPattern, and colons separate components: Resource, ArnLike
  };
  enum class Variables : bool { kLiteral, kActive };

  /// kMalformed for an unclosed or empty variable, or a default that is not in single quotes; quotes the text.
  static Result<PolicyText> compile(std::string_view text, Use use, Variables variables);

  /// The text to compare with: wildcards stand as kAnyRun and kAnyOne (wildcard.h) unless kLiteral. Without variables a
  /// view of itself; else put together in `buffer`. nullopt when a variable is missing and has no default, is
  /// multivalued, or holds what the use forbids.
  std::optional<std::string_view> resolve(const RequestContext& context, std::string& buffer) const;

  const std::string& source() const { return source_; }  ///< as written in the policy
  bool has_variables() const { return !parts_.empty(); }

 private:
  struct Part {
    std::string text;  ///< literal piece, wildcards compiled; or the variable's lower-case key
    bool is_variable = false;
    std::optional<std::string> default_text;
  };
  static Result<Part> compile_variable(std::string_view inside, std::string_view whole);

  Use use_ = Use::kLiteral;
  std::string source_;
  std::string constant_;
  std::vector<Part> parts_;  ///< empty when there is no variable
};

}  // namespace sluice::iam
