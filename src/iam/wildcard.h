#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sluice::iam {

class RequestContext;

/// Matches `text` against a pattern in which kAnyRun stands for '*' and kAnyOne for '?' (one UTF-8 character). Those
/// two bytes occur in no valid UTF-8, so an asterisk that was escaped or came out of a variable stays a plain one.
/// No recursion, no backtracking over more than one star: linear for patterns without '?', and bounded by the product
/// of text and the longest piece between stars with it.
inline constexpr char kAnyRun = '\xff';
inline constexpr char kAnyOne = '\xfe';
bool glob_match(std::string_view pattern, std::string_view text);

/// `*` and `?` of a policy's text turned into kAnyRun and kAnyOne.
std::string compile_wildcards(std::string_view text);

/// ArnLike and ArnEquals: the six components each for itself, so a '*' does not cross a colon but in the last. A pattern
/// that is one lone '*' matches every ARN; any other with fewer than six components matches nothing, and so does a
/// `text` with fewer.
bool arn_like(std::string_view pattern, std::string_view text);

/// A statement's Resource: as arn_like where the pattern has six components; a shorter one is matched as a whole text,
/// because IAM lets a wildcard at its end run past the colons ("arn:aws:aps:*", "*").
bool resource_match(std::string_view pattern, std::string_view resource);

/// A text of a policy that may hold wildcards and policy variables, compiled once.
///   ${aws:PrincipalTag/team}   ${aws:PrincipalTag/team, 'none'}   ${*} ${?} ${$}
/// Variables exist only in Version 2012-10-17, and only single-valued keys resolve. Immutable.
class PolicyText {
 public:
  enum class Wildcards : bool { kLiteral, kActive };
  enum class Variables : bool { kLiteral, kActive };

  /// kMalformed for an unclosed or empty variable, or a default not in single quotes; quotes the text.
  static Result<PolicyText> compile(std::string_view text, Wildcards wildcards, Variables variables);

  bool is_constant() const { return parts_.empty(); }
  /// The pattern to match with. Constant texts yield a view of themselves; others are put together in `buffer`. nullopt
  /// when a variable is missing, multivalued, or holds a byte that could pass for a wildcard.
  std::optional<std::string_view> resolve(const RequestContext& context, std::string& buffer) const;
  const std::string& source() const { return source_; }  ///< as written in the policy

 private:
  struct Part {
    std::string text;                        ///< literal piece (wildcards compiled), or the variable's lower-case key
    bool is_variable = false;
    std::optional<std::string> default_text;
  };
  std::string source_;
  std::string constant_;
  std::vector<Part> parts_;  ///< empty when there is no variable
};

}  // namespace sluice::iam
