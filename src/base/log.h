#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/clock.h"
#include "base/result.h"

namespace sluice {

enum class LogLevel : uint8_t { kDebug, kInfo, kWarn, kError };
Result<LogLevel> parse_log_level(std::string_view text);  ///< debug, info, warn, error

enum class LogFormat : uint8_t { kLogfmt, kJson };

/// One field of a log line. Values are escaped by the logger (quotes, control characters, line breaks) and
/// cut after limits::kLogFieldBytesMax.
struct LogField {
  std::string_view key;  ///< a constant of the program
  std::string value;
  bool is_bare = false;  ///< a number or boolean: not quoted

  LogField(std::string_view k, std::string v) : key(k), value(std::move(v)) {}
  LogField(std::string_view k, std::string_view v) : key(k), value(v) {}
  LogField(std::string_view k, const char* v) : key(k), value(v) {}
  LogField(std::string_view k, bool v) : key(k), value(v ? "true" : "false"), is_bare(true) {}
  LogField(std::string_view k, double v);
  template <std::integral T>
  LogField(std::string_view k, T v) : key(k), value(std::to_string(v)), is_bare(true) {}
};

/// Structured log lines: a constant message and fields. No secret, token or signature is ever passed in.
/// Thread-safe. A line is written whole.
class Logger {
 public:
  using Fields = std::initializer_list<LogField>;

  virtual ~Logger() = default;
  virtual bool enabled(LogLevel level) const = 0;
  /// From the next line on. A logger without a level of its own ignores it.
  virtual void set_level(LogLevel) {}
  virtual void write(LogLevel level, std::string_view message, Fields fields) = 0;
  /// A line that is already one JSON object (decision records, audit): written as it is, at info.
  virtual void write_json(std::string_view json) = 0;

  void debug(std::string_view message, Fields fields = {}) { log(LogLevel::kDebug, message, fields); }
  void info(std::string_view message, Fields fields = {}) { log(LogLevel::kInfo, message, fields); }
  void warn(std::string_view message, Fields fields = {}) { log(LogLevel::kWarn, message, fields); }
  void error(std::string_view message, Fields fields = {}) { log(LogLevel::kError, message, fields); }

 private:
  void log(LogLevel level, std::string_view message, Fields fields) {
    if (enabled(level)) write(level, message, fields);
  }
};

/// Lines on standard error, stamped by the system's clock. A line that cannot be written is dropped.
std::unique_ptr<Logger> make_stderr_logger(LogLevel level, LogFormat format);
/// Lines go to `sink`, line break included, one call a line and never two at once. `clock` must outlive it.
std::unique_ptr<Logger> make_logger(LogLevel level, LogFormat format, const Clock& clock,
                                    std::function<void(std::string_view line)> sink);
/// Drops everything.
std::unique_ptr<Logger> make_null_logger();

}  // namespace sluice
