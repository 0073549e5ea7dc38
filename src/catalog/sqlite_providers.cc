#include <memory>

#include <fmt/format.h>

#include "base/limits.h"
#include "catalog/ids.h"
#include "catalog/sqlite_catalog_impl.h"

namespace sluice::catalog {
namespace {

constexpr std::string_view kSelect =
    "SELECT id, account_id, arn, url, client_ids, thumbprints, tags, created_at FROM oidc_providers ";

Result<iam::OidcProvider> read_provider(const sqlite::Row& row) {
  iam::OidcProvider provider;
  provider.id = row.text(0);
  provider.account_id = row.text(1);
  provider.arn = row.text(2);
  provider.url = row.text(3);
  SLUICE_ASSIGN(provider.client_ids, sqlite::strings_from_json(row.text(4)));
  SLUICE_ASSIGN(provider.thumbprints, sqlite::strings_from_json(row.text(5)));
  SLUICE_ASSIGN(provider.tags, sqlite::tags_from_json(row.text(6)));
  provider.created_at = row.integer(7);
  return provider;
}

Result<std::vector<iam::OidcProvider>> select_providers(sqlite::Database& database, std::string_view where,
                                                        sqlite::Values values) {
  std::vector<iam::OidcProvider> found;
  SLUICE_TRY(
      database.each(std::string(kSelect) + std::string(where), values, [&](const sqlite::Row& row) -> Result<void> {
        SLUICE_ASSIGN(iam::OidcProvider provider, read_provider(row));
        found.push_back(std::move(provider));
        return {};
      }));
  return found;
}

Result<iam::OidcProvider> select_one(sqlite::Database& database, std::string_view where, std::string_view key) {
  SLUICE_ASSIGN(auto found, select_providers(database, where, {key}));
  if (found.empty()) return fail(ErrorCode::kNotFound, fmt::format("provider {} does not exist", key));
  return std::move(found.front());
}

Result<ProviderPtr> load(sqlite::Database& database, std::string_view where, std::string_view key) {
  SLUICE_ASSIGN(iam::OidcProvider provider, select_one(database, where, key));
  return std::make_shared<const iam::OidcProvider>(std::move(provider));
}

}  // namespace

Result<iam::OidcProvider> SqliteCatalog::create_provider(iam::OidcProvider draft) {
  return mutate(Concern::kIdentity, [&](sqlite::Database& database) -> Result<iam::OidcProvider> {
    SLUICE_TRY(sqlite::require_account(database, draft.account_id));
    draft.arn = fmt::format("arn:aws:iam::{}:oidc-provider/{}", draft.account_id, draft.url);
    draft.id = make_entity_id("AOIP");
    draft.created_at = clock_.now_s();
    SLUICE_ASSIGN(const int64_t same,
                  database.integer("SELECT count(*) FROM oidc_providers WHERE arn = ?", {draft.arn}));
    if (same != 0)
      return fail(ErrorCode::kAlreadyExists, fmt::format("Provider with url {} already exists.", draft.issuer()));
    SLUICE_TRY(sqlite::require_room(database, "SELECT count(*) FROM oidc_providers WHERE account_id = ?",
                                    draft.account_id, limits::kProvidersPerAccountMax,
                                    "OpenIdConnectProvidersPerAccount"));
    SLUICE_TRY(
        database.run("INSERT INTO oidc_providers (id, account_id, arn, url, client_ids, thumbprints, tags, created_at) "
                     "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                     {draft.id, draft.account_id, draft.arn, draft.url, sqlite::strings_to_json(draft.client_ids),
                      sqlite::strings_to_json(draft.thumbprints), sqlite::tags_to_json(draft.tags), draft.created_at}));
    return draft;
  });
}

Result<ProviderPtr> SqliteCatalog::provider_by_arn(std::string_view arn) {
  return cached(providers_, arn, [arn](sqlite::Database& database) { return load(database, "WHERE arn = ?", arn); });
}

Result<ProviderPtr> SqliteCatalog::provider_by_id(std::string_view id) {
  return cached(providers_, id, [id](sqlite::Database& database) { return load(database, "WHERE id = ?", id); });
}

Result<std::vector<iam::OidcProvider>> SqliteCatalog::providers(std::string_view account_id) {
  MutexLock lock(mutex_);
  return select_providers(*database_, "WHERE account_id = ? ORDER BY created_at, rowid", {account_id});
}

Result<void> SqliteCatalog::update_provider(std::string_view arn,
                                            const std::function<Result<void>(iam::OidcProvider&)>& change) {
  return mutate(Concern::kIdentity, [&](sqlite::Database& database) -> Result<void> {
    SLUICE_ASSIGN(iam::OidcProvider provider, select_one(database, "WHERE arn = ?", arn));
    SLUICE_TRY(change(provider));
    return database.run("UPDATE oidc_providers SET client_ids = ?, thumbprints = ?, tags = ? WHERE arn = ?",
                        {sqlite::strings_to_json(provider.client_ids), sqlite::strings_to_json(provider.thumbprints),
                         sqlite::tags_to_json(provider.tags), arn});
  });
}

Result<void> SqliteCatalog::delete_provider(std::string_view arn) {
  return mutate(Concern::kIdentity, [&](sqlite::Database& database) -> Result<void> {
    SLUICE_TRY(database.run("DELETE FROM oidc_providers WHERE arn = ?", {arn}));
    if (database.changes() == 0) return fail(ErrorCode::kNotFound, fmt::format("provider {} does not exist", arn));
    return {};
  });
}

}  // namespace sluice::catalog
