#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace sluice {

/// Milliseconds since the Unix epoch, UTC: the unit of Prometheus samples.
using TimestampMs = int64_t;
/// Seconds since the Unix epoch, UTC: the unit of JWT claims and of AWS expirations.
using UnixSeconds = int64_t;

/// The only source of time. Passed in, never global, so that tests own time. Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  /// Wall-clock time; may step.
  virtual TimestampMs now_ms() const = 0;
  /// Never steps back; only differences mean something.
  virtual std::chrono::steady_clock::time_point steady() const = 0;

  UnixSeconds now_s() const { return now_ms() / 1000; }
};

class SystemClock final : public Clock {
 public:
  TimestampMs now_ms() const override;
  std::chrono::steady_clock::time_point steady() const override;
};

/// A clock that stands still until told otherwise. For tests. Thread-safe.
class FakeClock final : public Clock {
 public:
  explicit FakeClock(TimestampMs start_ms) : now_ms_(start_ms) {}
  TimestampMs now_ms() const override { return now_ms_.load(); }
  std::chrono::steady_clock::time_point steady() const override {
    return std::chrono::steady_clock::time_point(std::chrono::milliseconds(now_ms_.load()));
  }
  void advance(std::chrono::milliseconds by) { now_ms_ += by.count(); }
  void set(TimestampMs to_ms) { now_ms_ = to_ms; }

 private:
  std::atomic<TimestampMs> now_ms_;
};

/// "2026-09-11T11:47:01Z", as STS prints an Expiration.
std::string format_iso8601(UnixSeconds at);
/// "2026-09-11T11:47:01.123Z", for logs.
std::string format_iso8601_ms(TimestampMs at);
/// "20260911T114701Z", the ISO 8601 basic form of X-Amz-Date.
std::string format_amz_date(UnixSeconds at);
/// "Fri, 11 Sep 2026 11:47:01 GMT", the HTTP Date header (RFC 9110 5.6.7).
std::string format_http_date(UnixSeconds at);
/// Parses exactly the X-Amz-Date form; kMalformed otherwise.
Result<UnixSeconds> parse_amz_date(std::string_view text);
/// Parses the IMF-fixdate form of the HTTP Date header; kMalformed otherwise.
Result<UnixSeconds> parse_http_date(std::string_view text);
/// Parses ISO 8601 extended with optional fraction and offset ("Z", "+02:00") or a date alone, to
/// milliseconds; the RFC 3339 form of Prometheus' time parameters and of policy dates. kMalformed otherwise.
Result<TimestampMs> parse_rfc3339(std::string_view text);

}  // namespace sluice
