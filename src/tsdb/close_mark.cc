#include "tsdb/close_mark.h"

#include <string_view>

#include "base/check.h"

namespace sluice::tsdb {
namespace {

constexpr std::string_view kFileName = "closed";
constexpr std::string_view kInUseText = "closed in use\n";
constexpr std::string_view kIdleText = "closed idle\n";
constexpr uint64_t kBytesMax = 64;

}  // namespace

LeftAs read_close_mark(FileSystem& fs, const std::string& directory) {
  const auto text = read_file(fs, join_path(directory, kFileName), kBytesMax);
  if (text && *text == kIdleText) return LeftAs::kIdle;
  return text && *text == kInUseText ? LeftAs::kInUse : LeftAs::kUnclosed;
}

void write_close_mark(FileSystem& fs, const std::string& directory, LeftAs left_as) {
  SLUICE_CHECK(left_as != LeftAs::kUnclosed, "a mark says that it was closed");
  auto file = fs.open_writable(join_path(directory, kFileName), OpenMode::kTruncate);
  if (file) (void)(*file)->write_at(0, left_as == LeftAs::kIdle ? kIdleText : kInUseText);
}

void remove_close_mark(FileSystem& fs, const std::string& directory) {
  (void)fs.remove_file(join_path(directory, kFileName));
}

}  // namespace sluice::tsdb
