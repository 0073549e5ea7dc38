#pragma once

#include <cstdint>
#include <string>

#include "base/file_system.h"
#include "base/result.h"

namespace sluice::backup {

/// What a file holds.
struct FileDigest {
  uint64_t bytes = 0;
  std::string sha256;  ///< 64 hex digits

  friend bool operator==(const FileDigest&, const FileDigest&) = default;
};

/// Reads a whole file. kNotFound, kIo.
Result<FileDigest> digest_file(FileSystem& fs, const std::string& path);
/// Copies a file to `to`, which must not exist, and syncs it (not its directory). The digest is of the bytes copied.
Result<FileDigest> copy_file(FileSystem& fs, const std::string& from, const std::string& to,
                             uint32_t permissions = 0644);
/// Makes `to` with that content, synced; it must not exist.
Result<FileDigest> write_new_file(FileSystem& fs, const std::string& to, std::string_view bytes,
                                  uint32_t permissions = 0644);

}  // namespace sluice::backup
