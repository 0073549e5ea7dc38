#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/file_system.h"

namespace sluice {

/// Another file system seen through glass: reads go through, and whatever would change something fails with kIo and is
/// not done. For tools that look at what belongs to another process. Thread-safe as the one behind it, which must
/// outlive it.
class ReadOnlyFileSystem final : public FileSystem {
 public:
  explicit ReadOnlyFileSystem(FileSystem& behind) : behind_(behind) {}

  Result<std::unique_ptr<WritableFile>> open_writable(const std::string& path, OpenMode mode,
                                                      uint32_t permissions) override;
  Result<std::unique_ptr<ReadableFile>> open_readable(const std::string& path) override {
    return behind_.open_readable(path);
  }
  Result<std::shared_ptr<const MappedFile>> map(const std::string& path) override { return behind_.map(path); }
  Result<bool> exists(const std::string& path) override { return behind_.exists(path); }
  Result<bool> is_directory(const std::string& path) override { return behind_.is_directory(path); }
  Result<std::vector<std::string>> list(const std::string& path) override { return behind_.list(path); }
  Result<void> create_directories(const std::string& path, uint32_t permissions) override;
  Result<void> rename(const std::string& from, const std::string& to) override;
  Result<void> hard_link(const std::string& from, const std::string& to) override;
  Result<void> remove_file(const std::string& path) override;
  Result<void> remove_tree(const std::string& path) override;
  Result<void> sync_directory(const std::string& path) override;
  Result<std::unique_ptr<FileLock>> lock(const std::string& path) override;
  Result<DiskSpace> disk_space(const std::string& path) override { return behind_.disk_space(path); }

 private:
  FileSystem& behind_;
};

}  // namespace sluice
