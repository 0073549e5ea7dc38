#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/file_system.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/result.h"
#include "base/thread_safety.h"

namespace sluice::tsdb {

struct DiskReserveOptions {
  std::string path;                       ///< on the file system to watch
  std::optional<uint64_t> reserve_bytes;  ///< 0: none; nullopt: 5 % of the file system, at most 10 GiB
};

/// Keeps some of the disk free for what makes room: compaction, retention, checkpoints. While less than the reserve is
/// free, samples are refused; they are taken again once a tenth more than the reserve is, so that the state does not
/// flicker. Looks at the disk once a second at most, and only when asked. When it cannot, samples are taken: the write
/// itself will tell. Thread-safe.
class DiskReserve {
 public:
  /// All outlive it.
  struct Parts {
    FileSystem& fs;
    const Clock& clock;
    Logger& logger;
    MetricRegistry& metrics;
  };
  DiskReserve(DiskReserveOptions options, Parts parts);

  /// Success while there is room for samples; else kNoSpace with how much is free and how much is wanted. Costs two
  /// loads, and once a second a call to the system.
  Result<void> admit();

 private:
  void look();
  uint64_t wanted_bytes(const DiskSpace& space) const;

  const DiskReserveOptions options_;
  const Parts parts_;
  Gauge& free_bytes_;
  Gauge& reserve_bytes_;
  Gauge& is_stopped_gauge_;
  Counter& refused_;
  std::atomic<int64_t> look_at_ns_;  ///< on the steady clock; whoever moves it on looks
  std::atomic<bool> is_stopped_{false};
  Mutex mutex_;
  std::string reason_ SLUICE_GUARDED_BY(mutex_);
};

}  // namespace sluice::tsdb
