#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/file_system.h"
#include "base/result.h"
#include "base/thread_safety.h"
#include "tsdb/workspace_db.h"

namespace sluice::tsdb {

/// True for `ws-` and a lower-case UUID: the only ids that become directory names.
bool is_workspace_id(std::string_view id);

/// All workspaces of one data directory. Each is a directory of its own under `root`, opened (and replayed) when
/// first asked for, or by open_all() at start. `options` is the pattern every WorkspaceDb is opened with (its
/// `name` and `progress` are set per workspace). Thread-safe; opening one workspace holds up no other.
class Store {
 public:
  /// Makes `root` when missing and finishes deletions that a crash interrupted.
  static Result<std::unique_ptr<Store>> open(FileSystem& fs, std::string root, WorkspaceDbOptions options);
  /// Closes every workspace.
  ~Store();

  /// Ids on disk, sorted.
  Result<std::vector<std::string>> list() const;
  /// Makes the directory durably, and opens the workspace, so that its first writes find it open. kAlreadyExists,
  /// kInvalidArgument for a bad id. A failure to open is left for workspace() to report.
  Result<void> create_workspace(std::string_view id);
  /// The open workspace. Opens it if need be, which replays its log on this thread: nothing for an I/O thread
  /// unless ready(). kNotFound; kUnavailable while another thread is opening it (the message says how far it is);
  /// the error of a failed open, which stands for ten seconds before a call tries again.
  Result<std::shared_ptr<WorkspaceDb>> workspace(std::string_view id);
  /// Opens every workspace on disk, one after the other. One that cannot be opened is logged and does not stop the
  /// others; workspace() gives its error.
  Result<void> open_all();
  /// Closes the workspace and removes its directory, renamed away first, so that a crash leaves nothing half
  /// there. Who still holds it can go on reading. kNotFound; kUnavailable while it is being opened.
  Result<void> delete_workspace(std::string_view id);
  /// Success once open_all() has finished; before, kUnavailable with which workspace is replaying and how far it is.
  Result<void> ready() const;
  /// Closes every open workspace: pending appends are committed first. Later calls of workspace() fail.
  void close();

 private:
  struct Slot;
  Store(FileSystem& fs, std::string root, WorkspaceDbOptions options);
  std::string path_of(std::string_view id) const;
  Result<std::shared_ptr<WorkspaceDb>> open_slot(const std::string& id, const std::shared_ptr<Slot>& slot);
  Result<void> remove_leftovers();

  FileSystem& fs_;
  const std::string root_;
  const WorkspaceDbOptions options_;
  mutable Mutex mutex_;
  std::map<std::string, std::shared_ptr<Slot>, std::less<>> slots_ SLUICE_GUARDED_BY(mutex_);
  std::string opening_ SLUICE_GUARDED_BY(mutex_);  ///< what open_all() is at
  bool opened_all_ SLUICE_GUARDED_BY(mutex_) = false;
  bool closed_ SLUICE_GUARDED_BY(mutex_) = false;
};

}  // namespace sluice::tsdb
