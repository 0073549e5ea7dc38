#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/thread_safety.h"
#include "net/connection_table.h"
#include "net/replaceable.h"
#include "net/server_connection.h"

namespace sluice::net {

/// The inside of HttpServer: accepts connections, holds them, and counts what they may not exceed together.
///
/// Life cycle: made, prepare(), listen(), then connections hold it as their host; stop() ends them all.
///
/// Accepting: one accept at most is under way, and each one's end asks for the next, unless the table is full. Then
/// make_room() gives connections up and comes back until there is room. Thread-safe; `mutex` guards the table and the
/// counts, and nothing of a connection is called under it but what its header calls thread-safe.
struct HttpServer::Impl final : ConnectionHost, std::enable_shared_from_this<HttpServer::Impl> {
  Impl(Runtime& owner, ServerOptions given, http::Handler& request_handler, Logger& log, MetricRegistry& registry);

  Result<void> prepare();  ///< certificate and networks
  Result<void> listen();
  void stop(std::chrono::milliseconds grace) SLUICE_EXCLUDES(mutex);
  Result<void> reload_certificate(const TlsFiles& files);
  Result<void> set_trusted_proxies(const std::vector<std::string>& networks);

  const ServerOptions& options() const override { return settings; }
  Executor& compute() override { return runtime.compute(); }
  http::Handler& handler() override { return request_handler_; }
  ServerMetrics& metrics() override { return metrics_; }
  const Clock& clock() const override { return clock_; }
  bool is_full() override { return is_full_; }
  std::chrono::milliseconds request_deadline() const override { return request_deadline_; }
  std::shared_ptr<const AddressRules> address_rules() const override { return address_rules_.load(); }
  Admission try_begin_handler(const std::optional<SourceKey>& source) override SLUICE_EXCLUDES(mutex);
  void handler_ended(const std::optional<SourceKey>& source) override SLUICE_EXCLUDES(mutex);
  bool try_hold_memory(size_t bytes) override;
  void release_memory(size_t bytes) override { memory_.fetch_sub(bytes, std::memory_order_relaxed); }
  void connection_ended(const ServerConnection* connection) override SLUICE_EXCLUDES(mutex);

  void accept_next() SLUICE_REQUIRES(mutex);
  void accepted(Result<std::shared_ptr<Transport>> transport) SLUICE_EXCLUDES(mutex);
  void pause_accepting(const Error& error) SLUICE_REQUIRES(mutex);
  /// Chooses whom to give up; the caller calls give_up() on them without the mutex.
  std::vector<std::shared_ptr<ServerConnection>> make_room(const ServerConnection* newest) SLUICE_REQUIRES(mutex);
  void accept_or_make_room() SLUICE_EXCLUDES(mutex);
  bool has_room() const SLUICE_REQUIRES(mutex) { return table.size() < settings.limits.connections_max; }
  void use_certificate(std::shared_ptr<const TlsContext> pair);
  /// Waits until nothing is left or until the time given; true when nothing is left.
  bool wait_until_quiet(std::chrono::steady_clock::time_point until) SLUICE_REQUIRES(mutex);
  bool is_quiet() const SLUICE_REQUIRES(mutex) { return table.size() == 0 && handlers == 0 && !is_accepting; }

  Runtime& runtime;
  const ServerOptions settings;
  http::Handler& request_handler_;
  Logger& logger;
  ServerMetrics metrics_;
  const SystemClock clock_;
  Replaceable<TlsContext> tls;  ///< of connections accepted from now on
  Replaceable<AddressRules> address_rules_;
  std::atomic<std::chrono::milliseconds> request_deadline_;
  std::unique_ptr<Listener> listener;
  std::string address;

  Mutex mutex;
  CondVar changed;
  ConnectionTable table SLUICE_GUARDED_BY(mutex);
  SourceCounts handlers_by_source SLUICE_GUARDED_BY(mutex);
  size_t handlers SLUICE_GUARDED_BY(mutex) = 0;
  bool is_stopping SLUICE_GUARDED_BY(mutex) = false;
  bool is_accepting SLUICE_GUARDED_BY(mutex) = false;  ///< an accept is under way
  std::atomic<bool> is_full_ = false;  ///< and none could be given up; written under the mutex
  std::atomic<size_t> memory_{0};      ///< of requests being read or handled
  Timer retry SLUICE_GUARDED_BY(mutex);  ///< of accepting, while it pauses
  std::chrono::steady_clock::time_point warn_again SLUICE_GUARDED_BY(mutex);
};

}  // namespace sluice::net
