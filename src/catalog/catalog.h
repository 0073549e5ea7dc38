#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "catalog/workspace.h"
#include "iam/entities.h"

namespace sluice::catalog {

struct Account {
  std::string id;     ///< 12 digits
  std::string alias;  ///< "" when it has none
  UnixSeconds created_at = 0;
};

/// A managed policy attached to a role, with the document of its default version.
struct AttachedPolicy {
  std::string arn;
  std::string name;
  std::string path;
  std::string document;
};

/// A role and all that its sessions' permissions are made of, as of one revision. Immutable once published.
struct RoleSnapshot {
  iam::Role role;
  std::vector<iam::InlinePolicy> inline_policies;  ///< by name
  std::vector<AttachedPolicy> attached_policies;   ///< in the order of attachment
  uint64_t revision = 0;  ///< Catalog::revision() when it was read: a key for what is compiled from it
};

using RolePtr = std::shared_ptr<const RoleSnapshot>;
using ProviderPtr = std::shared_ptr<const iam::OidcProvider>;
using PolicyPtr = std::shared_ptr<const iam::ManagedPolicy>;
using WorkspacePtr = std::shared_ptr<const Workspace>;

/// What makes a repeated call the same call: the client's token and a digest of everything else it sent.
struct Idempotency {
  std::string token;        ///< AMP's clientToken, 1..64 printable characters
  std::string fingerprint;  ///< equal for equal requests
};

/// One control-plane call and how it ended. Never holds a secret.
struct AuditRecord {
  int64_t sequence = 0;  ///< assigned by the catalog, ascending
  TimestampMs at_ms = 0;
  std::string request_id;
  std::string account_id;
  std::string principal_arn;
  std::string action;    ///< "iam:CreateRole"
  std::string resource;  ///< ARN
  std::string outcome;   ///< "Success", or the error code the caller got
};

/// The control plane's state: accounts, identity providers, roles, policies, keys, workspaces, audit.
///
/// Thread-safe. Every mutating call is one transaction, durable when it returns, and visible to every read
/// that starts afterwards. Calls block (a disk write at most): they belong on the compute pool.
///
/// Errors of every call, besides those named at it: kUnavailable (busy), kNoSpace, kIo, kDataLoss.
/// Messages of kAlreadyExists, kConflict, kQuotaExceeded and, where a policy is missing, kNotFound are IAM's own texts.
///
/// Reads on the way of a request (marked "cached") cost a lookup in memory while nothing changes.
///
/// Names of roles and managed policies are unique in their account, and found, without regard to case, as
/// IAM has it; an entity that is deleted and made again has another id.
class Catalog {
 public:
  virtual ~Catalog() = default;

  /// Grows with every change of a provider, role, policy, attachment or access key, also across restarts. A value
  /// read before a lookup is a safe key for whatever is computed from that lookup. Cheap.
  virtual uint64_t revision() const = 0;

  // Accounts.
  virtual Result<std::vector<Account>> accounts() = 0;  ///< by creation
  virtual Result<void> create_account(const Account& account) = 0;  ///< kAlreadyExists

  // OpenID Connect providers.
  /// Assigns arn, id and created_at. kAlreadyExists (that URL, byte for byte), kQuotaExceeded, kNotFound (account).
  virtual Result<iam::OidcProvider> create_provider(iam::OidcProvider draft) = 0;
  virtual Result<ProviderPtr> provider_by_arn(std::string_view arn) = 0;  ///< cached; kNotFound
  virtual Result<ProviderPtr> provider_by_id(std::string_view id) = 0;  ///< cached; kNotFound
  /// The account's provider whose issuer() is `issuer`, byte for byte. Cached. kNotFound, also without "https://".
  Result<ProviderPtr> provider_by_issuer(std::string_view account_id, std::string_view issuer);
  virtual Result<std::vector<iam::OidcProvider>> providers(std::string_view account_id) = 0;  ///< by creation
  /// `change` may alter client_ids, thumbprints and tags; its error is returned and nothing is stored. It runs
  /// inside the transaction, perhaps more than once, and must not call the catalog. kNotFound.
  virtual Result<void> update_provider(std::string_view arn,
                                       const std::function<Result<void>(iam::OidcProvider&)>& change) = 0;
  virtual Result<void> delete_provider(std::string_view arn) = 0;  ///< kNotFound

