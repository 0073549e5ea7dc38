#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/core.h>
#include <fmt/format.h>

#include "base/clock.h"
#include "base/log.h"
#include "cli/tsdb.h"
#include "promql/histogram_math.h"
#include "promql/parser.h"
#include "tsdb/workspace_names.h"
#include "tsdb/workspace_reader.h"

namespace sluice::cli {
namespace {

using Series = std::vector<std::unique_ptr<model::Series>>;
constexpr size_t kOutputBytes = 1 << 16;

/// As Go prints %g.
void append_go_float(std::string& out, double value) {
  if (std::isnan(value)) {
    out += "NaN";
  } else if (std::isinf(value)) {
    out += value > 0 ? "+Inf" : "-Inf";
  } else {
    constexpr double kPlainMin = 1e-4;
    constexpr double kPlainMax = 1e6;  // exclusive
    const double size = std::abs(value);
    const bool is_plain = size == 0 || (size >= kPlainMin && size < kPlainMax);
    char text[400];
    const auto end = std::to_chars(text, text + sizeof text, value,
                                   is_plain ? std::chars_format::fixed : std::chars_format::scientific);
    out.append(text, end.ptr);
  }
}

/// A double-quoted text as Go's strconv.Quote gives it, for what is usual in labels.
void append_quoted(std::string& out, std::string_view text) {
  out += '"';
  for (const char c : text) {
    switch (c) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\t': out += "\\t"; break;
      default: out += c;
    }
  }
  out += '"';
}

std::string labels_text(const model::Labels& labels, bool with_name, std::string_view separator) {
  std::string out = "{";
  for (const auto& [name, value] : labels) {
    if (!with_name && name == model::kMetricName) continue;
    if (out.size() > 1) out += separator;
    out += name;
    out += '=';
    append_quoted(out, value);
  }
  return out += '}';
}

/// Prints samples to standard output, in one of the formats.
class Printer {
 public:
  explicit Printer(bool is_open_metrics) : is_open_metrics_(is_open_metrics) {}
  ~Printer() { flush(); }

  void print(const model::Labels& labels, const model::SampleColumn& column) {
    const std::string head = is_open_metrics_ ? std::string(labels.metric_name()) + labels_text(labels, false, ",")
                                              : labels_text(labels, true, ", ");
    auto histogram = column.histograms.begin();
    for (size_t row = 0; row < column.size(); ++row) {
      const bool is_histogram = histogram != column.histograms.end() && histogram->row == row;
      if (is_histogram && is_open_metrics_) {
        ++histogram;
        ++histograms_left_out_;
        continue;
      }
      out_ += head;
      out_ += ' ';
      if (is_histogram) {
        out_ += promql::to_string(*(histogram++)->histogram);
      } else {
        append_go_float(out_, column.values[row]);
      }
      append_time(column.t_ms[row]);
      if (out_.size() >= kOutputBytes) flush();
    }
  }
  void finish() {
    if (is_open_metrics_) out_ += "# EOF\n";
    flush();
  }
  uint64_t histograms_left_out() const { return histograms_left_out_; }

 private:
  void append_time(TimestampMs t_ms) {
    if (is_open_metrics_) {
      const auto size = t_ms < 0 ? -t_ms : t_ms;
      out_ += fmt::format(" {}{}.{:03}\n", t_ms < 0 ? "-" : "", size / 1000, size % 1000);
    } else {
      out_ += fmt::format(" {}\n", t_ms);
    }
  }
  void flush() {
    std::fwrite(out_.data(), 1, out_.size(), stdout);
    out_.clear();
  }

  const bool is_open_metrics_;
  std::string out_;
  uint64_t histograms_left_out_ = 0;
};

Result<TimestampMs> time_of(std::string_view flag, const std::string& text, TimestampMs otherwise) {
  if (text.empty()) return otherwise;
  TimestampMs ms = 0;
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), ms);
  if (status == std::errc() && end == text.data() + text.size()) return ms;
  if (auto at = parse_rfc3339(text)) return *at;
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("{}: found '{}', wanted Unix milliseconds or RFC 3339 (2026-11-27T08:00:00Z)", flag, text));
}

