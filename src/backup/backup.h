#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "backup/backup_key.h"
#include "backup/manifest.h"
#include "base/clock.h"
#include "base/file_system.h"
#include "base/result.h"

namespace sluice::backup {

/// In a data directory while a restore fills it (tsdb/data_directory.h refuses such a one).
inline constexpr std::string_view kRestoringName = ".restoring";

struct BackupTask {
  std::string data_directory;
  std::string directory;  ///< holds backups, one directory each; made when missing
  /// Writes the catalog to a file that does not exist yet (catalog::Catalog::back_up).
  std::function<Result<void>(const std::string& path)> copy_catalog;
  /// Asked before each file; kCancelled once true. May be null.
  std::function<bool()> is_cancelled;
};

struct BackupReport {
  std::string path;           ///< of the new backup
  size_t workspaces = 0;
  size_t files = 0;
  uint64_t bytes = 0;         ///< of all files
  uint64_t bytes_copied = 0;  ///< those that take new space; the rest are second names of files that are there
};

/// Makes a backup of a data directory, in use or not, as `directory`/<the second it began>: catalog, secrets sealed
/// under `key`, workspaces. Each workspace is as it was at some moment of the call, with every sample that was
/// acknowledged when the call began.
///
/// Order, for each workspace: its log first (journal/copy.h), then everything else. What else there is may so be newer
/// than the log, never older: what the log no longer holds is in it, and what is in both counts once.
/// Blocks' files never change, so they get a second name (a hard link) in the backup: of the file in the newest earlier
/// backup that has it, else of the file itself, and are copied only when that lies on another file system.
///
/// A backup without its manifest does not count; the next call removes it. One call at a time for a `directory`
/// (kConflict). kNoSpace, kIo; kUnavailable when a workspace changes faster than it can be copied.
Result<BackupReport> make_backup(FileSystem& fs, const Clock& clock, const BackupKey& key, const BackupTask& task);

/// Reads every file of a backup against its manifest. kDataLoss with the first file that is missing or not as it was.
Result<Manifest> verify_backup(FileSystem& fs, const std::string& path);

/// Makes `data_directory` out of the backup at `path`, every file checked on the way. It must not exist, be empty, or
/// hold what an interrupted restore left. Until all is there no collector takes it (tsdb::DataDirectory knows the
/// mark). kConflict when it holds something else, kUnauthenticated for another key, kDataLoss for a damaged backup.
Result<Manifest> restore_backup(FileSystem& fs, const BackupKey& key, const std::string& path,
                                const std::string& data_directory);

}  // namespace sluice::backup
