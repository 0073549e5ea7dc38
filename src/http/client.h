#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/task.h"
#include "http/request.h"

namespace sluice::http {

struct ClientRequest {
  std::string method = "GET";
  std::string url;             ///< absolute http or https
  Headers headers;             ///< Host, Content-Length and Connection are added by the client
  std::string body;
  size_t response_bytes_max = 16 << 20;
  std::chrono::milliseconds timeout{30'000};  ///< whole exchange
};

struct ClientResponse {
  int status = 0;
  Headers headers;
  std::string body;
};

/// An HTTP/1.1 client. No redirects are followed, no proxy variables are read. Thread-safe.
/// kUnavailable (connect, TLS, reset), kDeadlineExceeded, kTooLarge; messages name host and reason.
class Client {
 public:
  virtual ~Client() = default;
  virtual Task<Result<ClientResponse>> send(ClientRequest request) = 0;
};

/// Where an issuer's documents may be fetched from beyond the public internet on port 443
/// (`oidc.allow` in the configuration).
struct FetchAllowance {
  std::vector<std::string> networks;   ///< CIDR, "10.0.0.0/8"
  std::vector<uint16_t> ports;         ///< besides 443
  std::string ca_file;                 ///< PEM, besides the system's CAs; "" for none
};

/// Fetches an issuer's documents under the SSRF rules: https only, no redirects, no user info, port 443
/// unless allowed, the name resolved once and the connection made to that checked address (loopback,
/// link-local, private, ULA, CGNAT, multicast and reserved ranges refused unless allowed), host name
/// verified, TLS >= 1.2, the body capped and never decompressed. Thread-safe.
/// kPermissionDenied when a rule forbids the address, with the rule; kUnavailable, kDeadlineExceeded,
/// kTooLarge otherwise. A status other than 200 is kUnavailable and names it.
class DocumentFetcher {
 public:
  virtual ~DocumentFetcher() = default;
  struct Document {
    std::string body;
    std::string cache_control;  ///< raw header value, "" when absent
  };
  virtual Task<Result<Document>> fetch(std::string url, size_t bytes_max, std::chrono::milliseconds timeout) = 0;
};

}  // namespace sluice::http
