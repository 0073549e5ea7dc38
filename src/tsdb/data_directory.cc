#include "tsdb/data_directory.h"

#include <charconv>
#include <utility>

#include <fmt/format.h>

#include "base/encoding.h"
#include "base/limits.h"

namespace sluice::tsdb {
namespace {

constexpr std::string_view kRestoringName = ".restoring";  // backup/backup.h's, which this module does not use
constexpr std::string_view kFormatPrefix = "sluice data directory, format ";
constexpr uint32_t kFormat = 1;

std::string format_text(uint32_t format) { return fmt::format("{}{}\n", kFormatPrefix, format); }

// Adds to an environment's error what the operator can do about it.
std::unexpected<Error> not_writable(const std::string& path, const Error& error) {
  return fail(error.code, fmt::format("data directory {} cannot be used: {}: make it writable for the user sluice runs "
                                      "as (is the volume mounted read-only?), or name another with --storage.path",
                                      path, error.message));
}

Result<uint32_t> parse_format(const std::string& path, std::string_view text) {
  uint32_t format = 0;
  const auto line = text.substr(0, text.find('\n'));
  if (line.starts_with(kFormatPrefix)) {
    const auto digits = line.substr(kFormatPrefix.size());
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), format);
    if (error == std::errc() && end == digits.data() + digits.size() && format > 0) return format;
  }
  return fail(ErrorCode::kDataLoss,
              fmt::format("{}: found '{}', wanted '{}' and a number: restore the file from a backup, or name another "
                          "directory with --storage.path",
                          path, printable(line, 64), kFormatPrefix));
}

// Reads the version, or writes it into a directory that has none yet.
Result<void> check_format(FileSystem& fs, const std::string& directory) {
  const std::string path = join_path(directory, "format");
  const auto text = read_file(fs, path, limits::kFormatFileBytesMax);
  if (!text && text.error().code == ErrorCode::kNotFound) {
    if (auto written = write_file_atomically(fs, path, format_text(kFormat)); !written) {
      return not_writable(directory, written.error());
    }
    return {};
  }
  if (!text) return std::unexpected(text.error());
  SLUICE_ASSIGN(const uint32_t format, parse_format(path, *text));
  if (format > kFormat) {
    return fail(ErrorCode::kUnsupported,
                fmt::format("data directory {} has format {}, and this program knows formats up to {}: start the "
                            "version of sluice that last used it, or a newer one",
                            directory, format, kFormat));
  }
  return {};
}

Result<void> check_writable(FileSystem& fs, const std::string& directory) {
  const std::string probe = join_path(directory, "probe.tmp");
  SLUICE_ASSIGN(auto file, fs.open_writable(probe, OpenMode::kTruncate));
  file.reset();
  return fs.remove_file(probe);
}

Result<void> check_whole(FileSystem& fs, const std::string& directory) {
  SLUICE_ASSIGN(const bool is_restoring, fs.exists(join_path(directory, kRestoringName)));
  if (!is_restoring) return {};
  return fail(ErrorCode::kConflict,
              fmt::format("data directory {} is not whole: a restore into it has not ended (there is '{}' in it). Run "
                          "`sluice restore` again with the same --to",
                          directory, kRestoringName));
}

}  // namespace

Result<DataDirectory> DataDirectory::open(FileSystem& fs, std::string path) {
  if (auto made = fs.create_directories(path, 0755); !made) return not_writable(path, made.error());
  auto lock = fs.lock(join_path(path, "lock"));
  if (!lock && lock.error().code == ErrorCode::kConflict) {
    return fail(ErrorCode::kConflict,
                fmt::format("data directory {} is in use: {}: stop the other sluice process, or name another directory "
                            "with --storage.path",
                            path, lock.error().message));
  }
  if (!lock) return not_writable(path, lock.error());
  SLUICE_TRY(check_whole(fs, path));
  if (auto writable = check_writable(fs, path); !writable) return not_writable(path, writable.error());
  SLUICE_TRY(check_format(fs, path));
  return DataDirectory(std::move(path), *std::move(lock));
}

}  // namespace sluice::tsdb
