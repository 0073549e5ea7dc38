#include "catalog/sqlite_migrations.h"

#include <array>
#include <string>

#include <fmt/format.h>

namespace sluice::catalog::sqlite {
namespace {

/// PRAGMA application_id of a catalog: "SLUC". Tells it from any other program's SQLite file.
constexpr int64_t kApplicationId = 0x534C5543;

// Lists and tags are JSON texts: they are only ever read and written whole. Names are NOCASE where IAM ignores case.
constexpr std::string_view kIdentity = R"sql(
CREATE TABLE meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO meta VALUES ('revision', 1);
CREATE TABLE accounts (
  id TEXT PRIMARY KEY CHECK (length(id) = 12), alias TEXT NOT NULL, created_at INTEGER NOT NULL) STRICT;
CREATE TABLE oidc_providers (
  id TEXT PRIMARY KEY, account_id TEXT NOT NULL REFERENCES accounts (id), arn TEXT NOT NULL UNIQUE, url TEXT NOT NULL,
  client_ids TEXT NOT NULL, thumbprints TEXT NOT NULL, tags TEXT NOT NULL, created_at INTEGER NOT NULL,
  UNIQUE (account_id, url)) STRICT;
CREATE TABLE roles (
  id TEXT PRIMARY KEY, account_id TEXT NOT NULL REFERENCES accounts (id), arn TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL COLLATE NOCASE, path TEXT NOT NULL, description TEXT NOT NULL, trust_policy TEXT NOT NULL,
  max_session_seconds INTEGER NOT NULL, tags TEXT NOT NULL, created_at INTEGER NOT NULL,
  UNIQUE (account_id, name)) STRICT;
CREATE TABLE role_inline_policies (
  role_id TEXT NOT NULL REFERENCES roles (id), name TEXT NOT NULL, document TEXT NOT NULL,
  PRIMARY KEY (role_id, name)) STRICT, WITHOUT ROWID;
CREATE TABLE managed_policies (
  id TEXT PRIMARY KEY, account_id TEXT NOT NULL REFERENCES accounts (id), arn TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL COLLATE NOCASE, path TEXT NOT NULL, description TEXT NOT NULL,
  default_version INTEGER NOT NULL, tags TEXT NOT NULL, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL,
  UNIQUE (account_id, name)) STRICT;
CREATE TABLE managed_policy_versions (
  policy_id TEXT NOT NULL REFERENCES managed_policies (id) ON DELETE CASCADE, version INTEGER NOT NULL,
  document TEXT NOT NULL, created_at INTEGER NOT NULL, PRIMARY KEY (policy_id, version)) STRICT, WITHOUT ROWID;
CREATE TABLE role_attachments (
  sequence INTEGER PRIMARY KEY, role_id TEXT NOT NULL REFERENCES roles (id), policy_arn TEXT NOT NULL,
  UNIQUE (role_id, policy_arn)) STRICT;
CREATE INDEX role_attachments_by_policy ON role_attachments (policy_arn);
CREATE TABLE access_keys (
  id TEXT PRIMARY KEY, account_id TEXT NOT NULL REFERENCES accounts (id), principal_arn TEXT NOT NULL,
  sealed_secret BLOB NOT NULL, active INTEGER NOT NULL, created_at INTEGER NOT NULL) STRICT;
)sql";

// client_tokens has no foreign key: a token outlives the workspace it deleted.
constexpr std::string_view kWorkspaces = R"sql(
CREATE TABLE workspaces (
  id TEXT PRIMARY KEY, account_id TEXT NOT NULL REFERENCES accounts (id), arn TEXT NOT NULL UNIQUE,
  region TEXT NOT NULL, alias TEXT NOT NULL, tags TEXT NOT NULL, status TEXT NOT NULL, settings TEXT NOT NULL,
  created_at_ms INTEGER NOT NULL) STRICT;
CREATE INDEX workspaces_by_account ON workspaces (account_id);
CREATE TABLE client_tokens (
  account_id TEXT NOT NULL, operation TEXT NOT NULL, token TEXT NOT NULL, fingerprint TEXT NOT NULL,
  workspace_id TEXT NOT NULL, used_at INTEGER NOT NULL,
  PRIMARY KEY (account_id, operation, token)) STRICT, WITHOUT ROWID;
)sql";

