#pragma once

#include <atomic>
#include <string>

#include "base/limits.h"
#include "http/request.h"

namespace sluice::cli {

/// Stands in front of a handler that is made after its listeners are bound, since it must know their port.
/// Until then every request is answered 503, which clients repeat. Thread-safe.
class LateHandler final : public http::Handler {
 public:
  /// Called once; `handler` outlives every request.
  void set(http::Handler& handler) { handler_.store(&handler, std::memory_order_release); }

  http::Task<http::Response> handle(const http::Request& request) override {
    http::Handler* handler = get();
    if (handler == nullptr) co_return starting();
    co_return co_await handler->handle(request);
  }
  size_t body_bytes_max(std::string_view method, std::string_view target, const http::Headers& headers) const override {
    http::Handler* handler = get();
    return handler == nullptr ? limits::kRemoteWriteBodyBytesMax : handler->body_bytes_max(method, target, headers);
  }
  http::Response refuse(const http::Request& request, int status, std::string_view reason) override {
    http::Handler* handler = get();
    return handler == nullptr ? starting() : handler->refuse(request, status, reason);
  }

 private:
  http::Handler* get() const { return handler_.load(std::memory_order_acquire); }
  static http::Response starting() {
    http::Response response = http::Response::text(503, "the collector is starting\n");
    response.headers.set("Retry-After", "1");
    response.close = true;
    return response;
  }

  std::atomic<http::Handler*> handler_{nullptr};
};

}  // namespace sluice::cli
