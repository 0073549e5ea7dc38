#include "bench/process_stats.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

namespace sluice::bench {
namespace {

constexpr std::chrono::milliseconds kWatchInterval{100};
constexpr uint64_t kStatBlockBytes = 512;  // the unit of st_blocks, whatever the file system's own
constexpr int kWalkTriesMax = 5;

Result<std::string> read_proc(pid_t pid, std::string_view name) {
  const std::string path = fmt::format("/proc/{}/{}", pid, name);
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file || text.str().empty()) return fail(ErrorCode::kNotFound, path + ": no such process, or it cannot be read");
  return text.str();
}

uint64_t kilobytes_of(std::string_view status, std::string_view field) {
  const size_t at = status.find(fmt::format("\n{}:", field));
  if (at == std::string_view::npos) return 0;
  const size_t digits = status.find_first_of("0123456789", at);
  uint64_t value = 0;
  if (digits != std::string_view::npos) std::from_chars(status.data() + digits, status.data() + status.size(), value);
  return value * 1024;
}

Result<uint64_t> walk(const std::string& path) {
  std::error_code error;
  uint64_t bytes = 0;
  std::set<std::pair<dev_t, ino_t>> seen;
  std::filesystem::recursive_directory_iterator files(path, error);
  for (; !error && files != std::filesystem::recursive_directory_iterator(); files.increment(error)) {
    struct stat info{};
    if (lstat(files->path().c_str(), &info) != 0) continue;
    if (seen.emplace(info.st_dev, info.st_ino).second) bytes += static_cast<uint64_t>(info.st_blocks) * kStatBlockBytes;
  }
  if (error) return fail(ErrorCode::kIo, fmt::format("{}: {}", path, error.message()));
  return bytes;
}

}  // namespace

Result<CpuTime> cpu_time(pid_t pid) {
  clockid_t clock{};
  timespec now{};
  if (const int error = clock_getcpuclockid(pid, &clock); error != 0) {
    return fail(ErrorCode::kNotFound,
                fmt::format("CPU clock of process {}: {}", pid, std::generic_category().message(error)));
  }
  if (clock_gettime(clock, &now) != 0) {
    return fail(ErrorCode::kIo,
                fmt::format("CPU clock of process {}: {}", pid, std::generic_category().message(errno)));
  }
  SLUICE_ASSIGN(const std::string stat, read_proc(pid, "stat"));
  // The command's name may hold spaces and brackets; fields are counted from behind the last one (proc(5)).
  std::istringstream fields(stat.substr(stat.rfind(')') + 1));
  std::string field;
  constexpr int kFieldsBeforeUtime = 11;
  for (int i = 0; i < kFieldsBeforeUtime; ++i) fields >> field;
  uint64_t user_ticks = 0;
  uint64_t system_ticks = 0;
  fields >> user_ticks >> system_ticks;
  const auto ticks_per_second = static_cast<double>(sysconf(_SC_CLK_TCK));
  return CpuTime{.total = std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec),
                 .user_s = static_cast<double>(user_ticks) / ticks_per_second,
                 .system_s = static_cast<double>(system_ticks) / ticks_per_second};
}

Result<Memory> memory(pid_t pid) {
  SLUICE_ASSIGN(const std::string status, read_proc(pid, "status"));
  return Memory{.rss = kilobytes_of(status, "VmRSS"),
                .rss_anon = kilobytes_of(status, "RssAnon"),
                .rss_peak = kilobytes_of(status, "VmHWM")};
}

Result<uint64_t> disk_bytes(const std::string& path) {
  // A directory that goes away ends the walk with an error; a server's directory settles within a few tries.
  for (int tries_left = kWalkTriesMax; tries_left > 1; --tries_left) {
    if (auto bytes = walk(path)) return bytes;
  }
  return walk(path);
}

PeakWatch::PeakWatch(pid_t pid)
    : thread_([this, pid](const std::stop_token& stop) {
        while (!stop.stop_requested()) {
          if (const auto now = memory(pid)) peak_.store(std::max(peak_.load(), now->rss_anon));
          std::this_thread::sleep_for(kWatchInterval);
        }
      }) {}

}  // namespace sluice::bench
