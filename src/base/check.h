#pragma once

namespace sluice::internal {

/// Prints file, line, condition and detail to stderr, then aborts. Never returns.
[[noreturn]] void check_failed(const char* file, int line, const char* condition, const char* detail);

}  // namespace sluice::internal

/// An invariant of our own code, checked in every build. Never for input from outside: that is a Result.
#define SLUICE_CHECK(condition, detail)                                         \
  do {                                                                          \
    if (!(condition)) [[unlikely]]                                              \
      ::sluice::internal::check_failed(__FILE__, __LINE__, #condition, detail); \
  } while (false)
