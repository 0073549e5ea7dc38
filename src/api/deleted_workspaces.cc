#include "api/deleted_workspaces.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/encoding.h"

namespace sluice::api {
namespace {

/// Who acts through the admin listener, which asks nobody who they are.
constexpr std::string_view kOperator = "operator";
constexpr std::string_view kUndeleteAction = "sluice:UndeleteWorkspace";

}  // namespace

Result<void> DeletedWorkspaces::remove(std::string_view id, std::string_view client_token) {
  MutexLock lock(mutex_);
  SLUICE_TRY(storage_.set_aside(id));
  if (retention_.count() > 0) return catalog_.retire_workspace(id, client_token);
  SLUICE_TRY(storage_.purge(id));
  return catalog_.delete_workspace(id, client_token);
}

Result<catalog::Workspace> DeletedWorkspaces::undelete(std::string_view id, const std::string& request_id) {
  MutexLock lock(mutex_);
  SLUICE_ASSIGN(const auto retired, catalog_.retired_workspaces());
  const auto found = std::ranges::find(retired, id, [](const auto& entry) { return entry.workspace.id; });
  if (found == retired.end()) {
    return fail(ErrorCode::kNotFound,
                fmt::format("workspace {} is not among the deleted ones that are still kept", printable(id, 100)));
  }
  auto restored = restore(id);
  audit(found->workspace, request_id, restored ? "Success" : to_string(restored.error().code));
  if (restored) logger_.info("deleted workspace brought back", {{"workspace", id}, {"alias", restored->alias}});
  return restored;
}

Result<catalog::Workspace> DeletedWorkspaces::restore(std::string_view id) {
  SLUICE_TRY(storage_.restore(id));
  auto restored = catalog_.restore_workspace(id);
  if (!restored) {
    // Should this fail too, reconcile() goes on.
    if (auto back = storage_.set_aside(id); !back) {
      logger_.error("a workspace's samples could not be set aside again",
                    {{"workspace", id}, {"reason", back.error().message}});
    }
  }
  return restored;
}

Result<std::vector<DeletedWorkspaceEntry>> DeletedWorkspaces::list() {
  SLUICE_ASSIGN(auto retired, catalog_.retired_workspaces());
  std::vector<DeletedWorkspaceEntry> entries;
  entries.reserve(retired.size());
  for (auto& [workspace, deleted_at_ms] : retired) {
    const TimestampMs kept_until_ms = deleted_at_ms + std::chrono::milliseconds(retention_).count();
    entries.push_back({std::move(workspace), deleted_at_ms, kept_until_ms});
  }
  return entries;
}

Result<void> DeletedWorkspaces::reconcile() {
  MutexLock lock(mutex_);
  SLUICE_ASSIGN(const auto retired, catalog_.retired_workspaces());
  for (const auto& [workspace, deleted_at_ms] : retired) SLUICE_TRY(storage_.set_aside(workspace.id));
  return {};
}

bool DeletedWorkspaces::is_expired(TimestampMs deleted_at_ms) const {
  return clock_.now_ms() - deleted_at_ms >= std::chrono::milliseconds(retention_).count();
}

Result<std::vector<std::string>> DeletedWorkspaces::expired() {
  std::vector<std::string> ids;
  SLUICE_ASSIGN(const auto retired, catalog_.retired_workspaces());
  for (const auto& [workspace, deleted_at_ms] : retired) {
    if (is_expired(deleted_at_ms)) ids.push_back(workspace.id);
  }
  SLUICE_ASSIGN(const auto kept, storage_.kept());
  for (const auto& [id, set_aside_at_ms] : kept) {
    const bool is_known = std::ranges::any_of(retired, [&](const auto& entry) { return entry.workspace.id == id; });
    if (!is_known && is_expired(set_aside_at_ms)) ids.push_back(id);
  }
  return ids;
}

Result<void> DeletedWorkspaces::purge(std::string_view id) {
  SLUICE_TRY(storage_.purge(id));
  return catalog_.forget_retired_workspace(id);
}

void DeletedWorkspaces::purge_expired() {
  MutexLock lock(mutex_);
  const auto ids = expired();
  if (!ids) {
    logger_.error("cannot look for deleted workspaces to remove", {{"reason", ids.error().message}});
    return;
  }
  for (const auto& id : *ids) {
    if (const auto purged = purge(id); purged) {
      logger_.info("deleted workspace removed for good", {{"workspace", id}});
    } else {
      logger_.error("a deleted workspace could not be removed",
                    {{"workspace", id}, {"reason", purged.error().message}});
    }
  }
}

void DeletedWorkspaces::audit(const catalog::Workspace& workspace, const std::string& request_id,
                              std::string_view outcome) {
  catalog::AuditRecord record;
  record.at_ms = clock_.now_ms();
  record.request_id = request_id;
  record.account_id = workspace.account_id;
  record.principal_arn = kOperator;
  record.action = kUndeleteAction;
  record.resource = workspace.arn;
  record.outcome = std::string(outcome);
  if (const auto appended = catalog_.append_audit(record); !appended) {
    logger_.error("cannot write an audit record", {{"request_id", request_id}, {"reason", appended.error().message}});
  }
}

}  // namespace sluice::api
