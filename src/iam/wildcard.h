#pragma once

#include <string>
#include <string_view>

namespace sluice::iam {

/// Matches `text` against a pattern in which kAnyRun stands for '*' and kAnyOne for '?' (one UTF-8 character). Those
/// two bytes occur in no valid UTF-8, so an asterisk that was escaped or came out of a variable stays a plain one.
/// No recursion, no backtracking over more than one star: linear for patterns without '?', and bounded by the product
/// of text and the longest piece between stars with it.
inline constexpr char kAnyRun = '\xff';
inline constexpr char kAnyOne = '\xfe';
bool glob_match(std::string_view pattern, std::string_view text);

/// `*` and `?` of a policy's text turned into kAnyRun and kAnyOne.
std::string compile_wildcards(std::string_view text);

/// ArnLike and ArnEquals: the six components each for itself, so a '*' does not cross a colon but in the last. A
/// pattern that is one lone '*' matches every ARN; any other with fewer than six components matches nothing, and so
/// does a `text` with fewer.
bool arn_like(std::string_view pattern, std::string_view text);

/// A statement's Resource: as arn_like where the pattern has six components; a shorter one is matched as a whole text,
/// because IAM lets a wildcard at its end run past the colons ("arn:aws:aps:*", "*").
bool resource_match(std::string_view pattern, std::string_view resource);

}  // namespace sluice::iam
