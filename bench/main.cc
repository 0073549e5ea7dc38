#include <cstdio>
#include <functional>
#include <string>

#include <fmt/core.h>
#include <CLI/CLI.hpp>

#include "base/version.h"
#include "bench/commands.h"

namespace sluice::bench {
namespace {

constexpr int kTimeoutMsMax = 24 * 60 * 60 * 1000;

using Verb = std::function<Result<int>()>;

void add_key(CLI::App& app, KeySource& key) {
  app.add_option("--sigv4-region", key.region, "Sign for this region (service aps)");
  app.add_option("--credentials-file", key.credentials_file, "Key in AWS's shared-credentials format, profile default");
  app.add_option("--key-id", key.key_id, "Access key id, with --secret-file");
  app.add_option("--secret-file", key.secret_file, "File that holds the secret access key alone");
  app.add_option("--session-token-file", key.session_token_file, "File that holds a session token alone");
}

void add_authorities(CLI::App& app, std::string& ca_file) {
  app.add_option("--ca-file", ca_file, "PEM of authorities, besides the system's");
}

void add_load_shape(CLI::App& app, LoadOptions& load, double& churn_percent) {
  app.add_option("--series", load.series, "Active series")->capture_default_str();
  app.add_option("--scrapes", load.scrapes, "Scrapes; the first creates the series")->capture_default_str();
  app.add_option("--interval-ms", load.interval_ms, "Between two samples of a series")->capture_default_str();
  app.add_option("--samples-per-request", load.samples_per_request, "Prometheus' max_samples_per_send")
      ->capture_default_str();
  app.add_option("--connections", load.shards, "Shards, each with a connection")->capture_default_str();
  app.add_option("--seed", load.seed, "Equal seeds make equal loads")->capture_default_str();
  app.add_option("--churn-percent", churn_percent, "Pods replaced at once")->capture_default_str();
  app.add_option("--churn-every", load.churn_scrapes, "Scrapes between two replacements")->capture_default_str();
  app.add_option("--pace-ms", load.pace_ms, "Real time between two scrapes; 0: flat out")->capture_default_str();
  app.add_option("--batch-deadline-ms", load.batch_deadline_ms,
                 "When paced: a request waits no longer than this to be full")
      ->capture_default_str();
}

struct Flags {
  LoadCommand load;
  double churn_percent = LoadOptions().churn_fraction * 100;
  size_t ahead_mib = 1024;
  int64_t request_timeout_ms = 30'000;
  int64_t give_up_after_ms = 120'000;
  WorkspaceCommand workspace;
  CountCommand count;
  SinkCommand sink;
};

void add_load(CLI::App& app, Flags& flags, Verb& verb) {
  auto* sub = app.add_subcommand("load", "Send a load to a remote-write endpoint, and measure");
  DriveOptions& drive = flags.load.drive;
  sub->add_option("--url", drive.writer.url, "Remote-write endpoint, http or https")->required();
  add_load_shape(*sub, drive.load, flags.churn_percent);
  add_key(*sub, flags.load.key);
  add_authorities(*sub, drive.writer.ca_file);
  sub->add_option("--request-timeout-ms", flags.request_timeout_ms, "Of one try")
      ->check(CLI::Range(1, kTimeoutMsMax))
      ->capture_default_str();
  sub->add_option("--give-up-after-ms", flags.give_up_after_ms, "Of the tries of one request")
      ->check(CLI::Range(1, kTimeoutMsMax))
      ->capture_default_str();
  sub->add_option("--ahead-mib", flags.ahead_mib, "Encoded requests held ready")
      ->check(CLI::Range(1, 1 << 20))
      ->capture_default_str();
  sub->add_option("--server-pid", drive.server_pid, "Read this process' CPU time and memory");
  sub->add_option("--server-data", drive.server_data, "Measure this directory");
  sub->add_option("--json", flags.load.json_file, "Write the report as JSON to this file; -: standard output");
  sub->callback([&] {
    verb = [&] {
      DriveOptions& options = flags.load.drive;
      options.load.churn_fraction = flags.churn_percent / 100;
      options.ahead_bytes_max = flags.ahead_mib << 20;
      options.writer.request_timeout = std::chrono::milliseconds(flags.request_timeout_ms);
      options.writer.give_up_after = std::chrono::milliseconds(flags.give_up_after_ms);
      return run_load(flags.load);
    };
  });
}

void add_workspace(CLI::App& app, Flags& flags, Verb& verb) {
  auto* sub = app.add_subcommand("workspace", "Create a workspace through the AMP control plane and print its id");
  sub->add_option("--endpoint", flags.workspace.endpoint, "http://HOST:PORT")->required();
  sub->add_option("--alias", flags.workspace.alias)->capture_default_str();
  add_authorities(*sub, flags.workspace.ca_file);
  add_key(*sub, flags.workspace.key);
  sub->get_option("--sigv4-region")->required();
  sub->callback([&] { verb = [&] { return run_workspace(flags.workspace); }; });
}

void add_count(CLI::App& app, Flags& flags, Verb& verb) {
  auto* sub = app.add_subcommand("count", "Ask a server by PromQL how many series it has");
  sub->add_option("--url", flags.count.url, "Of the query API: http://HOST:PORT/api/v1/query")->required();
  sub->add_option("--at-ms", flags.count.at_ms, "Milliseconds since 1970; 0: now")->capture_default_str();
  add_authorities(*sub, flags.count.ca_file);
  add_key(*sub, flags.count.key);
  sub->callback([&] { verb = [&] { return run_count(flags.count); }; });
}

void add_sink(CLI::App& app, Flags& flags, Verb& verb) {
  auto* sub = app.add_subcommand("sink", "Receive remote writes, fdatasync their bodies and store nothing: the floor");
  sub->add_option("--listen", flags.sink.listen, "HOST:PORT")->required();
  sub->add_option("--data", flags.sink.data, "Directory for the bodies")->required();
  sub->add_flag("--unsigned", flags.sink.is_unsigned, "Take requests without a signature");
  add_key(*sub, flags.sink.key);
  sub->callback([&] { verb = [&] { return run_sink(flags.sink); }; });
}

int run(int argc, char** argv) {
  CLI::App app("Load and measurements for remote-write receivers", "sluice-bench");
  app.require_subcommand(1);
  app.set_version_flag("--version", fmt::format("sluice-bench {}", kVersion));
  Flags flags;
  Verb verb;
  add_load(app, flags, verb);
  add_workspace(app, flags, verb);
  add_count(app, flags, verb);
  add_sink(app, flags, verb);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  const Result<int> result = verb();
  if (!result) {
    fmt::print(stderr, "sluice-bench: {}\n", result.error().message);
    return 1;
  }
  return *result;
}

}  // namespace
}  // namespace sluice::bench

int main(int argc, char** argv) { return sluice::bench::run(argc, argv); }
