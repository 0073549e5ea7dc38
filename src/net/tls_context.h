#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "base/result.h"

/// Inside net: what both sides of TLS need to know of certificates, without their library's types.
namespace sluice::net {

/// Certificates and rules of one side of TLS: versions 1.2 and 1.3, ALPN http/1.1, no renegotiation, no compression,
/// no session cache (tickets resume sessions without memory). Immutable; thread-safe.
class TlsContext {
 public:
  /// kInvalidArgument naming the file that cannot be read, or the key that does not fit the certificate.
  static Result<std::shared_ptr<const TlsContext>> make_server(const std::string& cert_file,
                                                               const std::string& key_file);
  /// Peers are always verified, by chain and by name.
  static Result<std::shared_ptr<const TlsContext>> make_client(bool use_system_cas, const std::string& ca_file);

  /// When the leaf certificate's validity begins and ends, both inclusive (RFC 5280 4.1.2.5); 0 on the client's side.
  UnixSeconds not_before() const;
  UnixSeconds not_after() const;

  struct Impl;
  explicit TlsContext(std::unique_ptr<Impl> impl);
  ~TlsContext();
  Impl& impl() const { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace sluice::net
