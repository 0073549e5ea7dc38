#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "base/result.h"
#include "http/client.h"
#include "net/resolver.h"
#include "net/runtime.h"

namespace sluice::net {

struct ClientOptions {
  bool use_system_cas = true;
  std::string ca_file;  ///< PEM, besides the system's; "" for none
  size_t idle_connections_per_host_max = 4;
  size_t idle_connections_max = 64;
  std::chrono::milliseconds idle_timeout{30'000};    ///< below the keep-alive time of common servers
  std::chrono::milliseconds connect_timeout{10'000};  ///< name, TCP and TLS together; the request's timeout also holds
  size_t header_bytes_max = 64 << 10;
  ResolveFunction resolve = resolve_with_system;
};

/// An http::Client over TCP and TLS (1.2 and 1.3, host name verified, ALPN http/1.1). send() resumes its awaiter
/// on runtime.compute(). Connections are kept for further requests to the same scheme, host and port. A request
/// that fails on a kept connection before any byte of an answer is sent once more on a fresh one when its method
/// is idempotent (RFC 9110 9.2.2); others report kUnavailable, since the server may have acted on them.
/// kInvalidArgument, naming the file, when the CAs cannot be read. The runtime outlives the client, and the client
/// every send().
Result<std::unique_ptr<http::Client>> make_http_client(Runtime& runtime, ClientOptions options);

}  // namespace sluice::net
