#include "base/read_only_file_system.h"

#include <fmt/format.h>

namespace sluice {
namespace {

std::unexpected<Error> refused(std::string_view operation, const std::string& path) {
  return fail(ErrorCode::kIo, fmt::format("{} {}: it is only being read", operation, path));
}

}  // namespace

Result<std::unique_ptr<WritableFile>> ReadOnlyFileSystem::open_writable(const std::string& path, OpenMode, uint32_t) {
  return refused("write", path);
}

Result<void> ReadOnlyFileSystem::create_directories(const std::string& path, uint32_t) { return refused("make", path); }

Result<void> ReadOnlyFileSystem::rename(const std::string& from, const std::string&) { return refused("rename", from); }

Result<void> ReadOnlyFileSystem::hard_link(const std::string&, const std::string& to) { return refused("link", to); }

Result<void> ReadOnlyFileSystem::remove_file(const std::string& path) { return refused("remove", path); }

Result<void> ReadOnlyFileSystem::remove_tree(const std::string& path) { return refused("remove", path); }

Result<void> ReadOnlyFileSystem::sync_directory(const std::string& path) { return refused("sync", path); }

Result<std::unique_ptr<FileLock>> ReadOnlyFileSystem::lock(const std::string& path) { return refused("lock", path); }

}  // namespace sluice
