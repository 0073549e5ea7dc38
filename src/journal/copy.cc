#include "journal/copy.h"

#include <algorithm>
#include <optional>
#include <vector>

#include <fmt/format.h>

#include "base/limits.h"
#include "journal/format.h"
#include "journal/segment_reader.h"

namespace sluice::journal {
namespace {

constexpr int kAttempts = 5;

Result<std::vector<uint64_t>> segment_numbers(FileSystem& fs, const std::string& directory) {
  SLUICE_ASSIGN(const auto names, fs.list(directory));
  std::vector<uint64_t> numbers;
  for (const auto& name : names) {
    if (const auto number = parse_segment_name(name)) numbers.push_back(*number);
  }
  std::ranges::sort(numbers);
  return numbers;
}

/// The segment as far as it counts; nullopt when it is no longer there.
Result<std::optional<std::string>> read_segment(FileSystem& fs, const std::string& path) {
  auto bytes = read_file(fs, path, limits::kJournalSegmentBytesMax);
  if (!bytes && bytes.error().code == ErrorCode::kNotFound) return std::nullopt;
  if (!bytes) return std::unexpected(bytes.error());
  // Asked afterwards: once its name is gone, the file may hold another segment's bytes.
  SLUICE_ASSIGN(const bool is_still_there, fs.exists(path));
  if (!is_still_there) return std::nullopt;
  return *std::move(bytes);
}

void cut_behind_last_record(std::string& segment, Copied& copied) {
  auto header = decode_header(segment);
  if (!header && segment.size() > kHeaderCopyOffset) {
    header = decode_header(std::string_view(segment).substr(kHeaderCopyOffset));
  }
  if (!header) return;  // damaged: what can be read of it is the recovery's business
  const Scan scan = scan_segment(segment, header->salt);
  segment.resize(std::min<uint64_t>(scan.end, segment.size()));
  if (!scan.records.empty()) copied.last = std::max(copied.last, scan.records.back().header.sequence);
}

Result<void> write_segment(FileSystem& fs, const std::string& path, std::string_view bytes) {
  SLUICE_ASSIGN(const auto file, fs.open_writable(path, OpenMode::kCreateNew));
  SLUICE_TRY(file->write_at(0, bytes));
  return file->sync_data();
}

/// nullopt when a segment went away on the way.
Result<std::optional<Copied>> try_to_copy(FileSystem& fs, const std::string& from, const std::string& to) {
  SLUICE_ASSIGN(const auto numbers, segment_numbers(fs, from));
  SLUICE_TRY(fs.remove_tree(to));
  SLUICE_TRY(fs.create_directories(to));
  Copied copied;
  for (const uint64_t number : numbers) {
    SLUICE_ASSIGN(auto segment, read_segment(fs, join_path(from, segment_name(number))));
    if (!segment) return std::nullopt;
    cut_behind_last_record(*segment, copied);
    SLUICE_TRY(write_segment(fs, join_path(to, segment_name(number)), *segment));
    ++copied.segments;
    copied.bytes += segment->size();
  }
  SLUICE_TRY(fs.sync_directory(to));
  return copied;
}

}  // namespace

Result<Copied> copy_journal(FileSystem& fs, const std::string& from, const std::string& to) {
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    SLUICE_ASSIGN(const auto copied, try_to_copy(fs, from, to));
    if (copied) return *copied;
  }
  return fail(ErrorCode::kUnavailable,
              fmt::format("the log {} was cut {} times while it was being copied; try again", from, kAttempts));
}

}  // namespace sluice::journal
