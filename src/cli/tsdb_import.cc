#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/core.h>
#include <fmt/format.h>

#include "base/clock.h"
#include "base/encoding.h"
#include "cli/admin_client.h"
#include "cli/open_metrics_import.h"
#include "cli/tsdb.h"
#include "tsdb/block_import.h"
#include "tsdb/data_directory.h"
#include "tsdb/workspace_names.h"

namespace sluice::cli {
namespace {

/// `<data directory>/imports/<ULID>`: where blocks are written before the workspace gets them all. Removed in the end.
class Staging {
 public:
  static Result<Staging> make(FileSystem& fs, const std::string& data_directory) {
    const std::string name = random_ulids()().to_string();
    std::string path = join_path(join_path(data_directory, "imports"), name);
    SLUICE_TRY(fs.create_directories(path));
    return Staging(fs, std::move(path), name);
  }
  Staging(Staging&& other) noexcept : fs_(other.fs_), path_(std::exchange(other.path_, {})), name_(other.name_) {}
  Staging& operator=(Staging&&) = delete;
  ~Staging() {
    if (!path_.empty()) (void)fs_.remove_tree(path_);
  }
  const std::string& path() const { return path_; }
  const std::string& name() const { return name_; }

 private:
  Staging(FileSystem& fs, std::string path, std::string name)
      : fs_(fs), path_(std::move(path)), name_(std::move(name)) {}
  FileSystem& fs_;
  std::string path_;
  std::string name_;
};

struct Target {
  std::string data_directory;
  std::string workspace;  // the directory
  std::optional<tsdb::DataDirectory> held;  // nothing: a collector has it
};

Result<Target> find_target(FileSystem& fs, const TsdbOptions& options) {
  SLUICE_ASSIGN(const bool exists, fs.exists(join_path(options.data_directory, "format")));
  if (!exists) {
    return fail(ErrorCode::kNotFound,
                fmt::format("{}: found no 'format' in it, wanted a data directory that a collector has made",
                            options.data_directory));
  }
  Target target{options.data_directory, {}, std::nullopt};
  target.workspace = join_path(join_path(options.data_directory, "workspaces"), options.workspace);
  SLUICE_ASSIGN(const bool has_workspace, fs.exists(target.workspace));
  if (!tsdb::is_workspace_id(options.workspace) || !has_workspace) {
    return fail(ErrorCode::kNotFound, fmt::format("there is no workspace {} in {}; create it with the collector first",
                                                  printable(options.workspace, 64), options.data_directory));
  }
  auto held = tsdb::DataDirectory::open(fs, options.data_directory);
  if (held) {
    target.held = *std::move(held);
  } else if (held.error().code != ErrorCode::kConflict) {
    return std::unexpected(held.error());
  }
  return target;
}

/// Writes the blocks into the staging directory; what to say of it.
Result<std::string> write_blocks(FileSystem& fs, const TsdbOptions& options, const Target& target,
                                 const Staging& staging) {
  const TimestampMs now_ms = SystemClock().now_ms();
  SLUICE_ASSIGN(const bool exists, fs.exists(options.from));
  if (!exists) return fail(ErrorCode::kNotFound, fmt::format("there is no {}", options.from));
  SLUICE_ASSIGN(const bool are_blocks, fs.is_directory(options.from));
  if (are_blocks) {
    SLUICE_ASSIGN(const auto imported,
                  tsdb::import_blocks(fs, options.from, staging.path(), {random_ulids(), now_ms, target.workspace}));
    uint64_t samples = 0;
    for (const auto& meta : imported.blocks) samples += meta.stats.samples;
    return fmt::format("{} blocks with {} samples imported; {} were there already", imported.blocks.size(), samples,
                       imported.known.size());
  }
  SLUICE_ASSIGN(const auto imported,
                import_open_metrics(fs, options.from, staging.path(), {.new_ulid = random_ulids(), .now_ms = now_ms}));
  return fmt::format("{} blocks with {} samples imported; {} samples were repeated, and {} in conflict with one before",
                     imported.blocks.size(), imported.samples - imported.duplicates - imported.conflicts,
                     imported.duplicates, imported.conflicts);
}

/// Into a workspace that nobody has open.
Result<void> move_blocks(FileSystem& fs, const std::string& from, const std::string& to) {
  SLUICE_ASSIGN(const auto names, fs.list(from));
  for (const auto& name : names) SLUICE_TRY(fs.rename(join_path(from, name), join_path(to, name)));
  return fs.sync_directory(to);
}

Result<void> hand_over(const TsdbOptions& options, const Staging& staging) {
  const auto target = fmt::format("/-/import-blocks/{}?name={}", percent_encode(options.workspace), staging.name());
  const auto answer = ask_admin(options.admin_address, "POST", target, kLongAnswer);
  if (answer) return {};
  return fail(answer.error().code,
              fmt::format("a collector has {} open and did not take the blocks: {}. Name its admin listener (--admin), "
                          "and run this as its user; or stop it first",
                          options.data_directory, answer.error().message));
}

}  // namespace

Result<int> tsdb_import(const TsdbOptions& options) {
  const auto fs = make_posix_file_system();
  SLUICE_ASSIGN(const auto target, find_target(*fs, options));
  SLUICE_ASSIGN(const auto staging, Staging::make(*fs, target.data_directory));
  SLUICE_ASSIGN(const std::string done, write_blocks(*fs, options, target, staging));
  if (target.held) {
    SLUICE_TRY(move_blocks(*fs, staging.path(), target.workspace));
  } else {
    SLUICE_TRY(hand_over(options, staging));
  }
  fmt::print("{}\n", done);
  return 0;
}

}  // namespace sluice::cli
