#pragma once

#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/task.h"

namespace sluice::http {

/// Header fields in wire order; names as received, compared without case. Repeated fields are kept apart.
class Headers {
 public:
  void add(std::string name, std::string value) { fields_.emplace_back(std::move(name), std::move(value)); }
  void set(std::string_view name, std::string value);  ///< replaces every field of that name
  /// The first field of that name, or nullptr.
  const std::string* find(std::string_view name) const;
  std::string_view get(std::string_view name) const;  ///< "" when absent
  size_t count(std::string_view name) const;
  const std::vector<std::pair<std::string, std::string>>& fields() const { return fields_; }

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
};

/// One request, body complete. `target` is kept exactly as on the wire: SigV4 signs it.
struct Request {
  std::string method;        ///< as received, case kept
  std::string target;        ///< origin form: path and query as received; "*" reaches no handler
  Headers headers;
  std::string body;
  std::string remote_address;  ///< the client's IP, without port: the peer's, or the one a trusted proxy names
  std::string peer_address;    ///< the IP at the other end of the socket
  bool is_tls = false;         ///< the socket's
  bool is_forwarded_tls = false;  ///< a trusted proxy says that it took the request over TLS
  bool is_admin_listener = false;
  std::string request_id;      ///< a UUID made by the server for this request
  std::stop_token stop;        ///< requested when the client disconnects or the request's deadline passes

  /// The raw path ("/" at least) and raw query (without '?'), views into `target`.
  std::string_view path() const;
  std::string_view query() const;
};

struct Response {
  int status = 200;
  Headers headers;
  std::string body;
  bool close = false;  ///< close the connection after this answer

  static Response text(int status, std::string body, std::string_view content_type = "text/plain; charset=utf-8");
  static Response json(int status, std::string body) { return text(status, std::move(body), "application/json"); }
};

/// The coroutine alias of handlers: runs on the compute pool.
template <class T>
using Task = sluice::Task<T>;

/// What a server calls for each request. Thread-safe. The Request outlives the task.
class Handler {
 public:
  virtual ~Handler() = default;
  virtual Task<Response> handle(const Request& request) = 0;
  /// Called with the header block only, before the body is read: the largest body this request may have.
  virtual size_t body_bytes_max(std::string_view method, std::string_view target, const Headers& headers) const = 0;
  /// The answer for a request that never became one (bad framing, header or body too large, timeout):
  /// `status` and a one-line `reason`; `request` has what was read (target may be empty).
  virtual Response refuse(const Request& request, int status, std::string_view reason) = 0;
};

}  // namespace sluice::http
