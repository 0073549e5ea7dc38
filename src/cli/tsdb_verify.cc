#include <fmt/core.h>

#include "cli/tsdb.h"
#include "tsdb/workspace_verify.h"

namespace sluice::cli {

Result<int> tsdb_verify(const TsdbOptions& options) {
  const auto fs = make_posix_file_system();
  SLUICE_ASSIGN(const auto workspaces, find_workspaces(*fs, options.directory));
  uint64_t damaged = 0;
  for (const auto& path : workspaces) {
    SLUICE_ASSIGN(const auto report, tsdb::verify_workspace(*fs, path));
    fmt::print("{}: {} blocks, {} checkpoints ({} series), {} log segments ({} records): {}\n", path, report.blocks,
               report.checkpoints, report.checkpoint_series, report.log_segments, report.log_records,
               report.damaged() == 0 ? "whole" : fmt::format("DAMAGED in {} places", report.damaged()));
    for (const auto& finding : report.findings) {
      fmt::print("  {}{}\n", finding.is_damage ? "damaged: " : "note: ", finding.what);
      if (!finding.way_out.empty()) fmt::print("    {}\n", finding.way_out);
    }
    damaged += report.damaged();
  }
  if (workspaces.empty()) fmt::print("{}: no workspace\n", options.directory);
  return damaged == 0 ? 0 : 1;
}

}  // namespace sluice::cli
