#include "net/tls_engine.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "base/check.h"
#include "net/address_policy.h"
#include "net/openssl_tls.h"

namespace sluice::net {
namespace {

constexpr size_t kRecordBytesMax = 16 << 10;  // RFC 8446 5.1

}  // namespace

/// The socket as OpenSSL's I/O sees it. Its own socket BIO would raise SIGPIPE on a peer that has gone.
struct TlsEngine::Link {
  int socket = -1;
  bool is_cut = false;    ///< nothing is read any more
  bool is_at_end = false;

  static Link* of(BIO* bio) { return static_cast<Link*>(BIO_get_data(bio)); }

  static int read(BIO* bio, char* into, int size) {
    Link* link = of(bio);
    BIO_clear_retry_flags(bio);
    const ssize_t got = link->is_cut ? 0 : ::recv(link->socket, into, static_cast<size_t>(size), MSG_DONTWAIT);
    if (got < 0 && is_passing(errno)) BIO_set_retry_read(bio);
    link->is_at_end = got == 0;
    return static_cast<int>(got);
  }

  static int write(BIO* bio, const char* bytes, int size) {
    BIO_clear_retry_flags(bio);
    const ssize_t sent = ::send(of(bio)->socket, bytes, static_cast<size_t>(size), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0 && is_passing(errno)) BIO_set_retry_write(bio);
    return static_cast<int>(sent);
  }

  static long control(BIO* bio, int command, long, void*) {
    if (command == BIO_CTRL_EOF) return of(bio)->is_at_end ? 1 : 0;
    return command == BIO_CTRL_FLUSH ? 1 : 0;
  }

  static int create(BIO* bio) {
    BIO_set_init(bio, 1);
    return 1;
  }

  static bool is_passing(int error) { return error == EAGAIN || error == EWOULDBLOCK || error == EINTR; }

  /// A TLS 1.2 client that asks to renegotiate is told no by OpenSSL, which then reads on for as long as more of
  /// such requests come: an endless loop at the client's will, paid by a thread of ours. One is enough.
  static void cut_renegotiation(const SSL* ssl, int where, int alert) {
    if ((where & SSL_CB_WRITE_ALERT) == SSL_CB_WRITE_ALERT && (alert & 0xff) == SSL_AD_NO_RENEGOTIATION) {
      of(SSL_get_rbio(ssl))->is_cut = true;
    }
  }
};

struct TlsEngine::State {
  Link link;
  std::unique_ptr<SSL, TlsContext::Impl::Deleter<SSL_free>> ssl;
};

void TlsEngine::prepare(TlsContext::Impl& context) {
  BIO_METHOD* method = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "socket");
  SLUICE_CHECK(method != nullptr, "OpenSSL makes a kind of I/O");
  BIO_meth_set_read(method, Link::read);
  BIO_meth_set_write(method, Link::write);
  BIO_meth_set_ctrl(method, Link::control);
  BIO_meth_set_create(method, Link::create);
  context.socket_io.reset(method);
  SSL_CTX_set_info_callback(context.context.get(), Link::cut_renegotiation);
}

TlsEngine::TlsEngine(std::shared_ptr<const TlsContext> context, int socket, const std::string& host)
    : context_(std::move(context)), state_(std::make_unique<State>()) {
  ERR_clear_error();
  state_->link.socket = socket;
  state_->ssl.reset(SSL_new(context_->impl().context.get()));
  BIO* bio = BIO_new(context_->impl().socket_io.get());
  SSL* ssl = state_->ssl.get();
  SLUICE_CHECK(ssl != nullptr && bio != nullptr, "OpenSSL makes a connection's state");
  BIO_set_data(bio, &state_->link);
  SSL_set_bio(ssl, bio, bio);
  if (host.empty()) {
    SSL_set_accept_state(ssl);
    return;
  }
  SSL_set_connect_state(ssl);
  bool is_set = false;
  if (IpAddress::parse(host)) {
    is_set = X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host.c_str()) == 1;
  } else {
    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    is_set = SSL_set1_host(ssl, host.c_str()) == 1 && SSL_set_tlsext_host_name(ssl, host.c_str()) == 1;
  }
  if (!is_set) failure_ = "TLS could not be set up for this host name";
}

