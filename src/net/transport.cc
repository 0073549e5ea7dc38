#include "net/transport.h"

#include <sys/socket.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <optional>

#include <fmt/format.h>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/write.hpp>

#include "net/asio_runtime.h"
#include "net/tls_engine.h"

namespace sluice::net {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using Tcp = asio::ip::tcp;
using Strand = asio::strand<asio::io_context::executor_type>;
using Socket = asio::basic_stream_socket<Tcp, Strand>;

constexpr std::chrono::milliseconds kGoodbyeTime{2'000};
constexpr size_t kGoodbyeBytesMax = 4 << 20;  ///< of a refused body that is still on its way
constexpr size_t kReadBytes = 64 << 10;       ///< at once, on the stack of the thread that reads

Error to_error(const error_code& error) {
  if (error == asio::error::operation_aborted) return {ErrorCode::kCancelled, "closed"};
  return {ErrorCode::kUnavailable, error.message()};
}

Result<void> to_result(const error_code& error) {
  if (error) return std::unexpected(to_error(error));
  return {};
}

Tcp::endpoint to_endpoint(const IpAddress& address, uint16_t port) {
  if (address.is_v6) return {asio::ip::address_v6(address.bytes), port};
  asio::ip::address_v4::bytes_type bytes;
  std::copy_n(address.bytes.begin(), bytes.size(), bytes.begin());
  return {asio::ip::address_v4(bytes), port};
}

class AsioStrand final : public Executor {
 public:
  explicit AsioStrand(Strand strand) : strand_(std::move(strand)) {}
  void post(std::move_only_function<void()> work) override { asio::post(strand_, std::move(work)); }

 private:
  Strand strand_;
};

/// TCP without TLS, and what TLS has in common with it: the socket, the timer, the goodbye.
class TcpTransport : public Transport, public std::enable_shared_from_this<TcpTransport> {
 public:
  TcpTransport(Socket socket, const Strand& strand) : socket_(std::move(socket)), executor_(strand), timer_(strand) {}

  Executor& strand() override { return executor_; }

  void connect(IpAddress address, uint16_t port, Done done) override {
    socket_.async_connect(to_endpoint(address, port),
                          [self = shared_from_this(), done = std::move(done)](const error_code& error) mutable {
                            if (!error) self->set_no_delay();
                            done(to_result(error));
                          });
  }

  void handshake(Done done) override {
    asio::post(socket_.get_executor(), [self = shared_from_this(), done = std::move(done)]() mutable { done({}); });
  }

  /// Waits first and reads into memory of the moment: a connection that waits has no buffer.
  void read_some(ReadDone done) override {
    socket_.async_wait(Socket::wait_read,
                       [self = shared_from_this(), done = std::move(done)](const error_code& error) mutable {
                         if (error) return done(std::unexpected(to_error(error)));
                         self->read_now(std::move(done));
                       });
  }

  void write(std::string_view head, std::string_view body, Done done) override {
    const std::array<asio::const_buffer, 2> both = {asio::buffer(head), asio::buffer(body)};
    asio::async_write(socket_, both,
                      [self = shared_from_this(), done = std::move(done)](const error_code& error, size_t) mutable {
                        done(to_result(error));
                      });
  }

  /// A later time than the one waited for is only noted: a request arms its timer four times, and none fires.
  void arm(std::chrono::milliseconds delay, std::move_only_function<void()> run) override {
    run_ = std::move(run);
    deadline_ = std::chrono::steady_clock::now() + delay;
    if (!is_waiting_ || deadline_ < timer_.expiry()) wait_for_deadline();
  }

  void disarm() override {
    ++generation_;
    is_waiting_ = false;
    run_ = nullptr;
    timer_.cancel();
  }

  void close() override {
    disarm();
    error_code ignored;
    socket_.close(ignored);
  }

  void finish(std::move_only_function<void()> done) override {
    finished_ = std::move(done);
    error_code ignored;
    socket_.cancel(ignored);
    arm(kGoodbyeTime, [this] { close(); });
    say_goodbye();
    socket_.shutdown(Socket::shutdown_send, ignored);
    drain();
  }

  bool is_quiet() override {
    char byte;
    const ssize_t got = ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
  }

  std::string remote_address() const override { return remote_address_; }

  /// Of an accepted socket, while the peer is certainly known.
  void accepted() {
    set_no_delay();
    error_code error;
    const auto endpoint = socket_.remote_endpoint(error);
    if (error) return;
    auto address = endpoint.address();
    if (address.is_v6() && address.to_v6().is_v4_mapped()) {
      address = asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
    } else if (address.is_v6()) {
      auto without_zone = address.to_v6();
      without_zone.scope_id(0);  // "%eth0" is this machine's name for a link, and no part of the peer's address
      address = without_zone;
    }
    remote_address_ = address.to_string();
  }

 protected:
  virtual void say_goodbye() {}
  /// Asked before each use of the descriptor: close() may have come between a wait's end and its callback, and the
  /// number may be another connection's by now.
  bool is_open() const { return socket_.is_open(); }
  static std::unexpected<Error> closed() { return fail(ErrorCode::kCancelled, "closed"); }

  Socket socket_;

 private:
  void set_no_delay() {
    error_code ignored;
    socket_.set_option(Tcp::no_delay(true), ignored);
  }

  void read_now(ReadDone done) {
    if (!is_open()) return done(closed());
    std::array<char, kReadBytes> buffer;
    const ssize_t got = ::recv(socket_.native_handle(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (got >= 0) return done(std::string_view(buffer.data(), static_cast<size_t>(got)));
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) return read_some(std::move(done));
    done(std::unexpected(to_error(error_code(errno, boost::system::system_category()))));
  }

  void wait_for_deadline() {
    is_waiting_ = true;
    timer_.expires_at(deadline_);
    timer_.async_wait([self = shared_from_this(), generation = ++generation_](const error_code& error) {
      // A timer that expired and was set again before its handler ran reports success: the count tells.
      if (error || generation != self->generation_) return;
      self->is_waiting_ = false;
      if (std::chrono::steady_clock::now() < self->deadline_) return self->wait_for_deadline();
      std::exchange(self->run_, nullptr)();
    });
  }

  /// Drops what still comes, until the peer ends, the timer fires or the amount is reached.
  void drain() {
    socket_.async_wait(Socket::wait_read, [self = shared_from_this()](const error_code& error) {
      if (!error && self->drop_what_came()) return self->drain();
      self->close();
      if (self->finished_) std::exchange(self->finished_, nullptr)();
    });
  }

  /// False at the end.
  bool drop_what_came() {
    if (!is_open()) return false;
    std::array<char, kReadBytes> buffer;
    const ssize_t got = ::recv(socket_.native_handle(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (got < 0) return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
    dropped_bytes_ += static_cast<size_t>(got);
    return got > 0 && dropped_bytes_ <= kGoodbyeBytesMax;
  }

  AsioStrand executor_;
  asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>, Strand> timer_;
  uint64_t generation_ = 0;
  bool is_waiting_ = false;  ///< for timer_.expiry(), deadline_ at the latest
  std::chrono::steady_clock::time_point deadline_;
  std::move_only_function<void()> run_;  ///< at deadline_; may hold this object's owner, so disarm() drops it
  std::string remote_address_;
  size_t dropped_bytes_ = 0;
  std::move_only_function<void()> finished_;
};

class TlsTransport final : public TcpTransport {
 public:
  TlsTransport(Socket socket, const Strand& strand, std::shared_ptr<const TlsContext> tls, std::string host)
      : TcpTransport(std::move(socket), strand), tls_(std::move(tls)), host_(std::move(host)) {}

  void handshake(Done done) override {
    const bool is_client = !host_.empty();
    if (is_client) return wait(Socket::wait_write, std::move(done), &TlsTransport::handshake_more);
    wait(Socket::wait_read, std::move(done), &TlsTransport::handshake_more);
  }

  /// An end of TCP without TLS's goodbye is an error here: whoever reads up to the end must not take a cut for it.
  void read_some(ReadDone done) override {
    if (!engine_->has_pending()) return wait(Socket::wait_read, std::move(done), &TlsTransport::read_more);
    asio::post(socket_.get_executor(),
               [this, self = shared_from_this(), done = std::move(done)]() mutable { read_more(std::move(done)); });
  }

  void write(std::string_view head, std::string_view body, Done done) override {
    unwritten_head_ = head;
    unwritten_body_ = body;
    asio::post(socket_.get_executor(),
               [this, self = shared_from_this(), done = std::move(done)]() mutable { write_more(std::move(done)); });
  }

 private:
  /// Calls `again` with `done` once the socket is ready, or `done` with the error.
  template <class Callback>
  void wait(Socket::wait_type what, Callback done, void (TlsTransport::*again)(Callback)) {
    socket_.async_wait(
        what, [this, self = shared_from_this(), done = std::move(done), again](const error_code& error) mutable {
          if (error) return done(std::unexpected(to_error(error)));
          (this->*again)(std::move(done));
        });
  }

  template <class Callback>
  void go_on(TlsStep step, Callback done, void (TlsTransport::*again)(Callback)) {
    if (step == TlsStep::kWantRead) return wait(Socket::wait_read, std::move(done), again);
    if (step == TlsStep::kWantWrite) return wait(Socket::wait_write, std::move(done), again);
    done(fail(ErrorCode::kUnavailable, engine_->failure()));
  }

  /// The engine is made once the peer's first bytes are there: those who connect and say nothing cost a socket.
  void handshake_more(Done done) {
    if (!is_open()) return done(closed());
    if (!engine_) engine_.emplace(tls_, socket_.native_handle(), host_);
    const TlsStep step = engine_->handshake();
    if (step == TlsStep::kDone) return done({});
    go_on(step, std::move(done), &TlsTransport::handshake_more);
  }

  void read_more(ReadDone done) {
    if (!is_open()) return done(closed());
    std::array<char, kReadBytes> buffer;
    size_t got = 0;
    const TlsStep step = engine_->read(buffer, got);
    if (step == TlsStep::kDone || step == TlsStep::kEnd) return done(std::string_view(buffer.data(), got));
    go_on(step, std::move(done), &TlsTransport::read_more);
  }

  void write_more(Done done) {
    if (!is_open()) return done(closed());
    const TlsStep step = engine_->write(unwritten_head_, unwritten_body_);
    if (step == TlsStep::kDone) return done({});
    go_on(step, std::move(done), &TlsTransport::write_more);
  }

  void say_goodbye() override {
    if (engine_ && is_open()) engine_->say_goodbye();
  }

  std::shared_ptr<const TlsContext> tls_;
  std::string host_;
  std::optional<TlsEngine> engine_;  ///< from the first byte of the handshake on
  std::string_view unwritten_head_;
  std::string_view unwritten_body_;
};

std::shared_ptr<TcpTransport> wrap(Socket socket, const Strand& strand, std::shared_ptr<const TlsContext> tls,
                                   std::string host) {
  if (!tls) return std::make_shared<TcpTransport>(std::move(socket), strand);
  return std::make_shared<TlsTransport>(std::move(socket), strand, std::move(tls), std::move(host));
}

}  // namespace

std::shared_ptr<Transport> make_transport(Runtime& runtime, std::shared_ptr<const TlsContext> tls, std::string host) {
  const Strand strand = asio::make_strand(runtime.impl().io.get_executor());
  return wrap(Socket(strand), strand, std::move(tls), std::move(host));
}

struct Listener::Impl : std::enable_shared_from_this<Listener::Impl> {
  explicit Impl(asio::io_context& context)
      : io(context), strand(asio::make_strand(context.get_executor())), acceptor(strand) {}

  asio::io_context& io;
  Strand strand;
  asio::basic_socket_acceptor<Tcp, Strand> acceptor;
  uint16_t port = 0;
  std::atomic<bool> is_closed = false;
};

Listener::Listener(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
Listener::~Listener() { close(); }
uint16_t Listener::port() const { return impl_->port; }

Result<std::unique_ptr<Listener>> Listener::open(Runtime& runtime, const IpAddress& address, uint16_t port) {
  auto impl = std::make_shared<Impl>(runtime.impl().io);
  const auto endpoint = to_endpoint(address, port);
  error_code error;
  impl->acceptor.open(endpoint.protocol(), error);
  if (!error) impl->acceptor.set_option(Tcp::acceptor::reuse_address(true), error);
  if (!error && address.is_v6) impl->acceptor.set_option(asio::ip::v6_only(address != IpAddress{{}, true}), error);
  if (!error) impl->acceptor.bind(endpoint, error);
  if (!error) impl->acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error) {
    return fail(ErrorCode::kIo,
                fmt::format("cannot listen on {} port {}: {}", address.to_string(), port, error.message()));
  }
  impl->port = impl->acceptor.local_endpoint(error).port();
  return std::unique_ptr<Listener>(new Listener(std::move(impl)));
}

void Listener::accept(TlsSource tls, Accepted done) {
  asio::post(impl_->strand, [impl = impl_, tls = std::move(tls), done = std::move(done)]() mutable {
    const Strand peer_strand = asio::make_strand(impl->io.get_executor());
    impl->acceptor.async_accept(peer_strand, [impl, peer_strand, tls = std::move(tls), done = std::move(done)](
                                                 const error_code& error, Socket socket) mutable {
      if (error) return done(std::unexpected(to_error(error)));
      auto transport = wrap(std::move(socket), peer_strand, tls(), "");
      transport->accepted();
      done(std::shared_ptr<Transport>(std::move(transport)));
    });
  });
}

void Listener::close() {
  if (impl_->is_closed.exchange(true)) return;  // also: nothing is posted from a destructor at the runtime's end
  asio::post(impl_->strand, [impl = impl_] {
    error_code ignored;
    impl->acceptor.close(ignored);
  });
}

}  // namespace sluice::net
