#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/executor.h"
#include "base/result.h"
#include "net/address_policy.h"
#include "net/runtime.h"
#include "net/tls_context.h"

/// Inside net: sockets and TLS without their library's types, so that only transport.cc pays for Asio.
namespace sluice::net {

/// A byte stream over TCP, plain or TLS, with one timer.
///
/// Threading: every method but strand() is called on the strand, and callbacks come on it, never inside the call
/// that asked for them. One read and one write may be under way at a time, together. Callbacks keep the transport
/// alive; the memory given to write() is the caller's and stays valid until the callback. While a read waits
/// it holds no memory: idle connections are many.
/// Errors are kUnavailable with the reason, kCancelled after close().
class Transport {
 public:
  using Done = std::move_only_function<void(Result<void>)>;
  using ReadDone = std::move_only_function<void(Result<std::string_view>)>;

  virtual ~Transport() = default;
  virtual Executor& strand() = 0;

  virtual void connect(IpAddress address, uint16_t port, Done done) = 0;
  /// Nothing to do on a plain transport, which still calls back.
  virtual void handshake(Done done) = 0;
  /// At least one byte, "" at the end of the stream. The bytes are gone when the callback returns.
  virtual void read_some(ReadDone done) = 0;
  /// Writes all of `head`, then all of `body`.
  virtual void write(std::string_view head, std::string_view body, Done done) = 0;

  /// Calls `run` after `delay`, instead of what was armed before. The callback is dropped by disarm() and close().
  virtual void arm(std::chrono::milliseconds delay, std::move_only_function<void()> run) = 0;
  virtual void disarm() = 0;

  /// Ends at once; operations under way call back with an error.
  virtual void close() = 0;
  /// Ends politely: no more reading or writing by the caller (a read under way is cancelled); TLS says goodbye, our
  /// side of TCP is shut, and what the peer still sends is dropped for a bounded time and amount. Without that
  /// a peer that is still sending a refused body would get a reset instead of the answer. `done` is called once
  /// the socket is closed; close() cuts it short.
  virtual void finish(std::move_only_function<void()> done) = 0;

  /// False when the peer closed an idle connection or sent what nobody asked for.
  virtual bool is_quiet() = 0;
  virtual std::string remote_address() const = 0;  ///< the peer's IP, "" when unknown
};

/// A transport that is not connected yet. `tls` null means plain; else `host` is the name (or IP) to verify.
std::shared_ptr<Transport> make_transport(Runtime& runtime, std::shared_ptr<const TlsContext> tls, std::string host);

/// A listening socket. accept() is called by one thread at a time, with one accept under way at most.
class Listener {
 public:
  /// kIo with the address and the system's reason.
  static Result<std::unique_ptr<Listener>> open(Runtime& runtime, const IpAddress& address, uint16_t port);
  ~Listener();

  uint16_t port() const;
  using Accepted = std::move_only_function<void(Result<std::shared_ptr<Transport>>)>;
  /// Asked once a peer has connected, on an I/O thread: what its connection uses; null means plain.
  using TlsSource = std::move_only_function<std::shared_ptr<const TlsContext>()>;
  /// `done` is called on an I/O thread, with kCancelled after close().
  void accept(TlsSource tls, Accepted done);
  void close();  ///< thread-safe

 private:
  struct Impl;
  explicit Listener(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace sluice::net
