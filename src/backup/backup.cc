#include "backup/backup.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "backup/file_copy.h"
#include "backup/layout.h"
#include "base/limits.h"
#include "base/version.h"
#include "journal/copy.h"

namespace sluice::backup {
namespace {

constexpr int kAttempts = 5;
constexpr size_t kNameSize = std::string_view("20261127T085133Z").size();

/// Names of a workspace's directory that are made anew when it is opened, or were never finished.
bool is_scratch(std::string_view name) {
  return name == "closed" || name == "chunks_head" || name.ends_with(".tmp") ||
         name.find(".tmp-for-") != std::string_view::npos;
}

/// Files of blocks that are written once. Others (meta.json, tombstones) are small, and may be replaced.
bool is_written_once(std::string_view path) {
  return base_name(path) == "index" || base_name(parent_path(path)) == "chunks";
}

bool is_backup_name(std::string_view name) {
  return name.size() == kNameSize && name.ends_with('Z') &&
         name.find_first_not_of("0123456789TZ") == std::string_view::npos;
}

/// One backup in the making.
class Writer {
 public:
  Writer(FileSystem& fs, const BackupKey& key, const BackupTask& task) : fs_(fs), key_(key), task_(task) {}

  Result<BackupReport> run(const Clock& clock) {
    SLUICE_TRY(find_previous());
    SLUICE_TRY(choose_name(clock.now_s()));
    SLUICE_TRY(fs_.create_directories(report_.path, 0700));
    manifest_.version = kVersion;
    manifest_.created_at_ms = clock.now_ms();
    SLUICE_TRY(add_secrets());
    // The catalog between two rounds: what it says is deleted is here all the same, and what it says was created comes
    // in the second one.
    SLUICE_TRY(add_workspaces());
    SLUICE_TRY(task_.copy_catalog(out(kCatalogName)));
    SLUICE_ASSIGN(auto catalog, digest_file(fs_, out(kCatalogName)));
    add(std::string(kCatalogName), std::move(catalog), true);
    SLUICE_TRY(add_workspaces());
    SLUICE_TRY(fs_.sync_directory(report_.path));
    std::ranges::sort(manifest_.files, {}, &ManifestFile::path);
    std::ranges::sort(manifest_.logs, {}, &ManifestLog::workspace);
    SLUICE_TRY(write_file_atomically(fs_, out(kManifestName), to_json(manifest_), 0600));
    SLUICE_TRY(fs_.sync_directory(task_.directory));
    report_.files = manifest_.files.size();
    return report_;
  }

 private:
  std::string out(std::string_view path) const { return join_path(report_.path, path); }
  std::string in(std::string_view path) const { return join_path(task_.data_directory, path); }
  void add(std::string path, FileDigest digest, bool takes_space) {
    report_.bytes += digest.bytes;
    if (takes_space) report_.bytes_copied += digest.bytes;
    manifest_.files.push_back({std::move(path), digest.bytes, std::move(digest.sha256)});
  }

  Result<void> find_previous();
  Result<void> choose_name(UnixSeconds now);
  Result<void> add_secrets();
  Result<void> add_secret(std::string_view name, const std::string& from);
  Result<void> add_workspaces();
  Result<void> add_workspace(const std::string& name);
  Result<void> copy_workspace(const std::string& name);
  Result<void> copy_log(const std::string& workspace, const std::string& directory);
  Result<void> copy_tree(const std::string& directory);
  Result<void> place(const std::string& path);

