#include <algorithm>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "backup/backup.h"
#include "backup/file_copy.h"
#include "backup/layout.h"
#include "base/limits.h"

namespace sluice::backup {
namespace {

Result<Manifest> read_manifest(FileSystem& fs, const std::string& path) {
  const std::string file = join_path(path, kManifestName);
  const auto text = read_file(fs, file, limits::kBackupManifestBytesMax);
  if (!text && text.error().code == ErrorCode::kNotFound) {
    return fail(ErrorCode::kNotFound,
                fmt::format("{} is no backup: there is no {} in it. Name one of the directories below the one that "
                            "`sluice backup --to` was given; one without it was cut short",
                            path, kManifestName));
  }
  if (!text) return std::unexpected(text.error());
  auto manifest = parse_manifest(*text);
  if (!manifest) return fail_in(file, manifest.error());
  return manifest;
}

Result<void> check(const std::string& path, const ManifestFile& wanted, const Result<FileDigest>& found) {
  if (!found && found.error().code == ErrorCode::kNotFound) {
    return fail(ErrorCode::kDataLoss, fmt::format("{} is missing; use another backup", path));
  }
  if (!found) return std::unexpected(found.error());
  if (found->bytes == wanted.bytes && found->sha256 == wanted.sha256) return {};
  return fail(ErrorCode::kDataLoss,
              fmt::format("{} is damaged: {} bytes with SHA-256 {}, and {} bytes with {} were written; use another "
                          "backup",
                          path, found->bytes, found->sha256, wanted.bytes, wanted.sha256));
}

/// A data directory in the making, below `target`/.restoring until it is whole.
class Restorer {
 public:
  Restorer(FileSystem& fs, const BackupKey& key, const std::string& source, const std::string& target)
      : fs_(fs), key_(key), source_(source), target_(target), staging_(join_path(target, kRestoringName)) {}

  Result<Manifest> run() {
    SLUICE_ASSIGN(const Manifest manifest, read_manifest(fs_, source_));
    SLUICE_TRY(prepare_target());
    for (const auto& file : manifest.files) SLUICE_TRY(restore(file));
    for (const auto& [directory, unused] : directories_) SLUICE_TRY(fs_.sync_directory(directory));
    SLUICE_TRY(move_into_place());
    return manifest;
  }

 private:
  Result<void> prepare_target();
  Result<void> restore(const ManifestFile& file);
  Result<void> restore_secret(const ManifestFile& file, std::string_view name);
  Result<void> make_parent(const std::string& path, uint32_t permissions);
  Result<void> move_into_place();

  FileSystem& fs_;
  const BackupKey& key_;
  const std::string& source_;
  const std::string& target_;
  const std::string staging_;
  std::map<std::string, bool> directories_;  // made here, to be synced
};

Result<void> Restorer::prepare_target() {
  SLUICE_TRY(fs_.create_directories(target_));
  SLUICE_ASSIGN(const auto names, fs_.list(target_));
  const bool is_interrupted = std::ranges::find(names, kRestoringName) != names.end();
  if (!names.empty() && !is_interrupted) {
    return fail(ErrorCode::kConflict,
                fmt::format("{} is not empty (there is '{}' in it), and nothing is restored over what is there: name a "
                            "directory that is empty or not there yet",
                            target_, names.front()));
  }
  // What an interrupted restore had moved into place already, the mark last.
  for (const auto& name : names) {
    if (name != kRestoringName) SLUICE_TRY(fs_.remove_tree(join_path(target_, name)));
  }
  SLUICE_TRY(fs_.remove_tree(staging_));
  SLUICE_TRY(fs_.create_directories(staging_));
  return fs_.create_directories(join_path(staging_, kWorkspacesName));
}

Result<void> Restorer::make_parent(const std::string& path, uint32_t permissions) {
  std::string parent(parent_path(path));
  SLUICE_TRY(fs_.create_directories(parent, permissions));
  directories_.emplace(std::move(parent), true);
  return {};
}

Result<void> Restorer::restore(const ManifestFile& file) {
  const std::string from = join_path(source_, file.path);
  const std::string sealed_prefix = std::string(kSealedName) + "/";
  if (file.path.starts_with(sealed_prefix)) {
    return restore_secret(file, std::string_view(file.path).substr(sealed_prefix.size()));
  }
  const std::string to = join_path(staging_, file.path);
  SLUICE_TRY(make_parent(to, 0755));
  return check(from, file, copy_file(fs_, from, to, file.path == kCatalogName ? 0600 : 0644));
}

Result<void> Restorer::restore_secret(const ManifestFile& file, std::string_view name) {
  const std::string from = join_path(source_, file.path);
  SLUICE_TRY(check(from, file, digest_file(fs_, from)));
  SLUICE_ASSIGN(const std::string sealed, read_file(fs_, from, limits::kConfigFileBytesMax));
  auto secret = key_.open(name, sealed);
  if (!secret) return fail_in(from, secret.error());
  const bool is_keys = name == kKeysFileName;
  if (!is_keys && name != kCredentialsName) {
    return fail(ErrorCode::kUnsupported, fmt::format("{}: a secret this program does not know", from));
  }
  const std::string to = is_keys ? join_path(join_path(staging_, kKeysName), name) : join_path(staging_, name);
  SLUICE_TRY(make_parent(to, 0700));
  SLUICE_TRY(write_new_file(fs_, to, secret->reveal(), 0600));
  return {};
}

Result<void> Restorer::move_into_place() {
  SLUICE_TRY(fs_.sync_directory(staging_));
  SLUICE_ASSIGN(const auto names, fs_.list(staging_));
  for (const auto& name : names) SLUICE_TRY(fs_.rename(join_path(staging_, name), join_path(target_, name)));
  SLUICE_TRY(fs_.sync_directory(target_));
  SLUICE_TRY(fs_.remove_tree(staging_));
  return fs_.sync_directory(target_);
}

}  // namespace

Result<Manifest> verify_backup(FileSystem& fs, const std::string& path) {
  SLUICE_ASSIGN(Manifest manifest, read_manifest(fs, path));
  for (const auto& file : manifest.files) {
    const std::string name = join_path(path, file.path);
    SLUICE_TRY(check(name, file, digest_file(fs, name)));
  }
  return manifest;
}

Result<Manifest> restore_backup(FileSystem& fs, const BackupKey& key, const std::string& path,
                                const std::string& data_directory) {
  return Restorer(fs, key, path, data_directory).run();
}

}  // namespace sluice::backup
