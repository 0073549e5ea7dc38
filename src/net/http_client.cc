#include "net/http_client.h"

#include <algorithm>
#include <deque>
#include <optional>

#include <fmt/format.h>

#include "base/encoding.h"
#include "base/thread_safety.h"
#include "net/client_exchange.h"

namespace sluice::net {
namespace {

bool is_idempotent(std::string_view method) {
  return method == "GET" || method == "HEAD" || method == "PUT" || method == "DELETE" || method == "OPTIONS";
}

void close_later(std::shared_ptr<Transport> transport) {
  Executor& strand = transport->strand();
  strand.post([transport = std::move(transport)] { transport->close(); });
}

/// Idle connections, newest last. Thread-safe.
class Pool {
 public:
  explicit Pool(const ClientOptions& options)
      : per_host_max_(options.idle_connections_per_host_max), total_max_(options.idle_connections_max) {}
  ~Pool() {
    for (auto& idle : idle_) close_later(std::move(idle.transport));
  }

  std::shared_ptr<Transport> take(const std::string& key) {
    MutexLock lock(mutex_);
    const auto newest = std::find_if(idle_.rbegin(), idle_.rend(), [&](const Idle& idle) { return idle.key == key; });
    if (newest == idle_.rend()) return nullptr;
    auto transport = std::move(newest->transport);
    idle_.erase(std::next(newest).base());
    return transport;
  }

  void put(const std::string& key, std::shared_ptr<Transport> transport) {
    MutexLock lock(mutex_);
    const auto same_host = std::ranges::count_if(idle_, [&](const Idle& idle) { return idle.key == key; });
    if (static_cast<size_t>(same_host) >= per_host_max_ || total_max_ == 0) return close_later(std::move(transport));
    if (idle_.size() >= total_max_) {
      close_later(std::move(idle_.front().transport));
      idle_.pop_front();
    }
    idle_.push_back({key, std::move(transport)});
  }

 private:
  struct Idle {
    std::string key;
    std::shared_ptr<Transport> transport;
  };

  const size_t per_host_max_;
  const size_t total_max_;
  Mutex mutex_;
  std::deque<Idle> idle_ SLUICE_GUARDED_BY(mutex_);
};

class PooledClient final : public http::Client {
 public:
  PooledClient(Runtime& runtime, ClientOptions options, std::shared_ptr<const TlsContext> tls)
      : runtime_(runtime), options_(std::move(options)), tls_(std::move(tls)), pool_(options_) {}

  Task<Result<http::ClientResponse>> send(http::ClientRequest request) override {
    auto uri = http::Uri::parse(request.url);
    if (!uri) co_return std::unexpected(uri.error());
    auto result = co_await send_to(*uri, std::move(request));
    co_await switch_to(runtime_.compute());
    if (!result) co_return fail_in(uri->host_header(), result.error());
    co_return result;
  }

 private:
  Task<Result<http::ClientResponse>> send_to(http::Uri uri, http::ClientRequest request) {
    const Until until = std::chrono::steady_clock::now() + request.timeout;
    SLUICE_CO_ASSIGN(const std::string head, request_head(request, uri, /*keep_alive=*/true));
    const std::string key = fmt::format("{} {} {}", uri.scheme, ascii_lower(uri.host), uri.port);
    while (auto kept = pool_.take(key)) {
      co_await switch_to(kept->strand());
      if (!kept->is_quiet()) {
        kept->close();
        continue;
      }
      auto reply = co_await exchange(kept, head, request, options_.header_bytes_max, until);
      if (reply) co_return keep(key, std::move(kept), *std::move(reply));
      const auto& failure = reply.error();
      const bool may_repeat =
          failure.error.code == ErrorCode::kUnavailable && !failure.had_answer_bytes && is_idempotent(request.method);
      if (!may_repeat) co_return std::unexpected(failure.error);
    }
    SLUICE_CO_ASSIGN(auto fresh, co_await connect(uri, until));
    auto reply = co_await exchange(fresh, head, request, options_.header_bytes_max, until);
    if (!reply) co_return std::unexpected(reply.error().error);
    co_return keep(key, std::move(fresh), *std::move(reply));
  }

  Task<Result<std::shared_ptr<Transport>>> connect(http::Uri uri, Until until) {
    const Until connected_by = std::min(until, std::chrono::steady_clock::now() + options_.connect_timeout);
    SLUICE_CO_ASSIGN(auto addresses, co_await look_up(runtime_, options_.resolve, uri.host, connected_by));
    co_return co_await connect_to(runtime_, std::move(addresses), uri.port, uri.scheme == "https" ? tls_ : nullptr,
                                  uri.host, connected_by);
  }

  /// On the transport's strand: pools it when it can be used again.
  http::ClientResponse keep(const std::string& key, std::shared_ptr<Transport> transport, Reply reply) {
    if (reply.keep_alive) {
      transport->arm(options_.idle_timeout, [weak = std::weak_ptr(transport)] {
        if (const auto idle = weak.lock()) idle->close();
      });
      pool_.put(key, std::move(transport));
    } else {
      transport->finish([] {});
    }
    return std::move(reply.response);
  }

  Runtime& runtime_;
  const ClientOptions options_;
  const std::shared_ptr<const TlsContext> tls_;
  Pool pool_;
};

}  // namespace

Result<std::unique_ptr<http::Client>> make_http_client(Runtime& runtime, ClientOptions options) {
  SLUICE_ASSIGN(auto tls, TlsContext::make_client(options.use_system_cas, options.ca_file));
  return std::unique_ptr<http::Client>(std::make_unique<PooledClient>(runtime, std::move(options), std::move(tls)));
}

}  // namespace sluice::net
