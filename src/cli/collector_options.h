#pragma once

#include "api/query_handler.h"
#include "base/clock.h"
#include "cli/config.h"
#include "net/http_server.h"

namespace sluice::cli {

/// Configuration as the options of what is built from it.

/// The public listener's: web.limits, no more connections than half of the file handles, TLS if there is any.
net::ServerOptions public_server_options(const ServeConfig& config);
/// The admin listener's, with built-in limits: whatever web.limits does to the public one, the operator gets in.
net::ServerOptions admin_server_options(const ServeConfig& config);

/// How long a request may take at the server: past the longest query, so that its own, better text is what times out.
std::chrono::milliseconds request_deadline(const ServeConfig& config);

/// Queries under the configuration's limits. `clock` outlives it.
api::QueryHandler make_query_handler(const ServeConfig& config, const Clock& clock);

}  // namespace sluice::cli
