#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "crypto/private_key.h"

namespace sluice::crypto {

/// What a certificate is for. `names` are DNS names ("localhost", "*.example.org") or IP addresses
/// ("127.0.0.1", "::1"), told apart by their form; all become subject alternative names.
struct CertificateRequest {
  std::string common_name;
  std::vector<std::string> names;
  UnixSeconds not_before = 0;
  UnixSeconds not_after = 0;
};

/// X.509 v3 certificates (RFC 5280) as PEM, for the demo's issuer and for tests. Serial numbers are random.
/// Thread-safe. kInvalidArgument for a request OpenSSL cannot express (no name, a name with odd bytes, times
/// the wrong way round).
/// A certificate authority signed by its own key: CA:TRUE, no names needed.
Result<std::string> make_ca_certificate(const PrivateKey& key, const CertificateRequest& request);
/// A server's certificate for `key`, signed by itself.
Result<std::string> make_self_signed_certificate(const PrivateKey& key, const CertificateRequest& request);
/// A server's certificate for `key`, signed by the authority of `ca_pem` and `ca_key`.
Result<std::string> make_signed_certificate(const PrivateKey& key, const CertificateRequest& request,
                                            const std::string& ca_pem, const PrivateKey& ca_key);

}  // namespace sluice::crypto
