#pragma once

#include <cstddef>
#include <string_view>

namespace sluice::catalog {

/// Size of a policy document as IAM's quotas count it: characters, without white space (IAM user guide,
/// "IAM and AWS STS quotas"). `document` must be valid UTF-8.
inline size_t policy_characters(std::string_view document) {
  size_t count = 0;
  for (const char c : document) {
    const bool is_continuation = (static_cast<unsigned char>(c) & 0xC0) == 0x80;
    const bool is_blank = c == ' ' || c == '\t' || c == '\n' || c == '\r';
    if (!is_continuation && !is_blank) ++count;
  }
  return count;
}

}  // namespace sluice::catalog
