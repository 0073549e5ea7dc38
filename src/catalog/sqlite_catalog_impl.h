#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/thread_safety.h"
#include "catalog/catalog.h"
#include "catalog/snapshot_cache.h"
#include "catalog/sqlite.h"

namespace sluice::catalog {

/// Catalog over one SQLite file; private to this module (users see sqlite_catalog.h). Its methods live in
/// sqlite_<entity>.cc.
///
/// Invariants:
/// 1. Every statement runs under `mutex_`, on the one connection.
/// 2. `revision_` equals meta.revision of the last committed transaction.
/// 3. A cached snapshot equals what the database holds: caches are filled and cleared under `mutex_` only, and
///    cleared by each commit that may concern them, before the mutating call returns.
class SqliteCatalog final : public Catalog {
 public:
  SqliteCatalog(std::unique_ptr<sqlite::Database> database, const Clock& clock, uint64_t revision)
      : clock_(clock), revision_(revision), database_(std::move(database)) {}

  uint64_t revision() const override { return revision_.load(std::memory_order_acquire); }

  Result<std::vector<Account>> accounts() override;
  Result<void> create_account(const Account& account) override;

  Result<iam::OidcProvider> create_provider(iam::OidcProvider draft) override;
  Result<ProviderPtr> provider_by_arn(std::string_view arn) override;
  Result<ProviderPtr> provider_by_id(std::string_view id) override;
  Result<std::vector<iam::OidcProvider>> providers(std::string_view account_id) override;
  Result<void> update_provider(std::string_view arn,
                               const std::function<Result<void>(iam::OidcProvider&)>& change) override;
  Result<void> delete_provider(std::string_view arn) override;

  Result<iam::Role> create_role(iam::Role draft) override;
  Result<RolePtr> role_by_id(std::string_view id) override;
  Result<RolePtr> role_by_arn(std::string_view arn) override;
  Result<RolePtr> role_by_name(std::string_view account_id, std::string_view name) override;
  Result<std::vector<iam::Role>> roles(std::string_view account_id) override;
  Result<void> update_role(std::string_view role_id, const std::function<Result<void>(iam::Role&)>& change) override;
  Result<void> delete_role(std::string_view role_id) override;
  Result<void> put_inline_policy(std::string_view role_id, const iam::InlinePolicy& policy) override;
  Result<void> delete_inline_policy(std::string_view role_id, std::string_view name) override;
  Result<void> attach_policy(std::string_view role_id, std::string_view policy_arn) override;
  Result<void> detach_policy(std::string_view role_id, std::string_view policy_arn) override;

  Result<iam::ManagedPolicy> create_policy(iam::ManagedPolicy draft) override;
  Result<PolicyPtr> policy_by_arn(std::string_view account_id, std::string_view arn) override;
  Result<std::vector<iam::ManagedPolicy>> policies(std::string_view account_id) override;
  Result<void> delete_policy(std::string_view arn) override;

  Result<void> create_access_key(const iam::AccessKey& key) override;
  Result<std::shared_ptr<const iam::AccessKey>> access_key(std::string_view id) override;
  Result<std::vector<iam::AccessKey>> access_keys(std::string_view account_id) override;
  Result<void> delete_access_key(std::string_view id) override;

  Result<Workspace> create_workspace(Workspace draft, const std::optional<Idempotency>& idempotency) override;
  Result<WorkspacePtr> workspace(std::string_view id) override;
  Result<std::vector<Workspace>> workspaces(std::string_view account_id) override;
  Result<std::vector<Workspace>> all_workspaces() override;
  Result<void> update_workspace(std::string_view id, const std::function<Result<void>(Workspace&)>& change) override;
  Result<void> delete_workspace(std::string_view id, std::string_view client_token) override;
  Result<void> retire_workspace(std::string_view id, std::string_view client_token) override;
  Result<std::vector<RetiredWorkspace>> retired_workspaces() override;
  Result<Workspace> restore_workspace(std::string_view id) override;
  Result<void> forget_retired_workspace(std::string_view id) override;
  Result<bool> was_deleted_by(std::string_view account_id, std::string_view workspace_id,
                              std::string_view client_token) override;

  Result<void> back_up(const std::string& path) override;

  Result<void> append_audit(const AuditRecord& record) override;
  Result<std::vector<AuditRecord>> audit(int64_t before, size_t count_max) override;

 private:
  /// What a transaction touches: decides which caches go and whether the revision grows.
  enum class Concern : uint8_t { kIdentity, kWorkspaces, kNothingCached };

  /// Runs `body(Database&)` in one transaction; on success commits, raises the revision and clears caches.
  template <class Body>
  auto mutate(Concern concern, Body&& body) -> decltype(body(std::declval<sqlite::Database&>())) {
    MutexLock lock(mutex_);
    SLUICE_ASSIGN(sqlite::Transaction transaction, sqlite::Transaction::begin(*database_));
    auto result = body(*database_);
    if (!result) return result;
    if (concern == Concern::kIdentity)
      SLUICE_TRY(database_->run("UPDATE meta SET value = value + 1 WHERE key = 'revision'"));
    SLUICE_TRY(transaction.commit());
    publish(concern);
    return result;
  }

  /// From the cache, or by `read(Database&)` -> Result<shared_ptr<const T>>, which is then cached under `key`.
  template <class T, class Read>
  Result<std::shared_ptr<const T>> cached(SnapshotCache<T>& cache, std::string_view key, Read&& read) {
    if (auto hit = cache.find(key)) return hit;
    MutexLock lock(mutex_);
    SLUICE_ASSIGN(std::shared_ptr<const T> loaded, read(*database_));
    cache.insert(key, loaded);
    return loaded;
  }

  void publish(Concern concern) SLUICE_REQUIRES(mutex_);
  /// The role that `where` (an SQL condition with one parameter for each of `values`) selects, with its policies.
  Result<RolePtr> load_role(sqlite::Database& database, std::string_view where, sqlite::Values values);

  const Clock& clock_;
  std::atomic<uint64_t> revision_;
  SnapshotCache<iam::OidcProvider> providers_;
  SnapshotCache<RoleSnapshot> roles_;
  SnapshotCache<iam::AccessKey> access_keys_;
  SnapshotCache<Workspace> workspaces_;

  Mutex mutex_;
  std::unique_ptr<sqlite::Database> database_ SLUICE_GUARDED_BY(mutex_);
};

namespace sqlite {

/// Shared by the entities' files. Tags are a JSON object in their order, lists of strings a JSON array.
std::string tags_to_json(const iam::Tags& tags);
Result<iam::Tags> tags_from_json(const std::string& json);
std::string strings_to_json(const std::vector<std::string>& strings);
Result<std::vector<std::string>> strings_from_json(const std::string& json);

/// kNotFound unless the account exists.
Result<void> require_account(Database& database, std::string_view account_id);
/// kQuotaExceeded when `count_sql` (with one parameter, `key`) counts `count_max` or more; `what` names the quota.
Result<void> require_room(Database& database, std::string_view count_sql, std::string_view key, size_t count_max,
                          std::string_view what);

}  // namespace sqlite
}  // namespace sluice::catalog
