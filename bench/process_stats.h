#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <thread>

#include <sys/types.h>

#include "base/result.h"

namespace sluice::bench {

/// CPU time a process has used since it began, all its threads, those that have ended too.
struct CpuTime {
  std::chrono::nanoseconds total{};  ///< of the process' CPU clock, to the nanosecond
  double user_s = 0;                 ///< utime and stime of /proc/PID/stat: how the total splits, in clock ticks
  double system_s = 0;
};

/// Resident memory, bytes, as /proc/PID/status has it.
struct Memory {
  uint64_t rss = 0;
  uint64_t rss_anon = 0;  ///< what the process itself holds: no file's pages
  uint64_t rss_peak = 0;  ///< VmHWM
};

/// kNotFound when there is no such process, kIo when the system does not tell.
Result<CpuTime> cpu_time(pid_t pid);
Result<Memory> memory(pid_t pid);

/// What the files below `path` take on disk, in bytes, as du counts it: allocated blocks, a hard link once.
/// Files that go away meanwhile are left out. kIo when `path` cannot be read.
Result<uint64_t> disk_bytes(const std::string& path);

/// Looks at a process' RssAnon ten times a second on a thread of its own, because peaks pass between phases.
class PeakWatch {
 public:
  explicit PeakWatch(pid_t pid);
  uint64_t rss_anon_peak() const { return peak_.load(); }

 private:
  std::atomic<uint64_t> peak_{0};
  std::jthread thread_;  ///< last: it uses the others
};

}  // namespace sluice::bench
