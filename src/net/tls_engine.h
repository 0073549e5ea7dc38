#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "net/tls_context.h"

/// Inside net: one TLS connection over a socket that does not block. No waiting here, and no thread: each call does
/// what can be done now and says what has to become possible before it is called again.
///
/// Our own instead of Asio's ssl::stream because that one keeps four buffers of 17 kB for each connection, idle or
/// not; this one reads and writes the socket itself, and what OpenSSL holds is released while nothing is under way.
namespace sluice::net {

enum class TlsStep : uint8_t {
  kDone,       ///< for read(): at least one byte came
  kWantRead,   ///< again, when the socket can be read
  kWantWrite,  ///< again, with the same bytes, when it can be written
  kEnd,        ///< the peer said goodbye
  kFailed,     ///< failure() says why; nothing more can be done
};

/// Not thread-safe. The socket outlives it and is the caller's to close.
class TlsEngine {
 public:
  /// `host` is the name or IP that the peer's certificate must carry; "" on the server's side.
  TlsEngine(std::shared_ptr<const TlsContext> context, int socket, const std::string& host);
  ~TlsEngine();
  /// Adds to a new context what its engines will need.
  static void prepare(TlsContext::Impl& context);

  TlsStep handshake();
  /// Fills the front of `into`; `got` says how much, 0 unless kDone.
  TlsStep read(std::span<char> into, size_t& got);
  /// Writes from the front of both, in this order, and takes what was written off them. kDone when both are empty.
  TlsStep write(std::string_view& head, std::string_view& body);
  /// Says goodbye, as far as the socket takes it at once. Does not wait for the peer's.
  void say_goodbye();

  /// True when read() may have something without the socket having more.
  bool has_pending() const;
  const std::string& failure() const { return failure_; }

 private:
  struct Link;
  struct State;

  TlsStep outcome(int result);
  std::string describe_failure(int error) const;

  std::shared_ptr<const TlsContext> context_;
  std::unique_ptr<State> state_;
  std::string failure_;
};

}  // namespace sluice::net
