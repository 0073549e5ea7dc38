#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"

namespace sluice {

enum class LogLevel : uint8_t { kDebug, kInfo, kWarn, kError };
Result<LogLevel> parse_log_level(std::string_view text);  ///< debug, info, warn, error

enum class LogFormat : uint8_t { kLogfmt, kJson };

/// One field of a log line. Values are escaped by the logger (quotes, control characters, line breaks).
struct LogField {
  std::string_view key;
  std::string value;

  LogField(std::string_view k, std::string v) : key(k), value(std::move(v)) {}
  LogField(std::string_view k, std::string_view v) : key(k), value(v) {}
  LogField(std::string_view k, const char* v) : key(k), value(v) {}
  LogField(std::string_view k, int64_t v) : key(k), value(std::to_string(v)) {}
  LogField(std::string_view k, uint64_t v) : key(k), value(std::to_string(v)) {}
  LogField(std::string_view k, int v) : key(k), value(std::to_string(v)) {}
};

/// Structured log lines: a constant message and fields. No secret, token or signature is ever passed in.
/// Thread-safe. A line is written whole.
class Logger {
 public:
  using Fields = std::initializer_list<LogField>;

  virtual ~Logger() = default;
  virtual bool enabled(LogLevel level) const = 0;
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

/// Lines on standard error.
std::unique_ptr<Logger> make_stderr_logger(LogLevel level, LogFormat format);
/// Drops everything.
std::unique_ptr<Logger> make_null_logger();

}  // namespace sluice