constexpr std::string_view kAudit = R"sql(
CREATE TABLE audit (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT, at_ms INTEGER NOT NULL, request_id TEXT NOT NULL,
  account_id TEXT NOT NULL, principal_arn TEXT NOT NULL, action TEXT NOT NULL, resource TEXT NOT NULL,
  outcome TEXT NOT NULL) STRICT;
)sql";

// What a workspace was, until its samples are removed for good.
constexpr std::string_view kRetired = R"sql(
CREATE TABLE retired_workspaces (
  id TEXT PRIMARY KEY, account_id TEXT NOT NULL REFERENCES accounts (id), arn TEXT NOT NULL, region TEXT NOT NULL,
  alias TEXT NOT NULL, tags TEXT NOT NULL, status TEXT NOT NULL, settings TEXT NOT NULL,
  created_at_ms INTEGER NOT NULL, deleted_at_ms INTEGER NOT NULL) STRICT;
)sql";

constexpr std::array<Migration, 4> kMigrations = {{
    {1, "identity", kIdentity},
    {2, "workspaces", kWorkspaces},
    {3, "audit", kAudit},
    {4, "retired workspaces", kRetired},
}};

Result<void> check_sound(Database& database) {
  std::string verdict;
  SLUICE_TRY(database.each("PRAGMA quick_check(1)", {}, [&](const Row& row) -> Result<void> {
    verdict = row.text(0);
    return {};
  }));
  if (verdict != "ok") return database.damaged(verdict);
  return {};
}

/// Number of the newest step in the file; 0 for an empty file.
Result<int64_t> installed(Database& database) {
  SLUICE_ASSIGN(const int64_t objects, database.integer("SELECT count(*) FROM sqlite_schema"));
  if (objects == 0) {
    SLUICE_TRY(database.script(fmt::format(
        "BEGIN IMMEDIATE; PRAGMA application_id={}; CREATE TABLE migrations (number INTEGER PRIMARY KEY, name TEXT NOT "
        "NULL, applied_at INTEGER NOT NULL) STRICT; COMMIT;",
        kApplicationId)));
    return 0;
  }
  SLUICE_ASSIGN(const int64_t application, database.integer("PRAGMA application_id"));
  if (application != kApplicationId)
    return fail(ErrorCode::kMalformed,
                fmt::format("{}: an SQLite database of another program, not a catalog; give the server "
                            "another --storage.path",
                            database.path()));
  return database.integer("SELECT coalesce(max(number), 0) FROM migrations");
}

}  // namespace

std::span<const Migration> migrations() { return kMigrations; }

Result<void> migrate(Database& database, std::span<const Migration> known, UnixSeconds now) {
  SLUICE_TRY(check_sound(database));
  SLUICE_ASSIGN(const int64_t have, installed(database));
  if (have > static_cast<int64_t>(known.size()))
    return fail(
        ErrorCode::kUnsupported,
        fmt::format("{}: written by a newer version (schema {}, this one knows up to {}); start that version again, or "
                    "restore the backup made before the upgrade",
                    database.path(), have, known.size()));
  for (const Migration& step : known.subspan(static_cast<size_t>(have))) {
    SLUICE_ASSIGN(Transaction transaction, Transaction::begin(database));
    SLUICE_TRY(database.script(std::string(step.sql)));
    SLUICE_TRY(database.run("INSERT INTO migrations VALUES (?, ?, ?)", {step.number, step.name, now}));
    SLUICE_TRY(transaction.commit());
  }
  return {};
}

}  // namespace sluice::catalog::sqlite
