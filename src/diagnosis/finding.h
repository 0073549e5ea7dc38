#pragma once

#include <string>
#include <string_view>

#include "diagnosis/rules.h"

namespace sluice::diagnosis {

/// One fault, found: the rule, the value seen, the value that would have passed, and what to do about it.
/// Every text is printable (no control characters) and at most kDecisionFieldBytesMax long; none holds a
/// token, a secret or a signature.
struct Finding {
  RuleId rule = RuleId::kStsRequestInvalid;
  std::string seen;
  std::string wanted;
  std::string fix;
  std::string detail;  ///< anything else worth knowing; may be empty

  friend bool operator==(const Finding&, const Finding&) = default;
};

/// Makes a finding out of values as they came from outside: cuts and escapes them, and fills the rule's fix
/// template with them.
Finding make_finding(RuleId rule, std::string_view seen, std::string_view wanted, std::string_view detail = {});

}  // namespace sluice::diagnosis
