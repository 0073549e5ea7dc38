#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace sluice {

/// A ULID (github.com/ulid/spec): 48 bits of Unix milliseconds, then 80 random ones, so that ULIDs sort by the time
/// they were made. The name of a block.
struct Ulid {
  static constexpr size_t kTextSize = 26;
  static constexpr size_t kRandomSize = 10;

  std::array<uint8_t, 16> bytes{};

  /// The caller brings the randomness (crypto/random.h). `at_ms` is cut to its low 48 bits.
  static Ulid make(TimestampMs at_ms, std::array<uint8_t, kRandomSize> random);
  /// 26 characters of Crockford's base 32, either case, at most 128 bits; nullopt for anything else.
  static std::optional<Ulid> parse(std::string_view text);

  TimestampMs time_ms() const;
  std::string to_string() const;  ///< upper case

  friend bool operator==(const Ulid&, const Ulid&) = default;
  friend auto operator<=>(const Ulid&, const Ulid&) = default;
};

/// Where new ULIDs come from: thread-safe, never the same twice.
using UlidSource = std::function<Ulid()>;

}  // namespace sluice
