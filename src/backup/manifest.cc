#include "backup/manifest.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/encoding.h"
#include "base/json.h"
#include "base/limits.h"

namespace sluice::backup {
namespace {

std::unexpected<Error> wanted(std::string_view what) {
  return fail(ErrorCode::kMalformed, fmt::format("{} is wanted", what));
}

Result<std::string> text_of(const JsonObject& object, std::string_view name) {
  const JsonValue* value = object.find(name);
  const std::string* text = value == nullptr ? nullptr : value->as_string();
  if (text == nullptr) return wanted(fmt::format("a text \"{}\"", name));
  return *text;
}

Result<uint64_t> count_of(const JsonObject& object, std::string_view name) {
  const JsonValue* value = object.find(name);
  const int64_t* number = value == nullptr ? nullptr : value->as_integer();
  if (number == nullptr || *number < 0) return wanted(fmt::format("a whole number \"{}\", 0 or more,", name));
  return static_cast<uint64_t>(*number);
}

/// Calls `add` with each object of the array.
template <class Add>
Result<void> each_of(const JsonObject& object, std::string_view name, Add&& add) {
  const JsonValue* value = object.find(name);
  const JsonArray* array = value == nullptr ? nullptr : value->as_array();
  if (array == nullptr) return wanted(fmt::format("a list \"{}\"", name));
  for (size_t i = 0; i < array->size(); ++i) {
    const JsonObject* member = (*array)[i].as_object();
    if (member == nullptr) return wanted(fmt::format("an object at {}[{}]", name, i));
    if (const auto added = add(*member); !added) return fail_in(fmt::format("{}[{}]", name, i), added.error());
  }
  return {};
}

/// Names with '/' between, none of which leads elsewhere.
bool is_inside(std::string_view path) {
  if (path.empty() || path.find('\0') != std::string_view::npos) return false;
  for (;;) {
    const size_t slash = path.find('/');
    const auto name = path.substr(0, slash);
    if (name.empty() || name == "." || name == "..") return false;
    if (slash == std::string_view::npos) return true;
    path.remove_prefix(slash + 1);
  }
}

bool is_sha256(std::string_view text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

Result<ManifestFile> read_file_entry(const JsonObject& object) {
  ManifestFile file;
  SLUICE_ASSIGN(file.path, text_of(object, "path"));
  SLUICE_ASSIGN(file.bytes, count_of(object, "bytes"));
  SLUICE_ASSIGN(file.sha256, text_of(object, "sha256"));
  if (!is_inside(file.path)) {
    return fail(ErrorCode::kMalformed,
                fmt::format("the path \"{}\" leads out of the backup", printable(file.path, 200)));
  }
  if (!is_sha256(file.sha256)) return wanted("a \"sha256\" of 64 hex digits");
  return file;
}

Result<ManifestLog> read_log_entry(const JsonObject& object) {
  ManifestLog log;
  SLUICE_ASSIGN(log.workspace, text_of(object, "workspace"));
  SLUICE_ASSIGN(log.last, count_of(object, "lastRecord"));
  return log;
}

Result<void> check_format(const JsonObject& object) {
  SLUICE_ASSIGN(const uint64_t format, count_of(object, "format"));
  if (format == static_cast<uint64_t>(kManifestFormat)) return {};
  return fail(ErrorCode::kUnsupported,
              fmt::format("the backup has format {}, and this program knows format {}: use the version of sluice that "
                          "made it, or a newer one",
                          format, kManifestFormat));
}

}  // namespace

std::string to_json(const Manifest& manifest) {
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  json.member("format", kManifestFormat);
  json.member("version", std::string_view(manifest.version));
  json.member("createdAtMs", manifest.created_at_ms);
  json.key("logs");
  json.begin_array();
  for (const auto& log : manifest.logs) {
    json.begin_object();
    json.member("workspace", std::string_view(log.workspace));
    json.member("lastRecord", static_cast<int64_t>(log.last));
    json.end_object();
  }
  json.end_array();
  json.key("files");
  json.begin_array();
  for (const auto& file : manifest.files) {
    json.begin_object();
    json.member("path", std::string_view(file.path));
    json.member("bytes", static_cast<int64_t>(file.bytes));
    json.member("sha256", std::string_view(file.sha256));
    json.end_object();
  }
  json.end_array();
  json.end_object();
  out += '\n';
  return out;
}

Result<Manifest> parse_manifest(std::string_view json) {
  SLUICE_ASSIGN(const JsonValue value, parse_json(json, {.bytes_max = limits::kBackupManifestBytesMax,
                                                         .depth_max = 4,
                                                         .values_max = limits::kBackupManifestBytesMax / 8}));
  const JsonObject* object = value.as_object();
  if (object == nullptr) return wanted("a JSON object");
  SLUICE_TRY(check_format(*object));
  Manifest manifest;
  SLUICE_ASSIGN(manifest.version, text_of(*object, "version"));
  SLUICE_ASSIGN(const uint64_t created_at_ms, count_of(*object, "createdAtMs"));
  manifest.created_at_ms = static_cast<TimestampMs>(created_at_ms);
  SLUICE_TRY(each_of(*object, "logs", [&](const JsonObject& entry) -> Result<void> {
    SLUICE_ASSIGN(ManifestLog log, read_log_entry(entry));
    manifest.logs.push_back(std::move(log));
    return {};
  }));
  SLUICE_TRY(each_of(*object, "files", [&](const JsonObject& entry) -> Result<void> {
    SLUICE_ASSIGN(ManifestFile file, read_file_entry(entry));
    manifest.files.push_back(std::move(file));
    return {};
  }));
  const auto not_ascending = [](const ManifestFile& a, const ManifestFile& b) { return a.path >= b.path; };
  if (const auto at = std::ranges::adjacent_find(manifest.files, not_ascending); at != manifest.files.end()) {
    return fail(ErrorCode::kMalformed,
                fmt::format("the files are not in order, or \"{}\" is there twice", printable(at->path, 200)));
  }
  return manifest;
}

}  // namespace sluice::backup
