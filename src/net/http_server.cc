#include "net/http_server.h"

#include <atomic>
#include <unordered_map>

#include <fmt/format.h>

#include "base/clock.h"
#include "base/thread_safety.h"
#include "net/server_connection.h"

namespace sluice::net {
namespace {

constexpr std::chrono::milliseconds kAcceptPause{200};  // after an error such as "too many open files"

Result<void> check_validity(const TlsContext& pair, const std::string& file, UnixSeconds now) {
  if (now > pair.not_after()) {
    return fail(ErrorCode::kInvalidArgument, fmt::format("certificate file '{}' cannot be used: it expired at {}", file,
                                                         format_iso8601(pair.not_after())));
  }
  if (now < pair.not_before()) {
    return fail(ErrorCode::kInvalidArgument, fmt::format("certificate file '{}' cannot be used: it is not valid before {}",
                                                         file, format_iso8601(pair.not_before())));
  }
  return {};
}

Result<std::shared_ptr<const TlsContext>> load_valid_pair(const TlsFiles& files, UnixSeconds now) {
  SLUICE_ASSIGN(auto pair, TlsContext::make_server(files.cert_file, files.key_file));
  SLUICE_TRY(check_validity(*pair, files.cert_file, now));
  return pair;
}

}  // namespace

struct HttpServer::Impl : ConnectionHost, std::enable_shared_from_this<HttpServer::Impl> {
  Impl(Runtime& owner, ServerOptions given, http::Handler& request_handler, Logger& log, MetricRegistry& registry)
      : runtime(owner),
        settings(std::move(given)),
        request_handler_(request_handler),
        logger(log),
        metrics_(registry, settings.is_admin ? "admin" : "public") {}

  const ServerOptions& options() const override { return settings; }
  Executor& compute() override { return runtime.compute(); }
  http::Handler& handler() override { return request_handler_; }
  ServerMetrics& metrics() override { return metrics_; }
  const Clock& clock() const override { return clock_; }

  bool is_full() override { return is_full_; }

  bool try_begin_handler() override SLUICE_EXCLUDES(mutex) {
    MutexLock lock(mutex);
    if (handlers >= settings.limits.in_flight_max) return false;
    ++handlers;
    metrics_.in_flight.set(static_cast<double>(handlers));
    return true;
  }

  void handler_ended() override SLUICE_EXCLUDES(mutex) {
    MutexLock lock(mutex);
    --handlers;
    metrics_.in_flight.set(static_cast<double>(handlers));
    changed.notify_all();
  }

  bool try_hold_body(size_t bytes) override {
    const size_t held = body_bytes_.fetch_add(bytes, std::memory_order_relaxed);
    if (held + bytes <= settings.limits.body_bytes_in_memory_max) return true;
    body_bytes_.fetch_sub(bytes, std::memory_order_relaxed);
    return false;
  }
  void release_body(size_t bytes) override { body_bytes_.fetch_sub(bytes, std::memory_order_relaxed); }

  void connection_ended(const void* connection) override SLUICE_EXCLUDES(mutex) {
    MutexLock lock(mutex);
    connections.erase(connection);
    metrics_.connections.set(static_cast<double>(connections.size()));
    changed.notify_all();
    if (is_full_.exchange(false) && !is_stopping) accept_next();
  }

  /// Asks for one more connection; its callback asks for the next.
  void accept_next() SLUICE_REQUIRES(mutex) {
    is_accepting = true;
    listener->accept([self = shared_from_this()] { return self->tls.load(); },
                     [self = shared_from_this()](Result<std::shared_ptr<Transport>> transport) {
                       self->accepted(std::move(transport));
                     });
  }

  void use_certificate(std::shared_ptr<const TlsContext> pair) {
    metrics_.certificate_not_after(pair->not_after());
    tls.store(std::move(pair));
  }

  void accepted(Result<std::shared_ptr<Transport>> transport) SLUICE_EXCLUDES(mutex) {
    std::shared_ptr<ServerConnection> connection;
    std::vector<std::shared_ptr<ServerConnection>> others;
    {
      MutexLock lock(mutex);
      is_accepting = false;
      changed.notify_all();
      if (is_stopping) return;
      if (!transport) return pause_accepting(transport.error());
      connection = std::make_shared<ServerConnection>(shared_from_this(), *std::move(transport), settings.tls.has_value());
      connections.emplace(connection.get(), connection);
      metrics_.connections.set(static_cast<double>(connections.size()));
      is_full_ = connections.size() >= settings.limits.connections_max;
      if (is_full_) {
        others = open_connections();
      } else {
        accept_next();
      }
    }
    for (const auto& other : others) other->end_if_idle();
    connection->begin();
  }

