#pragma once

#include <string_view>

#include "base/error.h"

namespace sluice::http {

/// The one table from ErrorCode to HTTP status, for handlers without a protocol-specific table of their own.
///
/// Two choices in it are about what clients do next, not about words. A stock Prometheus drops for ever what is
/// answered 4xx and retries 5xx, so everything the collector itself is the cause of (disk, memory, queue, dead
/// upstream) is 503. AWS answers an unproven caller 403, never 401, and SDKs refresh on that.
int status_of(ErrorCode code);

/// RFC 9110's phrase ("Not Found"); "Unknown" for a status without one.
std::string_view reason_phrase(int status);

}  // namespace sluice::http
