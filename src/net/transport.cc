#include "net/transport.h"

#include <sys/socket.h>

#include <array>
#include <atomic>
#include <ctime>

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/write.hpp>
#include <fmt/format.h>

#include "net/asio_runtime.h"

namespace sluice::net {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using Tcp = asio::ip::tcp;
using Strand = asio::strand<asio::io_context::executor_type>;
using Socket = asio::basic_stream_socket<Tcp, Strand>;

constexpr std::chrono::milliseconds kGoodbyeTime{2'000};
constexpr size_t kGoodbyeBytesMax = 4 << 20;  ///< of a refused body that is still on its way

// "\x08http/1.1": the one protocol we speak. A TLS peer that offers h2 would get it from Go's clients otherwise.
constexpr std::array<unsigned char, 9> kAlpn = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};

Error to_error(const error_code& error) {
  if (error == asio::error::operation_aborted) return {ErrorCode::kCancelled, "closed"};
  return {ErrorCode::kUnavailable, error.message()};
}

Result<void> to_result(const error_code& error) {
  if (error) return std::unexpected(to_error(error));
  return {};
}

bool is_end(const error_code& error) {
  return error == asio::error::eof || error == asio::ssl::error::stream_truncated;
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

/// What plain and TLS have in common: the strand, the timer, the goodbye.
class TcpTransport : public Transport, public std::enable_shared_from_this<TcpTransport> {
 public:
  explicit TcpTransport(const Strand& strand) : executor_(strand), timer_(strand) {}

  Executor& strand() override { return executor_; }

  void connect(IpAddress address, uint16_t port, Done done) override {
    socket().async_connect(to_endpoint(address, port),
                           [self = shared_from_this(), done = std::move(done)](const error_code& error) mutable {
                             if (!error) self->set_no_delay();
                             done(to_result(error));
                           });
  }

  void arm(std::chrono::milliseconds delay, std::move_only_function<void()> run) override {
    const uint64_t generation = ++generation_;
    timer_.expires_after(delay);
    timer_.async_wait(
        [self = shared_from_this(), generation, run = std::move(run)](const error_code& error) mutable {
          // A timer that expired and was re-armed before its handler ran reports success: the count tells.
          if (!error && generation == self->generation_) run();
        });
  }

  void disarm() override {
    ++generation_;
    timer_.cancel();
  }

  void close() override {
    disarm();
    error_code ignored;
    socket().close(ignored);
  }

  bool is_quiet() override {
    char byte;
    const ssize_t got = ::recv(socket().native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
  }

  std::string remote_address() const override { return remote_address_; }

  /// Of an accepted socket, while the peer is certainly known.
  void accepted() {
    set_no_delay();
    error_code error;
    const auto endpoint = socket().remote_endpoint(error);
    if (error) return;
    auto address = endpoint.address();
    if (address.is_v6() && address.to_v6().is_v4_mapped()) {
      address = asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
    }
    remote_address_ = address.to_string();
  }

 protected:
  virtual Socket& socket() = 0;

  /// Shuts our side and drops what still comes, until the peer ends, the timer fires or the amount is reached.
  void drain() {
    error_code ignored;
    socket().shutdown(Socket::shutdown_send, ignored);
    drain_more();
  }

  std::shared_ptr<TcpTransport> self() { return shared_from_this(); }

 private:
  void set_no_delay() {
    error_code ignored;
    socket().set_option(Tcp::no_delay(true), ignored);
  }

  void drain_more() {
    socket().async_read_some(asio::buffer(dropped_), [self = shared_from_this()](const error_code& error, size_t got) {
      self->dropped_bytes_ += got;
      if (error || self->dropped_bytes_ > kGoodbyeBytesMax) return self->close();
      self->drain_more();
    });
  }

  AsioStrand executor_;
  asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>, Strand> timer_;
  uint64_t generation_ = 0;
  std::string remote_address_;
  std::array<char, 4096> dropped_;
  size_t dropped_bytes_ = 0;
};

class PlainTransport final : public TcpTransport {
 public:
  PlainTransport(Socket socket, const Strand& strand) : TcpTransport(strand), socket_(std::move(socket)) {}

  void handshake(Done done) override {
    asio::post(socket_.get_executor(), [keep = self(), done = std::move(done)]() mutable { done({}); });
  }

  void read_some(std::span<char> into, ReadDone done) override {
    socket_.async_read_some(asio::buffer(into.data(), into.size()),
                            [keep = self(), done = std::move(done)](const error_code& error, size_t got) mutable {
                              if (!error || is_end(error)) return done(got);
                              done(std::unexpected(to_error(error)));
                            });
  }

  void write(std::string_view head, std::string_view body, Done done) override {
    const std::array<asio::const_buffer, 2> both = {asio::buffer(head), asio::buffer(body)};
    asio::async_write(socket_, both, [keep = self(), done = std::move(done)](const error_code& error, size_t) mutable {
      done(to_result(error));
    });
  }

  void finish() override {
    error_code ignored;
    socket_.cancel(ignored);
    arm(kGoodbyeTime, [this] { close(); });
    drain();
  }

 private:
  Socket& socket() override { return socket_; }
  Socket socket_;
};

}  // namespace

struct TlsContext::Impl {
  asio::ssl::context context;
  UnixSeconds not_before = 0;
  UnixSeconds not_after = 0;
};

namespace {

class TlsTransport final : public TcpTransport {
 public:
  TlsTransport(Socket socket, const Strand& strand, std::shared_ptr<const TlsContext> tls, std::string host)
      : TcpTransport(strand), tls_(std::move(tls)), host_(std::move(host)),
        stream_(std::move(socket), tls_->impl().context) {}

  void handshake(Done done) override {
    const bool is_client = !host_.empty();
    if (is_client && !expect_host()) {
      asio::post(stream_.get_executor(), [keep = self(), done = std::move(done)]() mutable {
        done(fail(ErrorCode::kUnavailable, "TLS could not be set up for this host name"));
      });
      return;
    }
    stream_.async_handshake(is_client ? asio::ssl::stream_base::client : asio::ssl::stream_base::server,
                            [this, keep = self(), done = std::move(done)](const error_code& error) mutable {
                              done(error ? Result<void>(std::unexpected(handshake_error(error))) : Result<void>());
                            });
  }

  /// An end of TCP without TLS's goodbye is an error here: whoever reads up to the end must not take a cut for it.
  void read_some(std::span<char> into, ReadDone done) override {
    stream_.async_read_some(asio::buffer(into.data(), into.size()),
                            [keep = self(), done = std::move(done)](const error_code& error, size_t got) mutable {
                              if (!error || error == asio::error::eof) return done(got);
                              done(std::unexpected(to_error(error)));
                            });
  }

  void write(std::string_view head, std::string_view body, Done done) override {
    const std::array<asio::const_buffer, 2> both = {asio::buffer(head), asio::buffer(body)};
    asio::async_write(stream_, both, [keep = self(), done = std::move(done)](const error_code& error, size_t) mutable {
      done(to_result(error));
    });
  }

  void finish() override {
    error_code ignored;
    socket().cancel(ignored);
    arm(kGoodbyeTime, [this] { close(); });
    // Posted, so that a read that was just cancelled has left the engine before the goodbye enters it.
    asio::post(stream_.get_executor(), [this, keep = self()] {
      stream_.async_shutdown([this, keep = self()](const error_code&) { drain(); });
    });
  }

 private:
  Socket& socket() override { return stream_.next_layer(); }

  /// Names the host to the server (SNI) and to the verification.
  bool expect_host() {
    SSL* ssl = stream_.native_handle();
    if (IpAddress::parse(host_)) {
      return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host_.c_str()) == 1;
    }
    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return SSL_set1_host(ssl, host_.c_str()) == 1 && SSL_set_tlsext_host_name(ssl, host_.c_str()) == 1;
  }

  Error handshake_error(const error_code& error) {
    if (error == asio::error::operation_aborted) return {ErrorCode::kCancelled, "closed"};
    const long verdict = SSL_get_verify_result(stream_.native_handle());
    if (verdict != X509_V_OK) {
      return {ErrorCode::kUnavailable,
              fmt::format("the certificate is not accepted: {}", X509_verify_cert_error_string(verdict))};
    }
    if (is_end(error)) return {ErrorCode::kUnavailable, "TLS handshake failed: the peer closed the connection"};
    return {ErrorCode::kUnavailable, fmt::format("TLS handshake failed: {}", error.message())};
  }

  std::shared_ptr<const TlsContext> tls_;
  std::string host_;
  asio::ssl::stream<Socket> stream_;
};

std::shared_ptr<TcpTransport> wrap(Socket socket, const Strand& strand, std::shared_ptr<const TlsContext> tls,
                                   std::string host) {
  if (!tls) return std::make_shared<PlainTransport>(std::move(socket), strand);
  return std::make_shared<TlsTransport>(std::move(socket), strand, std::move(tls), std::move(host));
}

auto refuse_file(const std::string& what, const std::string& file, const error_code& error) {
  return fail(ErrorCode::kInvalidArgument, fmt::format("{} '{}' cannot be used: {}", what, file, error.message()));
}

UnixSeconds to_unix_seconds(const ASN1_TIME* time) {
  std::tm parts{};
  return ASN1_TIME_to_tm(time, &parts) == 1 ? static_cast<UnixSeconds>(timegm(&parts)) : 0;
}

/// An encrypted key fails instead of asking on the terminal of a service.
int no_password(char*, int, int, void*) { return 0; }

/// Takes http/1.1 when the client names it; a client that insists on something else is told so at once.
int select_alpn(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* offered,
                unsigned int offered_size, void*) {
  unsigned char* chosen = nullptr;
  const int verdict = SSL_select_next_proto(&chosen, out_size, kAlpn.data(), kAlpn.size(), offered, offered_size);
  *out = chosen;
  return verdict == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

std::unique_ptr<TlsContext::Impl> new_context(asio::ssl::context::method method) {
  auto impl = std::make_unique<TlsContext::Impl>(TlsContext::Impl{asio::ssl::context(method)});
  SSL_CTX* native = impl->context.native_handle();
  SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
  SSL_CTX_set_options(native, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_mode(native, SSL_MODE_RELEASE_BUFFERS);  // idle connections are many and cost 34 kB each otherwise
  SSL_CTX_set_default_passwd_cb(native, no_password);
  return impl;
}

}  // namespace

TlsContext::TlsContext(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
TlsContext::~TlsContext() = default;
UnixSeconds TlsContext::not_before() const { return impl_->not_before; }
UnixSeconds TlsContext::not_after() const { return impl_->not_after; }

Result<std::shared_ptr<const TlsContext>> TlsContext::make_server(const std::string& cert_file,
                                                                  const std::string& key_file) {
  auto impl = new_context(asio::ssl::context::tls_server);
  error_code error;
  if (impl->context.use_certificate_chain_file(cert_file, error)) {
    return refuse_file("certificate file", cert_file, error);
  }
  // A key that is fine but fits no certificate here is the next check's to tell.
  if (impl->context.use_private_key_file(key_file, asio::ssl::context::pem, error) &&
      ERR_GET_LIB(static_cast<unsigned long>(error.value())) != ERR_LIB_X509) {
    return refuse_file("key file", key_file, error);
  }
  if (SSL_CTX_check_private_key(impl->context.native_handle()) != 1) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("the key in '{}' does not belong to the certificate in '{}'", key_file, cert_file));
  }
  const X509* leaf = SSL_CTX_get0_certificate(impl->context.native_handle());
  impl->not_before = to_unix_seconds(X509_get0_notBefore(leaf));
  impl->not_after = to_unix_seconds(X509_get0_notAfter(leaf));
  SSL_CTX_set_alpn_select_cb(impl->context.native_handle(), select_alpn, nullptr);
  return std::make_shared<const TlsContext>(std::move(impl));
}

Result<std::shared_ptr<const TlsContext>> TlsContext::make_client(bool use_system_cas, const std::string& ca_file) {
  auto impl = new_context(asio::ssl::context::tls_client);
  error_code error;
  if (use_system_cas && impl->context.set_default_verify_paths(error)) {
    return refuse_file("the system's CA certificates", "default paths", error);
  }
  if (!ca_file.empty() && impl->context.load_verify_file(ca_file, error)) {
    return refuse_file("CA file", ca_file, error);
  }
  SSL_CTX_set_verify(impl->context.native_handle(), SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_alpn_protos(impl->context.native_handle(), kAlpn.data(), kAlpn.size());
  return std::make_shared<const TlsContext>(std::move(impl));
}

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
    return fail(ErrorCode::kIo, fmt::format("cannot listen on {} port {}: {}", address.to_string(), port,
                                            error.message()));
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
