#include "cli/demo_cluster.h"

#include <utility>

#include <fmt/core.h>

#include "base/encoding.h"
#include "base/version.h"
#include "cli/wait.h"
#include "crypto/certificate.h"
#include "wire/text_exposition.h"

namespace sluice::cli {

namespace {

constexpr int64_t kTokenLifetimeSeconds = 600;  // the shortest kubelet takes
constexpr int64_t kTokenRotateSeconds = kTokenLifetimeSeconds * 8 / 10;
constexpr int64_t kDaySeconds = 86'400;

using LabelList = std::vector<std::pair<std::string, std::string>>;
const LabelList kClusterLabels = {{"cluster", "demo"}};

LabelList target_labels(const char* job) {
  LabelList labels = kClusterLabels;
  labels.emplace_back("job", job);
  labels.emplace_back("instance", "localhost");
  return labels;
}

/// A scraped sample with the target's labels, which win over its own, and the scrape's time.
wire::OutgoingSeries with_target(const wire::ExposedSample& sample, const LabelList& target, TimestampMs now_ms) {
  LabelList labels;
  for (const auto& label : sample.labels) labels.emplace_back(label.name, label.value);
  labels.insert(labels.end(), target.begin(), target.end());  // of duplicates the last counts
  return {model::Labels::from(std::move(labels)), {{sample.timestamp_ms.value_or(now_ms), sample.value}}};
}

}  // namespace

DemoCluster::~DemoCluster() {
  if (server_) server_->stop(std::chrono::seconds(1));
}

std::string DemoCluster::ca_file() const { return join_path(environment_.directory, "cluster-ca.pem"); }
std::string DemoCluster::token_file() const { return join_path(environment_.directory, "token"); }
std::string DemoCluster::subject() const {
  return fmt::format("system:serviceaccount:{}:{}", kNamespace, kServiceAccount);
}

Result<std::unique_ptr<DemoCluster>> DemoCluster::start(Environment environment, std::string audience) {
  std::unique_ptr<DemoCluster> cluster(new DemoCluster(std::move(environment), std::move(audience)));
  SLUICE_TRY(cluster->start_issuer());
  SLUICE_TRY(cluster->rotate_token());
  return cluster;
}

Result<void> DemoCluster::start_issuer() {
  const UnixSeconds now = environment_.clock.now_s();
  SLUICE_ASSIGN(const auto ca_key, crypto::PrivateKey::generate_ec());
  SLUICE_ASSIGN(
      const auto ca_pem,
      crypto::make_ca_certificate(ca_key, {"Sluice demo cluster CA", {}, now - kDaySeconds, now + 30 * kDaySeconds}));
  SLUICE_ASSIGN(const auto key, crypto::PrivateKey::generate_ec());
  SLUICE_ASSIGN(
      const auto pem,
      crypto::make_signed_certificate(
          key, {"demo issuer", {"localhost", "127.0.0.1"}, now - kDaySeconds, now + 30 * kDaySeconds}, ca_pem, ca_key));
  const std::string cert_file = join_path(environment_.directory, "issuer.pem");
  const std::string key_file = join_path(environment_.directory, "issuer.key");
  SLUICE_TRY(write_file_atomically(environment_.fs, ca_file(), ca_pem));
  SLUICE_TRY(write_file_atomically(environment_.fs, cert_file, pem));
  SLUICE_TRY(write_file_atomically(environment_.fs, key_file, key.pem().reveal(), 0600));

  SLUICE_ASSIGN(issuer_, DemoIssuer::make());
  net::ServerOptions options;
  options.tls = net::TlsFiles{cert_file, key_file};
  SLUICE_ASSIGN(server_, net::HttpServer::start(environment_.runtime, options, *issuer_, environment_.logger,
                                                environment_.metrics));
  issuer_->set_url(fmt::format("https://localhost:{}", server_->port()));
  return {};
}

Result<void> DemoCluster::rotate_token() {
  const UnixSeconds now = environment_.clock.now_s();
  if (now - token_made_at_ < kTokenRotateSeconds) return {};
  SLUICE_ASSIGN(const auto token, issuer_->token(kNamespace, kServiceAccount, audience_, now, kTokenLifetimeSeconds));
  SLUICE_TRY(write_file_atomically(environment_.fs, token_file(), token, 0600));
  token_made_at_ = now;
  return {};
}

void DemoCluster::join(const std::string& sts_url, const std::string& role_arn, const std::string& region,
                       const std::string& workspace_url, const std::string& metrics_url) {
  workspace_url_ = workspace_url;
  metrics_url_ = metrics_url;
  awsclient::WebIdentityOptions options;
  options.sts_url = sts_url;
  options.role_arn = role_arn;
  options.session_name = "demo-prometheus-0";
  options.token_file = token_file();
  credentials_ = std::make_unique<awsclient::WebIdentityCredentials>(
      options, environment_.client, environment_.fs, environment_.clock, environment_.runtime.compute());
  signed_client_ =
      std::make_unique<awsclient::SignedClient>(environment_.client, *credentials_, environment_.clock, region);
}

Result<std::vector<wire::OutgoingSeries>> DemoCluster::scrape() {
  const TimestampMs now_ms = environment_.clock.now_ms();
  auto series = host_metrics_.collect(now_ms, target_labels("node"));
  http::ClientRequest request;
  request.url = metrics_url_;
  SLUICE_ASSIGN(const auto answer, run_and_wait(environment_.client.send(std::move(request))));
  SLUICE_ASSIGN(const auto families, wire::parse_text_exposition(answer.body));
  const LabelList target = target_labels("sluice");
  for (const auto& family : families) {
    for (const auto& sample : family.samples) series.push_back(with_target(sample, target, now_ms));
  }
  for (const char* job : {"node", "sluice"}) {
    LabelList labels = target_labels(job);
    labels.emplace_back("__name__", "up");
    series.push_back({model::Labels::from(std::move(labels)), {{now_ms, 1}}});
  }
  return series;
}

Result<awsclient::Answer> DemoCluster::write(const std::string& workspace_url,
                                             const std::vector<wire::OutgoingSeries>& series) {
  http::ClientRequest request;
  request.method = "POST";
  request.url = workspace_url + "api/v1/remote_write";
  request.headers.add("Content-Type", std::string(wire::kRemoteWriteContentType));
  request.headers.add("Content-Encoding", std::string(wire::kRemoteWriteContentEncoding));
  request.headers.add("X-Prometheus-Remote-Write-Version", std::string(wire::kRemoteWriteVersion));
  request.headers.add("User-Agent", fmt::format("sluice-demo/{}", kVersion));
  request.body = wire::encode_remote_write(series);
  return run_and_wait(signed_client_->send(std::move(request), "aps"));
}

Result<size_t> DemoCluster::scrape_and_write() {
  SLUICE_ASSIGN(const auto series, scrape());
  SLUICE_ASSIGN(const auto answer, write(workspace_url_, series));
  if (!answer.ok()) return std::unexpected(answer.to_error());
  return series.size();
}

Result<awsclient::Answer> DemoCluster::write_elsewhere(const std::string& workspace_url) {
  LabelList labels = {{"__name__", "up"}, {"cluster", "somebody-elses"}};
  return write(workspace_url, {{model::Labels::from(std::move(labels)), {{environment_.clock.now_ms(), 1}}}});
}

}  // namespace sluice::cli
