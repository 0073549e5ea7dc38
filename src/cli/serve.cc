#include "base/version.h"
#include "cli/collector_process.h"
#include "cli/signals.h"
#include "cli/verbs.h"

namespace sluice::cli {

Result<int> serve(const ServeConfig& config) {
  block_stop_signals();
  const auto logger = make_stderr_logger(config.log_level, config.log_format);
  const SystemClock clock;
  MetricRegistry metrics;
  net::Runtime runtime({}, *logger);
  logger->info("starting", {{"version", kVersion}, {"storage", config.storage_path}});
  SLUICE_ASSIGN(auto collector, CollectorProcess::start(config, runtime, clock, *logger, metrics));
  const int signal = wait_for_stop_signal();
  logger->info("stopping", {{"signal", int64_t{signal}}});
  collector->stop();
  runtime.shutdown();
  logger->info("stopped");
  return 0;
}

}  // namespace sluice::cli
