#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/file_system.h"
#include "base/result.h"

namespace sluice::tsdb {

/// Something that a thorough reading of a workspace found.
struct VerifyFinding {
  bool is_damage = true;  ///< else worth knowing, and no reason to act
  std::string what;       ///< file, offset, what was found and what was wanted
  std::string way_out;    ///< what the operator can do; empty where there is nothing to do
};

struct VerifyReport {
  uint64_t blocks = 0;
  uint64_t checkpoints = 0;
  uint64_t checkpoint_series = 0;
  uint64_t log_segments = 0;
  uint64_t log_records = 0;
  std::vector<VerifyFinding> findings;

  uint64_t damaged() const;
};

/// Reads everything that a workspace keeps in `directory`, and checks every checksum, each block against what its parts
/// say of each other, and each record of the log. Changes nothing. A process may have the workspace open: what it
/// removes meanwhile is left out, and the end of its log is where it is.
///
/// Of a directory that is no workspace's (Prometheus', a snapshot) only the blocks are read. An error only when the
/// directory cannot be read.
Result<VerifyReport> verify_workspace(FileSystem& fs, const std::string& directory);

}  // namespace sluice::tsdb