struct Wanted {
  std::vector<std::vector<model::Matcher>> selectors;
  model::TimeRange range;
};

Result<Wanted> wanted(const TsdbOptions& options) {
  Wanted wanted;
  for (const auto& text : options.match) {
    auto selector = promql::parse_selector(text);
    if (!selector) return fail_in("--match", selector.error());
    wanted.selectors.push_back(*std::move(selector));
  }
  if (wanted.selectors.empty()) wanted.selectors.emplace_back();
  SLUICE_ASSIGN(wanted.range.min_ms, time_of("--min-time", options.min_time, INT64_MIN));
  SLUICE_ASSIGN(wanted.range.max_ms, time_of("--max-time", options.max_time, INT64_MAX));
  return wanted;
}

/// The lock of the data directory that a workspace belongs to; null when a collector has it, or there is none to take.
struct Held {
  std::unique_ptr<FileLock> lock;
  bool is_used = false;  // by a collector
};
Held hold(FileSystem& fs, const std::string& workspace) {
  const std::string path = join_path(parent_path(parent_path(workspace)), "lock");
  const auto exists = fs.exists(path);
  if (!exists || !*exists) return {};
  auto lock = fs.lock(path);
  if (lock) return {*std::move(lock), false};
  return {nullptr, lock.error().code == ErrorCode::kConflict};
}

Result<void> dump_one(FileSystem& fs, const std::string& path, const Wanted& wanted, Logger& logger, Printer& printer) {
  const bool is_workspace = tsdb::is_workspace_path(path);
  const Held held = is_workspace ? hold(fs, path) : Held{};
  if (held.is_used) {
    fmt::print(stderr,
               "sluice: {}: a collector has it open, so what is printed are its blocks; the newest hours, which are in "
               "its memory, are left out (stop it, or dump a snapshot: sluice tsdb snapshot)\n",
               path);
  }
  SLUICE_ASSIGN(const auto reader,
                tsdb::WorkspaceReader::open(fs, path, {.with_head = is_workspace && !held.is_used}, logger));
  model::QueryBudget budget(UINT64_MAX, {});
  Series all;
  for (const auto& selector : wanted.selectors) {
    SLUICE_ASSIGN(auto found, reader.all()->select(selector, wanted.range, budget));
    std::ranges::move(found, std::back_inserter(all));
  }
  std::ranges::sort(all, [](const auto& a, const auto& b) { return a->labels() < b->labels(); });
  model::SampleColumn column;
  const model::Series* previous = nullptr;
  for (const auto& series : all) {
    if (previous != nullptr && previous->labels() == series->labels()) continue;
    previous = series.get();
    SLUICE_TRY(series->read(wanted.range, column));
    printer.print(series->labels(), column);
  }
  if (reader.damaged() == 0) return {};
  return fail(ErrorCode::kDataLoss, fmt::format("{}: {} damaged places are not in what was printed: see `sluice tsdb "
                                                "verify {}`",
                                                path, reader.damaged(), path));
}

}  // namespace

Result<int> tsdb_dump(const TsdbOptions& options) {
  const auto fs = make_posix_file_system();
  const auto logger = make_null_logger();
  SLUICE_ASSIGN(const auto what, wanted(options));
  SLUICE_ASSIGN(const auto workspaces, find_workspaces(*fs, options.directory));
  if (workspaces.size() > 1) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("{} has {} workspaces, and a dump is of one: name its directory, such as {}",
                            options.directory, workspaces.size(), workspaces.front()));
  }
  Printer printer(options.format == "openmetrics");
  for (const auto& path : workspaces) SLUICE_TRY(dump_one(*fs, path, what, *logger, printer));
  printer.finish();
  if (printer.histograms_left_out() > 0) {
    fmt::print(stderr, "sluice: {} native histograms left out: OpenMetrics text cannot hold them\n",
               printer.histograms_left_out());
  }
  return 0;
}

}  // namespace sluice::cli
