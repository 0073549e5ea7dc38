#include "tsdb/workspace_names.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "base/file_system.h"

namespace sluice::tsdb {
namespace {

constexpr std::string_view kIdPrefix = "ws-";
constexpr std::string_view kUuidShape = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
constexpr size_t kIdSize = kIdPrefix.size() + kUuidShape.size();
constexpr std::string_view kDeletedMark = ".deleted-";

}  // namespace

bool is_workspace_id(std::string_view id) {
  if (!id.starts_with(kIdPrefix) || id.size() != kIdSize) return false;
  const auto uuid = id.substr(kIdPrefix.size());
  return std::ranges::equal(uuid, kUuidShape, [](char c, char shape) {
    return shape == '-' ? c == '-' : (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
  });
}

std::string DeletedWorkspace::directory_name() const { return fmt::format("{}{}{}", id, kDeletedMark, deleted_at_ms); }

std::optional<DeletedWorkspace> parse_deleted_name(std::string_view name) {
  if (name.size() <= kIdSize || !is_workspace_id(name.substr(0, kIdSize))) return std::nullopt;
  const auto rest = name.substr(kIdSize);
  if (!rest.starts_with(kDeletedMark)) return std::nullopt;
  const auto digits = rest.substr(kDeletedMark.size());
  TimestampMs at_ms = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), at_ms);
  if (error != std::errc() || end != digits.data() + digits.size() || at_ms < 0) return std::nullopt;
  return DeletedWorkspace{std::string(name.substr(0, kIdSize)), at_ms};
}

bool is_workspace_path(std::string_view path) {
  const std::string_view name = base_name(path);
  return is_workspace_id(name) || parse_deleted_name(name).has_value();
}

}  // namespace sluice::tsdb
