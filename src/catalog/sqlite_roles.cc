#include <memory>

#include <fmt/format.h>

#include "base/limits.h"
#include "catalog/builtin_policies.h"
#include "catalog/ids.h"
#include "catalog/sqlite_catalog_impl.h"
#include "iam/policy.h"

namespace sluice::catalog {
namespace {

constexpr std::string_view kSelect =
    "SELECT id, account_id, arn, name, path, description, trust_policy, max_session_seconds, tags, created_at "
    "FROM roles ";

Result<iam::Role> read_role(const sqlite::Row& row) {
  iam::Role role;
  role.id = row.text(0);
  role.account_id = row.text(1);
  role.arn = row.text(2);
  role.name = row.text(3);
  role.path = row.text(4);
  role.description = row.text(5);
  role.trust_policy = row.text(6);
  role.max_session_seconds = row.integer(7);
  SLUICE_ASSIGN(role.tags, sqlite::tags_from_json(row.text(8)));
  role.created_at = row.integer(9);
  return role;
}

Result<std::vector<iam::Role>> select_roles(sqlite::Database& database, std::string_view where, sqlite::Values values) {
  std::vector<iam::Role> found;
  SLUICE_TRY(
      database.each(std::string(kSelect) + std::string(where), values, [&](const sqlite::Row& row) -> Result<void> {
        SLUICE_ASSIGN(iam::Role role, read_role(row));
        found.push_back(std::move(role));
        return {};
      }));
  return found;
}

Result<iam::Role> select_one(sqlite::Database& database, std::string_view where, sqlite::Values values) {
  SLUICE_ASSIGN(auto found, select_roles(database, where, values));
  if (found.empty()) return fail(ErrorCode::kNotFound, "the role does not exist");
  return std::move(found.front());
}

Result<std::vector<iam::InlinePolicy>> inline_policies_of(sqlite::Database& database, std::string_view role_id) {
  std::vector<iam::InlinePolicy> found;
  SLUICE_TRY(database.each("SELECT name, document FROM role_inline_policies WHERE role_id = ? ORDER BY name", {role_id},
                           [&](const sqlite::Row& row) -> Result<void> {
                             found.push_back({row.text(0), row.text(1)});
                             return {};
                           }));
  return found;
}

Result<std::vector<AttachedPolicy>> attached_policies_of(sqlite::Database& database, std::string_view role_id) {
  std::vector<AttachedPolicy> found;
  SLUICE_TRY(
      database.each("SELECT a.policy_arn, p.name, p.path, v.document FROM role_attachments a "
                    "LEFT JOIN managed_policies p ON p.arn = a.policy_arn "
                    "LEFT JOIN managed_policy_versions v ON v.policy_id = p.id AND v.version = p.default_version "
                    "WHERE a.role_id = ? ORDER BY a.sequence",
                    {role_id}, [&](const sqlite::Row& row) -> Result<void> {
                      AttachedPolicy policy{row.text(0), row.text(1), row.text(2), row.text(3)};
                      if (const iam::ManagedPolicy* builtin = find_builtin_policy(policy.arn))
                        policy = {builtin->arn, builtin->name, builtin->path, builtin->versions.front().document};
                      found.push_back(std::move(policy));
                      return {};
                    }));
  return found;
}

/// Whether a role of `account_id` may have that policy: one of the account's own, or a built-in one.
Result<bool> is_attachable(sqlite::Database& database, std::string_view account_id, std::string_view policy_arn) {
  if (find_builtin_policy(policy_arn) != nullptr) return true;
  SLUICE_ASSIGN(const int64_t count,
                database.integer("SELECT count(*) FROM managed_policies WHERE arn = ? AND account_id = ?",
                                 {policy_arn, account_id}));
  return count != 0;
}

}  // namespace

Result<RolePtr> SqliteCatalog::load_role(sqlite::Database& database, std::string_view where, sqlite::Values values) {
  auto snapshot = std::make_shared<RoleSnapshot>();
  SLUICE_ASSIGN(snapshot->role, select_one(database, where, values));
  SLUICE_ASSIGN(snapshot->inline_policies, inline_policies_of(database, snapshot->role.id));
  SLUICE_ASSIGN(snapshot->attached_policies, attached_policies_of(database, snapshot->role.id));
  snapshot->revision = revision();
  return RolePtr(std::move(snapshot));
}

Result<iam::Role> SqliteCatalog::create_role(iam::Role draft) {
  return mutate(Concern::kIdentity, [&](sqlite::Database& database) -> Result<iam::Role> {
    SLUICE_TRY(sqlite::require_account(database, draft.account_id));
    draft.arn = fmt::format("arn:aws:iam::{}:role{}{}", draft.account_id, draft.path, draft.name);
    draft.id = make_entity_id("AROA");
    draft.created_at = clock_.now_s();
    SLUICE_ASSIGN(const int64_t same, database.integer("SELECT count(*) FROM roles WHERE account_id = ? AND name = ?",
                                                       {draft.account_id, draft.name}));
    if (same != 0) return fail(ErrorCode::kAlreadyExists, fmt::format("Role with name {} already exists.", draft.name));
    SLUICE_TRY(sqlite::require_room(database, "SELECT count(*) FROM roles WHERE account_id = ?", draft.account_id,
                                    limits::kRolesPerAccountMax, "RolesPerAccount"));
    SLUICE_TRY(database.run(
        "INSERT INTO roles (id, account_id, arn, name, path, description, trust_policy, max_session_seconds, tags, "
        "created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        {draft.id, draft.account_id, draft.arn, draft.name, draft.path, draft.description, draft.trust_policy,
         draft.max_session_seconds, sqlite::tags_to_json(draft.tags), draft.created_at}));
    return draft;
  });
}

