#include "diagnosis/finding.h"

#include "base/encoding.h"
#include "base/limits.h"

namespace sluice::diagnosis {
namespace {

/// Replaces {seen} and {wanted}. Values are put in as they are: braces in them mean nothing.
std::string fill(std::string_view text, std::string_view seen, std::string_view wanted) {
  std::string result;
  while (!text.empty()) {
    const size_t brace = text.find('{');
    result += text.substr(0, brace);
    if (brace == std::string_view::npos) break;
    text.remove_prefix(brace);
    if (text.starts_with("{seen}")) {
      result += seen;
      text.remove_prefix(6);
    } else if (text.starts_with("{wanted}")) {
      result += wanted;
      text.remove_prefix(8);
    } else {
      result += '{';
      text.remove_prefix(1);
    }
  }
  return result;
}

}  // namespace

Finding make_finding(RuleId id, std::string_view seen, std::string_view wanted, std::string_view detail) {
  Finding finding{.rule = id,
                  .seen = printable(seen, limits::kDecisionFieldBytesMax),
                  .wanted = printable(wanted, limits::kDecisionFieldBytesMax),
                  .fix = {},
                  .detail = printable(detail, limits::kDecisionFieldBytesMax)};
  finding.fix = printable(fill(rule(id).fix, finding.seen, finding.wanted), limits::kDecisionFieldBytesMax);
  return finding;
}

}  // namespace sluice::diagnosis
