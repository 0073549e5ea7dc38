#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace sluice::aws {

/// An Amazon Resource Name: arn:partition:service:region:account:resource. Patterns of policies are not
/// ARNs in this sense (iam/wildcard.h matches those).
struct Arn {
  std::string partition;   ///< "aws", "aws-cn", "aws-us-gov", ...
  std::string service;     ///< "iam", "sts", "aps"
  std::string region;      ///< "" for IAM and STS
  std::string account_id;  ///< 12 digits, "aws" for Amazon's own policies, or ""
  std::string resource;    ///< the rest, colons and slashes included: "role/path/name"

  /// Strict: the six parts there; partition and service of lower-case letters, digits and '-'; region
  /// likewise or empty; account 12 digits, "aws" or empty; resource not empty; printable ASCII beyond the
  /// resource, no control characters or blanks in it; kArnBytesMax at most. kInvalidArgument, quoting what
  /// is wrong.
  static Result<Arn> parse(std::string_view text);
  std::string format() const;

  /// "role" of "role/path/name", "workspace" of "workspace/ws-1"; "" when the resource has no '/'.
  std::string_view resource_type() const;
  /// What follows the last '/': "name"; the whole resource when it has none.
  std::string_view resource_name() const;
  /// What follows the first '/': "path/name"; the whole resource when it has none.
  std::string_view resource_path() const;

  friend bool operator==(const Arn&, const Arn&) = default;
};

/// Twelve ASCII digits.
bool is_account_id(std::string_view text);

}  // namespace sluice::aws
