#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/executor.h"
#include "base/file_system.h"
#include "base/result.h"
#include "base/thread_safety.h"
#include "tsdb/close_mark.h"
#include "tsdb/workspace_db.h"
#include "tsdb/workspace_names.h"

namespace sluice::tsdb {

struct StoreOptions {
  /// The pattern every workspace is opened with; `name` and `progress` are set for each.
  WorkspaceDbOptions workspace;
  /// Required. Workspaces are opened and closed here, as many at once as it has threads. What is still queued when the
  /// Store is destroyed does nothing.
  Executor* keeper = nullptr;
  /// Where open workspaces are maintained (WorkspaceDb::maintain), each by one thread at a time; null: the keeper. What
  /// is heavy runs here, so a single thread keeps one from being done beside another.
  Executor* maintainer = nullptr;
  std::chrono::milliseconds maintain_every = std::chrono::seconds(5);
  /// A workspace that nobody asked for so long, and nobody holds, is closed; 0: never.
  std::chrono::milliseconds idle_close = std::chrono::minutes(30);
  /// How long when_open() waits before it answers kUnavailable.
  std::chrono::milliseconds open_wait_max = std::chrono::seconds(5);
};

/// All workspaces of one data directory, each a directory of its own under `root`. Opening is lazy: a closed workspace
/// costs its files and nothing else, and is opened by the first who asks for it.
///
/// Life: open(); begin(), which opens in the background what needs it; when_open() and workspace() for requests;
/// tend() every second or so; close().
///
/// Which are opened without being asked for, in this order: those the last process did not close (their logs hold what
/// only a replay brings back; ready() waits for them), then those that were in use when it ended. A request moves its
/// workspace to the front. Workspaces that had been closed for idleness wait for a request.
///
/// A deleted workspace is set aside under another name until purge_deleted(); the time it is kept is the caller's.
///
/// Thread-safe; opening, closing or deleting one workspace holds up no other.
class Store {
 public:
  using Opened = std::move_only_function<void(Result<std::shared_ptr<WorkspaceDb>>)>;

  /// Makes `root` when missing and finishes removals that a crash interrupted.
  static Result<std::unique_ptr<Store>> open(FileSystem& fs, std::string root, StoreOptions options);
  /// Closes every workspace.
  ~Store();

  /// Ids on disk, sorted.
  Result<std::vector<std::string>> list() const;
  /// Makes the directory durably, and opens the workspace on this thread, so that its first writes find it open.
  /// kAlreadyExists, kInvalidArgument for a bad id. A failure to open is left for workspace() to report.
  Result<void> create_workspace(std::string_view id);

  /// The workspace if it is open now; null else. Costs a look-up.
  std::shared_ptr<WorkspaceDb> find_open(std::string_view id);
  /// Calls `done` once, with the open workspace: at once, on this thread, when it is open; else when it has been
  /// opened, on a thread of the keeper. Errors: kNotFound; kUnavailable when that takes longer than open_wait_max (from
  /// tend(), with how far it is) or at close(); the error of a failed open, which stands for ten seconds before a call
  /// tries again.
  void when_open(std::string_view id, Opened done);
  /// The same on this thread, opening it here if need be: nothing for an I/O thread. kUnavailable, without waiting,
  /// while another thread opens or closes it.
  Result<std::shared_ptr<WorkspaceDb>> workspace(std::string_view id);

  /// Queues what is opened without being asked for. Once, at start.
  Result<void> begin();
  /// Success once every workspace that the last process did not close is replayed, or cannot be (which is logged);
  /// before, kUnavailable with which one is being replayed and how far it is. Workspaces that are open answer earlier.
  Result<void> ready() const;
  /// Closes what is idle, maintains what is open, ends waits that have lasted too long. To be called every second or
  /// so.
  void tend();

  /// Closes the workspace and sets its data aside. Who still holds it can go on reading. kNotFound; kUnavailable while
  /// it is being opened or closed, or when its maintenance takes longer than two seconds.
  Result<void> delete_workspace(std::string_view id);
  /// What is set aside, by id.
  Result<std::vector<DeletedWorkspace>> deleted() const;
  /// Brings a deleted workspace back as it was; success when that was done before. kNotFound; kConflict when there is
  /// another workspace of that id.
  Result<void> undelete_workspace(std::string_view id);
  /// Removes what is set aside of that id for good; nothing to remove is no error. A crash on the way never leaves
  /// something half that undelete_workspace() would find.
  Result<void> purge_deleted(std::string_view id);

  /// Closes every open workspace: pending appends are committed first. Later calls of workspace() fail.
  void close();

 private:
  struct Slot;
  struct Waiter;
  class Jobs;
  using SlotPtr = std::shared_ptr<Slot>;
  Store(FileSystem& fs, std::string root, StoreOptions options);

  std::string path_of(std::string_view name) const { return join_path(root_, name); }
  const Clock& clock() const { return *options_.workspace.clock; }
  Result<void> remove_doomed();
  Result<std::optional<DeletedWorkspace>> newest_deleted(std::string_view id) const;
  Result<SlotPtr> slot_of(std::string_view id) SLUICE_REQUIRES(mutex_);
  bool enqueue_first(const std::string& id, Slot& slot) SLUICE_REQUIRES(mutex_);
  void post(std::move_only_function<void()> work) { post_to(*options_.keeper, std::move(work)); }
  void post_to(Executor& executor, std::move_only_function<void()> work);
  void open_next();
  Result<std::shared_ptr<WorkspaceDb>> open_slot(const std::string& id, const SlotPtr& slot);
  void maintain_slot(const SlotPtr& slot);
  Result<SlotPtr> slot_to_delete(std::string_view id) SLUICE_REQUIRES(mutex_);
  void close_slot(const std::string& id, const SlotPtr& slot);
  bool is_idle(const Slot& slot) const;
  bool is_due(const Slot& slot) const;
  void count_open(double change) {
    if (open_gauge_ != nullptr) open_gauge_->add(change);
  }

  FileSystem& fs_;
  const std::string root_;
  const StoreOptions options_;
  const std::shared_ptr<Jobs> jobs_;
  Gauge* const open_gauge_;  ///< null without a registry
  mutable Mutex mutex_;
  CondVar maintained_;
  std::map<std::string, SlotPtr, std::less<>> slots_ SLUICE_GUARDED_BY(mutex_);
  std::deque<std::string> queue_ SLUICE_GUARDED_BY(mutex_);  ///< ids to open, next first; a job is posted for each
  bool begun_ SLUICE_GUARDED_BY(mutex_) = false;
  bool closed_ SLUICE_GUARDED_BY(mutex_) = false;
};

}  // namespace sluice::tsdb
