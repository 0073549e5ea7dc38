#pragma once

#include <memory>
#include <string>

#include "base/file_system.h"
#include "base/result.h"

namespace sluice::tsdb {

/// The root of everything one collector keeps (`--storage.path`), held exclusively:
///
///     D/lock           locked while a process uses D
///     D/format         "sluice data directory, format 1\n"
///     D/workspaces/    one directory per workspace (tsdb/store.h)
///
/// Other modules keep their own names beside these (catalog, keys, credentials).
class DataDirectory {
 public:
  /// Makes the directory when it is missing, and checks by writing that it takes writes. kConflict when another
  /// process holds it, or a restore into it has not ended; kUnsupported when a newer version wrote it, kDataLoss when
  /// `format` does not read as such, the disk's own error when it cannot be written. Each message names the way out.
  static Result<DataDirectory> open(FileSystem& fs, std::string path);

  const std::string& path() const { return path_; }
  std::string workspaces_path() const { return join_path(path_, "workspaces"); }

 private:
  DataDirectory(std::string path, std::unique_ptr<FileLock> lock) : path_(std::move(path)), lock_(std::move(lock)) {}

  std::string path_;
  std::unique_ptr<FileLock> lock_;
};

}  // namespace sluice::tsdb
