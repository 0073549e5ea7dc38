#include <cstdio>
#include <cstdlib>
#include <string>

#include <fmt/core.h>

#include "base/encoding.h"
#include "cli/collector_process.h"
#include "cli/demo_cluster.h"
#include "cli/demo_platform.h"
#include "cli/signals.h"
#include "cli/verbs.h"
#include "cli/wait.h"
#include "net/http_client.h"

namespace sluice::cli {

namespace {

constexpr const char* kAudience = "sts.amazonaws.com";
constexpr int kReadyWaitMsMax = 30'000;

/// The demo's directory: the one asked for, or a temporary one that goes when the demo ends.
class DemoDirectory {
 public:
  static Result<DemoDirectory> make(FileSystem& fs, const std::string& wanted) {
    if (!wanted.empty()) {
      SLUICE_TRY(fs.create_directories(wanted, 0700));
      return DemoDirectory(fs, wanted, false);
    }
    const char* base = std::getenv("TMPDIR");
    std::string pattern = std::string(base != nullptr && *base != '\0' ? base : "/tmp") + "/sluice-demo-XXXXXX";
    if (mkdtemp(pattern.data()) == nullptr) return fail(ErrorCode::kIo, "cannot make a temporary directory " + pattern);
    return DemoDirectory(fs, pattern, true);
  }
  DemoDirectory(DemoDirectory&& other) noexcept
      : fs_(other.fs_), path_(std::move(other.path_)), temporary_(std::exchange(other.temporary_, false)) {}
  ~DemoDirectory() {
    if (!temporary_) return;
    if (const auto removed = fs_.remove_tree(path_); !removed)
      fmt::print(stderr, "sluice: {}\n", removed.error().message);
  }
  const std::string& path() const { return path_; }

