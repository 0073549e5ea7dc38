#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "net/address_policy.h"

namespace sluice::net {

/// Looks a host name up; may block. Every address, in the order to try; kUnavailable naming the host.
/// The seam for tests and for pinned names. Must be thread-safe; must not throw.
using ResolveFunction = std::function<Result<std::vector<IpAddress>>(const std::string& host)>;

/// The system's getaddrinfo (hosts file, DNS), stream sockets, v4 and v6. IP literals are returned as they are.
Result<std::vector<IpAddress>> resolve_with_system(const std::string& host);

}  // namespace sluice::net
