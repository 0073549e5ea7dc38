#include "cli/collector_options.h"

#include <algorithm>

#include <sys/resource.h>

namespace sluice::cli {

namespace {

constexpr std::chrono::seconds kDeadlineAfterQuery{10};

net::ServerOptions options_at(const ListenAddress& address, const ServeConfig& config) {
  net::ServerOptions options;
  options.listen_address = address.host;
  options.port = address.port;
  options.limits.request_deadline = request_deadline(config);
  return options;
}

/// Half of the file handles, so that logs, databases and fetches never go without.
void bound_by_file_handles(net::ServerLimits& limits) {
  rlimit handles{};
  if (getrlimit(RLIMIT_NOFILE, &handles) != 0) return;
  limits.connections_max = std::min<size_t>(limits.connections_max, handles.rlim_cur / 2);
}

}  // namespace

net::ServerOptions public_server_options(const ServeConfig& config) {
  net::ServerOptions options = options_at(config.listen, config);
  options.limits = config.limits;
  options.limits.request_deadline = request_deadline(config);
  bound_by_file_handles(options.limits);
  options.trusted_proxies = config.trusted_proxies;
  if (config.has_tls()) options.tls = net::TlsFiles{config.tls_cert_file, config.tls_key_file};
  return options;
}

net::ServerOptions admin_server_options(const ServeConfig& config) {
  net::ServerOptions options = options_at(config.admin_listen, config);
  options.is_admin = true;
  bound_by_file_handles(options.limits);
  return options;
}

std::chrono::milliseconds request_deadline(const ServeConfig& config) {
  return std::chrono::seconds(config.query_timeout_seconds) + kDeadlineAfterQuery;
}

api::QueryHandler make_query_handler(const ServeConfig& config, const Clock& clock) {
  promql::EngineOptions options;
  options.lookback_ms = config.lookback_delta_seconds * 1000;
  options.samples_max = config.query_samples_max;
  return api::QueryHandler(options, std::chrono::seconds(config.query_timeout_seconds), clock);
}

}  // namespace sluice::cli
