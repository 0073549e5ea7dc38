#pragma once

#include <memory>

#include <openssl/bio.h>
#include <openssl/ssl.h>

#include "net/tls_context.h"

namespace sluice::net {

/// The inside of TlsContext, for the files of net that speak OpenSSL (tls_context.cc, tls_engine.cc). No other
/// includes it.
struct TlsContext::Impl {
  template <auto Free>
  struct Deleter {
    template <class T>
    void operator()(T* pointer) const {
      Free(pointer);
    }
  };

  std::unique_ptr<SSL_CTX, Deleter<SSL_CTX_free>> context;
  std::unique_ptr<BIO_METHOD, Deleter<BIO_meth_free>> socket_io;  ///< TlsEngine's; lives as long as its engines
  UnixSeconds not_before = 0;
  UnixSeconds not_after = 0;
};

}  // namespace sluice::net
