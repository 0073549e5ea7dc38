#include "tsdb/tombstones.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/coding.h"
#include "base/crc32c.h"
#include "base/limits.h"
#include "tsdb/block_format.h"

namespace sluice::tsdb {
namespace {

constexpr uint32_t kMagic = 0x0130BA30;
constexpr uint8_t kVersion = 1;
constexpr size_t kHeaderSize = 5;

}  // namespace

void add_interval(Intervals& intervals, model::TimeRange added) {
  // The first one that ends at or after the moment before `added`, without computing that moment: it may not exist.
  const auto first = std::ranges::partition_point(intervals, [&](const model::TimeRange& interval) {
    return interval.max_ms < added.min_ms && added.min_ms - 1 > interval.max_ms;
  });
  auto last = first;
  while (last != intervals.end() && (last->min_ms <= added.max_ms || last->min_ms - 1 == added.max_ms)) {
    added.min_ms = std::min(added.min_ms, last->min_ms);
    added.max_ms = std::max(added.max_ms, last->max_ms);
    ++last;
  }
  intervals.insert(intervals.erase(first, last), added);
}

Intervals subtract_intervals(model::TimeRange range, std::span<const model::TimeRange> intervals) {
  Intervals rest;
  for (const auto& interval : intervals) {
    if (interval.max_ms < range.min_ms) continue;
    if (interval.min_ms > range.max_ms) break;
    if (interval.min_ms > range.min_ms) rest.push_back({range.min_ms, interval.min_ms - 1});
    if (interval.max_ms >= range.max_ms) return rest;
    range.min_ms = interval.max_ms + 1;
  }
  rest.push_back(range);
  return rest;
}

bool is_covered(model::TimeRange range, std::span<const model::TimeRange> intervals) {
  return std::ranges::any_of(intervals, [&](const model::TimeRange& interval) {
    return interval.min_ms <= range.min_ms && range.max_ms <= interval.max_ms;
  });
}

std::span<const model::TimeRange> Tombstones::of(uint64_t series) const {
  const auto found = by_series_.find(series);
  if (found == by_series_.end()) return {};
  return found->second;
}

uint64_t Tombstones::intervals() const {
  uint64_t total = 0;
  for (const auto& [series, intervals] : by_series_) total += intervals.size();
  return total;
}

std::string Tombstones::encode() const {
  std::string bytes;
  append_be<uint32_t>(bytes, kMagic);
  bytes += static_cast<char>(kVersion);
  for (const auto& [series, intervals] : by_series_) {
    for (const auto& interval : intervals) {
      append_varint(bytes, series);
      append_signed_varint(bytes, interval.min_ms);
      append_signed_varint(bytes, interval.max_ms);
    }
  }
  append_be<uint32_t>(bytes, crc32c(std::string_view(bytes).substr(kHeaderSize)));
  return bytes;
}

Result<Tombstones> Tombstones::decode(std::string_view file) {
  if (file.size() < kHeaderSize + kChecksumSize) {
    return damaged_at(
        0, fmt::format("{} bytes, and a file of tombstones has at least {}", file.size(), kHeaderSize + kChecksumSize));
  }
  const uint32_t magic = load_be<uint32_t>(file.data());
  if (magic != kMagic) return damaged_at(0, fmt::format("magic {:08x}, wanted {:08x}", magic, kMagic));
  const auto version = static_cast<uint8_t>(file[kHeaderSize - 1]);
  if (version != kVersion) {
    return fail(ErrorCode::kUnsupported, fmt::format("version {} of tombstones, wanted {}", version, kVersion));
  }
  const std::string_view content = file.substr(kHeaderSize, file.size() - kHeaderSize - kChecksumSize);
  SLUICE_TRY(check_checksum(file, kHeaderSize, content.size()));
  Tombstones tombstones;
  ByteReader reader(content);
  while (!reader.empty()) {
    const uint64_t offset = kHeaderSize + reader.offset();
    const auto series = reader.varint();
    const auto min_ms = series ? reader.signed_varint() : std::nullopt;
    const auto max_ms = min_ms ? reader.signed_varint() : std::nullopt;
    if (!max_ms) return damaged_at(offset, "a series and two times should follow");
    if (*min_ms > *max_ms) return damaged_at(offset, fmt::format("an interval from {} to {}", *min_ms, *max_ms));
    tombstones.add(*series, {*min_ms, *max_ms});
  }
  return tombstones;
}

Result<Tombstones> read_tombstones(FileSystem& fs, const std::string& block_directory) {
  const std::string path = join_path(block_directory, kBlockTombstonesFile);
  const auto bytes = read_file(fs, path, limits::kTombstonesBytesMax);
  if (!bytes && bytes.error().code == ErrorCode::kNotFound) return Tombstones();
  if (!bytes) return std::unexpected(bytes.error());
  auto tombstones = Tombstones::decode(*bytes);
  if (!tombstones) return fail_in(path, tombstones.error());
  return tombstones;
}

Result<void> write_tombstones(FileSystem& fs, const std::string& block_directory, const Tombstones& tombstones) {
  return write_file_atomically(fs, join_path(block_directory, kBlockTombstonesFile), tombstones.encode());
}

}  // namespace sluice::tsdb
