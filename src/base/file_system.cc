#include "base/file_system.h"

#include <fmt/format.h>

namespace sluice {

Result<std::string> read_file(FileSystem& fs, const std::string& path, uint64_t bytes_max) {
  SLUICE_ASSIGN(const auto file, fs.open_readable(path));
  SLUICE_ASSIGN(const uint64_t size, file->size());
  if (size > bytes_max) {
    return fail(ErrorCode::kTooLarge, fmt::format("{} has {} bytes; at most {} are read", path, size, bytes_max));
  }
  std::string bytes;
  // Files of /proc say that they are empty and are not, so those are read for as long as something comes.
  SLUICE_TRY(file->read_at(0, static_cast<size_t>(size == 0 ? bytes_max : size), bytes));
  return bytes;
}

Result<void> write_file_atomically(FileSystem& fs, const std::string& path, std::string_view bytes,
                                   uint32_t permissions) {
  const std::string temporary = path + ".tmp";
  // Removed first: a left-over from a crash would keep its own permissions.
  if (const auto removed = fs.remove_file(temporary); !removed && removed.error().code != ErrorCode::kNotFound) {
    return std::unexpected(removed.error());
  }
  const auto write = [&]() -> Result<void> {
    SLUICE_ASSIGN(const auto file, fs.open_writable(temporary, OpenMode::kCreateNew, permissions));
    SLUICE_TRY(file->write_at(0, bytes));
    return file->sync_data();
  };
  if (auto written = write(); !written) {
    (void)fs.remove_file(temporary);
    return written;
  }
  SLUICE_TRY(fs.rename(temporary, path));
  return fs.sync_directory(std::string(parent_path(path)));
}

std::string join_path(std::string_view directory, std::string_view name) {
  std::string path(directory);
  if (!path.empty() && !path.ends_with('/')) path += '/';
  path.append(name);
  return path;
}

std::string_view parent_path(std::string_view path) {
  while (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  const size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return ".";
  return slash == 0 ? std::string_view("/") : path.substr(0, slash);
}

std::string_view base_name(std::string_view path) {
  while (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  const size_t slash = path.rfind('/');
  return slash == std::string_view::npos || path.size() == 1 ? path : path.substr(slash + 1);
}

}  // namespace sluice
