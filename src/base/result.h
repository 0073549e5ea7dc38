#pragma once

#include <expected>
#include <string>
#include <utility>

#include "base/error.h"

namespace sluice {

/// A value or an Error. Every function that can fail for a reason a caller may care about returns one;
/// exceptions never cross a module's edge. It cannot be dropped silently.
template <class T>
class [[nodiscard]] Result : public std::expected<T, Error> {
 public:
  using std::expected<T, Error>::expected;
  // NOLINTNEXTLINE(google-explicit-constructor): monadic calls return the base, which is the same thing.
  Result(std::expected<T, Error> other) : std::expected<T, Error>(std::move(other)) {}
};

/// Builds the failure side: `return fail(ErrorCode::kNotFound, fmt::format(...))`.
inline std::unexpected<Error> fail(ErrorCode code, std::string message) {
  return std::unexpected<Error>(Error{code, std::move(message)});
}

/// Puts where it happened in front of a message, keeping the code: `return fail_in("wal/0003", r.error())`.
inline std::unexpected<Error> fail_in(std::string_view where, const Error& error) {
  return std::unexpected<Error>(Error{error.code, std::string(where) + ": " + error.message});
}

}  // namespace sluice

#define SLUICE_CONCAT_INNER(a, b) a##b
#define SLUICE_CONCAT(a, b) SLUICE_CONCAT_INNER(a, b)

/// Leaves the function with the error of a Result<void>-like expression, or goes on.
#define SLUICE_TRY(...)                                                          \
  do {                                                                           \
    auto sluice_try_result = (__VA_ARGS__);                                      \
    if (!sluice_try_result) [[unlikely]]                                         \
      return std::unexpected(std::move(sluice_try_result).error());              \
  } while (false)

/// `SLUICE_ASSIGN(auto file, fs.open(path));` binds the value or leaves the function with the error.
#define SLUICE_ASSIGN(target, ...) SLUICE_ASSIGN_AT(SLUICE_CONCAT(sluice_result_, __LINE__), target, __VA_ARGS__)
#define SLUICE_ASSIGN_AT(result, target, ...)                                    \
  auto result = (__VA_ARGS__);                                                   \
  if (!result) [[unlikely]]                                                      \
    return std::unexpected(std::move(result).error());                           \
  target = *std::move(result)
