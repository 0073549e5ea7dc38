#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace sluice::api {

/// The samples of a workspace that was deleted, still kept.
struct KeptStorage {
  std::string workspace_id;
  TimestampMs set_aside_at_ms = 0;
};

/// Where the control plane makes and unmakes a workspace's samples. Implemented by the wiring over tsdb.
/// Thread-safe; calls block on the disk. The id is valid ("ws-" + UUID) and safe as a directory's name.
class WorkspaceStorage {
 public:
  virtual ~WorkspaceStorage() = default;

  /// Makes the empty storage, ready for writes when it returns. Success when it is there already: a creation that
  /// was cut short is repeated at the next start. kNoSpace, kIo, kResourceExhausted.
  virtual Result<void> create(std::string_view workspace_id) = 0;

  /// Stops writes and queries and keeps every byte where only restore() finds it. Success when there is nothing to set
  /// aside. kUnavailable while it is being opened or closed, kIo.
  virtual Result<void> set_aside(std::string_view workspace_id) = 0;
  /// Undoes set_aside(). Success when it is in place already. kNotFound when nothing is kept, kIo.
  virtual Result<void> restore(std::string_view workspace_id) = 0;
  /// Removes what was set aside for good. Success when there is nothing. kIo.
  virtual Result<void> purge(std::string_view workspace_id) = 0;
  /// Everything set aside, by id. kIo.
  virtual Result<std::vector<KeptStorage>> kept() = 0;
};

}  // namespace sluice::api
