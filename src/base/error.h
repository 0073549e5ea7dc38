#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sluice {

/// Why an expected failure happened, coarse enough that one table (http/status.h) maps each value to an
/// HTTP status. Modules with richer refusals (JwtRefusal, SigV4Refusal, ...) keep their own enum and
/// convert at their edge.
enum class ErrorCode : uint8_t {
  kInvalidArgument,    ///< the caller's mistake: a value that can never be right
  kMalformed,          ///< bytes that are not in the format they claim
  kTooLarge,           ///< over a bound of base/limits.h or of the configuration
  kUnauthenticated,    ///< who is calling is not proven
  kPermissionDenied,   ///< who is calling is known and may not
  kNotFound,
  kAlreadyExists,
  kConflict,           ///< the state forbids it now (in use, changed meanwhile)
  kQuotaExceeded,      ///< a limit of that identity or workspace
  kResourceExhausted,  ///< the collector's own memory, queue or file handles
  kUnsupported,        ///< valid, and not offered: the message names what
  kUnavailable,        ///< the collector is the cause and a retry may help
  kDeadlineExceeded,
  kCancelled,          ///< the client went away, or shutdown
  kDataLoss,           ///< damaged data; the message names file and offset
  kNoSpace,            ///< disk full (ENOSPC, EDQUOT)
  kIo,                 ///< any other failure of a file or socket
  kInternal,           ///< our bug, reported instead of crashing
};

/// The name without its `k`, for logs: "NotFound".
std::string_view to_string(ErrorCode code);

/// A failure a caller may handle. `message` is one line for people: what was wrong, where, and what was
/// wanted. It never holds a secret, a token or a signature.
struct Error {
  ErrorCode code = ErrorCode::kInternal;
  std::string message;

  friend bool operator==(const Error&, const Error&) = default;
};

}  // namespace sluice