  // Roles and what hangs on them.
  /// Assigns arn, id and created_at. kAlreadyExists, kQuotaExceeded, kNotFound (account).
  virtual Result<iam::Role> create_role(iam::Role draft) = 0;
  virtual Result<RolePtr> role_by_id(std::string_view id) = 0;  ///< cached; kNotFound
  virtual Result<RolePtr> role_by_arn(std::string_view arn) = 0;  ///< cached, case-sensitive as ARNs are; kNotFound
  virtual Result<RolePtr> role_by_name(std::string_view account_id, std::string_view name) = 0;  ///< kNotFound
  virtual Result<std::vector<iam::Role>> roles(std::string_view account_id) = 0;  ///< by name
  /// `change` may alter description, trust_policy, max_session_seconds and tags; see update_provider.
  virtual Result<void> update_role(std::string_view role_id, const std::function<Result<void>(iam::Role&)>& change) = 0;
  /// kNotFound; kConflict while it has inline or attached policies.
  virtual Result<void> delete_role(std::string_view role_id) = 0;
  /// Adds or replaces. kNotFound; kQuotaExceeded over the role's sum (limits::kInlinePolicyCharactersPerRoleMax).
  virtual Result<void> put_inline_policy(std::string_view role_id, const iam::InlinePolicy& policy) = 0;
  virtual Result<void> delete_inline_policy(std::string_view role_id, std::string_view name) = 0;  ///< kNotFound
  /// Attaching twice changes nothing. kNotFound (role or policy), kQuotaExceeded.
  virtual Result<void> attach_policy(std::string_view role_id, std::string_view policy_arn) = 0;
  virtual Result<void> detach_policy(std::string_view role_id, std::string_view policy_arn) = 0;  ///< kNotFound

  // Managed policies. Those of builtin_policies.h (arn:aws:iam::aws:policy/...) are always there, in every account.
  /// `draft.versions` holds the first version's document alone. Assigns arn, id, version id and times.
  /// kAlreadyExists, kQuotaExceeded, kNotFound (account).
  virtual Result<iam::ManagedPolicy> create_policy(iam::ManagedPolicy draft) = 0;
  /// attachment_count counts roles of `account_id`. kNotFound.
  virtual Result<PolicyPtr> policy_by_arn(std::string_view account_id, std::string_view arn) = 0;
  /// The account's own, by name; the built-in ones are not among them.
  virtual Result<std::vector<iam::ManagedPolicy>> policies(std::string_view account_id) = 0;
  virtual Result<void> delete_policy(std::string_view arn) = 0;  ///< kNotFound; kConflict while attached

  // Long-lived keys; the secret is sealed before it comes here.
  virtual Result<void> create_access_key(const iam::AccessKey& key) = 0;  ///< kAlreadyExists, kNotFound (account)
  virtual Result<std::shared_ptr<const iam::AccessKey>> access_key(std::string_view id) = 0;  ///< cached; kNotFound
  virtual Result<std::vector<iam::AccessKey>> access_keys(std::string_view account_id) = 0;  ///< by creation
  virtual Result<void> delete_access_key(std::string_view id) = 0;  ///< kNotFound

  // Workspaces.
  /// `draft` comes with its id and arn (make_workspace_id). When the same token was used with the same
  /// fingerprint in the last 24 h and its workspace still exists, that one is returned, as it is now; with
  /// another fingerprint kConflict. kQuotaExceeded, kNotFound (account).
  virtual Result<Workspace> create_workspace(Workspace draft, const std::optional<Idempotency>& idempotency) = 0;
  virtual Result<WorkspacePtr> workspace(std::string_view id) = 0;  ///< cached; kNotFound
  virtual Result<std::vector<Workspace>> workspaces(std::string_view account_id) = 0;  ///< by creation, then id
  virtual Result<std::vector<Workspace>> all_workspaces() = 0;  ///< likewise, of every account
  /// `change` may alter alias, tags, status and settings; see update_provider. kNotFound.
  virtual Result<void> update_workspace(std::string_view id, const std::function<Result<void>(Workspace&)>& change) = 0;
  /// Forgets the workspace; with a token, remembers for 24 h that this token deleted it. kNotFound.
  virtual Result<void> delete_workspace(std::string_view id, std::string_view client_token) = 0;
  /// The same, but keeps what is known of it for restore_workspace().
  virtual Result<void> retire_workspace(std::string_view id, std::string_view client_token) = 0;
  virtual Result<std::vector<RetiredWorkspace>> retired_workspaces() = 0;  ///< of every account, by deletion, then id
  /// Brings a retired workspace back as it was: id, ARN, alias, tags, settings; active. kNotFound, kQuotaExceeded.
  virtual Result<Workspace> restore_workspace(std::string_view id) = 0;
  virtual Result<void> forget_retired_workspace(std::string_view id) = 0;  ///< for good; no error when there is none
  /// Whether that token deleted that workspace: then a repeated delete is a success.
  virtual Result<bool> was_deleted_by(std::string_view account_id, std::string_view workspace_id,
                                      std::string_view client_token) = 0;

  /// Copies everything, as it is at some moment of the call, to the file `path`, which must not exist; other calls go
  /// on meanwhile. open_sqlite_catalog() opens the copy. Its directory is the caller's to sync. kAlreadyExists.
  virtual Result<void> back_up(const std::string& path) = 0;

  // Audit. The oldest records go once there are limits::kAuditRecordsMax.
  virtual Result<void> append_audit(const AuditRecord& record) = 0;
  /// Newest first, those with a smaller sequence than `before` (0: from the newest), at most `count_max`.
  virtual Result<std::vector<AuditRecord>> audit(int64_t before, size_t count_max) = 0;
};

}  // namespace sluice::catalog
