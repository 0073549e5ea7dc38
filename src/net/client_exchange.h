#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "base/task.h"
#include "http/client.h"
#include "http/uri.h"
#include "net/resolver.h"
#include "net/runtime.h"
#include "net/transport.h"

/// Inside net: the steps of one outgoing call, shared by the client and the document fetcher. Each takes the
/// time at which it must be over; kDeadlineExceeded past it. They resume on a strand or on compute().
namespace sluice::net {

using Until = std::chrono::steady_clock::time_point;

/// Runs `resolve` on runtime.lookup() and waits for it no longer than `until`. IP literals need no look-up.
Task<Result<std::vector<IpAddress>>> look_up(Runtime& runtime, ResolveFunction resolve, std::string host, Until until);

/// A connected transport, past its handshake, with no timer armed: the first of `addresses` that answers, each
/// given its share of the time. `tls` null means plain. Errors name the address.
Task<Result<std::shared_ptr<Transport>>> connect_to(Runtime& runtime, std::vector<IpAddress> addresses, uint16_t port,
                                                    std::shared_ptr<const TlsContext> tls, std::string host,
                                                    Until until);

/// Request line and fields, Host, Content-Length and Connection among them. kInvalidArgument for a method or
/// field that would break the framing.
Result<std::string> request_head(const http::ClientRequest& request, const http::Uri& uri, bool keep_alive);

struct Reply {
  http::ClientResponse response;
  bool keep_alive = false;  ///< the transport can carry another request
};
struct ReplyFailure {
  Error error;
  bool had_answer_bytes = false;
};

/// Sends one request, which the awaiting frame keeps, and reads its answer. After a failure the transport is closed.
Task<std::expected<Reply, ReplyFailure>> exchange(std::shared_ptr<Transport> transport, std::string head,
                                                  const http::ClientRequest& request, size_t header_bytes_max,
                                                  Until until);

}  // namespace sluice::net
