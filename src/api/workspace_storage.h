#pragma once

#include <string_view>

#include "base/result.h"

namespace sluice::api {

/// Where the control plane makes and unmakes a workspace's samples. Implemented by the wiring over tsdb.
/// Thread-safe; calls block on the disk. The id is valid ("ws-" + UUID) and safe as a directory's name.
class WorkspaceStorage {
 public:
  virtual ~WorkspaceStorage() = default;

  /// Makes the empty storage, ready for writes when it returns. Success when it is there already: a creation that
  /// was cut short is repeated at the next start. kNoSpace, kIo, kResourceExhausted.
  virtual Result<void> create(std::string_view workspace_id) = 0;

  /// Stops writes and queries and removes every byte. Success when there is nothing. kIo.
  virtual Result<void> remove(std::string_view workspace_id) = 0;
};

}  // namespace sluice::api