TlsEngine::~TlsEngine() = default;

TlsStep TlsEngine::handshake() {
  if (!failure_.empty()) return TlsStep::kFailed;
  ERR_clear_error();
  const TlsStep step = outcome(SSL_do_handshake(state_->ssl.get()));
  if (step == TlsStep::kEnd) failure_ = "the peer closed the connection";
  if (step != TlsStep::kEnd && step != TlsStep::kFailed) return step;
  const long verdict = SSL_get_verify_result(state_->ssl.get());
  failure_ = verdict == X509_V_OK
                 ? "TLS handshake failed: " + failure_
                 : fmt::format("the certificate is not accepted: {}", X509_verify_cert_error_string(verdict));
  return TlsStep::kFailed;
}

TlsStep TlsEngine::read(std::span<char> into, size_t& got) {
  got = 0;
  while (got < into.size()) {
    ERR_clear_error();
    const size_t room = std::min(into.size() - got, kRecordBytesMax);
    const int result = SSL_read(state_->ssl.get(), into.data() + got, static_cast<int>(room));
    // What stopped it after the first bytes will stop the next call again.
    if (result <= 0) return got > 0 ? TlsStep::kDone : outcome(result);
    got += static_cast<size_t>(result);
  }
  return TlsStep::kDone;
}

TlsStep TlsEngine::write(std::string_view& head, std::string_view& body) {
  std::array<char, kRecordBytesMax> record;
  while (!head.empty() || !body.empty()) {
    // One record for a small answer, and the same bytes again after kWantWrite, as OpenSSL wants.
    const size_t from_head = std::min(head.size(), record.size());
    const size_t from_body = std::min(body.size(), record.size() - from_head);
    std::copy_n(head.data(), from_head, record.data());
    std::copy_n(body.data(), from_body, record.data() + from_head);
    ERR_clear_error();
    const int result = SSL_write(state_->ssl.get(), record.data(), static_cast<int>(from_head + from_body));
    if (result <= 0) return outcome(result);
    const size_t written = static_cast<size_t>(result);
    const size_t of_head = std::min(written, head.size());
    head.remove_prefix(of_head);
    body.remove_prefix(written - of_head);
  }
  return TlsStep::kDone;
}

void TlsEngine::say_goodbye() {
  ERR_clear_error();
  if (failure_.empty() && SSL_is_init_finished(state_->ssl.get())) SSL_shutdown(state_->ssl.get());
  ERR_clear_error();
}

bool TlsEngine::has_pending() const { return SSL_has_pending(state_->ssl.get()) == 1; }

TlsStep TlsEngine::outcome(int result) {
  if (result > 0) return TlsStep::kDone;
  const int system_error = errno;
  const int error = SSL_get_error(state_->ssl.get(), result);
  if (error == SSL_ERROR_WANT_READ) return TlsStep::kWantRead;
  if (error == SSL_ERROR_WANT_WRITE) return TlsStep::kWantWrite;
  if (error == SSL_ERROR_ZERO_RETURN) return TlsStep::kEnd;
  if (error == SSL_ERROR_SYSCALL) {
    failure_ = system_error == 0 ? "the peer closed the connection" : std::strerror(system_error);
  } else {
    const unsigned long first = ERR_peek_error();
    const char* reason = ERR_reason_error_string(first);
    const bool is_cut = ERR_GET_REASON(first) == SSL_R_UNEXPECTED_EOF_WHILE_READING;
    failure_ = is_cut ? "the peer closed the connection" : reason ? reason : "OpenSSL gives no reason";
  }
  ERR_clear_error();
  return TlsStep::kFailed;
}

}  // namespace sluice::net
