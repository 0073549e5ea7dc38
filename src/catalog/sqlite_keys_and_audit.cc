#include <memory>

#include <fmt/format.h>

#include "base/limits.h"
#include "catalog/sqlite_catalog_impl.h"

namespace sluice::catalog {
namespace {

constexpr std::string_view kSelectKeys =
    "SELECT id, account_id, principal_arn, sealed_secret, active, created_at FROM access_keys ";

/// How often the audit is cut: seldom, since each cut walks the oldest pages.
constexpr int64_t kAuditTrimEvery = 1'024;

iam::AccessKey read_key(const sqlite::Row& row) {
  return {row.text(0), row.text(1), row.text(2), row.text(3), row.integer(4) != 0, row.integer(5)};
}

}  // namespace

Result<void> SqliteCatalog::create_access_key(const iam::AccessKey& key) {
  return mutate(Concern::kIdentity, [&](sqlite::Database& database) -> Result<void> {
    SLUICE_TRY(sqlite::require_account(database, key.account_id));
    SLUICE_ASSIGN(const int64_t same, database.integer("SELECT count(*) FROM access_keys WHERE id = ?", {key.id}));
    if (same != 0) return fail(ErrorCode::kAlreadyExists, fmt::format("access key {} exists already", key.id));
    SLUICE_TRY(sqlite::require_room(database, "SELECT count(*) FROM access_keys WHERE account_id = ?", key.account_id,
                                    limits::kAccessKeysPerAccountMax, "AccessKeysPerAccount"));
    return database.run(
        "INSERT INTO access_keys (id, account_id, principal_arn, sealed_secret, active, created_at) "
        "VALUES (?, ?, ?, ?, ?, ?)",
        {key.id, key.account_id, key.principal_arn, sqlite::Blob{key.sealed_secret}, int64_t{key.active ? 1 : 0},
         key.created_at});
  });
}

Result<std::shared_ptr<const iam::AccessKey>> SqliteCatalog::access_key(std::string_view id) {
  return cached(access_keys_, id, [&](sqlite::Database& database) -> Result<std::shared_ptr<const iam::AccessKey>> {
    std::shared_ptr<const iam::AccessKey> found;
    SLUICE_TRY(
        database.each(std::string(kSelectKeys) + "WHERE id = ?", {id}, [&](const sqlite::Row& row) -> Result<void> {
          found = std::make_shared<const iam::AccessKey>(read_key(row));
          return {};
        }));
    if (found == nullptr) return fail(ErrorCode::kNotFound, "the access key does not exist");
    return found;
  });
}

Result<std::vector<iam::AccessKey>> SqliteCatalog::access_keys(std::string_view account_id) {
  std::vector<iam::AccessKey> found;
  MutexLock lock(mutex_);
  SLUICE_TRY(database_->each(std::string(kSelectKeys) + "WHERE account_id = ? ORDER BY created_at, rowid", {account_id},
                             [&](const sqlite::Row& row) -> Result<void> {
                               found.push_back(read_key(row));
                               return {};
                             }));
  return found;
}

Result<void> SqliteCatalog::delete_access_key(std::string_view id) {
  return mutate(Concern::kIdentity, [&](sqlite::Database& database) -> Result<void> {
    SLUICE_TRY(database.run("DELETE FROM access_keys WHERE id = ?", {id}));
    if (database.changes() == 0) return fail(ErrorCode::kNotFound, "the access key does not exist");
    return {};
  });
}

Result<void> SqliteCatalog::append_audit(const AuditRecord& record) {
  return mutate(Concern::kNothingCached, [&](sqlite::Database& database) -> Result<void> {
    SLUICE_TRY(
        database.run("INSERT INTO audit (at_ms, request_id, account_id, principal_arn, action, resource, outcome) "
                     "VALUES (?, ?, ?, ?, ?, ?, ?)",
                     {record.at_ms, record.request_id, record.account_id, record.principal_arn, record.action,
                      record.resource, record.outcome}));
    SLUICE_ASSIGN(const int64_t newest, database.integer("SELECT max(sequence) FROM audit"));
    if (newest % kAuditTrimEvery != 0) return {};
    return database.run("DELETE FROM audit WHERE sequence <= ?",
                        {newest - static_cast<int64_t>(limits::kAuditRecordsMax)});
  });
}

Result<std::vector<AuditRecord>> SqliteCatalog::audit(int64_t before, size_t count_max) {
  std::vector<AuditRecord> found;
  MutexLock lock(mutex_);
  SLUICE_TRY(database_->each(
      "SELECT sequence, at_ms, request_id, account_id, principal_arn, action, resource, outcome FROM audit "
      "WHERE ? = 0 OR sequence < ? ORDER BY sequence DESC LIMIT ?",
      {before, before, static_cast<int64_t>(count_max)}, [&](const sqlite::Row& row) -> Result<void> {
        found.push_back({row.integer(0), row.integer(1), row.text(2), row.text(3), row.text(4), row.text(5),
                         row.text(6), row.text(7)});
        return {};
      }));
  return found;
}

}  // namespace sluice::catalog
