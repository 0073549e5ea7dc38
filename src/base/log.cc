#include "base/log.h"

#include <unistd.h>
#include <atomic>
#include <cerrno>

#include <fmt/format.h>

#include "base/encoding.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/thread_safety.h"

namespace sluice {
namespace {

std::string_view to_string(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug: return "debug";
    case LogLevel::kInfo: return "info";
    case LogLevel::kWarn: return "warn";
    case LogLevel::kError: return "error";
  }
  return "unknown";
}

bool needs_quotes(std::string_view value) {
  return value.empty() || value.find_first_of(" =\"\\") != std::string_view::npos;
}

// `value` is printable already.
void append_logfmt(std::string& line, std::string_view key, std::string_view value) {
  if (!line.empty()) line += ' ';
  line.append(key);
  line += '=';
  if (!needs_quotes(value)) {
    line.append(value);
    return;
  }
  line += '"';
  for (const char c : value) {
    if (c == '"' || c == '\\') line += '\\';
    line += c;
  }
  line += '"';
}

std::string logfmt_line(std::string_view timestamp, LogLevel level, std::string_view message, Logger::Fields fields) {
  std::string line;
  append_logfmt(line, "ts", timestamp);
  append_logfmt(line, "level", to_string(level));
  append_logfmt(line, "msg", printable(message, limits::kLogFieldBytesMax));
  for (const auto& field : fields) append_logfmt(line, field.key, printable(field.value, limits::kLogFieldBytesMax));
  return line;
}

// JSON has neither infinities nor NaN: those go as strings.
bool is_json_bare(const LogField& field) {
  return field.is_bare && field.value.find_first_of("0123456789tf") == (field.value.starts_with('-') ? 1 : 0);
}

std::string json_line(std::string_view timestamp, LogLevel level, std::string_view message, Logger::Fields fields) {
  std::string line;
  JsonWriter writer(line);
  writer.begin_object();
  writer.member("ts", timestamp);
  writer.member("level", to_string(level));
  writer.member("msg", printable(message, limits::kLogFieldBytesMax));
  for (const auto& field : fields) {
    writer.key(field.key);
    if (is_json_bare(field)) {
      writer.raw(field.value);
    } else {
      writer.string(printable(field.value, limits::kLogFieldBytesMax));
    }
  }
  writer.end_object();
  return line;
}

class LineLogger final : public Logger {
 public:
  LineLogger(LogLevel level, LogFormat format, const Clock& clock, std::function<void(std::string_view)> sink)
      : level_(level), format_(format), clock_(clock), sink_(std::move(sink)) {}

  bool enabled(LogLevel level) const override { return level >= level_.load(std::memory_order_relaxed); }
  void set_level(LogLevel level) override { level_.store(level, std::memory_order_relaxed); }

  void write(LogLevel level, std::string_view message, Fields fields) override {
    const std::string timestamp = format_iso8601_ms(clock_.now_ms());
    put(format_ == LogFormat::kJson ? json_line(timestamp, level, message, fields)
                                    : logfmt_line(timestamp, level, message, fields));
  }

  void write_json(std::string_view json) override {
    if (enabled(LogLevel::kInfo)) put(std::string(json));
  }

 private:
  void put(std::string line) {
    line += '\n';
    const MutexLock lock(mutex_);
    sink_(line);
  }

  std::atomic<LogLevel> level_;
  const LogFormat format_;
  const Clock& clock_;
  Mutex mutex_;
  std::function<void(std::string_view)> sink_ SLUICE_GUARDED_BY(mutex_);
};

void write_to_stderr(std::string_view line) {
  while (!line.empty()) {
    const ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;  // nobody is left to tell
    line.remove_prefix(static_cast<size_t>(written));
  }
}

class StderrLogger final : public Logger {
 public:
  StderrLogger(LogLevel level, LogFormat format) : lines_(level, format, clock_, write_to_stderr) {}
  bool enabled(LogLevel level) const override { return lines_.enabled(level); }
  void set_level(LogLevel level) override { lines_.set_level(level); }
  void write(LogLevel level, std::string_view message, Fields fields) override { lines_.write(level, message, fields); }
  void write_json(std::string_view json) override { lines_.write_json(json); }

 private:
  SystemClock clock_;
  LineLogger lines_;
};

class NullLogger final : public Logger {
 public:
  bool enabled(LogLevel) const override { return false; }
  void write(LogLevel, std::string_view, Fields) override {}
  void write_json(std::string_view) override {}
};

}  // namespace

LogField::LogField(std::string_view k, double v) : key(k), value(fmt::format("{}", v)), is_bare(true) {}

Result<LogLevel> parse_log_level(std::string_view text) {
  for (const auto level : {LogLevel::kDebug, LogLevel::kInfo, LogLevel::kWarn, LogLevel::kError}) {
    if (text == to_string(level)) return level;
  }
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("log level \"{}\" is none of debug, info, warn, error", printable(text, 40)));
}

std::unique_ptr<Logger> make_stderr_logger(LogLevel level, LogFormat format) {
  return std::make_unique<StderrLogger>(level, format);
}

std::unique_ptr<Logger> make_logger(LogLevel level, LogFormat format, const Clock& clock,
                                    std::function<void(std::string_view line)> sink) {
  return std::make_unique<LineLogger>(level, format, clock, std::move(sink));
}

std::unique_ptr<Logger> make_null_logger() { return std::make_unique<NullLogger>(); }

}  // namespace sluice
