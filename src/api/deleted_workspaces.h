#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "api/workspace_storage.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/thread_safety.h"
#include "catalog/catalog.h"

namespace sluice::api {

/// A deleted workspace that an operator can still bring back.
struct DeletedWorkspaceEntry {
  catalog::Workspace workspace;
  TimestampMs deleted_at_ms = 0;
  TimestampMs kept_until_ms = 0;
};

/// Deletion with a time of grace: what DeleteWorkspace removes is kept, samples and catalog entry, for `retention`.
/// Callers of AMP see nothing of it; only the operator brings a workspace back.
///
/// Each step is repeated at the next start when a crash cut it short:
///
///   delete    row DELETING -> samples set aside -> row retired
///   undelete  samples restored -> row restored; while the row is retired, samples in place are set aside again
///   purge     samples removed -> row forgotten
///
/// Thread-safe; one step at a time. Calls block on the catalog and the disk. The parts outlive it.
class DeletedWorkspaces {
 public:
  DeletedWorkspaces(catalog::Catalog& catalog, WorkspaceStorage& storage, const Clock& clock, Logger& logger,
                    std::chrono::seconds retention)
      : catalog_(catalog), storage_(storage), clock_(clock), logger_(logger), retention_(retention) {}

  /// Deletes a workspace whose row is there; with a retention of 0 at once and for good. kUnavailable, kIo, kNotFound.
  Result<void> remove(std::string_view id, std::string_view client_token);
  /// Brings it back as it was, with an audit record. kNotFound, kQuotaExceeded, kIo.
  Result<catalog::Workspace> undelete(std::string_view id, const std::string& request_id);
  Result<std::vector<DeletedWorkspaceEntry>> list();  ///< by deletion

  /// Finishes an undelete() that a crash cut short, by taking it back. Called once at start, before requests.
  Result<void> reconcile();
  /// Removes what has been kept long enough; failures are logged and tried again by the next call. Also samples set
  /// aside that the catalog knows nothing of.
  void purge_expired();

 private:
  Result<catalog::Workspace> restore(std::string_view id) SLUICE_REQUIRES(mutex_);
  /// Ids whose time is over.
  Result<std::vector<std::string>> expired() SLUICE_REQUIRES(mutex_);
  Result<void> purge(std::string_view id) SLUICE_REQUIRES(mutex_);
  bool is_expired(TimestampMs deleted_at_ms) const;
  void audit(const catalog::Workspace& workspace, const std::string& request_id, std::string_view outcome);

  catalog::Catalog& catalog_;
  WorkspaceStorage& storage_;
  const Clock& clock_;
  Logger& logger_;
  const std::chrono::seconds retention_;
  Mutex mutex_;
};

}  // namespace sluice::api
