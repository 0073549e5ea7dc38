#include "catalog/workspace.h"

#include <array>
#include <utility>

#include <fmt/format.h>

#include "base/json.h"

namespace sluice::catalog {
namespace {

constexpr std::array<std::pair<WorkspaceStatus, std::string_view>, 5> kStatusNames = {{
    {WorkspaceStatus::kCreating, "CREATING"},
    {WorkspaceStatus::kActive, "ACTIVE"},
    {WorkspaceStatus::kUpdating, "UPDATING"},
    {WorkspaceStatus::kDeleting, "DELETING"},
    {WorkspaceStatus::kCreationFailed, "CREATION_FAILED"},
}};

/// The one list of settings: the JSON member and where it lives.
constexpr std::array<std::pair<std::string_view, int64_t WorkspaceSettings::*>, 3> kSettings = {{
    {"retention_days", &WorkspaceSettings::retention_days},
    {"out_of_order_window_s", &WorkspaceSettings::out_of_order_window_s},
    {"rule_query_offset_s", &WorkspaceSettings::rule_query_offset_s},
}};

}  // namespace

std::string_view to_string(WorkspaceStatus status) {
  for (const auto& [value, name] : kStatusNames)
    if (value == status) return name;
  return "UNKNOWN";
}

std::optional<WorkspaceStatus> parse_workspace_status(std::string_view text) {
  for (const auto& [value, name] : kStatusNames)
    if (name == text) return value;
  return std::nullopt;
}

std::string to_json(const WorkspaceSettings& settings) {
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  for (const auto& [name, member] : kSettings) json.member(name, settings.*member);
  json.end_object();
  return out;
}

Result<WorkspaceSettings> parse_workspace_settings(std::string_view json) {
  SLUICE_ASSIGN(const JsonValue value, parse_json(json));
  const JsonObject* object = value.as_object();
  if (object == nullptr) return fail(ErrorCode::kMalformed, "workspace settings: not a JSON object");
  WorkspaceSettings settings;
  for (const auto& [name, member_value] : object->members()) {
    int64_t WorkspaceSettings::* target = nullptr;
    for (const auto& [known, member] : kSettings)
      if (known == name) target = member;
    const int64_t* number = member_value.as_integer();
    if (target == nullptr || number == nullptr)
      return fail(ErrorCode::kMalformed, fmt::format("workspace settings: member \"{}\" is {}", name,
                                                     target == nullptr ? "unknown" : "not an integer"));
    settings.*target = *number;
  }
  return settings;
}

}  // namespace sluice::catalog
