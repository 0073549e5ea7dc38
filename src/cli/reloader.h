#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/file_system.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/result.h"
#include "base/thread_safety.h"
#include "cli/certificate_stamp.h"
#include "cli/config_files.h"
#include "cli/config_source.h"
#include "cli/service_notify.h"
#include "net/runtime.h"

namespace sluice::cli {

/// What a reload acts upon: a collector that runs. Thread-safe.
class Reloadable {
 public:
  virtual ~Reloadable() = default;
  /// Puts in force what a reload can change (Applies::kOnReload in settings.h), and the certificate's files as they are
  /// now. All or nothing: after an error everything is as before.
  virtual Result<void> apply(const ServeConfig& config, ConfigFiles files) = 0;
  /// Reads the certificate's files again; after an error the old pair stays in use. Success without TLS.
  virtual Result<void> reload_certificate(const ServeConfig& config) = 0;
  /// One line for the service manager: how it is, or how far with starting.
  virtual std::string status() const = 0;
};

/// Reads the configuration again while the collector runs: on SIGHUP, on POST /-/reload, and, for the certificate's
/// files alone, when they change.
///
/// A reload parses and checks everything first, then applies it, so a mistake leaves the old state entirely. Keys that
/// only a restart changes keep their value and are named, at every reload until that restart. Reloads are serialised;
/// any thread may ask for one, and waits for those before it.
///
/// Metrics: sluice_config_last_reload_successful, sluice_config_last_reload_success_timestamp_seconds,
/// sluice_tls_certificate_last_reload_successful.
///
/// The parts outlive it; the collector outlives every reload.
class Reloader {
 public:
  struct Parts {
    FileSystem& fs;
    net::Runtime& runtime;
    const Clock& clock;
    Logger& logger;
    MetricRegistry& metrics;
    ServiceNotifier& notifier;
  };
  /// `running` is what the collector is started with, read from `sources` just before.
  Reloader(ConfigSources sources, LoadedConfig running, Parts parts);

  /// Until then a reload is kUnavailable.
  void attach(Reloadable& collector);

  /// Reads everything again. `trigger` says in the log who asked. Yields what was done, for the operator, several
  /// lines; or why nothing was, every problem on a line of its own.
  Result<std::string> reload(std::string_view trigger);

  /// Reloads the certificate if its files are not those read last. To be called every certificate_interval(); a failure
  /// is logged once, and tried again each time.
  void check_certificate();
  /// nullopt: never.
  std::optional<std::chrono::seconds> certificate_interval() const;

 private:
  /// The new configuration with the running one's values where only a restart changes them.
  struct Changes {
    ServeConfig next;
    std::vector<std::string> applied;  ///< keys
    std::vector<std::string> waiting;  ///< keys that need a restart
  };
  Result<std::string> read_and_apply() SLUICE_REQUIRES(mutex_);
  bool waits_for_restart(const Setting& setting, const ServeConfig& loaded) const SLUICE_REQUIRES(mutex_);
  Changes changes_to(const ServeConfig& loaded) const SLUICE_REQUIRES(mutex_);
  std::string report(const Changes& changes, const std::vector<std::string>& warnings) const SLUICE_REQUIRES(mutex_);
  void succeeded();
  void set_certificate_state(bool is_good);

  const ConfigSources sources_;
  const Parts parts_;
  Gauge& is_successful_;
  Gauge& succeeded_at_s_;
  mutable Mutex mutex_;
  LoadedConfig running_ SLUICE_GUARDED_BY(mutex_);
  Reloadable* collector_ SLUICE_GUARDED_BY(mutex_) = nullptr;  ///< not owned
  CertificateStamp stamp_ SLUICE_GUARDED_BY(mutex_);  ///< of the pair in use
  std::string certificate_failure_ SLUICE_GUARDED_BY(mutex_);  ///< logged last
};

}  // namespace sluice::cli
