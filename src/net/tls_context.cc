#include "net/tls_context.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "base/check.h"
#include "net/openssl_tls.h"
#include "net/tls_engine.h"

namespace sluice::net {
namespace {

// "\x08http/1.1": the one protocol we speak. A TLS peer that offers h2 would get it from Go's clients otherwise.
constexpr std::array<unsigned char, 9> kAlpn = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};

/// The reason of the first failure in this thread's queue, which it empties.
std::string take_reason() {
  const unsigned long first = ERR_get_error();
  ERR_clear_error();
  if (ERR_SYSTEM_ERROR(first)) return std::strerror(ERR_GET_REASON(first));
  if (ERR_GET_LIB(first) == ERR_LIB_PEM && ERR_GET_REASON(first) == PEM_R_NO_START_LINE) {
    return "it has no PEM block of this kind";
  }
  const char* reason = ERR_reason_error_string(first);
  return reason ? reason : "OpenSSL gives no reason";
}

auto refuse_file(const std::string& what, const std::string& file) {
  return fail(ErrorCode::kInvalidArgument, fmt::format("{} '{}' cannot be used: {}", what, file, take_reason()));
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

std::unique_ptr<TlsContext::Impl> new_context(const SSL_METHOD* method) {
  auto impl = std::make_unique<TlsContext::Impl>();
  impl->context.reset(SSL_CTX_new(method));
  SLUICE_CHECK(impl->context != nullptr, "OpenSSL makes a context");
  SSL_CTX* context = impl->context.get();
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  // Idle connections are many, and cost 34 kB each without the first.
  SSL_CTX_set_mode(context,
                   SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_default_passwd_cb(context, no_password);
  TlsEngine::prepare(*impl);
  ERR_clear_error();
  return impl;
}

}  // namespace

TlsContext::TlsContext(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
TlsContext::~TlsContext() = default;
UnixSeconds TlsContext::not_before() const { return impl_->not_before; }
UnixSeconds TlsContext::not_after() const { return impl_->not_after; }

Result<std::shared_ptr<const TlsContext>> TlsContext::make_server(const std::string& cert_file,
                                                                  const std::string& key_file) {
  auto impl = new_context(TLS_server_method());
  SSL_CTX* context = impl->context.get();
  if (SSL_CTX_use_certificate_chain_file(context, cert_file.c_str()) != 1) {
    return refuse_file("certificate file", cert_file);
  }
  if (SSL_CTX_use_PrivateKey_file(context, key_file.c_str(), SSL_FILETYPE_PEM) != 1) {
    // A key that is fine but fits no certificate here is the next check's to tell.
    if (ERR_GET_LIB(ERR_peek_error()) != ERR_LIB_X509) return refuse_file("key file", key_file);
  }
  if (SSL_CTX_check_private_key(context) != 1) {
    ERR_clear_error();
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("the key in '{}' does not belong to the certificate in '{}'", key_file, cert_file));
  }
  const X509* leaf = SSL_CTX_get0_certificate(context);
  impl->not_before = to_unix_seconds(X509_get0_notBefore(leaf));
  impl->not_after = to_unix_seconds(X509_get0_notAfter(leaf));
  SSL_CTX_set_alpn_select_cb(context, select_alpn, nullptr);
  return std::make_shared<const TlsContext>(std::move(impl));
}

Result<std::shared_ptr<const TlsContext>> TlsContext::make_client(bool use_system_cas, const std::string& ca_file) {
  auto impl = new_context(TLS_client_method());
  SSL_CTX* context = impl->context.get();
  if (use_system_cas && SSL_CTX_set_default_verify_paths(context) != 1) {
    return refuse_file("the system's CA certificates", "default paths");
  }
  if (!ca_file.empty() && SSL_CTX_load_verify_file(context, ca_file.c_str()) != 1) {
    return refuse_file("CA file", ca_file);
  }
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_alpn_protos(context, kAlpn.data(), kAlpn.size());
  return std::make_shared<const TlsContext>(std::move(impl));
}

}  // namespace sluice::net
