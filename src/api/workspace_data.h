#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/file_system.h"
#include "base/log.h"
#include "catalog/catalog.h"
#include "model/matcher.h"
#include "model/sample.h"
#include "tsdb/store.h"

namespace sluice::api {

/// What the operator does to a workspace's samples, beside its clients. Each call leaves an audit record
/// (`sluice:DeleteSeries`, `sluice:SnapshotWorkspace`, `sluice:ImportBlocks`, by `operator`), whether it succeeds or
/// not.
///
/// Thread-safe. Calls block on the disk, and open the workspace if need be. The parts outlive it.
class WorkspaceData {
 public:
  struct Parts {
    catalog::Catalog& catalog;
    tsdb::Store& store;
    const Clock& clock;
    Logger& logger;
    FileSystem& fs;
    std::string directory;  ///< the data directory
  };
  explicit WorkspaceData(Parts parts) : parts_(parts) {}

  using Selectors = std::vector<std::vector<model::Matcher>>;
  /// Deletes the samples in `range` of every series that one of `selectors` accepts. After an error a part may be
  /// deleted, and a retry does the rest. kNotFound, kUnavailable, kNoSpace, kIo, kDataLoss.
  Result<tsdb::WorkspaceDb::Deletion> delete_series(std::string_view id, const Selectors& selectors,
                                                    model::TimeRange range, const std::string& request_id);

  struct Snapshot {
    std::string path;
    size_t blocks = 0;
    uint64_t head_samples = 0;
  };
  /// Makes `<data directory>/snapshots/<id>-<time>`, a copy of the workspace as blocks (WorkspaceDb::snapshot_to).
  /// kNotFound, kUnavailable, kNoSpace, kIo.
  Result<Snapshot> snapshot(std::string_view id, const std::string& request_id);

  /// Takes over the blocks that wait in `<data directory>/imports/<name>`; how many. kNotFound, kInvalidArgument for a
  /// name that is no ULID, kConflict, kDataLoss, kUnavailable, kIo.
  Result<size_t> import_blocks(std::string_view id, std::string_view name, const std::string& request_id);

 private:
  Result<Snapshot> make_snapshot(std::string_view id);
  Result<size_t> adopt(std::string_view id, std::string_view name);
  Result<tsdb::WorkspaceDb::Deletion> delete_all(std::string_view id, const Selectors& selectors,
                                                 model::TimeRange range);
  void audit(const catalog::Workspace& workspace, std::string_view action, const std::string& request_id,
             std::string_view outcome);

  Parts parts_;
};

}  // namespace sluice::api