  void pause_accepting(const Error& error) SLUICE_REQUIRES(mutex) {
    logger.warn("accepting connections failed", {{"address", address}, {"error", error.message}});
    accept_again = runtime.after(kAcceptPause, [self = shared_from_this()] {
      MutexLock lock(self->mutex);
      if (!self->is_stopping) self->accept_next();
    });
  }

  /// Waits until nothing is left or `grace` is over; true when nothing is left.
  bool wait_until_quiet(std::chrono::steady_clock::time_point until) SLUICE_REQUIRES(mutex) {
    while (!is_quiet()) {
      if (!changed.wait_until(mutex, until)) return is_quiet();
    }
    return true;
  }

  bool is_quiet() const SLUICE_REQUIRES(mutex) { return connections.empty() && handlers == 0 && !is_accepting; }

  std::vector<std::shared_ptr<ServerConnection>> open_connections() SLUICE_REQUIRES(mutex) {
    std::vector<std::shared_ptr<ServerConnection>> open;
    open.reserve(connections.size());
    for (const auto& [key, connection] : connections) open.push_back(connection);
    return open;
  }

  Runtime& runtime;
  const ServerOptions settings;
  http::Handler& request_handler_;
  Logger& logger;
  ServerMetrics metrics_;
  const SystemClock clock_;
  std::atomic<std::shared_ptr<const TlsContext>> tls;  ///< of connections accepted from now on
  std::unique_ptr<Listener> listener;
  std::string address;

  Mutex mutex;
  CondVar changed;
  std::unordered_map<const void*, std::shared_ptr<ServerConnection>> connections SLUICE_GUARDED_BY(mutex);
  size_t handlers SLUICE_GUARDED_BY(mutex) = 0;
  bool is_stopping SLUICE_GUARDED_BY(mutex) = false;
  bool is_accepting SLUICE_GUARDED_BY(mutex) = false;  ///< an accept is under way
  std::atomic<bool> is_full_ = false;  ///< accepting pauses; written under the mutex
  std::atomic<size_t> body_bytes_{0};   ///< of requests being read or handled
  Timer accept_again SLUICE_GUARDED_BY(mutex);
};

HttpServer::HttpServer(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

HttpServer::~HttpServer() { stop(std::chrono::milliseconds(0)); }

Result<std::unique_ptr<HttpServer>> HttpServer::start(Runtime& runtime, ServerOptions options, http::Handler& handler,
                                                      Logger& logger, MetricRegistry& metrics) {
  SLUICE_ASSIGN(const IpAddress address, IpAddress::parse(options.listen_address));
  auto impl = std::make_shared<Impl>(runtime, std::move(options), handler, logger, metrics);
  if (const auto& files = impl->settings.tls) {
    SLUICE_ASSIGN(auto pair, TlsContext::make_server(files->cert_file, files->key_file));
    // Not refused: the listener's clients will say so, and whoever renews it can reload.
    if (const auto valid = check_validity(*pair, files->cert_file, impl->clock_.now_s()); !valid) {
      logger.warn("certificate", {{"address", impl->settings.listen_address}, {"error", valid.error().message}});
    }
    impl->use_certificate(std::move(pair));
  }
  SLUICE_ASSIGN(impl->listener, Listener::open(runtime, address, impl->settings.port));
  const std::string host = address.is_v6 ? "[" + address.to_string() + "]" : address.to_string();
  impl->address = fmt::format("{}:{}", host, impl->listener->port());
  {
    MutexLock lock(impl->mutex);
    impl->accept_next();
  }
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl)));
}

Result<UnixSeconds> check_certificate(const TlsFiles& files, UnixSeconds now) {
  SLUICE_ASSIGN(const auto pair, load_valid_pair(files, now));
  return pair->not_after();
}

Result<void> HttpServer::reload_certificate() {
  if (!impl_->settings.tls) return {};
  SLUICE_ASSIGN(auto pair, load_valid_pair(*impl_->settings.tls, impl_->clock_.now_s()));
  impl_->use_certificate(std::move(pair));
  return {};
}

uint16_t HttpServer::port() const { return impl_->listener->port(); }
std::string HttpServer::address() const { return impl_->address; }

void HttpServer::stop(std::chrono::milliseconds grace) {
  Timer accept_again;
  std::vector<std::shared_ptr<ServerConnection>> open;
  {
    MutexLock lock(impl_->mutex);
    impl_->is_stopping = true;
    accept_again = std::move(impl_->accept_again);
    open = impl_->open_connections();
  }
  impl_->listener->close();
  for (const auto& connection : open) connection->end_soon();
  {
    MutexLock lock(impl_->mutex);
    if (impl_->wait_until_quiet(std::chrono::steady_clock::now() + grace)) return;
    open = impl_->open_connections();
  }
  for (const auto& connection : open) connection->abort();
  MutexLock lock(impl_->mutex);
  while (!impl_->is_quiet()) impl_->changed.wait(impl_->mutex);
}

}  // namespace sluice::net
