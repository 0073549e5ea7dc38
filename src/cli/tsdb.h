#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/file_system.h"
#include "base/result.h"
#include "base/ulid.h"

namespace CLI {
class App;
}

/// `sluice tsdb ...`: tools for workspaces on disk (docs/tsdb-tools.md). The int is the process' exit code.
namespace sluice::cli {

struct TsdbOptions {
  std::string directory;           ///< of list, verify and dump: a data directory, a workspace's, or one of blocks
  bool as_json = false;            ///< of list
  std::vector<std::string> match;  ///< of dump: selectors; none: every series
  std::string min_time;            ///< of dump: Unix milliseconds or RFC 3339; "": all
  std::string max_time;            ///< inclusive
  std::string format = "promtool"; ///< of dump: or "openmetrics"
  std::string from;                ///< of import: blocks, or OpenMetrics text
  std::string data_directory;      ///< of import
  std::string workspace;           ///< of import and snapshot
  std::string admin_address = "127.0.0.1:9010";  ///< of import and snapshot: of the collector that runs
};

Result<int> tsdb_list(const TsdbOptions& options);
/// 1 when something is damaged.
Result<int> tsdb_verify(const TsdbOptions& options);
Result<int> tsdb_dump(const TsdbOptions& options);
Result<int> tsdb_import(const TsdbOptions& options);
Result<int> tsdb_snapshot(const TsdbOptions& options);

/// Adds the verb; `verb` becomes what was asked for.
void add_tsdb(CLI::App& app, TsdbOptions& options, std::function<Result<int>()>& verb);

/// The directories of workspaces that `directory` means: those of a data directory, deleted ones that are kept
/// included, or itself. kNotFound when it is neither.
Result<std::vector<std::string>> find_workspaces(FileSystem& fs, const std::string& directory);

/// Names for blocks, from the operating system's randomness.
UlidSource random_ulids();

}  // namespace sluice::cli
