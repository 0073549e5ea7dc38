#include <chrono>
#include <thread>

#include <fmt/core.h>

#include "backup/backup.h"
#include "base/file_system.h"
#include "base/json.h"
#include "catalog/sqlite_catalog.h"
#include "cli/admin_client.h"
#include "cli/verbs.h"
#include "tsdb/data_directory.h"

namespace sluice::cli {

namespace {

constexpr std::chrono::milliseconds kPollInterval{200};

std::string member_of(const JsonValue& state, std::string_view name) {
  const JsonObject* object = state.as_object();
  const JsonValue* value = object == nullptr ? nullptr : object->find(name);
  const std::string* text = value == nullptr ? nullptr : value->as_string();
  return text == nullptr ? "" : *text;
}

/// Has a running collector make one, and waits for it.
Result<int> through_the_collector(const BackupOptions& options) {
  SLUICE_TRY(ask_admin(options.admin_address, "POST", "/-/backup"));
  for (;;) {
    SLUICE_ASSIGN(const std::string answer, ask_admin(options.admin_address, "GET", "/-/backup"));
    SLUICE_ASSIGN(const JsonValue state, parse_json(answer));
    const std::string name = member_of(state, "state");
    if (name == "failed") return fail(ErrorCode::kUnavailable, member_of(state, "error"));
    if (name == "done") {
      fmt::print("{}\n", member_of(state, "path"));
      return 0;
    }
    std::this_thread::sleep_for(kPollInterval);
  }
}

/// Of a data directory that no collector uses.
Result<int> of_a_directory(const BackupOptions& options) {
  const auto fs = make_posix_file_system();
  const SystemClock clock;
  SLUICE_ASSIGN(const bool exists, fs->exists(join_path(options.storage_path, "format")));
  if (!exists) {
    return fail(ErrorCode::kNotFound,
                fmt::format("{} is no data directory: there is no 'format' in it", options.storage_path));
  }
  SLUICE_ASSIGN(const auto directory, tsdb::DataDirectory::open(*fs, options.storage_path));
  SLUICE_ASSIGN(const auto key, backup::BackupKey::read(*fs, options.key_file));
  SLUICE_ASSIGN(const auto catalog, catalog::open_sqlite_catalog(join_path(directory.path(), "catalog.db"), clock));
  const backup::BackupTask task{directory.path(), options.to,
                                [&](const std::string& path) { return catalog->back_up(path); }, nullptr};
  SLUICE_ASSIGN(const auto report, backup::make_backup(*fs, clock, key, task));
  fmt::print("{}\n", report.path);
  return 0;
}

}  // namespace

Result<int> back_up(const BackupOptions& options) {
  const bool is_offline = !options.storage_path.empty();
  if (!is_offline && options.to.empty() && options.key_file.empty()) return through_the_collector(options);
  if (is_offline && !options.to.empty() && !options.key_file.empty()) return of_a_directory(options);
  return fail(ErrorCode::kInvalidArgument,
              "a data directory that no collector uses is backed up with --storage.path, --to and --key-file together; "
              "a running collector makes its backups where its configuration says (storage.backup_directory): then "
              "none of the three");
}

Result<int> restore(const RestoreOptions& options) {
  const auto fs = make_posix_file_system();
  if (options.only_check) {
    SLUICE_ASSIGN(const auto manifest, backup::verify_backup(*fs, options.from));
    fmt::print("{}: {} files of {} workspaces, as they were written\n", options.from, manifest.files.size(),
               manifest.logs.size());
    return 0;
  }
  if (options.to.empty() || options.key_file.empty()) {
    return fail(ErrorCode::kInvalidArgument,
                "a restore needs --to and --key-file (or --check, to read the backup only)");
  }
  SLUICE_ASSIGN(const auto key, backup::BackupKey::read(*fs, options.key_file));
  SLUICE_ASSIGN(const auto manifest, backup::restore_backup(*fs, key, options.from, options.to));
  fmt::print("{} restored from the backup of {}: {} files\n", options.to, format_iso8601(manifest.created_at_ms / 1000),
             manifest.files.size());
  return 0;
}

}  // namespace sluice::cli
