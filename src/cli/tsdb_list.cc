#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include <fmt/core.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/read_only_file_system.h"
#include "cli/tsdb.h"
#include "tsdb/block_format.h"
#include "tsdb/block_meta.h"
#include "tsdb/checkpoint.h"

namespace sluice::cli {
namespace {

struct ListedBlock {
  std::string name;
  Result<tsdb::BlockMeta> meta;
  uint64_t bytes = 0;
};

struct Listing {
  std::string path;
  std::vector<ListedBlock> blocks;  // by time; what cannot be read last
  std::string checkpoint;           // the newest one's name, or ""
  uint64_t checkpoint_record = 0;
  uint64_t checkpoint_bytes = 0;
  uint64_t log_segments = 0;
  uint64_t log_bytes = 0;
};

// Of a file or of all in a directory; what goes away meanwhile counts nothing.
uint64_t bytes_of(FileSystem& fs, const std::string& path) {
  const auto is_directory = fs.is_directory(path);
  if (!is_directory) return 0;
  if (!*is_directory) {
    const auto file = fs.open_readable(path);
    return file ? (*file)->size().value_or(0) : 0;
  }
  uint64_t total = 0;
  for (const auto& name : fs.list(path).value_or(std::vector<std::string>()))
    total += bytes_of(fs, join_path(path, name));
  return total;
}

Result<Listing> read_listing(FileSystem& fs, const std::string& path) {
  Listing listing{.path = path, .blocks = {}, .checkpoint = {}};
  SLUICE_ASSIGN(const auto names, fs.list(path));
  for (const auto& name : names) {
    const std::string one = join_path(path, name);
    if (Ulid::parse(name)) listing.blocks.push_back({name, tsdb::read_block_meta(fs, one), bytes_of(fs, one)});
    if (const auto record = tsdb::parse_checkpoint_name(name); record && *record >= listing.checkpoint_record) {
      listing.checkpoint = name;
      listing.checkpoint_record = *record;
      listing.checkpoint_bytes = bytes_of(fs, one);
    }
  }
  const std::string wal = join_path(path, "wal");
  listing.log_bytes = bytes_of(fs, wal);
  listing.log_segments = fs.list(wal).value_or(std::vector<std::string>()).size();
  std::ranges::sort(listing.blocks, {}, [](const ListedBlock& block) {
    return std::pair(block.meta ? block.meta->min_ms : INT64_MAX, block.name);
  });
  return listing;
}

std::string duration(int64_t ms) {
  const int64_t minutes = ms / 60'000;
  return fmt::format("{}h{:02}m", minutes / 60, minutes % 60);
}

void print_text(const Listing& listing) {
  fmt::print("{}\n", listing.path);
  if (!listing.blocks.empty()) {
    fmt::print("  {:<26}  {:<20} {:>13}  {:<20} {:>13}  {:>8} {:>12} {:>9} {:>9} {:>12} {:>5}\n", "block", "from", "ms",
               "to (exclusive)", "ms", "time", "samples", "series", "chunks", "bytes", "level");
  }
  for (const auto& [name, meta, bytes] : listing.blocks) {
    if (!meta) {
      fmt::print("  {:<26}  {}\n", name, meta.error().message);
      continue;
    }
    fmt::print("  {:<26}  {:<20} {:>13}  {:<20} {:>13}  {:>8} {:>12} {:>9} {:>9} {:>12} {:>5}\n", name,
               format_iso8601(meta->min_ms / 1000), meta->min_ms, format_iso8601(meta->max_ms / 1000), meta->max_ms,
               duration(meta->max_ms - meta->min_ms), meta->stats.samples, meta->stats.series, meta->stats.chunks,
               bytes, meta->level);
  }
  if (!listing.checkpoint.empty()) {
    fmt::print("  {}: the head as of log record {}, {} bytes\n", listing.checkpoint, listing.checkpoint_record,
               listing.checkpoint_bytes);
  }
  if (listing.log_segments > 0) fmt::print("  wal: {} files, {} bytes\n", listing.log_segments, listing.log_bytes);
}

void write_block_json(JsonWriter& json, const ListedBlock& block) {
  json.begin_object();
  json.member("ulid", std::string_view(block.name));
  json.member("bytes", static_cast<int64_t>(block.bytes));
  if (!block.meta) {
    json.member("error", std::string_view(block.meta.error().message));
    json.end_object();
    return;
  }
  const auto& meta = *block.meta;
  json.member("minTime", meta.min_ms);
  json.member("maxTime", meta.max_ms);
  json.member("samples", static_cast<int64_t>(meta.stats.samples));
  json.member("series", static_cast<int64_t>(meta.stats.series));
  json.member("chunks", static_cast<int64_t>(meta.stats.chunks));
  json.member("tombstones", static_cast<int64_t>(meta.stats.tombstones));
  json.member("level", static_cast<int64_t>(meta.level));
  json.end_object();
}

void write_json(JsonWriter& json, const Listing& listing) {
  json.begin_object();
  json.member("path", std::string_view(listing.path));
  json.key("blocks");
  json.begin_array();
  for (const auto& block : listing.blocks) write_block_json(json, block);
  json.end_array();
  if (!listing.checkpoint.empty()) {
    json.key("checkpoint");
    json.begin_object();
    json.member("name", std::string_view(listing.checkpoint));
    json.member("record", static_cast<int64_t>(listing.checkpoint_record));
    json.member("bytes", static_cast<int64_t>(listing.checkpoint_bytes));
    json.end_object();
  }
  json.key("log");
  json.begin_object();
  json.member("files", static_cast<int64_t>(listing.log_segments));
  json.member("bytes", static_cast<int64_t>(listing.log_bytes));
  json.end_object();
  json.end_object();
}

}  // namespace

Result<int> tsdb_list(const TsdbOptions& options) {
  const auto disk = make_posix_file_system();
  ReadOnlyFileSystem fs(*disk);
  SLUICE_ASSIGN(const auto workspaces, find_workspaces(fs, options.directory));
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  json.key("workspaces");
  json.begin_array();
  for (const auto& path : workspaces) {
    SLUICE_ASSIGN(const auto listing, read_listing(fs, path));
    if (options.as_json) {
      write_json(json, listing);
    } else {
      print_text(listing);
    }
  }
  json.end_array();
  json.end_object();
  if (options.as_json) fmt::print("{}\n", out);
  return 0;
}

}  // namespace sluice::cli