Result<RolePtr> SqliteCatalog::role_by_id(std::string_view id) {
  return cached(roles_, id, [&](sqlite::Database& database) { return load_role(database, "WHERE id = ?", {id}); });
}

Result<RolePtr> SqliteCatalog::role_by_arn(std::string_view arn) {
  return cached(roles_, arn, [&](sqlite::Database& database) { return load_role(database, "WHERE arn = ?", {arn}); });
}

Result<RolePtr> SqliteCatalog::role_by_name(std::string_view account_id, std::string_view name) {
  MutexLock lock(mutex_);
  return load_role(*database_, "WHERE account_id = ? AND name = ?", {account_id, name});
}

Result<std::vector<iam::Role>> SqliteCatalog::roles(std::string_view account_id) {
  MutexLock lock(mutex_);
  return select_roles(*database_, "WHERE account_id = ? ORDER BY name", {account_id});
}

Result<void> SqliteCatalog::update_role(std::string_view role_id,
                                        const std::function<Result<void>(iam::Role&)>& change) {
  return mutate(Concern::kIdentity, [&](sqlite::Database& database) -> Result<void> {
    SLUICE_ASSIGN(iam::Role role, select_one(database, "WHERE id = ?", {role_id}));
    SLUICE_TRY(change(role));
    return database.run(
        "UPDATE roles SET description = ?, trust_policy = ?, max_session_seconds = ?, tags = ? WHERE id = ?",
        {role.description, role.trust_policy, role.max_session_seconds, sqlite::tags_to_json(role.tags), role_id});
  });
}

Result<void> SqliteCatalog::delete_role(std::string_view role_id) {
  return mutate(Concern::kIdentity, [&](sqlite::Database& database) -> Result<void> {
    SLUICE_TRY(select_one(database, "WHERE id = ?", {role_id}));
    SLUICE_ASSIGN(const int64_t attached,
                  database.integer("SELECT count(*) FROM role_attachments WHERE role_id = ?", {role_id}));
    if (attached != 0) return fail(ErrorCode::kConflict, "Cannot delete entity, must detach all policies first.");
    SLUICE_ASSIGN(const int64_t inlined,
                  database.integer("SELECT count(*) FROM role_inline_policies WHERE role_id = ?", {role_id}));
    if (inlined != 0) return fail(ErrorCode::kConflict, "Cannot delete entity, must delete policies first.");
    return database.run("DELETE FROM roles WHERE id = ?", {role_id});
  });
}

Result<void> SqliteCatalog::put_inline_policy(std::string_view role_id, const iam::InlinePolicy& policy) {
  return mutate(Concern::kIdentity, [&](sqlite::Database& database) -> Result<void> {
    SLUICE_ASSIGN(const iam::Role role, select_one(database, "WHERE id = ?", {role_id}));
    SLUICE_ASSIGN(const auto present, inline_policies_of(database, role_id));
    size_t characters = iam::policy_size(policy.document);
    for (const iam::InlinePolicy& other : present)
      if (other.name != policy.name) characters += iam::policy_size(other.document);
    if (characters > limits::kInlinePolicyCharactersPerRoleMax)
      return fail(ErrorCode::kQuotaExceeded, fmt::format("Maximum policy size of {} bytes exceeded for role {}",
                                                         limits::kInlinePolicyCharactersPerRoleMax, role.name));
    return database.run(
        "INSERT INTO role_inline_policies (role_id, name, document) VALUES (?, ?, ?) "
        "ON CONFLICT (role_id, name) DO UPDATE SET document = excluded.document",
        {role_id, policy.name, policy.document});
  });
}

Result<void> SqliteCatalog::delete_inline_policy(std::string_view role_id, std::string_view name) {
  return mutate(Concern::kIdentity, [&](sqlite::Database& database) -> Result<void> {
    SLUICE_TRY(database.run("DELETE FROM role_inline_policies WHERE role_id = ? AND name = ?", {role_id, name}));
    if (database.changes() == 0)
      return fail(ErrorCode::kNotFound, fmt::format("no inline policy {} on the role", name));
    return {};
  });
}

Result<void> SqliteCatalog::attach_policy(std::string_view role_id, std::string_view policy_arn) {
  return mutate(Concern::kIdentity, [&](sqlite::Database& database) -> Result<void> {
    SLUICE_ASSIGN(const iam::Role role, select_one(database, "WHERE id = ?", {role_id}));
    SLUICE_ASSIGN(const bool attachable, is_attachable(database, role.account_id, policy_arn));
    if (!attachable)
      return fail(ErrorCode::kNotFound, fmt::format("Policy {} does not exist or is not attachable.", policy_arn));
    SLUICE_ASSIGN(const int64_t present,
                  database.integer("SELECT count(*) FROM role_attachments WHERE role_id = ? AND policy_arn = ?",
                                   {role_id, policy_arn}));
    if (present != 0) return {};
    SLUICE_TRY(sqlite::require_room(database, "SELECT count(*) FROM role_attachments WHERE role_id = ?", role_id,
                                    limits::kAttachedPoliciesPerRoleMax, "PoliciesPerRole"));
    return database.run("INSERT INTO role_attachments (role_id, policy_arn) VALUES (?, ?)", {role_id, policy_arn});
  });
}

Result<void> SqliteCatalog::detach_policy(std::string_view role_id, std::string_view policy_arn) {
  return mutate(Concern::kIdentity, [&](sqlite::Database& database) -> Result<void> {
    SLUICE_TRY(
        database.run("DELETE FROM role_attachments WHERE role_id = ? AND policy_arn = ?", {role_id, policy_arn}));
    if (database.changes() == 0) return fail(ErrorCode::kNotFound, fmt::format("Policy {} was not found.", policy_arn));
    return {};
  });
}

}  // namespace sluice::catalog
