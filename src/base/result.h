#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "base/error.h"

namespace sluice {

template <class T>
class Result;

namespace internal {
template <class T>
inline constexpr bool kIsExpected = false;
template <class T, class E>
inline constexpr bool kIsExpected<std::expected<T, E>> = true;
template <class E>
inline constexpr bool kIsExpected<std::unexpected<E>> = true;
template <class T>
inline constexpr bool kIsExpected<Result<T>> = true;
}  // namespace internal

/// A value or an Error. Every function that can fail for a reason a caller may care about returns one;
/// exceptions never cross a module's edge. It cannot be dropped silently.
///
/// The constructors are spelled out, not inherited: an inherited one would turn a Result<bool> that is
/// copied from a non-const lvalue into "has a value".
template <class T>
class [[nodiscard]] Result : public std::expected<T, Error> {
  using Base = std::expected<T, Error>;

 public:
  Result() = default;
  template <class U = T>
    requires(!std::is_void_v<T> && !internal::kIsExpected<std::remove_cvref_t<U>> && std::is_constructible_v<T, U>)
  explicit(!std::is_convertible_v<U, T>) Result(U&& value) : Base(std::in_place, std::forward<U>(value)) {}
  Result(std::unexpected<Error> failure) : Base(std::unexpect, std::move(failure).error()) {}
  Result(Base other) : Base(std::move(other)) {}
  /// From a Result of something convertible, e.g. a unique_ptr to a derived class.
  template <class U>
    requires(!std::is_same_v<U, T> && !std::is_void_v<U> && std::is_convertible_v<U, T>)
  Result(Result<U> other)
      : Base(other ? Base(std::in_place, *std::move(other)) : Base(std::unexpect, std::move(other).error())) {}
};

template <>
class [[nodiscard]] Result<void> : public std::expected<void, Error> {
  using Base = std::expected<void, Error>;

 public:
  Result() = default;
  Result(std::unexpected<Error> failure) : Base(std::unexpect, std::move(failure).error()) {}
  Result(Base other) : Base(std::move(other)) {}
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
#define SLUICE_TRY(...)                                             \
  do {                                                              \
    auto sluice_try_result = (__VA_ARGS__);                         \
    if (!sluice_try_result) [[unlikely]]                            \
      return std::unexpected(std::move(sluice_try_result).error()); \
  } while (false)

/// `SLUICE_ASSIGN(auto file, fs.open(path));` binds the value or leaves the function with the error.
#define SLUICE_ASSIGN(target, ...) SLUICE_ASSIGN_AT(SLUICE_CONCAT(sluice_result_, __LINE__), target, __VA_ARGS__)
#define SLUICE_ASSIGN_AT(result, target, ...)          \
  auto result = (__VA_ARGS__);                         \
  if (!result) [[unlikely]]                            \
    return std::unexpected(std::move(result).error()); \
  target = *std::move(result)
