#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace sluice::http {

/// An absolute http or https URI, split. `target` is path and query as written, "/" at least.
struct Uri {
  std::string scheme;  ///< "http" or "https", lower case
  std::string host;    ///< as written; IPv6 literals without brackets
  uint16_t port = 0;   ///< explicit or the scheme's default
  bool has_explicit_port = false;
  std::string target;

  /// kInvalidArgument, naming what is wrong: other scheme, user info, fragment, empty host, bad port,
  /// control characters or spaces.
  static Result<Uri> parse(std::string_view text);
  /// The Host header's value: brackets for IPv6, the port only when it is not the scheme's default.
  std::string host_header() const;
};

}  // namespace sluice::http
