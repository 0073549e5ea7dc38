#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/result.h"
#include "cli/config_source.h"
#include "cli/reloader.h"
#include "net/runtime.h"

namespace sluice::cli {

/// Yields what was done, for the operator; or why nothing was.
using ReloadFunction = std::function<Result<std::string>()>;

/// A whole collector in this process: data directory, catalog, storage, services and listeners, wired and running.
///
/// start() returns once both listeners accept; workspaces that need it are replayed meanwhile, and /-/ready says how
/// far they are. stop() lets requests finish, commits what is pending and joins every thread.
/// One thread owns the object.
class CollectorProcess final : public Reloadable {
 public:
  /// The first step that fails decides the error, which names the way out where there is one. `runtime`, `clock`,
  /// `logger` and `metrics` outlive the process object.
  static Result<std::unique_ptr<CollectorProcess>> start(const ServeConfig& config, net::Runtime& runtime,
                                                         const Clock& clock, Logger& logger, MetricRegistry& metrics);
  /// The same for a configuration whose keys have origins, named in errors. `reload` is what POST /-/reload does;
  /// without one that address says there is nothing to read again.
  static Result<std::unique_ptr<CollectorProcess>> start(const LoadedConfig& config, net::Runtime& runtime,
                                                         const Clock& clock, Logger& logger, MetricRegistry& metrics,
                                                         ReloadFunction reload);
  ~CollectorProcess() override;

  Result<void> apply(const ServeConfig& config, ConfigFiles files) override;
  Result<void> reload_certificate(const ServeConfig& config) override;
  std::string status() const override;

  std::string address() const;        ///< HOST:PORT of the public listener, the port as bound
  std::string admin_address() const;
  std::string base_url() const;       ///< "http://127.0.0.1:9009"
  std::string account_id() const;
  std::string credentials_file() const;
  /// Success once what the last process did not close is replayed; else kUnavailable with the reason.
  Result<void> ready() const;

  void stop();

 private:
  struct State;
  explicit CollectorProcess(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace sluice::cli
