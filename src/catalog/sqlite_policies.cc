#include <memory>

#include <fmt/format.h>

#include "base/check.h"
#include "base/limits.h"
#include "catalog/builtin_policies.h"
#include "catalog/ids.h"
#include "catalog/sqlite_catalog_impl.h"

namespace sluice::catalog {
namespace {

constexpr std::string_view kSelect =
    "SELECT id, account_id, arn, name, path, description, default_version, tags, created_at, updated_at, "
    "(SELECT count(*) FROM role_attachments a WHERE a.policy_arn = managed_policies.arn) FROM managed_policies ";

std::string version_id(int64_t number) { return fmt::format("v{}", number); }

Result<iam::ManagedPolicy> read_policy(const sqlite::Row& row) {
  iam::ManagedPolicy policy;
  policy.id = row.text(0);
  policy.account_id = row.text(1);
  policy.arn = row.text(2);
  policy.name = row.text(3);
  policy.path = row.text(4);
  policy.description = row.text(5);
  policy.default_version_id = version_id(row.integer(6));
  SLUICE_ASSIGN(policy.tags, sqlite::tags_from_json(row.text(7)));
  policy.created_at = row.integer(8);
  policy.updated_at = row.integer(9);
  policy.attachment_count = row.integer(10);
  return policy;
}

Result<std::vector<iam::ManagedPolicy>> select_policies(sqlite::Database& database, std::string_view where,
                                                        sqlite::Values values) {
  std::vector<iam::ManagedPolicy> found;
  SLUICE_TRY(
      database.each(std::string(kSelect) + std::string(where), values, [&](const sqlite::Row& row) -> Result<void> {
        SLUICE_ASSIGN(iam::ManagedPolicy policy, read_policy(row));
        found.push_back(std::move(policy));
        return {};
      }));
  for (iam::ManagedPolicy& policy : found) {
    SLUICE_TRY(database.each(
        "SELECT version, document, created_at FROM managed_policy_versions WHERE policy_id = ? ORDER BY version DESC",
        {policy.id}, [&](const sqlite::Row& row) -> Result<void> {
          policy.versions.push_back({version_id(row.integer(0)), row.text(1), row.integer(2)});
          return {};
        }));
  }
  return found;
}

std::unexpected<Error> missing(std::string_view arn) {
  return fail(ErrorCode::kNotFound, fmt::format("Policy {} was not found.", arn));
}

}  // namespace

Result<iam::ManagedPolicy> SqliteCatalog::create_policy(iam::ManagedPolicy draft) {
  SLUICE_CHECK(draft.versions.size() == 1, "a new policy has one version");
  return mutate(Concern::kIdentity, [&](sqlite::Database& database) -> Result<iam::ManagedPolicy> {
    SLUICE_TRY(sqlite::require_account(database, draft.account_id));
    draft.arn = fmt::format("arn:aws:iam::{}:policy{}{}", draft.account_id, draft.path, draft.name);
    draft.id = make_entity_id("ANPA");
    draft.created_at = draft.updated_at = clock_.now_s();
    draft.default_version_id = draft.versions.front().id = version_id(1);
    draft.versions.front().created_at = draft.created_at;
    draft.attachment_count = 0;
    SLUICE_ASSIGN(const int64_t same,
                  database.integer("SELECT count(*) FROM managed_policies WHERE account_id = ? AND name = ?",
                                   {draft.account_id, draft.name}));
    if (same != 0)
      return fail(ErrorCode::kAlreadyExists,
                  fmt::format("A policy called {} already exists. Duplicate names are not allowed.", draft.name));
    SLUICE_TRY(sqlite::require_room(database, "SELECT count(*) FROM managed_policies WHERE account_id = ?",
                                    draft.account_id, limits::kPoliciesPerAccountMax, "PoliciesPerAccount"));
    SLUICE_TRY(
        database.run("INSERT INTO managed_policies (id, account_id, arn, name, path, description, default_version, "
                     "tags, created_at, "
                     "updated_at) VALUES (?, ?, ?, ?, ?, ?, 1, ?, ?, ?)",
                     {draft.id, draft.account_id, draft.arn, draft.name, draft.path, draft.description,
                      sqlite::tags_to_json(draft.tags), draft.created_at, draft.updated_at}));
    SLUICE_TRY(database.run(
        "INSERT INTO managed_policy_versions (policy_id, version, document, created_at) VALUES (?, 1, ?, ?)",
        {draft.id, draft.versions.front().document, draft.created_at}));
    return draft;
  });
}

Result<PolicyPtr> SqliteCatalog::policy_by_arn(std::string_view account_id, std::string_view arn) {
  MutexLock lock(mutex_);
  if (const iam::ManagedPolicy* builtin = find_builtin_policy(arn)) {
    auto policy = std::make_shared<iam::ManagedPolicy>(*builtin);
    SLUICE_ASSIGN(policy->attachment_count,
                  database_->integer("SELECT count(*) FROM role_attachments a JOIN roles r ON r.id = a.role_id "
                                     "WHERE a.policy_arn = ? AND r.account_id = ?",
                                     {arn, account_id}));
    return PolicyPtr(std::move(policy));
  }
  SLUICE_ASSIGN(auto found, select_policies(*database_, "WHERE arn = ? AND account_id = ?", {arn, account_id}));
  if (found.empty()) return missing(arn);
  return std::make_shared<const iam::ManagedPolicy>(std::move(found.front()));
}

Result<std::vector<iam::ManagedPolicy>> SqliteCatalog::policies(std::string_view account_id) {
  MutexLock lock(mutex_);
  return select_policies(*database_, "WHERE account_id = ? ORDER BY name", {account_id});
}

Result<void> SqliteCatalog::delete_policy(std::string_view arn) {
  return mutate(Concern::kIdentity, [&](sqlite::Database& database) -> Result<void> {
    SLUICE_ASSIGN(const int64_t attached,
                  database.integer("SELECT count(*) FROM role_attachments WHERE policy_arn = ?", {arn}));
    if (attached != 0) return fail(ErrorCode::kConflict, "Cannot delete a policy attached to entities.");
    SLUICE_TRY(database.run("DELETE FROM managed_policies WHERE arn = ?", {arn}));
    if (database.changes() == 0) return missing(arn);
    return {};
  });
}

}  // namespace sluice::catalog
