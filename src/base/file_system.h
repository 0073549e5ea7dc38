#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sluice {

/// A file open for writing. Not thread-safe; one owner. Destroying it closes without syncing.
class WritableFile {
 public:
  virtual ~WritableFile() = default;
  /// Writes all of `bytes` at `offset`, or fails; after a failure what was written is unknown.
  /// kNoSpace when the disk is full, kIo otherwise.
  virtual Result<void> write_at(uint64_t offset, std::string_view bytes) = 0;
  /// fdatasync(2). After a failure the file's unsynced content must be considered lost: the kernel may
  /// have dropped the pages and a second call may claim success. Never call it again on this file.
  virtual Result<void> sync_data() = 0;
  /// Reserves [0, size): the file is at least that large, what it grows by is zero bytes, and writes inside
  /// no longer meet a full disk (posix_fallocate). Content stays; a larger file is not cut.
  virtual Result<void> preallocate(uint64_t size) = 0;
  virtual Result<void> truncate(uint64_t size) = 0;  ///< cuts, or grows by zero bytes
  virtual Result<uint64_t> size() const = 0;
};

/// A file open for reading. Thread-safe.
class ReadableFile {
 public:
  virtual ~ReadableFile() = default;
  /// Reads up to `length` bytes at `offset` into `out` (replacing it); fewer only at the end of the file.
  virtual Result<void> read_at(uint64_t offset, size_t length, std::string& out) const = 0;
  virtual Result<uint64_t> size() const = 0;
};

/// A whole file as memory, as it was when it was mapped. It stays readable after the file is renamed or removed.
/// Thread-safe. Only for files that are never cut or changed in place: reading behind a file's new end, or from a
/// disk that fails, ends the process (SIGBUS).
class MappedFile {
 public:
  virtual ~MappedFile() = default;
  std::string_view bytes() const { return bytes_; }

 protected:
  explicit MappedFile(std::string_view bytes) : bytes_(bytes) {}

 private:
  std::string_view bytes_;
};

/// An exclusive lock on a path, held until destroyed. The kernel drops it when the process dies.
class FileLock {
 public:
  virtual ~FileLock() = default;
};

/// Of one file system.
struct DiskSpace {
  uint64_t total_bytes = 0;
  uint64_t available_bytes = 0;  ///< what an unprivileged writer can still use
};

enum class OpenMode : uint8_t {
  kCreateNew,     ///< must not exist
  kCreateOrOpen,  ///< keeps the content
  kTruncate,      ///< creates, or empties
};

/// The seam to the disk: everything that stores bytes goes through one of these, so that tests can fail any
/// operation and lose unsynced data. Paths are the operating system's. Thread-safe. Error messages name
/// the path and the system's reason.
///
/// Errors of every call: kNotFound, kAlreadyExists, kNoSpace (disk full, quota), kResourceExhausted (file
/// handles, kernel memory), kIo for the rest, permissions included.
class FileSystem {
 public:
  virtual ~FileSystem() = default;

  /// `permissions` apply when the file is created (octal, 0600 for secrets).
  virtual Result<std::unique_ptr<WritableFile>> open_writable(const std::string& path, OpenMode mode,
                                                              uint32_t permissions = 0644) = 0;
  virtual Result<std::unique_ptr<ReadableFile>> open_readable(const std::string& path) = 0;  ///< kNotFound
  /// Maps a file for reading; no file handle stays open.
  virtual Result<std::shared_ptr<const MappedFile>> map(const std::string& path) = 0;
  virtual Result<bool> exists(const std::string& path) = 0;
  virtual Result<bool> is_directory(const std::string& path) = 0;  ///< kNotFound
  /// Names (not paths) in a directory, sorted, without "." and "..".
  virtual Result<std::vector<std::string>> list(const std::string& path) = 0;
  /// Also the missing parents. The directories it made are durable when it returns (their parents are
  /// synced); existing ones are left as they are.
  virtual Result<void> create_directories(const std::string& path, uint32_t permissions = 0755) = 0;
  /// Replaces `to` if it exists, at once for every reader.
  virtual Result<void> rename(const std::string& from, const std::string& to) = 0;
  /// A second name for the file `from`, on the same file system. kAlreadyExists when `to` exists.
  virtual Result<void> hard_link(const std::string& from, const std::string& to) = 0;
  virtual Result<void> remove_file(const std::string& path) = 0;  ///< kNotFound
  /// A directory and all in it, or a file; nothing to remove is no error.
  virtual Result<void> remove_tree(const std::string& path) = 0;
  /// fsync of a directory: makes creations, renames and removals in it durable.
  virtual Result<void> sync_directory(const std::string& path) = 0;
  /// Makes the file if need be. kConflict when another process, or this one, holds it.
  virtual Result<std::unique_ptr<FileLock>> lock(const std::string& path) = 0;
  virtual Result<DiskSpace> disk_space(const std::string& path) = 0;  ///< of the file system that holds `path`
};

/// The real disk.
std::unique_ptr<FileSystem> make_posix_file_system();

/// Whole-file helpers over any FileSystem. read_file refuses files over `bytes_max` with kTooLarge.
Result<std::string> read_file(FileSystem& fs, const std::string& path, uint64_t bytes_max = 64 << 20);
/// Writes to `path`.tmp, syncs, renames over `path`, syncs the directory: after success the new content
/// survives a power cut, and at no time is there a half-written `path`.
Result<void> write_file_atomically(FileSystem& fs, const std::string& path, std::string_view bytes,
                                   uint32_t permissions = 0644);
std::string join_path(std::string_view directory, std::string_view name);  ///< ("a", "b") -> "a/b"
std::string_view parent_path(std::string_view path);  ///< "a/b" -> "a"; "a" -> "."; "/a" -> "/"
std::string_view base_name(std::string_view path);    ///< "a/b" -> "b"

}  // namespace sluice