  FileSystem& fs_;
  const BackupKey& key_;
  const BackupTask& task_;
  Manifest manifest_;
  BackupReport report_;
  std::set<std::string> seen_;  // workspaces
  std::string previous_;  // path of the newest earlier backup; "" when there is none
  std::map<std::string, ManifestFile> previous_files_;
};

// Removes what an interrupted call left, and reads the newest backup's manifest.
Result<void> Writer::find_previous() {
  SLUICE_ASSIGN(const auto names, fs_.list(task_.directory));
  for (const auto& name : names) {
    if (!is_backup_name(name)) continue;
    const std::string path = join_path(task_.directory, name);
    SLUICE_ASSIGN(const bool is_whole, fs_.exists(join_path(path, kManifestName)));
    if (is_whole) {
      previous_ = path;
    } else {
      SLUICE_TRY(fs_.remove_tree(path));
    }
  }
  if (previous_.empty()) return {};
  const auto text = read_file(fs_, join_path(previous_, kManifestName), limits::kBackupManifestBytesMax);
  auto manifest = text ? parse_manifest(*text) : Result<Manifest>(std::unexpected(text.error()));
  if (!manifest) {
    previous_.clear();  // a damaged or newer one cannot help; this backup then stands alone
    return {};
  }
  for (auto& file : manifest->files) previous_files_.emplace(file.path, file);
  return {};
}

// After this second, or the next one that no other backup is named after.
Result<void> Writer::choose_name(UnixSeconds now) {
  for (;; ++now) {
    report_.path = join_path(task_.directory, format_amz_date(now));
    SLUICE_ASSIGN(const bool exists, fs_.exists(report_.path));
    if (!exists) return {};
  }
}

Result<void> Writer::add_secrets() {
  SLUICE_TRY(fs_.create_directories(out(kSealedName), 0700));
  SLUICE_TRY(add_secret(kKeysFileName, in(join_path(kKeysName, kKeysFileName))));
  SLUICE_ASSIGN(const bool has_credentials, fs_.exists(in(kCredentialsName)));
  if (has_credentials) SLUICE_TRY(add_secret(kCredentialsName, in(kCredentialsName)));
  return fs_.sync_directory(out(kSealedName));
}

Result<void> Writer::add_secret(std::string_view name, const std::string& from) {
  SLUICE_ASSIGN(std::string bytes, read_file(fs_, from, limits::kConfigFileBytesMax));
  const Secret secret(std::move(bytes));
  std::string path = join_path(kSealedName, name);
  SLUICE_ASSIGN(auto digest, write_new_file(fs_, out(path), key_.seal(name, secret), 0600));
  add(std::move(path), std::move(digest), true);
  return {};
}

Result<void> Writer::add_workspaces() {
  SLUICE_TRY(fs_.create_directories(out(kWorkspacesName), 0700));
  SLUICE_ASSIGN(const auto names, fs_.list(in(kWorkspacesName)));
  for (const auto& name : names) {
    // Also deleted ones that are kept; not what is being removed.
    if (!name.starts_with("ws-") || name.ends_with(".deleted") || !seen_.insert(name).second) continue;
    SLUICE_TRY(add_workspace(name));
  }
  return fs_.sync_directory(out(kWorkspacesName));
}

// Again from its beginning when a file went away meanwhile: a block was merged into another.
Result<void> Writer::add_workspace(const std::string& name) {
  const std::string path = join_path(kWorkspacesName, name);
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    const size_t files_before = manifest_.files.size();
    const size_t logs_before = manifest_.logs.size();
    const BackupReport report_before = report_;
    auto copied = copy_workspace(name);
    if (copied) {
      ++report_.workspaces;
      return {};
    }
    if (copied.error().code != ErrorCode::kNotFound) return copied;
    manifest_.files.resize(files_before);
    manifest_.logs.resize(logs_before);
    report_ = report_before;
    SLUICE_TRY(fs_.remove_tree(out(path)));
    SLUICE_ASSIGN(const bool is_there, fs_.exists(in(path)));
    if (!is_there) return {};  // deleted meanwhile
  }
  return fail(ErrorCode::kUnavailable,
              fmt::format("{} changed {} times while it was being copied; try again", in(path), kAttempts));
}

Result<void> Writer::copy_workspace(const std::string& name) {
  const std::string path = join_path(kWorkspacesName, name);
  SLUICE_TRY(fs_.create_directories(out(path), 0700));
  SLUICE_ASSIGN(const bool has_log, fs_.exists(in(join_path(path, kLogName))));
  if (has_log) SLUICE_TRY(copy_log(name, join_path(path, kLogName)));
  SLUICE_ASSIGN(const auto names, fs_.list(in(path)));
  for (const auto& entry : names) {
    if (entry != kLogName && !is_scratch(entry)) SLUICE_TRY(copy_tree(join_path(path, entry)));
  }
  return fs_.sync_directory(out(path));
}

Result<void> Writer::copy_log(const std::string& workspace, const std::string& directory) {
  SLUICE_ASSIGN(const auto copied, journal::copy_journal(fs_, in(directory), out(directory)));
  manifest_.logs.push_back({workspace, copied.last});
  SLUICE_ASSIGN(const auto names, fs_.list(out(directory)));
  for (const auto& name : names) {
    std::string path = join_path(directory, name);
    SLUICE_ASSIGN(auto digest, digest_file(fs_, out(path)));
    add(std::move(path), std::move(digest), true);
  }
  return {};
}

Result<void> Writer::copy_tree(const std::string& path) {
  if (task_.is_cancelled && task_.is_cancelled()) return fail(ErrorCode::kCancelled, "the backup was cancelled");
  SLUICE_ASSIGN(const bool is_directory, fs_.is_directory(in(path)));
  if (!is_directory) return place(path);
  SLUICE_TRY(fs_.create_directories(out(path), 0700));
  SLUICE_ASSIGN(const auto names, fs_.list(in(path)));
  for (const auto& name : names) {
    if (!is_scratch(name)) SLUICE_TRY(copy_tree(join_path(path, name)));
  }
  return fs_.sync_directory(out(path));
}

Result<void> Writer::place(const std::string& path) {
  if (!is_written_once(path)) {
    SLUICE_ASSIGN(auto digest, copy_file(fs_, in(path), out(path), 0600));
    add(path, std::move(digest), true);
    return {};
  }
  const auto earlier = previous_files_.find(path);
  if (earlier != previous_files_.end() && fs_.hard_link(join_path(previous_, path), out(path))) {
    add(path, {earlier->second.bytes, earlier->second.sha256}, false);
    return {};
  }
  if (fs_.hard_link(in(path), out(path))) {
    SLUICE_ASSIGN(auto digest, digest_file(fs_, out(path)));
    add(path, std::move(digest), false);
    return {};
  }
  SLUICE_ASSIGN(auto digest, copy_file(fs_, in(path), out(path), 0600));
  add(path, std::move(digest), true);
  return {};
}

}  // namespace

Result<BackupReport> make_backup(FileSystem& fs, const Clock& clock, const BackupKey& key, const BackupTask& task) {
  SLUICE_TRY(fs.create_directories(task.directory, 0700));
  auto lock = fs.lock(join_path(task.directory, "lock"));
  if (!lock && lock.error().code == ErrorCode::kConflict) {
    return fail(ErrorCode::kConflict, fmt::format("another backup is being made in {}", task.directory));
  }
  if (!lock) return std::unexpected(lock.error());
  return Writer(fs, key, task).run(clock);
}

}  // namespace sluice::backup
