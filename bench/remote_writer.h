#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "aws/sigv4_sign.h"
#include "base/clock.h"
#include "base/result.h"
#include "http/client.h"
#include "net/runtime.h"

namespace sluice::bench {

/// What requests are signed with. The service is always aps.
struct Signing {
  aws::Credentials credentials;
  std::string region;
};

struct WriterOptions {
  std::string url;                            ///< the remote-write endpoint, http or https
  std::optional<Signing> signing;             ///< without it requests go unsigned
  std::string ca_file;                        ///< PEM, besides the system's authorities; "" for none
  std::chrono::milliseconds request_timeout{30'000};  ///< Prometheus' remote_timeout
  std::chrono::milliseconds give_up_after{120'000};   ///< of retries of one request; Prometheus has no such end
};

/// What became of one request.
struct WriteOutcome {
  bool ok = false;            ///< a 2xx came
  uint32_t retries = 0;
  int status = 0;             ///< the last answer's; 0 when none came
  std::string error;          ///< of the last try, first line, "" when ok
  std::string first_retried;  ///< why the first retry was needed, "" without one
};

/// One connection of a Prometheus: one request at a time over HTTP/1.1 keep-alive. The headers are those of Prometheus
/// 2.53 (User-Agent apart, which tells the truth); 5xx, 429 and broken connections are retried with its backoff (30 ms
/// doubling to 5 s, or what Retry-After asks for), other answers are final. One thread uses it at a time.
class RemoteWriter {
 public:
  /// The runtime and the clock outlive the writer. Errors as net::make_http_client's, or kInvalidArgument for the URL.
  static Result<std::unique_ptr<RemoteWriter>> open(net::Runtime& runtime, const Clock& clock, WriterOptions options);

  /// Waits for the answer; between tries asks `is_cancelled`, and gives up when it says so.
  WriteOutcome write(const std::string& body, const std::function<bool()>& is_cancelled);

 private:
  RemoteWriter(std::unique_ptr<http::Client> client, const Clock& clock, WriterOptions options);
  Result<http::ClientResponse> send_once(const std::string& body);

  std::unique_ptr<http::Client> client_;
  const Clock& clock_;
  const WriterOptions options_;
};

}  // namespace sluice::bench
