#include "net/server_host.h"

#include <algorithm>

#include <fmt/format.h>

namespace sluice::net {
namespace {

constexpr std::chrono::milliseconds kAcceptPause{200};  // after an error such as "too many open files"
constexpr std::chrono::milliseconds kRoomPause{20};     // until those given up have gone
constexpr std::chrono::seconds kWarnPause{10};
constexpr size_t kGivenUpAtOnce = 64;                   // one look at all connections pays for so many

}  // namespace

HttpServer::Impl::Impl(Runtime& owner, ServerOptions given, http::Handler& request_handler, Logger& log,
                       MetricRegistry& registry)
    : runtime(owner), settings(std::move(given)), request_handler_(request_handler), logger(log),
      metrics_(registry, settings.is_admin ? "admin" : "public"), request_deadline_(settings.limits.request_deadline) {}

Result<void> HttpServer::Impl::listen() {
  SLUICE_ASSIGN(const IpAddress ip, IpAddress::parse(settings.listen_address));
  SLUICE_ASSIGN(listener, Listener::open(runtime, ip, settings.port));
  address = fmt::format("{}:{}", ip.is_v6 ? "[" + ip.to_string() + "]" : ip.to_string(), listener->port());
  MutexLock lock(mutex);
  accept_next();
  return {};
}

Admission HttpServer::Impl::try_begin_handler(const std::optional<SourceKey>& source) {
  MutexLock lock(mutex);
  const ServerLimits& limits = settings.limits;
  if (handlers >= limits.in_flight_max) return Admission::kServerIsFull;
  const size_t of_source_max = std::min(limits.in_flight_per_source_max, std::max<size_t>(limits.in_flight_max / 2, 1));
  if (source && handlers_by_source.of(*source) >= of_source_max) return Admission::kSourceIsFull;
  if (source) handlers_by_source.add(*source);
  ++handlers;
  metrics_.in_flight.set(static_cast<double>(handlers));
  return Admission::kAdmitted;
}

void HttpServer::Impl::handler_ended(const std::optional<SourceKey>& source) {
  MutexLock lock(mutex);
  if (source) handlers_by_source.remove(*source);
  --handlers;
  metrics_.in_flight.set(static_cast<double>(handlers));
  changed.notify_all();
}

bool HttpServer::Impl::try_hold_memory(size_t bytes) {
  const size_t held = memory_.fetch_add(bytes, std::memory_order_relaxed);
  if (held + bytes <= settings.limits.body_bytes_in_memory_max) return true;
  memory_.fetch_sub(bytes, std::memory_order_relaxed);
  return false;
}

void HttpServer::Impl::connection_ended(const ServerConnection* connection) {
  MutexLock lock(mutex);
  table.remove(connection);
  metrics_.connections.set(static_cast<double>(table.size()));
  changed.notify_all();
  if (is_stopping || is_accepting || !has_room()) return;
  is_full_ = false;
  retry = Timer();
  accept_next();
}

void HttpServer::Impl::accept_next() {
  is_accepting = true;
  listener->accept([self = shared_from_this()] { return self->tls.load(); },
                   [self = shared_from_this()](Result<std::shared_ptr<Transport>> transport) {
                     self->accepted(std::move(transport));
                   });
}

void HttpServer::Impl::accepted(Result<std::shared_ptr<Transport>> transport) {
  std::shared_ptr<ServerConnection> connection;
  std::vector<std::shared_ptr<ServerConnection>> given_up;
  {
    MutexLock lock(mutex);
    is_accepting = false;
    changed.notify_all();
    if (is_stopping) return;
    if (!transport) return pause_accepting(transport.error());
    const auto limited = address_rules()->limited_source((*transport)->remote_address());
    const ServerLimits& limits = settings.limits;
    const size_t of_source_max =
        std::min(limits.connections_per_source_max, std::max<size_t>(limits.connections_max / 2, 1));
    if (limited && table.of_source(*limited) >= of_source_max) {
      metrics_.source_connections_refused.add();
      accept_next();  // the transport goes out of scope, and its socket with it
      return;
    }
    const auto peer = IpAddress::parse((*transport)->remote_address());
    connection =
        std::make_shared<ServerConnection>(shared_from_this(), *std::move(transport), settings.tls.has_value());
    table.add(connection, peer ? source_of(*peer) : SourceKey{});
    metrics_.connections.set(static_cast<double>(table.size()));
    if (has_room()) {
      accept_next();
    } else {
      given_up = make_room(connection.get());
    }
  }
  for (const auto& other : given_up) other->give_up();
  connection->begin();
}

std::vector<std::shared_ptr<ServerConnection>> HttpServer::Impl::make_room(const ServerConnection* newest) {
  auto given_up =
      table.victims(newest, std::min(kGivenUpAtOnce, std::max<size_t>(table.size() / 16, 1)), PhaseClock::Clock::now());
  is_full_ = given_up.empty();
  metrics_.connections_given_up.add(given_up.size());
  retry = runtime.after(kRoomPause, [self = shared_from_this()] { self->accept_or_make_room(); });
  return given_up;
}

void HttpServer::Impl::accept_or_make_room() {
  std::vector<std::shared_ptr<ServerConnection>> given_up;
  {
    MutexLock lock(mutex);
    if (is_stopping || is_accepting) return;
    if (has_room()) {
      accept_next();
    } else {
      given_up = make_room(nullptr);
    }
  }
  for (const auto& other : given_up) other->give_up();
}

/// Without a descriptor left nobody can be accepted, so those who wait make room here too.
void HttpServer::Impl::pause_accepting(const Error& error) {
  const auto now = std::chrono::steady_clock::now();
  if (now >= warn_again) {
    warn_again = now + kWarnPause;
    logger.warn("accepting connections failed", {{"address", address}, {"error", error.message}});
  }
  for (const auto& other : table.victims(nullptr, kGivenUpAtOnce, now)) {
    metrics_.connections_given_up.add();
    other->give_up();
  }
  retry = runtime.after(kAcceptPause, [self = shared_from_this()] { self->accept_or_make_room(); });
}

bool HttpServer::Impl::wait_until_quiet(std::chrono::steady_clock::time_point until) {
  while (!is_quiet()) {
    if (!changed.wait_until(mutex, until)) return is_quiet();
  }
  return true;
}

void HttpServer::Impl::stop(std::chrono::milliseconds grace) {
  Timer pending;
  std::vector<std::shared_ptr<ServerConnection>> open;
  {
    MutexLock lock(mutex);
    is_stopping = true;
    pending = std::move(retry);
    open = table.all();
  }
  if (!listener) return;
  listener->close();
  for (const auto& connection : open) connection->end_soon();
  {
    MutexLock lock(mutex);
    if (wait_until_quiet(std::chrono::steady_clock::now() + grace)) return;
    open = table.all();
  }
  for (const auto& connection : open) connection->abort();
  MutexLock lock(mutex);
  while (!is_quiet()) changed.wait(mutex);
}

}  // namespace sluice::net