 private:
  DemoDirectory(FileSystem& fs, std::string path, bool temporary)
      : fs_(fs), path_(std::move(path)), temporary_(temporary) {}
  FileSystem& fs_;
  std::string path_;
  bool temporary_;
};

struct Scene {
  std::string base_url;
  std::string admin_address;
  std::string region;
  std::string role_arn;
  std::string token_file;
  std::string credentials_file;
  DemoPlatform::Workspace workspace;
  DemoPlatform::Workspace other;
  std::string refused_id;
};

void print_scene(const Scene& scene, const DemoOptions& options) {
  fmt::print(R"demo(
Sluice demo: a collector and a pretend cluster, whole chain on loopback. Ctrl-C ends it and {10}.

  collector   {0}   (operator: http://{1})
  workspace   {2}
  role        {3}
  token       {4}   (rotates)

Paste into another terminal:

# 1. What the cluster does first: trade its token for a session of the role.
aws --endpoint-url {0} --region {5} sts assume-role-with-web-identity --role-arn {3} --role-session-name x-account --web-identity-token file://{4} --duration-seconds 1500

# 2. Query what it wrote, as the platform engineer.
curl -sS --aws-sigv4 aws:amz:{5}:aps --user "$(sed -n 's/^aws_[a-z_]* = //p' {6} | paste -sd:)" '{0}/workspaces/{2}/api/v1/query?query=sum%20by%20%28mode%29%20%28rate%28node_cpu_seconds_total%5B1m%5D%29%29'

# 3. A write that is refused: the cluster's session, somebody else's workspace.
read AK SK ST < <(aws --endpoint-url {0} --region {5} sts assume-role-with-web-identity --role-arn {3} --role-session-name intruder --web-identity-token file://{4} --query 'Credentials.[AccessKeyId,SecretAccessKey,SessionToken]' --output text); curl -sS -i -w '\n' --aws-sigv4 aws:amz:{5}:aps --user "$AK:$SK" -H "X-Amz-Security-Token: $ST" -H 'Content-Type: application/x-protobuf' -H 'Content-Encoding: snappy' --data-binary x {0}/workspaces/{7}/api/v1/remote_write

# 4. Why? This asks about the same write, made by the demo a moment ago.
{9} explain {8} --admin {1}

)demo",
             scene.base_url, scene.admin_address, scene.workspace.id, scene.role_arn, scene.token_file, scene.region,
             scene.credentials_file, scene.other.id, scene.refused_id, options.program,
             options.directory.empty() ? "leaves nothing behind" : "keeps " + options.directory);
  std::fflush(stdout);
}

Result<void> wait_until_ready(const CollectorProcess& collector) {
  for (int waited_ms = 0;; waited_ms += 50) {
    auto ready = collector.ready();
    if (ready) return {};
    if (waited_ms >= kReadyWaitMsMax) return ready;
    if (wait_for_stop_signal(50) != 0) return fail(ErrorCode::kCancelled, "interrupted while starting");
  }
}

/// Plays the platform engineer, then lets the cluster write once and be refused once.
Result<Scene> set_the_scene(const CollectorProcess& collector, const ServeConfig& config, DemoCluster& cluster,
                            http::Client& client, FileSystem& fs, const Clock& clock) {
  Scene scene;
  scene.base_url = collector.base_url();
  scene.admin_address = collector.admin_address();
  scene.region = config.region;
  scene.token_file = cluster.token_file();
  scene.credentials_file = collector.credentials_file();
  SLUICE_ASSIGN(auto root_key, awsclient::read_shared_credentials(fs, scene.credentials_file));
  awsclient::StaticCredentials root(std::move(root_key));
  awsclient::SignedClient signed_client(client, root, clock, scene.region);
  DemoPlatform platform(scene.base_url, signed_client);
  SLUICE_ASSIGN(scene.workspace, platform.create_workspace("demo"));
  SLUICE_ASSIGN(scene.other, platform.create_workspace("somebody-elses"));
  SLUICE_ASSIGN(const std::string provider_arn, platform.register_issuer(cluster.issuer_url(), kAudience));
  const std::string role_name = "demo-writer-" + scene.workspace.id.substr(3, 8);
  SLUICE_ASSIGN(scene.role_arn,
                platform.create_writer(role_name, provider_arn, cluster.subject(), kAudience, scene.workspace.arn));

  cluster.join(scene.base_url + "/", scene.role_arn, scene.region, scene.workspace.url,
               "http://" + scene.admin_address + "/metrics");
  SLUICE_TRY(cluster.scrape_and_write());
  SLUICE_ASSIGN(const auto refused, cluster.write_elsewhere(scene.other.url));
  scene.refused_id = refused.request_id;
  return scene;
}

/// Scrapes and writes until told to stop. A failed round is reported once, and so is recovery.
void keep_writing(DemoCluster& cluster, int interval_seconds) {
  bool was_failing = false;
  while (wait_for_stop_signal(interval_seconds * 1000) == 0) {
    Result<size_t> written = size_t{0};
    if (const auto rotated = cluster.rotate_token(); !rotated) written = std::unexpected(rotated.error());
    else written = cluster.scrape_and_write();
    if (!written && !was_failing) fmt::print(stderr, "demo cluster: {}\n", written.error().message);
    if (written && was_failing) fmt::print(stderr, "demo cluster: writes are taken again\n");
    was_failing = !written;
  }
}

}  // namespace

Result<int> demo(const DemoOptions& options) {
  block_stop_signals();
  const SystemClock clock;
  const auto logger = make_stderr_logger(LogLevel::kWarn, LogFormat::kLogfmt);
  const auto fs = make_posix_file_system();
  MetricRegistry metrics;
  SLUICE_ASSIGN(const DemoDirectory directory, DemoDirectory::make(*fs, options.directory));
  net::Runtime runtime({}, *logger);
  net::ClientOptions client_options;
  client_options.use_system_cas = false;
  SLUICE_ASSIGN(const auto client, net::make_http_client(runtime, client_options));
  SLUICE_ASSIGN(auto cluster,
                DemoCluster::start({runtime, *fs, *client, clock, *logger, metrics, directory.path()}, kAudience));

  ServeConfig config;
  SLUICE_ASSIGN(config.listen, ListenAddress::parse(options.listen_address));
  SLUICE_ASSIGN(config.admin_listen, ListenAddress::parse(options.admin_listen_address));
  config.storage_path = join_path(directory.path(), "data");
  config.oidc_networks = {"127.0.0.0/8", "::1/128"};
  config.oidc_ports = {cluster->issuer_port()};
  config.oidc_ca_file = cluster->ca_file();
  SLUICE_TRY(check_config(config));
  SLUICE_ASSIGN(auto collector, CollectorProcess::start(config, runtime, clock, *logger, metrics));
  SLUICE_TRY(wait_until_ready(*collector));
  SLUICE_ASSIGN(const Scene scene, set_the_scene(*collector, config, *cluster, *client, *fs, clock));
  print_scene(scene, options);
  keep_writing(*cluster, options.interval_seconds);

  fmt::print("stopping\n");
  collector->stop();
  cluster.reset();
  runtime.shutdown();
  return 0;
}

}  // namespace sluice::cli
