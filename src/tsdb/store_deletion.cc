// Deleting workspaces, and bringing them back.
#include <utility>

#include <fmt/format.h>

#include "base/encoding.h"
#include "tsdb/store.h"
#include "tsdb/store_slot.h"

namespace sluice::tsdb {
namespace {

// How long a deletion waits for maintenance under way.
constexpr std::chrono::seconds kMaintenanceWait{2};

}  // namespace

Result<void> Store::remove_doomed() {
  SLUICE_ASSIGN(const auto names, fs_.list(root_));
  for (const auto& name : names) {
    if (name.ends_with(kDoomedSuffix)) SLUICE_TRY(fs_.remove_tree(path_of(name)));
  }
  return {};
}

/// Null for a workspace that nobody asked for; kUnavailable while something goes on that a deletion must not meet.
Result<Store::SlotPtr> Store::slot_to_delete(std::string_view id) {
  const auto until = std::chrono::steady_clock::now() + kMaintenanceWait;
  for (;;) {
    const auto found = slots_.find(id);
    if (found == slots_.end()) return SlotPtr();
    const Slot& slot = *found->second;
    if (slot.state == Slot::State::kOpening || slot.state == Slot::State::kClosing) return slot.not_yet(id);
    if (!slot.is_maintaining) return found->second;
    if (!maintained_.wait_until(mutex_, until)) {
      return fail(ErrorCode::kUnavailable, fmt::format("workspace {} is being compacted; try again", id));
    }
  }
}

Result<void> Store::delete_workspace(std::string_view id) {
  if (!is_workspace_id(id)) return no_such_workspace(id);
  const DeletedWorkspace deleted{std::string(id), clock().now_ms()};
  std::shared_ptr<WorkspaceDb> db;
  std::vector<Waiter> waiters;
  Result<void> gone;
  {
    MutexLock lock(mutex_);
    SLUICE_ASSIGN(const SlotPtr slot, slot_to_delete(id));
    SLUICE_ASSIGN(const bool exists, fs_.exists(path_of(id)));
    if (!exists) return no_such_workspace(id);
    // From here on nobody finds it; what is under way in it ends with the log that close() shuts.
    SLUICE_TRY(fs_.rename(path_of(id), path_of(deleted.directory_name())));
    if (slot) {
      db = std::move(slot->db);
      waiters.swap(slot->waiters);
      slots_.erase(slots_.find(id));
    }
    gone = fs_.sync_directory(root_);
  }
  for (auto& waiter : waiters) waiter.done(no_such_workspace(id));
  if (db) {
    count_open(-1);
    db->close();
    // What was under way may have made its directory anew, for scratch files.
    MutexLock lock(mutex_);
    if (!slots_.contains(id)) (void)fs_.remove_tree(path_of(id));
  }
  return gone;
}

Result<std::vector<DeletedWorkspace>> Store::deleted() const {
  SLUICE_ASSIGN(const auto names, fs_.list(root_));
  std::vector<DeletedWorkspace> found;
  for (const auto& name : names) {
    if (auto deleted = parse_deleted_name(name)) found.push_back(*std::move(deleted));
  }
  return found;
}

Result<std::optional<DeletedWorkspace>> Store::newest_deleted(std::string_view id) const {
  SLUICE_ASSIGN(const auto all, deleted());
  std::optional<DeletedWorkspace> newest;
  for (const auto& one : all) {
    if (one.id == id && (!newest || one.deleted_at_ms > newest->deleted_at_ms)) newest = one;
  }
  return newest;
}

Result<void> Store::undelete_workspace(std::string_view id) {
  MutexLock lock(mutex_);
  SLUICE_ASSIGN(const bool exists, fs_.exists(path_of(id)));
  SLUICE_ASSIGN(const auto deleted, newest_deleted(id));
  if (exists && !deleted) return {};
  if (exists) {
    return fail(ErrorCode::kConflict, fmt::format("there is a workspace {}, and another one of that id in {}",
                                                  printable(id, 64), path_of(deleted->directory_name())));
  }
  if (!deleted) {
    return fail(ErrorCode::kNotFound,
                fmt::format("nothing is kept of a deleted workspace {}: storage.deleted_retention_seconds has passed, "
                            "or there never was one",
                            printable(id, 64)));
  }
  SLUICE_TRY(fs_.rename(path_of(deleted->directory_name()), path_of(id)));
  return fs_.sync_directory(root_);
}

Result<void> Store::purge_deleted(std::string_view id) {
  SLUICE_ASSIGN(const auto all, deleted());
  for (const auto& one : all) {
    if (one.id != id) continue;
    const std::string doomed = path_of(one.id) + std::string(kDoomedSuffix);
    {
      // Against an undelete_workspace() that has chosen it.
      MutexLock lock(mutex_);
      SLUICE_TRY(fs_.remove_tree(doomed));
      const auto renamed = fs_.rename(path_of(one.directory_name()), doomed);
      if (!renamed && renamed.error().code == ErrorCode::kNotFound) continue;
      SLUICE_TRY(renamed);
      SLUICE_TRY(fs_.sync_directory(root_));
    }
    SLUICE_TRY(fs_.remove_tree(doomed));
  }
  return {};
}

}  // namespace sluice::tsdb
