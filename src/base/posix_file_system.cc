#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fmt/format.h>

#include "base/file_system.h"

namespace sluice {
namespace {

// Linux moves at most 2 GiB - 4 KiB in one call; smaller steps also keep size_t arithmetic plain.
constexpr size_t kTransferBytesMax = 1 << 30;
constexpr size_t kReadStepBytes = 1 << 20;

ErrorCode code_of(int number) {
  switch (number) {
    case ENOENT:
    case ENOTDIR: return ErrorCode::kNotFound;
    case EEXIST: return ErrorCode::kAlreadyExists;
    case ENOSPC:
    case EDQUOT: return ErrorCode::kNoSpace;
    case EMFILE:
    case ENFILE:
    case ENOMEM: return ErrorCode::kResourceExhausted;
    default: return ErrorCode::kIo;
  }
}

std::unexpected<Error> fail_system(std::string_view action, std::string_view path, int number) {
  return fail(code_of(number), fmt::format("{} {}: {}", action, path, std::strerror(number)));
}

/// Runs a system call again when a signal cut it short.
template <class Call>
auto retry(Call call) {
  while (true) {
    const auto result = call();
    if (result != -1 || errno != EINTR) return result;
  }
}

class FileDescriptor {
 public:
  explicit FileDescriptor(int fd) : fd_(fd) {}
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&&) = delete;
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  // Not retried on EINTR: Linux has closed the descriptor all the same.
  ~FileDescriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

Result<FileDescriptor> open_descriptor(std::string_view action, const std::string& path, int flags,
                                       uint32_t permissions = 0) {
  const int fd = retry([&] { return ::open(path.c_str(), flags | O_CLOEXEC, static_cast<mode_t>(permissions)); });
  if (fd < 0) return fail_system(action, path, errno);
  return FileDescriptor(fd);
}

Result<uint64_t> size_of(int fd, const std::string& path) {
  struct stat status{};
  if (::fstat(fd, &status) != 0) return fail_system("stat", path, errno);
  return static_cast<uint64_t>(status.st_size);
}

class PosixWritableFile final : public WritableFile {
 public:
  PosixWritableFile(FileDescriptor fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}

  Result<void> write_at(uint64_t offset, std::string_view bytes) override {
    while (!bytes.empty()) {
      const size_t step = std::min(bytes.size(), kTransferBytesMax);
      const ssize_t written =
          retry([&] { return ::pwrite(fd_.get(), bytes.data(), step, static_cast<off_t>(offset)); });
      if (written < 0) return fail_system("write", path_, errno);
      if (written == 0)
        return fail(ErrorCode::kIo, fmt::format("write {}: nothing was taken at offset {}", path_, offset));
      bytes.remove_prefix(static_cast<size_t>(written));
      offset += static_cast<uint64_t>(written);
    }
    return {};
  }

  Result<void> sync_data() override {
    if (retry([&] { return ::fdatasync(fd_.get()); }) != 0) return fail_system("sync", path_, errno);
    return {};
  }

  Result<void> preallocate(uint64_t size) override {
    if (size == 0) return {};  // posix_fallocate wants a length
    // It reports its error as the result, not in errno.
    int number = 0;
    do {
      number = ::posix_fallocate(fd_.get(), 0, static_cast<off_t>(size));
    } while (number == EINTR);
    if (number != 0) return fail_system("preallocate", path_, number);
    return {};
  }

  Result<void> truncate(uint64_t size) override {
    if (retry([&] { return ::ftruncate(fd_.get(), static_cast<off_t>(size)); }) != 0) {
      return fail_system("truncate", path_, errno);
    }
    return {};
  }

  Result<uint64_t> size() const override { return size_of(fd_.get(), path_); }

 private:
  FileDescriptor fd_;
  std::string path_;
};

class PosixReadableFile final : public ReadableFile {
 public:
  PosixReadableFile(FileDescriptor fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}

