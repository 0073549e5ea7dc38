#include "cli/tsdb.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <system_error>
#include <utility>

#include <fmt/core.h>
#include <CLI/CLI.hpp>

#include "base/clock.h"
#include "base/encoding.h"
#include "base/json.h"
#include "cli/admin_client.h"
#include "crypto/random.h"
#include "tsdb/checkpoint.h"
#include "tsdb/workspace_names.h"

namespace sluice::cli {
namespace {

constexpr const char* kDirectoryHelp =
    "A data directory (every workspace of it), one workspace's directory, or any directory of Prometheus' blocks";

void add_reading_verbs(CLI::App& tsdb, TsdbOptions& options, std::function<Result<int>()>& verb) {
  auto* list = tsdb.add_subcommand("list", "List blocks, checkpoints and logs");
  list->add_flag("--json", options.as_json, "As JSON");
  list->callback([&] { verb = [&] { return tsdb_list(options); }; });
  auto* verify = tsdb.add_subcommand("verify", "Read everything and check every checksum; changes nothing");
  verify->callback([&] { verb = [&] { return tsdb_verify(options); }; });
  auto* dump = tsdb.add_subcommand("dump", "Print every sample; changes nothing");
  dump->add_option("--match", options.match, "Of which series: a selector as {job=\"x\"}; may be repeated")
      ->allow_extra_args(false);
  dump->add_option("--min-time", options.min_time, "From this time on: Unix milliseconds or RFC 3339");
  dump->add_option("--max-time", options.max_time, "Up to this time, inclusive");
  dump->add_option("--format", options.format, "promtool: {labels} value milliseconds; or openmetrics")
      ->check(CLI::IsMember({"promtool", "openmetrics"}))
      ->capture_default_str();
  dump->callback([&] { verb = [&] { return tsdb_dump(options); }; });
  for (auto* sub : {list, verify, dump}) sub->add_option("directory", options.directory, kDirectoryHelp)->required();
}

}  // namespace

void add_tsdb(CLI::App& app, TsdbOptions& options, std::function<Result<int>()>& verb) {
  auto* tsdb = app.add_subcommand("tsdb", "Look at workspaces on disk, copy data in and out");
  tsdb->require_subcommand(1);
  add_reading_verbs(*tsdb, options, verb);
  auto* import = tsdb->add_subcommand("import", "Copy Prometheus' blocks or OpenMetrics text into a workspace");
  import->add_option("from", options.from, "A directory of blocks, one block, or a file of OpenMetrics text")
      ->required();
  import->add_option("--data-dir", options.data_directory, "The collector's data directory (storage.path)")->required();
  import->callback([&] { verb = [&] { return tsdb_import(options); }; });
  auto* snapshot =
      tsdb->add_subcommand("snapshot", "Have the running collector copy a workspace as Prometheus' blocks");
  snapshot->callback([&] { verb = [&] { return tsdb_snapshot(options); }; });
  for (auto* sub : {import, snapshot}) {
    sub->add_option("--workspace", options.workspace, "The workspace's id, ws-...")->required();
    sub->add_option("--admin", options.admin_address, "HOST:PORT of the running collector's admin listener")
        ->capture_default_str();
  }
}

Result<std::vector<std::string>> find_workspaces(FileSystem& fs, const std::string& given) {
  SLUICE_ASSIGN(const bool exists, fs.exists(given));
  if (!exists) return fail(ErrorCode::kNotFound, fmt::format("there is no {}", given));
  // Its own name says whether it is a workspace's, however it is written ("." is such a name).
  std::error_code status;
  const std::string directory = std::filesystem::canonical(given, status).string();
  if (status) return fail(ErrorCode::kIo, fmt::format("{}: {}", given, status.message()));
  const std::string root = join_path(directory, "workspaces");
  SLUICE_ASSIGN(const bool is_data_directory, fs.exists(root));
  std::vector<std::string> found;
  if (is_data_directory) {
    SLUICE_ASSIGN(const auto names, fs.list(root));
    for (const auto& name : names) {
      if (tsdb::is_workspace_id(name) || tsdb::parse_deleted_name(name)) found.push_back(join_path(root, name));
    }
    return found;
  }
  SLUICE_ASSIGN(const auto names, fs.list(directory));
  const bool is_workspace = std::ranges::any_of(names, [](const std::string& name) {
    return name == "wal" || Ulid::parse(name) || tsdb::parse_checkpoint_name(name);
  });
  if (is_workspace) return std::vector{directory};
  return fail(ErrorCode::kNotFound,
              fmt::format("{}: found neither workspaces/ nor wal/ nor a block in it, wanted a data directory, a "
                          "workspace's directory or one of blocks",
                          directory));
}

UlidSource random_ulids() {
  return [] {
    const std::string random = crypto::random_bytes(Ulid::kRandomSize);
    std::array<uint8_t, Ulid::kRandomSize> bytes{};
    std::ranges::copy(random, bytes.begin());
    return Ulid::make(SystemClock().now_ms(), bytes);
  };
}

Result<int> tsdb_snapshot(const TsdbOptions& options) {
  const std::string target = fmt::format("/-/snapshot-workspace/{}", percent_encode(options.workspace));
  SLUICE_ASSIGN(const std::string answer, ask_admin(options.admin_address, "POST", target, kLongAnswer));
  SLUICE_ASSIGN(const JsonValue made, parse_json(answer));
  const JsonObject* object = made.as_object();
  const JsonValue* path = object == nullptr ? nullptr : object->find("path");
  print_answer(path != nullptr && path->as_string() != nullptr ? *path->as_string() : answer);
  return 0;
}

}  // namespace sluice::cli
