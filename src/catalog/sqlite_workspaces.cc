#include <memory>

#include <fmt/format.h>

#include "base/encoding.h"
#include "base/limits.h"
#include "catalog/sqlite_catalog_impl.h"

namespace sluice::catalog {
namespace {

constexpr int64_t kTokenLifeSeconds = 24 * 3600;
constexpr std::string_view kCreate = "create";
constexpr std::string_view kDelete = "delete";
constexpr std::string_view kColumns = "id, account_id, arn, region, alias, tags, status, settings, created_at_ms";

Result<Workspace> read_workspace(const sqlite::Row& row) {
  Workspace workspace;
  workspace.id = row.text(0);
  workspace.account_id = row.text(1);
  workspace.arn = row.text(2);
  workspace.region = row.text(3);
  workspace.alias = row.text(4);
  SLUICE_ASSIGN(workspace.tags, sqlite::tags_from_json(row.text(5)));
  const auto status = parse_workspace_status(row.text(6));
  if (!status)
    return fail(ErrorCode::kDataLoss, fmt::format("workspace {}: unknown status \"{}\"", workspace.id, row.text(6)));
  workspace.status = *status;
  auto settings = parse_workspace_settings(row.text(7));
  if (!settings)
    return fail(ErrorCode::kDataLoss, fmt::format("workspace {}: {}", workspace.id, settings.error().message));
  workspace.settings = *settings;
  workspace.created_at_ms = row.integer(8);
  return workspace;
}

Result<std::vector<Workspace>> select_workspaces(sqlite::Database& database, std::string_view where,
                                                 sqlite::Values values) {
  std::vector<Workspace> found;
  SLUICE_TRY(database.each(fmt::format("SELECT {} FROM workspaces {}", kColumns, where), values,
                           [&](const sqlite::Row& row) -> Result<void> {
                             SLUICE_ASSIGN(Workspace workspace, read_workspace(row));
                             found.push_back(std::move(workspace));
                             return {};
                           }));
  return found;
}

Result<Workspace> select_one(sqlite::Database& database, std::string_view id) {
  SLUICE_ASSIGN(auto found, select_workspaces(database, "WHERE id = ?", {id}));
  if (found.empty()) return fail(ErrorCode::kNotFound, fmt::format("workspace {} does not exist", id));
  return std::move(found.front());
}

struct UsedToken {
  std::string workspace_id;
  std::string fingerprint;
};

Result<UsedToken> find_token(sqlite::Database& database, std::string_view account_id, std::string_view operation,
                             std::string_view token, UnixSeconds now) {
  UsedToken used;
  SLUICE_TRY(database.each(
      "SELECT workspace_id, fingerprint FROM client_tokens "
      "WHERE account_id = ? AND operation = ? AND token = ? AND used_at > ?",
      {account_id, operation, token, now - kTokenLifeSeconds}, [&](const sqlite::Row& row) -> Result<void> {
        used = {row.text(0), row.text(1)};
        return {};
      }));
  return used;
}

Result<void> remember_token(sqlite::Database& database, const Workspace& workspace, std::string_view operation,
                            const Idempotency& idempotency, UnixSeconds now) {
  SLUICE_TRY(database.run("DELETE FROM client_tokens WHERE used_at <= ?", {now - kTokenLifeSeconds}));
  return database.run(
      "INSERT OR REPLACE INTO client_tokens (account_id, operation, token, fingerprint, workspace_id, used_at) "
      "VALUES (?, ?, ?, ?, ?, ?)",
      {workspace.account_id, operation, idempotency.token, idempotency.fingerprint, workspace.id, now});
}

Result<void> insert(sqlite::Database& database, const Workspace& workspace) {
  return database.run(fmt::format("INSERT INTO workspaces ({}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", kColumns),
                      {workspace.id, workspace.account_id, workspace.arn, workspace.region, workspace.alias,
                       sqlite::tags_to_json(workspace.tags), to_string(workspace.status), to_json(workspace.settings),
                       workspace.created_at_ms});
}

Result<void> remove_row(sqlite::Database& database, std::string_view id, std::string_view client_token,
                        UnixSeconds now) {
  SLUICE_ASSIGN(const Workspace workspace, select_one(database, id));
  if (!client_token.empty())
    SLUICE_TRY(remember_token(database, workspace, kDelete, {std::string(client_token), workspace.id}, now));
  return database.run("DELETE FROM workspaces WHERE id = ?", {id});
}

}  // namespace

Result<Workspace> SqliteCatalog::create_workspace(Workspace draft, const std::optional<Idempotency>& idempotency) {
  return mutate(Concern::kWorkspaces, [&](sqlite::Database& database) -> Result<Workspace> {
    SLUICE_TRY(sqlite::require_account(database, draft.account_id));
    if (idempotency) {
      SLUICE_ASSIGN(const UsedToken used,
                    find_token(database, draft.account_id, kCreate, idempotency->token, clock_.now_s()));
      auto earlier = select_one(database, used.workspace_id);
      if (earlier && used.fingerprint != idempotency->fingerprint)
        return fail(ErrorCode::kConflict, "clientToken was used before with other parameters");
      if (earlier || earlier.error().code != ErrorCode::kNotFound) return earlier;
    }
    SLUICE_TRY(sqlite::require_room(database, "SELECT count(*) FROM workspaces WHERE account_id = ?", draft.account_id,
                                    limits::kWorkspacesPerAccountMax, "WorkspacesPerAccount"));
    SLUICE_TRY(insert(database, draft));
    if (idempotency) SLUICE_TRY(remember_token(database, draft, kCreate, *idempotency, clock_.now_s()));
    return draft;
  });
}

Result<WorkspacePtr> SqliteCatalog::workspace(std::string_view id) {
  return cached(workspaces_, id, [&](sqlite::Database& database) -> Result<WorkspacePtr> {
    SLUICE_ASSIGN(Workspace found, select_one(database, id));
    return std::make_shared<const Workspace>(std::move(found));
  });
}

Result<std::vector<Workspace>> SqliteCatalog::workspaces(std::string_view account_id) {
  MutexLock lock(mutex_);
  return select_workspaces(*database_, "WHERE account_id = ? ORDER BY created_at_ms, id", {account_id});
}

Result<std::vector<Workspace>> SqliteCatalog::all_workspaces() {
  MutexLock lock(mutex_);
  return select_workspaces(*database_, "ORDER BY created_at_ms, id", {});
}

Result<void> SqliteCatalog::update_workspace(std::string_view id,
                                             const std::function<Result<void>(Workspace&)>& change) {
  return mutate(Concern::kWorkspaces, [&](sqlite::Database& database) -> Result<void> {
    SLUICE_ASSIGN(Workspace workspace, select_one(database, id));
    SLUICE_TRY(change(workspace));
    return database.run("UPDATE workspaces SET alias = ?, tags = ?, status = ?, settings = ? WHERE id = ?",
                        {workspace.alias, sqlite::tags_to_json(workspace.tags), to_string(workspace.status),
                         to_json(workspace.settings), id});
  });
}

Result<void> SqliteCatalog::delete_workspace(std::string_view id, std::string_view client_token) {
  return mutate(Concern::kWorkspaces, [&](sqlite::Database& database) -> Result<void> {
    return remove_row(database, id, client_token, clock_.now_s());
  });
}

Result<void> SqliteCatalog::retire_workspace(std::string_view id, std::string_view client_token) {
  return mutate(Concern::kWorkspaces, [&](sqlite::Database& database) -> Result<void> {
    SLUICE_TRY(database.run(fmt::format("INSERT OR REPLACE INTO retired_workspaces ({0}, deleted_at_ms) "
                                        "SELECT {0}, ? FROM workspaces WHERE id = ?",
                                        kColumns),
                            {clock_.now_ms(), id}));
    return remove_row(database, id, client_token, clock_.now_s());
  });
}

Result<std::vector<RetiredWorkspace>> SqliteCatalog::retired_workspaces() {
  std::vector<RetiredWorkspace> found;
  MutexLock lock(mutex_);
  SLUICE_TRY(database_->each(
      fmt::format("SELECT {}, deleted_at_ms FROM retired_workspaces ORDER BY deleted_at_ms, id", kColumns), {},
      [&](const sqlite::Row& row) -> Result<void> {
        SLUICE_ASSIGN(Workspace workspace, read_workspace(row));
        found.push_back({std::move(workspace), row.integer(9)});
        return {};
      }));
  return found;
}

Result<Workspace> SqliteCatalog::restore_workspace(std::string_view id) {
  return mutate(Concern::kWorkspaces, [&](sqlite::Database& database) -> Result<Workspace> {
    SLUICE_TRY(database.run(
        fmt::format("INSERT INTO workspaces ({0}) SELECT {0} FROM retired_workspaces WHERE id = ?", kColumns), {id}));
    if (database.changes() == 0)
      return fail(ErrorCode::kNotFound, fmt::format("workspace {} is not among the deleted ones", printable(id, 64)));
    SLUICE_TRY(
        database.run("UPDATE workspaces SET status = ? WHERE id = ?", {to_string(WorkspaceStatus::kActive), id}));
    SLUICE_TRY(database.run("DELETE FROM retired_workspaces WHERE id = ?", {id}));
    SLUICE_ASSIGN(Workspace workspace, select_one(database, id));
    // The one brought back is counted already.
    SLUICE_TRY(sqlite::require_room(database, "SELECT count(*) - 1 FROM workspaces WHERE account_id = ?",
                                    workspace.account_id, limits::kWorkspacesPerAccountMax, "WorkspacesPerAccount"));
    return workspace;
  });
}

Result<void> SqliteCatalog::forget_retired_workspace(std::string_view id) {
  return mutate(Concern::kWorkspaces, [&](sqlite::Database& database) -> Result<void> {
    return database.run("DELETE FROM retired_workspaces WHERE id = ?", {id});
  });
}

Result<bool> SqliteCatalog::was_deleted_by(std::string_view account_id, std::string_view workspace_id,
                                           std::string_view client_token) {
  MutexLock lock(mutex_);
  SLUICE_ASSIGN(const UsedToken used, find_token(*database_, account_id, kDelete, client_token, clock_.now_s()));
  return !used.workspace_id.empty() && used.workspace_id == workspace_id;
}

}  // namespace sluice::catalog
