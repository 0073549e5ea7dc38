#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <openssl/ssl.h>

#include "net/net_fixture.h"

namespace sluice::net {

/// A TLS client by OpenSSL itself, on loopback, that accepts any certificate and any version.
class TlsClient {
 public:
  struct Options {
    std::string_view alpn = "";  ///< in the wire's form, "\x08http/1.1"
    int version_max = TLS1_3_VERSION;
  };

  explicit TlsClient(uint16_t port, Options options) : raw_(port) {
    SSL_CTX_set_security_level(context_.get(), 0);
    SSL_CTX_set_min_proto_version(context_.get(), TLS1_VERSION);
    SSL_CTX_set_max_proto_version(context_.get(), options.version_max);
    ssl_.reset(SSL_new(context_.get()));
    SSL_set_alpn_protos(ssl_.get(), reinterpret_cast<const unsigned char*>(options.alpn.data()),
                        static_cast<unsigned>(options.alpn.size()));
    SSL_set_fd(ssl_.get(), raw_.fd());
    const timeval patience{5, 0};
    setsockopt(raw_.fd(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    is_connected_ = SSL_connect(ssl_.get()) == 1;
  }
  explicit TlsClient(uint16_t port) : TlsClient(port, Options{}) {}

  bool is_connected() const { return is_connected_; }
  int version() const { return SSL_version(ssl_.get()); }
  SSL* ssl() const { return ssl_.get(); }
  RawClient& raw() { return raw_; }

  std::string alpn() const {
    const unsigned char* chosen = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(ssl_.get(), &chosen, &size);
    return size > 0 ? std::string(reinterpret_cast<const char*>(chosen), size) : std::string();
  }

  /// Of the server's certificate.
  std::string common_name() const {
    const std::unique_ptr<X509, decltype(&X509_free)> leaf(SSL_get1_peer_certificate(ssl_.get()), X509_free);
    char name[256] = {};
    if (leaf) X509_NAME_get_text_by_NID(X509_get_subject_name(leaf.get()), NID_commonName, name, sizeof name);
    return name;
  }

  bool send(std::string_view text) {
    return SSL_write(ssl_.get(), text.data(), static_cast<int>(text.size())) == static_cast<int>(text.size());
  }

  /// Reads until `end` stands at the end of what came, the peer ends, or five seconds pass without a byte.
  std::string read_until(std::string_view end) {
    std::string text;
    char buffer[65536];
    while (!text.ends_with(end) || end.empty()) {
      const int got = SSL_read(ssl_.get(), buffer, sizeof buffer);
      if (got <= 0) break;
      text.append(buffer, static_cast<size_t>(got));
    }
    return text;
  }

 private:
  RawClient raw_;
  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_{SSL_CTX_new(TLS_client_method()), SSL_CTX_free};
  std::unique_ptr<SSL, decltype(&SSL_free)> ssl_{nullptr, SSL_free};
  bool is_connected_ = false;
};

}  // namespace sluice::net
