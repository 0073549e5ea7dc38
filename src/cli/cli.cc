#include "cli/cli.h"

#include <algorithm>
#include <cstdio>
#include <functional>
#include <string>

#include <fmt/core.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <CLI/CLI.hpp>

#include "base/version.h"
#include "cli/tsdb.h"
#include "cli/verbs.h"

namespace sluice::cli {

namespace {

/// Flags of `serve` and `check config` alike; an empty one was not given.
struct ServeFlags {
  std::string config_file;
  std::string listen_address;
  std::string admin_listen_address;
  std::string storage_path;
  std::string log_level;
  std::string log_format;
  bool core_dumps = false;
};

ConfigSources sources_of(const ServeFlags& flags) {
  ConfigSources sources;
  sources.file = flags.config_file;
  const auto add = [&](const char* flag, const char* key, const std::string& value) {
    if (!value.empty()) sources.flags.push_back({flag, key, value});
  };
  add("--web.listen-address", "web.listen_address", flags.listen_address);
  add("--web.admin-listen-address", "web.admin_listen_address", flags.admin_listen_address);
  add("--storage.path", "storage.path", flags.storage_path);
  add("--log.level", "log.level", flags.log_level);
  add("--log.format", "log.format", flags.log_format);
  return sources;
}

/// Several problems are several lines.
void print_error(const Error& error) {
  std::string_view rest = error.message;
  while (!rest.empty()) {
    const size_t end = rest.find('\n');
    fmt::print(stderr, "sluice: {}\n", rest.substr(0, end));
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  }
}

/// Keys live in this process' memory: no core file, no ptrace by another process of the user.
void keep_memory_private() {
  const rlimit none{0, 0};
  setrlimit(RLIMIT_CORE, &none);
  prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

/// Connections, logs and databases all take file handles; the soft limit of most systems is far below what is allowed.
void raise_file_limit() {
  rlimit handles{};
  if (getrlimit(RLIMIT_NOFILE, &handles) != 0) return;
  handles.rlim_cur = handles.rlim_max;
  setrlimit(RLIMIT_NOFILE, &handles);
}

void add_config_options(CLI::App& sub, ServeFlags& flags) {
  sub.add_option("--config.file", flags.config_file, "YAML configuration");
  sub.add_option("--web.listen-address", flags.listen_address, "HOST:PORT of the API (default 127.0.0.1:9009)");
  sub.add_option("--web.admin-listen-address", flags.admin_listen_address,
                 "HOST:PORT for the operator: metrics, explanations (default 127.0.0.1:9010)");
  sub.add_option("--storage.path", flags.storage_path, "Data directory (default ./data)");
  sub.add_option("--log.level", flags.log_level, "debug, info, warn or error (default info)");
  sub.add_option("--log.format", flags.log_format, "logfmt or json (default logfmt)");
}

void add_serve(CLI::App& app, ServeFlags& flags, std::function<Result<int>()>& verb) {
  auto* sub = app.add_subcommand("serve", "Run the collector: STS, IAM, AMP control plane and data plane on one port");
  add_config_options(*sub, flags);
  sub->add_flag("--debug.core-dumps", flags.core_dumps,
                "Let a crash leave a core file, and debuggers in: for developers, since secrets are in it");
  sub->callback([&] { verb = [&] { return serve(sources_of(flags)); }; });
}

void add_check(CLI::App& app, ServeFlags& flags, bool& print, std::function<Result<int>()>& verb) {
  auto* check = app.add_subcommand("check", "Check something without running it");
  check->require_subcommand(1);
  auto* sub = check->add_subcommand("config", "Check a configuration and the files it names");
  add_config_options(*sub, flags);
  sub->add_flag("--print", print, "Print the effective configuration, each key with where it comes from");
  sub->callback([&] { verb = [&] { return check_configuration({sources_of(flags), print}); }; });
}

void add_demo(CLI::App& app, DemoOptions& options, std::function<Result<int>()>& verb) {
  auto* sub = app.add_subcommand("demo", "Run a collector and a pretend cluster on loopback: the whole chain");
  sub->add_option("--listen-address", options.listen_address, "HOST:PORT of the collector")->capture_default_str();
  sub->add_option("--admin-listen-address", options.admin_listen_address, "HOST:PORT for the operator")
      ->capture_default_str();
  sub->add_option("--directory", options.directory, "Keep the demo's data here instead of a temporary directory");
  sub->add_option("--interval", options.interval_seconds, "Seconds between two scrapes")
      ->check(CLI::Range(1, 3600))
      ->capture_default_str();
  sub->callback([&] { verb = [&] { return demo(options); }; });
}

void add_explain(CLI::App& app, ExplainOptions& options, std::function<Result<int>()>& verb) {
  auto* sub = app.add_subcommand("explain", "Say why a request was refused");
  sub->add_option("request-id", options.request_id,
                  "x-amzn-requestid of the refused answer; without it the newest refusals are listed");
  sub->add_option("--admin", options.admin_address, "HOST:PORT of the collector's admin listener")
      ->capture_default_str();
  sub->add_flag("--json", options.as_json, "The decision record as JSON");
  sub->callback([&] { verb = [&] { return explain(options); }; });
}

void add_workspace(CLI::App& app, WorkspaceOptions& options, std::function<Result<int>()>& verb) {
  auto* workspace =
      app.add_subcommand("workspace", "Of a running collector: bring deleted workspaces back, delete series");
  workspace->require_subcommand(1);
  auto* deleted = workspace->add_subcommand("deleted", "List deleted workspaces that are still kept");
  deleted->add_flag("--json", options.as_json, "As JSON");
  deleted->callback([&] { verb = [&] { return list_deleted_workspaces(options); }; });
  auto* undelete = workspace->add_subcommand("undelete", "Bring a deleted workspace back");
  undelete->add_option("workspace-id", options.id, "Its id, ws-...")->required();
  undelete->callback([&] { verb = [&] { return undelete_workspace(options); }; });
  auto* series = workspace->add_subcommand("delete-series", "Delete samples of a workspace");
  series->add_option("workspace-id", options.id, "Its id, ws-...")->required();
  series->add_option("--match", options.match, "Of which series: a selector as {job=\"x\"}; may be repeated")
      ->required()
      ->allow_extra_args(false);
  series->add_option("--start", options.start, "From this time on: Unix seconds or RFC 3339 (default: all)");
  series->add_option("--end", options.end, "Up to this time, inclusive");
  series->add_flag("--json", options.as_json, "As JSON");
  series->callback([&] { verb = [&] { return delete_series(options); }; });
  for (auto* sub : {deleted, undelete, series}) {
    sub->add_option("--admin", options.admin_address, "HOST:PORT of the collector's admin listener")
        ->capture_default_str();
  }
}

void add_backup(CLI::App& app, BackupOptions& options, std::function<Result<int>()>& verb) {
  auto* sub = app.add_subcommand("backup", "Make a backup, of a running collector or of a data directory");
  sub->add_option("--admin", options.admin_address, "HOST:PORT of the running collector's admin listener")
      ->capture_default_str();
  sub->add_option("--storage.path", options.storage_path, "A data directory that no collector uses, instead");
  sub->add_option("--to", options.to, "With --storage.path: the directory that holds backups");
  sub->add_option("--key-file", options.key_file, "With --storage.path: the key that secrets are sealed under");
  sub->callback([&] { verb = [&] { return back_up(options); }; });
}

void add_restore(CLI::App& app, RestoreOptions& options, std::function<Result<int>()>& verb) {
  auto* sub = app.add_subcommand("restore", "Make a data directory out of a backup");
  sub->add_option("--from", options.from, "The backup: a directory with a manifest.json")->required();
  sub->add_option("--to", options.to, "The data directory to make: empty, or not there yet");
  sub->add_option("--key-file", options.key_file, "The key that the backup's secrets were sealed under");
  sub->add_flag("--check", options.only_check, "Only read every file of the backup against its manifest");
  sub->callback([&] { verb = [&] { return restore(options); }; });
}

}  // namespace

int run(int argc, char** argv) {
  raise_file_limit();
  CLI::App app("Sluice: the central collector for Prometheus metrics, without static credentials", "sluice");
  app.require_subcommand(1);
  app.set_version_flag("--version", fmt::format("sluice {}", kVersion));
  std::function<Result<int>()> verb;
  ServeFlags serve_flags;
  bool print = false;
  DemoOptions demo_options;
  if (argc > 0) demo_options.program = argv[0];
  ExplainOptions explain_options;
  add_serve(app, serve_flags, verb);
  add_check(app, serve_flags, print, verb);
  add_demo(app, demo_options, verb);
  add_explain(app, explain_options, verb);
  WorkspaceOptions workspace_options;
  add_workspace(app, workspace_options, verb);
  BackupOptions backup_options;
  add_backup(app, backup_options, verb);
  RestoreOptions restore_options;
  add_restore(app, restore_options, verb);
  TsdbOptions tsdb_options;
  add_tsdb(app, tsdb_options, verb);
  app.add_subcommand("version", "Print the version")->callback([&] {
    verb = []() -> Result<int> {
      fmt::print("sluice {} (revision {})\n", kVersion, revision());
      return 0;
    };
  });

  const auto is_verb = [&](const CLI::App* sub) { return sub->get_name() == argv[1]; };
  if (argc > 1 && argv[1][0] != '-' && std::ranges::none_of(app.get_subcommands({}), is_verb)) {
    fmt::print(
        stderr,
        "sluice: '{}' is no verb; there are serve, check, demo, explain, workspace, backup, restore, tsdb and version "
        "(sluice --help)\n",
        argv[1]);
    return 2;
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error);
    return code == 0 ? 0 : 2;
  }
  if (!serve_flags.core_dumps) keep_memory_private();
  const Result<int> result = verb();
  if (!result) {
    print_error(result.error());
    return 1;
  }
  return *result;
}

}  // namespace sluice::cli
