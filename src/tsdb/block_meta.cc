#include "tsdb/block_meta.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "base/encoding.h"
#include "base/limits.h"
#include "tsdb/block_format.h"

namespace sluice::tsdb {
namespace {

constexpr int64_t kVersion = 1;
constexpr std::array<std::string_view, 7> kOurMembers = {"ulid",       "minTime", "maxTime", "stats",
                                                         "compaction", "version", "sluice"};

std::unexpected<Error> malformed(std::string_view member, std::string_view wanted) {
  return fail(ErrorCode::kMalformed, fmt::format("member \"{}\" should be {}", member, wanted));
}

// Readers of members. An absent one leaves the default, as with Go's encoding/json; ulid and version are asked for.

Result<void> read(const JsonObject& object, std::string_view name, int64_t& out) {
  const auto* member = object.find(name);
  if (member == nullptr) return {};
  const auto* value = member->as_integer();
  if (value == nullptr) return malformed(name, "an integer of 64 bits");
  out = *value;
  return {};
}

template <class Unsigned>
  requires std::is_unsigned_v<Unsigned>
Result<void> read(const JsonObject& object, std::string_view name, Unsigned& out) {
  int64_t value = static_cast<int64_t>(out);
  SLUICE_TRY(read(object, name, value));
  if (!std::in_range<Unsigned>(value)) return malformed(name, "a number that is not negative");
  out = static_cast<Unsigned>(value);
  return {};
}

Result<void> read(const JsonObject& object, std::string_view name, bool& out) {
  const auto* member = object.find(name);
  if (member == nullptr) return {};
  const auto* value = member->as_bool();
  if (value == nullptr) return malformed(name, "true or false");
  out = *value;
  return {};
}

Result<Ulid> to_ulid(const JsonValue& value, std::string_view name) {
  const auto* text = value.as_string();
  const auto ulid = text == nullptr ? std::nullopt : Ulid::parse(*text);
  if (!ulid) return malformed(name, "a ULID (26 characters of Crockford's base 32)");
  return *ulid;
}

Result<void> read(const JsonObject& object, std::string_view name, Ulid& out) {
  const auto* member = object.find(name);
  if (member == nullptr) return malformed(name, "there");
  SLUICE_ASSIGN(out, to_ulid(*member, name));
  return {};
}

/// Calls `each` with every element of an array that may be absent.
template <class Each>
Result<void> read_array(const JsonObject& object, std::string_view name, Each each) {
  const auto* member = object.find(name);
  if (member == nullptr || member->is_null()) return {};
  const auto* array = member->as_array();
  if (array == nullptr) return malformed(name, "an array");
  for (const auto& value : *array) SLUICE_TRY(each(value));
  return {};
}

/// The member, or nullptr when it is absent.
Result<const JsonObject*> find_object(const JsonObject& object, std::string_view name) {
  const auto* member = object.find(name);
  if (member == nullptr) return nullptr;
  const auto* found = member->as_object();
  if (found == nullptr) return malformed(name, "an object");
  return found;
}

Result<void> read_stats(const JsonObject& object, BlockStats& stats) {
  SLUICE_TRY(read(object, "numSamples", stats.samples));
  SLUICE_TRY(read(object, "numFloatSamples", stats.float_samples));
  SLUICE_TRY(read(object, "numHistogramSamples", stats.histogram_samples));
  SLUICE_TRY(read(object, "numSeries", stats.series));
  SLUICE_TRY(read(object, "numChunks", stats.chunks));
  return read(object, "numTombstones", stats.tombstones);
}

Result<void> read_parent(const JsonValue& value, std::vector<BlockParent>& out) {
  const auto* object = value.as_object();
  if (object == nullptr) return malformed("parents", "objects");
  BlockParent parent;
  SLUICE_TRY(read(*object, "ulid", parent.ulid));
  SLUICE_TRY(read(*object, "minTime", parent.min_ms));
  SLUICE_TRY(read(*object, "maxTime", parent.max_ms));
  out.push_back(parent);
  return {};
}

Result<void> read_compaction(const JsonObject& object, BlockMeta& meta) {
  SLUICE_TRY(read(object, "level", meta.level));
  SLUICE_TRY(read(object, "deletable", meta.is_deletable));
  SLUICE_TRY(read(object, "failed", meta.is_failed));
  SLUICE_TRY(read_array(object, "sources", [&](const JsonValue& value) -> Result<void> {
    SLUICE_ASSIGN(const Ulid source, to_ulid(value, "sources"));
    meta.sources.push_back(source);
    return {};
  }));
  SLUICE_TRY(read_array(object, "parents", [&](const JsonValue& value) { return read_parent(value, meta.parents); }));
  return read_array(object, "hints", [&](const JsonValue& value) -> Result<void> {
    if (value.as_string() == nullptr) return malformed("hints", "strings");
    meta.hints.push_back(*value.as_string());
    return {};
  });
}

JsonValue number(uint64_t value) { return static_cast<int64_t>(value); }

JsonObject stats_to_json(const BlockStats& stats) {
  JsonObject object;
  const std::pair<const char*, uint64_t> rows[] = {{"numSamples", stats.samples},
                                                   {"numFloatSamples", stats.float_samples},
                                                   {"numHistogramSamples", stats.histogram_samples},
                                                   {"numSeries", stats.series},
                                                   {"numChunks", stats.chunks},
                                                   {"numTombstones", stats.tombstones}};
  for (const auto& [name, value] : rows) {
    if (value != 0) object.set(name, number(value));
  }
  return object;
}

JsonObject compaction_to_json(const BlockMeta& meta) {
  JsonObject object;
  object.set("level", number(meta.level));
  JsonArray sources;
  for (const auto& source : meta.sources) sources.emplace_back(source.to_string());
  if (!sources.empty()) object.set("sources", std::move(sources));
  if (meta.is_deletable) object.set("deletable", true);
  JsonArray parents;
  for (const auto& parent : meta.parents) {
    parents.emplace_back(JsonObject::from_unique(
        {{"ulid", parent.ulid.to_string()}, {"minTime", parent.min_ms}, {"maxTime", parent.max_ms}}));
  }
  if (!parents.empty()) object.set("parents", std::move(parents));
  if (meta.is_failed) object.set("failed", true);
  const JsonArray hints(meta.hints.begin(), meta.hints.end());
  if (!hints.empty()) object.set("hints", hints);
  return object;
}

void indent(std::string& out, size_t depth) {
  out += '\n';
  out.append(depth, '\t');
}

// As Go's json.MarshalIndent(value, "", "\t").
void append_indented(std::string& out, const JsonValue& value, size_t depth) {
  const auto* object = value.as_object();
  const auto* array = value.as_array();
  const size_t size = object != nullptr ? object->size() : array != nullptr ? array->size() : 0;
  if (size == 0) {
    out += to_json(value);
    return;
  }
  out += object != nullptr ? '{' : '[';
  for (size_t i = 0; i < size; ++i) {
    if (i != 0) out += ',';
    indent(out, depth + 1);
    if (object != nullptr) {
      const auto& [name, member] = object->members()[i];
      append_json_string(out, name);
      out += ": ";
      append_indented(out, member, depth + 1);
    } else {
      append_indented(out, (*array)[i], depth + 1);
    }
  }
  indent(out, depth);
  out += object != nullptr ? '}' : ']';
}

}  // namespace

Result<BlockMeta> parse_block_meta(std::string_view json) {
  SLUICE_ASSIGN(const JsonValue value, parse_json(json, {.bytes_max = limits::kBlockMetaBytesMax}));
  const auto* object = value.as_object();
  if (object == nullptr) return fail(ErrorCode::kMalformed, "found no JSON object");
  int64_t version = 0;
  SLUICE_TRY(read(*object, "version", version));
  if (version != kVersion) {
    return fail(ErrorCode::kUnsupported, fmt::format("version {} of a block, wanted {}", version, kVersion));
  }
  BlockMeta meta;
  SLUICE_TRY(read(*object, "ulid", meta.ulid));
  SLUICE_TRY(read(*object, "minTime", meta.min_ms));
  SLUICE_TRY(read(*object, "maxTime", meta.max_ms));
  const bool is_sane =
      -limits::kBlockTimeMsMax <= meta.min_ms && meta.min_ms <= meta.max_ms && meta.max_ms <= limits::kBlockTimeMsMax;
  if (!is_sane) {
    return fail(ErrorCode::kMalformed,
                fmt::format("from minTime {0} to maxTime {1}, wanted increasing milliseconds between "
                            "-{2} and {2}",
                            meta.min_ms, meta.max_ms, limits::kBlockTimeMsMax));
  }
  SLUICE_ASSIGN(const auto* stats, find_object(*object, "stats"));
  if (stats != nullptr) SLUICE_TRY(read_stats(*stats, meta.stats));
  SLUICE_ASSIGN(const auto* compaction, find_object(*object, "compaction"));
  if (compaction != nullptr) SLUICE_TRY(read_compaction(*compaction, meta));
  SLUICE_ASSIGN(const auto* ours, find_object(*object, "sluice"));
  if (ours != nullptr && ours->find("freeze") != nullptr) SLUICE_TRY(read(*ours, "freeze", meta.freeze.emplace()));
  for (const auto& [name, member] : object->members()) {
    const bool is_ours = std::ranges::find(kOurMembers, name) != kOurMembers.end();
    if (!is_ours) meta.others.set(name, member);
  }
  return meta;
}

std::string format_block_meta(const BlockMeta& meta) {
  JsonObject object;
  object.set("ulid", meta.ulid.to_string());
  object.set("minTime", meta.min_ms);
  object.set("maxTime", meta.max_ms);
  object.set("stats", stats_to_json(meta.stats));
  object.set("compaction", compaction_to_json(meta));
  object.set("version", kVersion);
  if (meta.freeze) object.set("sluice", JsonObject::from_unique({{"freeze", number(*meta.freeze)}}));
  for (const auto& [name, member] : meta.others.members()) object.set(name, member);
  std::string out;
  append_indented(out, object, 0);
  return out;
}

Result<BlockMeta> read_block_meta(FileSystem& fs, const std::string& block_directory) {
  const std::string path = join_path(block_directory, kBlockMetaFile);
  SLUICE_ASSIGN(const std::string text, read_file(fs, path, limits::kBlockMetaBytesMax));
  auto meta = parse_block_meta(text);
  if (!meta) return fail_in(path, meta.error());
  return meta;
}

Result<void> write_block_meta(FileSystem& fs, const std::string& block_directory, const BlockMeta& meta) {
  return write_file_atomically(fs, join_path(block_directory, kBlockMetaFile), format_block_meta(meta));
}

}  // namespace sluice::tsdb
