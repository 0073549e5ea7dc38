#include <algorithm>
#include <chrono>
#include <csignal>

#include "base/version.h"
#include "cli/collector_process.h"
#include "cli/reloader.h"
#include "cli/service_notify.h"
#include "cli/signals.h"
#include "cli/verbs.h"

namespace sluice::cli {

namespace {

using std::chrono::milliseconds;

// While nothing else is due: how soon an interval that a reload changed is in force.
constexpr milliseconds kLookAgain{5'000};
constexpr milliseconds kStatusInterval{500};

/// What the main thread sees to between two signals: the certificate's files, and the service manager.
class Caretaker {
 public:
  struct Parts {
    Reloader& reloader;
    const CollectorProcess& collector;
    ServiceNotifier& notifier;
    net::Runtime& runtime;
    const Clock& clock;
  };
  explicit Caretaker(Parts parts) : parts_(parts), certificate_seen_(parts.clock.steady()) {}

  /// Does what is due, and says for how long nothing else will be.
  milliseconds tend() {
    const auto now = parts_.clock.steady();
    milliseconds idle = kLookAgain;
    if (const auto every = parts_.reloader.certificate_interval()) {
      if (now - certificate_seen_ >= *every) {
        parts_.reloader.check_certificate();
        certificate_seen_ = now;
      }
      idle = std::min(idle, until(certificate_seen_ + *every, now));
    }
    if (const auto every = parts_.notifier.watchdog_interval()) {
      if (now - sign_of_life_ >= *every) {
        send_sign_of_life();
        sign_of_life_ = now;
      }
      idle = std::min(idle, until(sign_of_life_ + *every, now));
    }
    if (!tell_status()) idle = std::min(idle, kStatusInterval);
    return idle;
  }

 private:
  using SteadyTime = std::chrono::steady_clock::time_point;

  static milliseconds until(SteadyTime due, SteadyTime now) {
    return std::max(std::chrono::duration_cast<milliseconds>(due - now), milliseconds(1));
  }

  /// By way of an I/O thread and a compute thread: a process in which either is stuck sends none.
  void send_sign_of_life() {
    Parts& parts = parts_;
    sign_of_life_timer_ = parts.runtime.after(milliseconds(0), [&parts] {
      parts.runtime.compute().post([&notifier = parts.notifier] { notifier.alive(); });
    });
  }

  /// True once everything is replayed; until then the manager is told how far it is.
  bool tell_status() {
    if (is_ready_) return true;
    is_ready_ = parts_.collector.ready().has_value();
    std::string status = parts_.collector.status();
    if (status != status_) parts_.notifier.status(status);
    status_ = std::move(status);
    return is_ready_;
  }

  Parts parts_;
  SteadyTime certificate_seen_;
  SteadyTime sign_of_life_{};
  net::Timer sign_of_life_timer_;
  std::string status_;
  bool is_ready_ = false;
};

/// Returns the signal that ends the process.
int run_until_stopped(Caretaker& caretaker, Reloader& reloader) {
  for (;;) {
    const int signal = wait_for_signal(static_cast<int>(caretaker.tend().count()));
    if (signal == SIGINT || signal == SIGTERM) return signal;
    // What became of it is in the log and the metrics.
    if (signal == SIGHUP) (void)reloader.reload("SIGHUP");
  }
}

}  // namespace

Result<int> serve(const ConfigSources& sources) {
  block_stop_and_reload_signals();
  ConfigProblems problems;
  const LoadedConfig config = load_config(sources, problems);
  SLUICE_TRY(problems.to_result());
  const auto logger = make_stderr_logger(config.values.log_level, config.values.log_format);
  for (const auto& warning : problems.warnings()) logger->warn("configuration", {{"warning", warning}});
  const SystemClock clock;
  const auto fs = make_posix_file_system();
  MetricRegistry metrics;
  ServiceNotifier notifier(sources.environment);
  net::Runtime runtime({}, *logger);
  logger->info("starting", {{"version", kVersion}, {"storage", config.values.storage_path}});
  if (config.values.ack == journal::Ack::kBuffered) {
    logger->warn("writes are answered before they are synced: a power cut takes the last ones",
                 {{"key", "storage.ack"}, {"sync_interval_ms", config.values.sync_interval_ms}});
  }
  Reloader reloader(sources, config, {*fs, runtime, clock, *logger, metrics, notifier});
  SLUICE_ASSIGN(auto collector, CollectorProcess::start(config, runtime, clock, *logger, metrics,
                                                        [&reloader] { return reloader.reload("POST /-/reload"); }));
  reloader.attach(*collector);
  notifier.ready(collector->status());

  Caretaker caretaker({reloader, *collector, notifier, runtime, clock});
  const int signal = run_until_stopped(caretaker, reloader);
  logger->info("stopping", {{"signal", int64_t{signal}}});
  notifier.stopping();
  collector->stop();
  runtime.shutdown();
  logger->info("stopped");
  return 0;
}

}  // namespace sluice::cli
