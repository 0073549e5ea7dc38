#pragma once

#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "crypto/private_key.h"
#include "http/request.h"

namespace sluice::cli {

/// The pretend cluster's OIDC issuer: what an API server with a service-account signing key publishes and signs.
/// Serves discovery and JWKS as an http::Handler; makes projected service-account tokens. Thread-safe once made.
class DemoIssuer final : public http::Handler {
 public:
  /// Makes the signing key (RSA-2048). `url` is the issuer, known once the listener's port is.
  static Result<std::unique_ptr<DemoIssuer>> make();
  void set_url(std::string url) { url_ = std::move(url); }
  const std::string& url() const { return url_; }

  /// A token as kubelet projects it: aud is a list of one, the kubernetes.io claim names pod and service account.
  Result<std::string> token(const std::string& name_space, const std::string& service_account,
                            const std::string& audience, UnixSeconds now, int64_t lifetime_s) const;

  http::Task<http::Response> handle(const http::Request& request) override;
  size_t body_bytes_max(std::string_view method, std::string_view target, const http::Headers& headers) const override;
  http::Response refuse(const http::Request& request, int status, std::string_view reason) override;

 private:
  DemoIssuer(crypto::PrivateKey key, std::string kid) : key_(std::move(key)), kid_(std::move(kid)) {}
  std::string discovery() const;
  std::string key_set() const;

  crypto::PrivateKey key_;
  std::string kid_;
  std::string url_;
};

}  // namespace sluice::cli
