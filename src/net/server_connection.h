#pragma once

#include <chrono>
#include <coroutine>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/task.h"
#include "net/connection_table.h"
#include "net/http1_parser.h"
#include "net/http_server.h"
#include "net/server_metrics.h"
#include "net/source.h"
#include "net/transport.h"
#include "net/trusted_proxies.h"

/// Inside net: one connection of an HttpServer.
namespace sluice::net {

enum class Admission : uint8_t { kAdmitted, kServerIsFull, kSourceIsFull };

/// Which addresses are believed what. Immutable.
struct AddressRules {
  TrustedProxies proxies;
  TrustedProxies shared;  ///< addresses that many clients share besides

  /// Whom limits per source count `address` as; nullopt when they do not apply.
  std::optional<SourceKey> limited_source(std::string_view address) const;
};

/// What connections need of their server. Thread-safe. Outlives them: each holds it.
class ConnectionHost {
 public:
  virtual ~ConnectionHost() = default;
  virtual const ServerOptions& options() const = 0;
  virtual Executor& compute() = 0;
  virtual http::Handler& handler() = 0;
  virtual ServerMetrics& metrics() = 0;
  virtual const Clock& clock() const = 0;
  /// Whether connections_max is reached and none can be given up: they then end after their answer.
  virtual bool is_full() = 0;
  virtual std::chrono::milliseconds request_deadline() const = 0;
  virtual std::shared_ptr<const AddressRules> address_rules() const = 0;
  /// Each kAdmitted is paired with one handler_ended() of the same source; nullopt is a source without a limit.
  virtual Admission try_begin_handler(const std::optional<SourceKey>& source) = 0;
  virtual void handler_ended(const std::optional<SourceKey>& source) = 0;
  /// Takes bytes out of the budget for unfinished requests; false when it has too few left.
  virtual bool try_hold_memory(size_t bytes) = 0;
  virtual void release_memory(size_t bytes) = 0;
  virtual void connection_ended(const ServerConnection* connection) = 0;
};

/// Reads requests off one transport, has them handled, and writes the answers, one after the other.
///
/// Life cycle: made with a connected transport, begin(), then it lives by itself until the peer, a limit or the
/// server ends it, and calls connection_ended() once its socket is closed. A handler that outlives its connection
/// keeps this object, never the host's other parts, alive.
///
/// Threading: everything private runs on the transport's strand, so there are no locks. One coroutine, run(),
/// waits in event(); callbacks change members and wake() it; it then looks at the members. One read at most is
/// under way; it may begin while one request is handled and end as the first bytes of the next.
class ServerConnection : public std::enable_shared_from_this<ServerConnection> {
 public:
  ServerConnection(std::shared_ptr<ConnectionHost> host, std::shared_ptr<Transport> transport, bool is_tls);

  void begin();        ///< thread-safe, once
  void end_soon();     ///< thread-safe: after the request under way, at once when idle
  void give_up();      ///< thread-safe: now, unless it is being served by then; no answer
  void abort();        ///< thread-safe: now; the handler's stop token is requested
  auto phase() const { return phase_.read(); }  ///< thread-safe; ConnectionPhase and since when

 private:
  /// An unfinished request's share of the server's budget, given back when the request is gone.
  class MemoryShare {
   public:
    explicit MemoryShare(std::shared_ptr<ConnectionHost> host) : host_(std::move(host)) {}
    ~MemoryShare() { host_->release_memory(bytes_); }
    MemoryShare(const MemoryShare&) = delete;
    MemoryShare& operator=(const MemoryShare&) = delete;
    /// False when the budget does not allow the growth; the share is then as before.
    bool grow_to(size_t bytes) {
      if (bytes <= bytes_) return true;
      if (!host_->try_hold_memory(bytes - bytes_)) return false;
      bytes_ = bytes;
      return true;
    }

   private:
    std::shared_ptr<ConnectionHost> host_;
    size_t bytes_ = 0;
  };
  /// One request with its handler. Shared with the handler's task, which may outlive the connection.
  struct Exchange {
    explicit Exchange(std::shared_ptr<ConnectionHost> host) : memory(std::move(host)) {}
    MemoryShare memory;
    http::Request request;
    std::optional<SourceKey> source;  ///< whom its handler counts for
    std::stop_source stop;
    std::chrono::steady_clock::time_point begun;  ///< when its handler was asked
    std::optional<http::Response> response;
  };
  struct Event {
    ServerConnection& connection;
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> coroutine) noexcept { connection.parked_ = coroutine; }
    void await_resume() const noexcept {}
  };

  Event event() { return {*this}; }
  void wake();

  Task<Result<void>> run();
  Task<bool> shake_hands();
  Task<bool> await_first_byte();
  /// False when the connection is at its end; a refusal has been written then.
  Task<bool> read_request(std::shared_ptr<Exchange> exchange);
  Task<bool> read_header(std::shared_ptr<Exchange> exchange);
  Task<bool> read_body(std::shared_ptr<Exchange> exchange);
  /// Has it handled, or refused, and writes the answer. False when the connection is at its end.
  Task<bool> answer_request(std::shared_ptr<Exchange> exchange);
  /// False when the connection was aborted or the handler was given up.
  Task<bool> handle(std::shared_ptr<Exchange> exchange);
  Task<bool> refuse_for_now(std::shared_ptr<Exchange> exchange, Admission admission);
  Task<bool> refuse(std::shared_ptr<Exchange> exchange, int status, std::string reason);
  Task<bool> write_answer(std::shared_ptr<Exchange> exchange, http::Response response);
  Task<bool> write_all(std::string head, std::string body);
  Task<bool> leave();

  void begin_read();
  void read_ended(const Result<std::string_view>& got);
  void start_handler(const std::shared_ptr<Exchange>& exchange);
  void handler_answered(const std::shared_ptr<Exchange>& exchange, http::Response response);
  void deliver(const std::shared_ptr<Exchange>& exchange, http::Response response);
  ParseStep feed();
  void arm(std::chrono::milliseconds delay);
  bool is_over() const { return is_aborted_ || read_end_; }

  const std::shared_ptr<ConnectionHost> host_;
  const std::shared_ptr<Transport> transport_;
  const ServerLimits limits_;
  const bool is_tls_;

  std::coroutine_handle<> parked_;
  PhaseClock phase_;
  std::string in_;             ///< received, not yet consumed
  std::optional<RequestParser> parser_;
  std::shared_ptr<Exchange> current_;  ///< while its handler runs
  bool is_first_ = true;
  bool is_reading_ = false;
  bool read_end_ = false;   ///< the peer's end of stream, or an error
  bool timer_fired_ = false;
  bool is_ending_ = false;  ///< no further request
  bool is_aborted_ = false;  ///< no goodbye
};

}  // namespace sluice::net
