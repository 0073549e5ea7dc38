#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "iam/entities.h"

namespace sluice::catalog {

/// The states of AMP's WorkspaceStatusCode, in its order.
enum class WorkspaceStatus : uint8_t { kCreating, kActive, kUpdating, kDeleting, kCreationFailed };

/// AMP's spelling: "CREATING", "ACTIVE", ...
std::string_view to_string(WorkspaceStatus status);
std::optional<WorkspaceStatus> parse_workspace_status(std::string_view text);

/// What one workspace does differently from the server's configuration. Kept as one JSON object, so a new
/// setting needs no migration: a member that is missing has its default here. Ranges are AMP's
/// (UpdateWorkspaceConfiguration); the catalog stores what it is given, api checks ranges.
struct WorkspaceSettings {
  int64_t retention_days = 150;        ///< retentionPeriodInDays, 1..1095
  int64_t out_of_order_window_s = 60;  ///< outOfOrderTimeWindowInSeconds, 0 switches it off
  int64_t rule_query_offset_s = 0;     ///< ruleQueryOffsetInSeconds

  friend bool operator==(const WorkspaceSettings&, const WorkspaceSettings&) = default;
};

std::string to_json(const WorkspaceSettings& settings);
/// kMalformed when it is no JSON object of integers; an unknown member is kMalformed too, because it could
/// only come from another version and would be lost by the next write.
Result<WorkspaceSettings> parse_workspace_settings(std::string_view json);

struct Workspace {
  std::string id;          ///< "ws-" + UUID
  std::string arn;         ///< arn:aws:aps:<region>:<account>:workspace/<id>
  std::string account_id;  ///< 12 digits
  std::string region;
  std::string alias;       ///< "" when it has none; not unique
  iam::Tags tags;
  WorkspaceStatus status = WorkspaceStatus::kCreating;
  WorkspaceSettings settings;
  TimestampMs created_at_ms = 0;
};

/// A workspace that was deleted and can still be brought back.
struct RetiredWorkspace {
  Workspace workspace;  ///< as it was; its status means nothing
  TimestampMs deleted_at_ms = 0;
};

}  // namespace sluice::catalog
