#pragma once

#include <memory>
#include <string>

#include "awsclient/credentials.h"
#include "awsclient/signed_client.h"
#include "base/clock.h"
#include "base/file_system.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/result.h"
#include "cli/demo_issuer.h"
#include "cli/host_metrics.h"
#include "net/http_server.h"
#include "net/runtime.h"

namespace sluice::cli {

/// The demo's pretend cluster: its own HTTPS issuer on loopback, a service-account token that rotates on disk as
/// kubelet rotates it, and a sender that scrapes and writes with nothing but that token. One thread owns it.
class DemoCluster {
 public:
  static constexpr const char* kNamespace = "monitoring";
  static constexpr const char* kServiceAccount = "prometheus";

  struct Environment {
    net::Runtime& runtime;
    FileSystem& fs;
    http::Client& client;
    const Clock& clock;
    Logger& logger;
    MetricRegistry& metrics;
    std::string directory;  ///< for certificates and the token file
  };
  /// Starts the issuer on a free port and writes the first token, for `audience`.
  static Result<std::unique_ptr<DemoCluster>> start(Environment environment, std::string audience);
  ~DemoCluster();

  const std::string& issuer_url() const { return issuer_->url(); }
  uint16_t issuer_port() const { return server_->port(); }
  std::string ca_file() const;
  std::string token_file() const;
  std::string subject() const;

  /// What the cluster is told once the platform's side is set up: its role and where to write.
  void join(const std::string& sts_url, const std::string& role_arn, const std::string& region,
            const std::string& workspace_url, const std::string& metrics_url);
  /// Writes a fresh token when the old one has used up 80 % of its life.
  Result<void> rotate_token();
  /// One scrape of this machine and of the collector, written through AssumeRoleWithWebIdentity and SigV4.
  /// Yields the number of samples.
  Result<size_t> scrape_and_write();
  /// A write to another workspace, as the same identity; yields the collector's answer.
  Result<awsclient::Answer> write_elsewhere(const std::string& workspace_url);

 private:
  DemoCluster(Environment environment, std::string audience)
      : environment_(std::move(environment)), audience_(std::move(audience)) {}
  Result<void> start_issuer();
  Result<std::vector<wire::OutgoingSeries>> scrape();
  Result<awsclient::Answer> write(const std::string& workspace_url, const std::vector<wire::OutgoingSeries>& series);

  Environment environment_;
  std::string audience_;
  std::unique_ptr<DemoIssuer> issuer_;
  std::unique_ptr<net::HttpServer> server_;
  UnixSeconds token_made_at_ = 0;
  HostMetrics host_metrics_;
  std::string workspace_url_;
  std::string metrics_url_;
  std::unique_ptr<awsclient::WebIdentityCredentials> credentials_;
  std::unique_ptr<awsclient::SignedClient> signed_client_;
};

}  // namespace sluice::cli
