#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <thread>

#include "api/admin_routes.h"
#include "backup/backup.h"
#include "base/clock.h"
#include "base/file_system.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/thread_safety.h"

namespace sluice::cli {

/// Backups of a running collector, one at a time, on a thread of their own; asked for and looked at through the admin
/// listener:
///
///   POST /-/backup   202: begun; 409: one is being made; 503: not configured, or stopping
///   GET  /-/backup   JSON: {"state": "none", "running", "done" or "failed", "path", "error", ...}
///
/// Where backups go, and the key their secrets are sealed under, come from the configuration alone: whoever reaches the
/// admin listener can have one made, and not sent elsewhere. Thread-safe, except construction and destruction, which
/// cancels what runs and waits for it.
class BackupService {
 public:
  struct Options {
    std::string data_directory;
    std::string directory;  ///< "": backups are not configured
    std::string key_file;
    std::function<Result<void>(const std::string& path)> copy_catalog;
  };
  /// All outlive it.
  struct Parts {
    FileSystem& fs;
    const Clock& clock;
    Logger& logger;
    MetricRegistry& metrics;
  };
  BackupService(Options options, Parts parts);
  ~BackupService();
  BackupService(const BackupService&) = delete;
  BackupService& operator=(const BackupService&) = delete;

  void add_actions(api::AdminRoutes& routes);

  /// Begins one. kUnsupported when not configured, kConflict while one is being made, kUnavailable when stopping.
  Result<void> begin();
  std::string state_json() const;

 private:
  enum class State : uint8_t { kNone, kRunning, kDone, kFailed };
  void run();
  Result<backup::BackupReport> make();

  const Options options_;
  const Parts parts_;
  Gauge& succeeded_at_s_;
  Gauge& duration_s_;
  Counter& failures_;
  std::atomic<bool> is_stopping_{false};
  mutable Mutex mutex_;
  State state_ SLUICE_GUARDED_BY(mutex_) = State::kNone;
  TimestampMs changed_at_ms_ SLUICE_GUARDED_BY(mutex_) = 0;
  backup::BackupReport report_ SLUICE_GUARDED_BY(mutex_);  ///< of the last one that was done
  std::string error_ SLUICE_GUARDED_BY(mutex_);
  std::thread thread_ SLUICE_GUARDED_BY(mutex_);
};

}  // namespace sluice::cli
