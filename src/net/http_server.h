#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/result.h"
#include "http/request.h"
#include "net/runtime.h"

namespace sluice::net {

struct ServerLimits {
  size_t header_bytes_max = limits::kHeaderBytesMax;  ///< request line and fields; 431 beyond
  /// From the first byte of a request (on a new connection: from its acceptance, TLS handshake included) to the
  /// end of its header; 408 beyond.
  std::chrono::milliseconds header_timeout{10'000};
  std::chrono::milliseconds body_idle_timeout{15'000};  ///< between two reads of a body; 408 beyond
  std::chrono::milliseconds body_timeout{120'000};      ///< the whole body, against a byte now and then; 408
  std::chrono::milliseconds write_idle_timeout{30'000};  ///< a peer that takes no byte of the answer is dropped
  std::chrono::milliseconds keep_alive_timeout{75'000};  ///< between two requests; closed silently
  /// From the complete request to the handler's answer. Past it Request::stop is requested; past
  /// `request_grace` more the client is answered 503 and the connection closed, and the handler's answer is dropped.
  std::chrono::milliseconds request_deadline{120'000};
  std::chrono::milliseconds request_grace{5'000};
  /// When reached, connections that wait for their client (idle, or slow with a header, a body, or taking an answer)
  /// are closed to let others in: those of the source that has the most, the longest waiting first. When every one is
  /// being served, accepting pauses, and each ends after its answer.
  size_t connections_max = limits::kConnectionsMax;
  /// Of one source: an IPv4 address, or a /64 of IPv6. Further ones are closed at once. Generous, since a whole
  /// cluster may come from one address, but never more than half of connections_max: one source alone cannot fill it.
  size_t connections_per_source_max = limits::kConnectionsPerSourceMax;
  /// Header and body of requests, over all connections and while their handlers run; 503 with Retry-After beyond.
  /// They are read before their sender is known, so this bounds what strangers can make the server hold.
  size_t body_bytes_in_memory_max = limits::kBodyBytesInMemoryMax;
  size_t in_flight_max = limits::kInFlightMax;  ///< handlers running at once; 503 with Retry-After beyond
  /// Of one client, which is the one that a trusted proxy names; 503 with Retry-After beyond. Never more than half of
  /// in_flight_max.
  size_t in_flight_per_source_max = limits::kInFlightPerSourceMax;
};

struct TlsFiles {
  std::string cert_file;  ///< PEM, leaf first, then its chain
  std::string key_file;  ///< PEM, unencrypted
};

/// What HttpServer::reload_certificate() checks, without a server: both files can be read, the key belongs to the
/// certificate, and the certificate is valid at `now`. The end of its validity. kInvalidArgument names file and reason.
Result<UnixSeconds> check_certificate(const TlsFiles& files, UnixSeconds now);

struct ServerOptions {
  std::string listen_address = "127.0.0.1";  ///< an IP address, IPv4 or IPv6 without brackets
  uint16_t port = 0;  ///< 0: any free one
  std::optional<TlsFiles> tls;
  bool is_admin = false;  ///< Request::is_admin_listener, and the label listener="admin" of its metrics
  /// CIDR networks or addresses of proxies whose X-Forwarded-For and X-Forwarded-Proto are believed; nobody else's
  /// are. How: TrustedProxies in net/trusted_proxies.h.
  std::vector<std::string> trusted_proxies;
  /// Addresses that many clients share besides those proxies: limits per source do not apply to them. Loopback,
  /// where a proxy may stand that nobody listed.
  std::vector<std::string> shared_sources = {"127.0.0.0/8", "::1"};
  ServerLimits limits;
};

/// An HTTP/1.1 server (1.0 is answered, then closed): keep-alive, pipelined requests answered in order,
/// `Expect: 100-continue`, chunked request bodies, TLS 1.2 and 1.3 with ALPN http/1.1 alone.
///
/// A request with ambiguous framing never reaches the handler: Content-Length together with Transfer-Encoding,
/// several Content-Lengths, a transfer coding other than `chunked`, folded lines, bare LF or CR, control
/// characters, no Host or several. The answer is Handler::refuse's, and the connection is closed.
///
/// Each request's handler runs on Runtime::compute(). Request::stop is requested when the client goes away (as in
/// Go's server, the end of its sending counts as going), when the deadline passes and when the server stops hard.
/// The server adds `x-amzn-requestid` (unless set), `Date`, `Content-Length`, and on the last answer
/// `Connection: close`; it drops the body of an answer to HEAD, whose header is GET's.
/// Nothing is logged for each request.
///
/// Metrics: sluice_http_connections, sluice_http_requests_in_flight, sluice_http_requests_total{code},
/// sluice_http_request_seconds, sluice_http_refused_total{code}, sluice_tls_certificate_not_after_seconds,
/// sluice_http_connections_given_up_total, sluice_http_source_limited_total{limit}, all with the label `listener`.
///
/// The Handler, Logger, registry and Runtime outlive the server. Thread-safe.
class HttpServer {
 public:
  /// Binds and starts accepting. kIo with the address and the system's reason when it cannot bind;
  /// kInvalidArgument for an address or network that is none, quoting it, or a certificate or key that cannot be used,
  /// naming the file.
  static Result<std::unique_ptr<HttpServer>> start(Runtime& runtime, ServerOptions options, http::Handler& handler,
                                                   Logger& logger, MetricRegistry& metrics);
  ~HttpServer();  ///< stop(0)
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  /// Reads the files of ServerOptions::tls again. Connections accepted from now on use the new pair, open ones keep
  /// theirs. When check_certificate() refuses the files, its error comes back and the old pair stays in use.
  /// Success without TLS.
  Result<void> reload_certificate();
  /// The same with other files, for this once. kConflict for a server that was started without TLS.
  Result<void> reload_certificate(const TlsFiles& files);

  /// Instead of ServerLimits::request_deadline, for requests whose handler starts from now on.
  void set_request_deadline(std::chrono::milliseconds deadline);
  /// Instead of ServerOptions::trusted_proxies, for requests whose header is complete from now on. kInvalidArgument
  /// quotes what is no network, and nothing changes.
  Result<void> set_trusted_proxies(const std::vector<std::string>& networks);

  uint16_t port() const;  ///< the bound one
  std::string address() const;  ///< "127.0.0.1:9009", "[::1]:9009"

  /// Stops accepting and closes idle connections; requests already begun get `grace` to finish, then their stop
  /// token is requested and their connections are closed. Returns when no handler runs and no connection is
  /// left. Idempotent. Never called on a thread of the Runtime.
  void stop(std::chrono::milliseconds grace);

 private:
  struct Impl;
  explicit HttpServer(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;  ///< connections hold it too
};

}  // namespace sluice::net