  Result<void> read_at(uint64_t offset, size_t length, std::string& out) const override {
    out.clear();
    // Grown step by step: `length` may be a bound, not the size, and must not be paid for in memory.
    while (out.size() < length) {
      const size_t before = out.size();
      const size_t step = std::min(length - before, kReadStepBytes);
      out.resize(before + step);
      const ssize_t count =
          retry([&] { return ::pread(fd_.get(), out.data() + before, step, static_cast<off_t>(offset + before)); });
      if (count < 0) {
        const int number = errno;
        out.clear();
        return fail_system("read", path_, number);
      }
      out.resize(before + static_cast<size_t>(count));
      if (count == 0) break;
    }
    return {};
  }

  Result<uint64_t> size() const override { return size_of(fd_.get(), path_); }

 private:
  FileDescriptor fd_;
  std::string path_;
};

class PosixMappedFile final : public MappedFile {
 public:
  explicit PosixMappedFile(std::string_view bytes) : MappedFile(bytes) {}
  PosixMappedFile(const PosixMappedFile&) = delete;
  PosixMappedFile& operator=(const PosixMappedFile&) = delete;
  ~PosixMappedFile() override {
    if (!bytes().empty()) ::munmap(const_cast<char*>(bytes().data()), bytes().size());
  }
};

class PosixFileLock final : public FileLock {
 public:
  explicit PosixFileLock(FileDescriptor fd) : fd_(std::move(fd)) {}

 private:
  FileDescriptor fd_;  // closing it lets the lock go
};

Result<void> remove_below(int parent, const std::string& name, const std::string& path);

// By descriptors rather than paths, so that a symbolic link put in meanwhile is removed and not followed.
Result<void> remove_children(int parent, const std::string& name, const std::string& path) {
  const int fd = retry([&] { return ::openat(parent, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC); });
  if (fd < 0) return fail_system("open directory", path, errno);
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(::fdopendir(fd), ::closedir);
  if (!directory) {
    const int number = errno;
    ::close(fd);
    return fail_system("open directory", path, number);
  }
  std::vector<std::string> names;
  while (const dirent* entry = ::readdir(directory.get())) names.emplace_back(entry->d_name);
  for (const auto& child : names) {
    if (child != "." && child != "..") SLUICE_TRY(remove_below(fd, child, join_path(path, child)));
  }
  return {};
}

Result<void> remove_below(int parent, const std::string& name, const std::string& path) {
  if (::unlinkat(parent, name.c_str(), 0) == 0 || errno == ENOENT) return {};
  if (errno != EISDIR) return fail_system("remove", path, errno);
  SLUICE_TRY(remove_children(parent, name, path));
  if (::unlinkat(parent, name.c_str(), AT_REMOVEDIR) != 0 && errno != ENOENT) return fail_system("remove", path, errno);
  return {};
}

class PosixFileSystem final : public FileSystem {
 public:
  Result<std::unique_ptr<WritableFile>> open_writable(const std::string& path, OpenMode mode,
                                                      uint32_t permissions) override {
    int flags = O_WRONLY | O_CREAT;
    if (mode == OpenMode::kCreateNew) flags |= O_EXCL;
    if (mode == OpenMode::kTruncate) flags |= O_TRUNC;
    SLUICE_ASSIGN(FileDescriptor fd, open_descriptor("open for writing", path, flags, permissions));
    return std::make_unique<PosixWritableFile>(std::move(fd), path);
  }

  Result<std::unique_ptr<ReadableFile>> open_readable(const std::string& path) override {
    SLUICE_ASSIGN(FileDescriptor fd, open_descriptor("open", path, O_RDONLY));
    return std::make_unique<PosixReadableFile>(std::move(fd), path);
  }

  Result<std::shared_ptr<const MappedFile>> map(const std::string& path) override {
    SLUICE_ASSIGN(const FileDescriptor fd, open_descriptor("open", path, O_RDONLY));
    SLUICE_ASSIGN(const uint64_t size, size_of(fd.get(), path));
    if (size == 0) return std::make_shared<PosixMappedFile>(std::string_view());  // mmap wants a length
    void* memory = ::mmap(nullptr, static_cast<size_t>(size), PROT_READ, MAP_SHARED, fd.get(), 0);
    if (memory == MAP_FAILED) return fail_system("map", path, errno);
    return std::make_shared<PosixMappedFile>(std::string_view(static_cast<const char*>(memory), size));
  }

