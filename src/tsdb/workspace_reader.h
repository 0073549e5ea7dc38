#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/file_system.h"
#include "base/log.h"
#include "base/read_only_file_system.h"
#include "base/result.h"
#include "model/queryable.h"
#include "tsdb/block_set.h"
#include "tsdb/head.h"

namespace sluice::tsdb {

/// What a workspace's directory holds, read from outside: not a byte on disk changes. Also a directory of Prometheus or
/// Thanos, of which only the blocks are read. Memory is taken for the head alone.
class WorkspaceReader {
 public:
  struct Options {
    /// Also what no block has yet, from checkpoint and log. Only of a workspace that no process has open: another may
    /// remove what is being read.
    bool with_head = false;
  };
  /// Damage is told to `logger`, which must outlive it as `fs` must, and the rest is read. kNotFound, kIo; with the
  /// head kUnsupported when a newer version wrote it.
  static Result<WorkspaceReader> open(FileSystem& fs, const std::string& directory, Options options, Logger& logger);

  std::shared_ptr<const BlockList> blocks() const { return blocks_->blocks(); }
  /// As queries of the workspace see it.
  std::shared_ptr<const model::Queryable> all() const { return all_; }
  /// Places that could not be read; each was told.
  uint64_t damaged() const { return damaged_; }

 private:
  explicit WorkspaceReader(FileSystem& fs) : fs_(std::make_unique<ReadOnlyFileSystem>(fs)) {}
  Result<void> read_head(const std::string& directory, Logger& logger);

  std::unique_ptr<ReadOnlyFileSystem> fs_;
  std::unique_ptr<BlockSet> blocks_;
  std::shared_ptr<Head> head_;
  std::shared_ptr<const model::Queryable> all_;
  uint64_t damaged_ = 0;
};

}  // namespace sluice::tsdb
