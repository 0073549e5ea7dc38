#pragma once

#include <chrono>

namespace sluice {

/// How long a test waits for what should come at once. Nothing is asserted about it: it only ends a test that would
/// never end, and must outlast a machine that is busy with other things.
inline constexpr std::chrono::milliseconds kPatience{30'000};

/// How much longer things may take than in a plain build, where a test does assert a time, or sets a timeout that what
/// it does must not run into.
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
inline constexpr int kSlowness = 10;
#else
inline constexpr int kSlowness = 1;
#endif

}  // namespace sluice