  Result<bool> exists(const std::string& path) override {
    struct stat status{};
    if (::stat(path.c_str(), &status) == 0) return true;
    if (errno == ENOENT || errno == ENOTDIR) return false;
    return fail_system("stat", path, errno);
  }

  Result<bool> is_directory(const std::string& path) override {
    struct stat status{};
    if (::stat(path.c_str(), &status) != 0) return fail_system("stat", path, errno);
    return S_ISDIR(status.st_mode);
  }

  Result<std::vector<std::string>> list(const std::string& path) override {
    const std::unique_ptr<DIR, int (*)(DIR*)> directory(::opendir(path.c_str()), ::closedir);
    if (!directory) return fail_system("list", path, errno);
    std::vector<std::string> names;
    while (true) {
      errno = 0;  // the end and a failure both look like nullptr
      const dirent* entry = ::readdir(directory.get());
      if (entry == nullptr) break;
      const std::string_view name = entry->d_name;
      if (name != "." && name != "..") names.emplace_back(name);
    }
    if (errno != 0) return fail_system("list", path, errno);
    std::ranges::sort(names);
    return names;
  }

  Result<void> create_directories(const std::string& path, uint32_t permissions) override {
    if (::mkdir(path.c_str(), static_cast<mode_t>(permissions)) != 0) {
      const int number = errno;
      if (number == EEXIST) return expect_directory(path);
      const std::string parent(parent_path(path));
      if (number != ENOENT || parent == path || path.empty()) return fail_system("create directory", path, number);
      SLUICE_TRY(create_directories(parent, permissions));
      if (::mkdir(path.c_str(), static_cast<mode_t>(permissions)) != 0 && errno != EEXIST) {
        return fail_system("create directory", path, errno);
      }
    }
    return sync_directory(std::string(parent_path(path)));
  }

  Result<void> rename(const std::string& from, const std::string& to) override {
    if (::rename(from.c_str(), to.c_str()) != 0) return fail_system(fmt::format("rename {} to", from), to, errno);
    return {};
  }

  Result<void> hard_link(const std::string& from, const std::string& to) override {
    if (::link(from.c_str(), to.c_str()) != 0) return fail_system(fmt::format("link {} to", from), to, errno);
    return {};
  }

  Result<void> remove_file(const std::string& path) override {
    if (::unlink(path.c_str()) != 0) return fail_system("remove", path, errno);
    return {};
  }

  Result<void> remove_tree(const std::string& path) override { return remove_below(AT_FDCWD, path, path); }

  Result<void> sync_directory(const std::string& path) override {
    SLUICE_ASSIGN(const FileDescriptor fd, open_descriptor("open directory", path, O_RDONLY | O_DIRECTORY));
    if (retry([&] { return ::fsync(fd.get()); }) != 0) return fail_system("sync directory", path, errno);
    return {};
  }

  Result<std::unique_ptr<FileLock>> lock(const std::string& path) override {
    SLUICE_ASSIGN(FileDescriptor fd, open_descriptor("open lock", path, O_RDWR | O_CREAT, 0600));
    if (retry([&] { return ::flock(fd.get(), LOCK_EX | LOCK_NB); }) != 0) {
      if (errno == EWOULDBLOCK) return fail(ErrorCode::kConflict, fmt::format("{} is locked by another process", path));
      return fail_system("lock", path, errno);
    }
    return std::make_unique<PosixFileLock>(std::move(fd));
  }

  Result<DiskSpace> disk_space(const std::string& path) override {
    struct statvfs status{};
    if (retry([&] { return ::statvfs(path.c_str(), &status); }) != 0) return fail_system("statvfs", path, errno);
    return DiskSpace{uint64_t{status.f_blocks} * status.f_frsize, uint64_t{status.f_bavail} * status.f_frsize};
  }

 private:
  static Result<void> expect_directory(const std::string& path) {
    struct stat status{};
    if (::stat(path.c_str(), &status) != 0) return fail_system("stat", path, errno);
    if (!S_ISDIR(status.st_mode)) return fail_system("create directory", path, EEXIST);
    return {};
  }
};

}  // namespace

std::unique_ptr<FileSystem> make_posix_file_system() { return std::make_unique<PosixFileSystem>(); }

}  // namespace sluice
