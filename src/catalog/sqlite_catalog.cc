#include "catalog/sqlite_catalog.h"

#include <thread>

#include <fmt/format.h>

#include "base/json.h"
#include "catalog/sqlite_catalog_impl.h"
#include "catalog/sqlite_migrations.h"

namespace sluice::catalog {

Result<std::unique_ptr<Catalog>> open_sqlite_catalog(const std::string& path, const Clock& clock) {
  SLUICE_ASSIGN(auto database, sqlite::Database::open(path));
  SLUICE_TRY(sqlite::migrate(*database, sqlite::migrations(), clock.now_s()));
  SLUICE_ASSIGN(const int64_t revision, database->integer("SELECT value FROM meta WHERE key = 'revision'"));
  return std::make_unique<SqliteCatalog>(std::move(database), clock, static_cast<uint64_t>(revision));
}

Result<void> SqliteCatalog::back_up(const std::string& path) {
  constexpr int kPagesPerStep = 256;  // a megabyte: others wait no longer than that takes
  MutexLock lock(mutex_);
  SLUICE_ASSIGN(auto copy, sqlite::OnlineCopy::begin(*database_, path));
  for (;;) {
    SLUICE_ASSIGN(const bool is_whole, copy.step(kPagesPerStep));
    if (is_whole) return {};
    lock.unlock();
    std::this_thread::yield();
    lock.lock();
  }
}

void SqliteCatalog::publish(Concern concern) {
  if (concern == Concern::kIdentity) {
    // Caches first: whoever sees the new revision must not find an old snapshot under it.
    providers_.clear();
    roles_.clear();
    access_keys_.clear();
    revision_.fetch_add(1, std::memory_order_release);
  } else if (concern == Concern::kWorkspaces) {
    workspaces_.clear();
  }
}

Result<std::vector<Account>> SqliteCatalog::accounts() {
  std::vector<Account> found;
  MutexLock lock(mutex_);
  SLUICE_TRY(database_->each("SELECT id, alias, created_at FROM accounts ORDER BY created_at, rowid", {},
                             [&](const sqlite::Row& row) -> Result<void> {
                               found.push_back({row.text(0), row.text(1), row.integer(2)});
                               return {};
                             }));
  return found;
}

Result<void> SqliteCatalog::create_account(const Account& account) {
  return mutate(Concern::kIdentity, [&](sqlite::Database& database) -> Result<void> {
    SLUICE_ASSIGN(const int64_t count, database.integer("SELECT count(*) FROM accounts WHERE id = ?", {account.id}));
    if (count != 0) return fail(ErrorCode::kAlreadyExists, fmt::format("account {} exists already", account.id));
    return database.run("INSERT INTO accounts (id, alias, created_at) VALUES (?, ?, ?)",
                        {account.id, account.alias, account.created_at});
  });
}

namespace sqlite {
namespace {

std::unexpected<Error> damaged(std::string_view what) {
  return fail(ErrorCode::kDataLoss, fmt::format("the catalog holds {} that no version wrote; restore a backup", what));
}

}  // namespace

std::string tags_to_json(const iam::Tags& tags) {
  JsonObject object;
  for (const auto& [key, value] : tags) object.set(key, value);
  return to_json(JsonValue(std::move(object)));
}

Result<iam::Tags> tags_from_json(const std::string& json) {
  auto value = parse_json(json);
  const JsonObject* object = value ? value->as_object() : nullptr;
  if (object == nullptr) return damaged("tags");
  iam::Tags tags;
  for (const auto& [key, text] : object->members()) {
    if (text.as_string() == nullptr) return damaged("tags");
    tags.emplace_back(key, *text.as_string());
  }
  return tags;
}

std::string strings_to_json(const std::vector<std::string>& strings) {
  return to_json(JsonValue(JsonArray(strings.begin(), strings.end())));
}

Result<std::vector<std::string>> strings_from_json(const std::string& json) {
  auto value = parse_json(json);
  const JsonArray* array = value ? value->as_array() : nullptr;
  if (array == nullptr) return damaged("a list");
  std::vector<std::string> strings;
  for (const JsonValue& text : *array) {
    if (text.as_string() == nullptr) return damaged("a list");
    strings.push_back(*text.as_string());
  }
  return strings;
}

Result<void> require_account(Database& database, std::string_view account_id) {
  SLUICE_ASSIGN(const int64_t count, database.integer("SELECT count(*) FROM accounts WHERE id = ?", {account_id}));
  if (count == 0) return fail(ErrorCode::kNotFound, fmt::format("account {} does not exist", account_id));
  return {};
}

Result<void> require_room(Database& database, std::string_view count_sql, std::string_view key, size_t count_max,
                          std::string_view what) {
  SLUICE_ASSIGN(const int64_t count, database.integer(count_sql, {key}));
  if (static_cast<size_t>(count) >= count_max)
    return fail(ErrorCode::kQuotaExceeded, fmt::format("Cannot exceed quota for {}: {}", what, count_max));
  return {};
}

}  // namespace sqlite
}  // namespace sluice::catalog
