#include "tsdb/workspace_reader.h"

#include <algorithm>
#include <utility>

#include "journal/recovery.h"
#include "tsdb/checkpoint.h"
#include "tsdb/log_replay.h"
#include "tsdb/merged_queryable.h"

namespace sluice::tsdb {

namespace {

constexpr int kTriesMax = 10;

// A collector may put one block in the place of several while they are being opened.
bool has_changed_meanwhile(FileSystem& fs, const BlockSet& blocks) {
  return std::ranges::any_of(blocks.damaged(), [&](const auto& damaged) {
    const auto exists = fs.exists(damaged.directory);
    return exists && !*exists;
  });
}

Result<std::unique_ptr<BlockSet>> open_blocks(FileSystem& fs, const std::string& directory, Logger& logger) {
  for (int attempt = 1;; ++attempt) {
    SLUICE_ASSIGN(auto blocks, BlockSet::open(fs, directory,
                                              {.new_ulid = {},
                                               .logger = &logger,
                                               .name = directory,
                                               .ranges_ms = {},
                                               .write = {},
                                               .is_read_only = true}));
    if (attempt == kTriesMax || !has_changed_meanwhile(fs, *blocks)) return blocks;
  }
}

}  // namespace

Result<WorkspaceReader> WorkspaceReader::open(FileSystem& fs, const std::string& directory, Options options,
                                              Logger& logger) {
  WorkspaceReader reader(fs);
  SLUICE_ASSIGN(reader.blocks_, open_blocks(*reader.fs_, directory, logger));
  reader.damaged_ += reader.blocks_->damaged().size();
  const auto blocks = reader.blocks_->blocks();
  MergedQueryable::Parts parts(blocks->begin(), blocks->end());
  if (options.with_head) {
    SLUICE_TRY(reader.read_head(directory, logger));
    parts.push_back(reader.head_);
  }
  reader.all_ = std::make_shared<const MergedQueryable>(std::move(parts));
  return reader;
}

Result<void> WorkspaceReader::read_head(const std::string& directory, Logger& logger) {
  head_ = std::make_shared<Head>();
  Extras none({});  // samples alone are asked for
  SLUICE_ASSIGN(const auto checkpoint, load_checkpoint(*fs_, directory, *head_, none));
  LogReplay replay(*head_, none, logger, directory);
  replay.begin_after(checkpoint.sequence);
  const std::string log = join_path(directory, "wal");
  SLUICE_ASSIGN(const bool exists, fs_->exists(log));
  if (!exists) return {};
  SLUICE_ASSIGN(
      const auto recovered,
      journal::recover(*fs_, log, [&replay](const journal::Record& record) { return replay.apply(record); }, {}));
  replay.finish();
  const auto tell = [&](const auto& damage) {
    logger.error(
        "damaged, the rest is read",
        {{"file", damage.file}, {"offset", damage.offset}, {"bytes", damage.bytes_skipped}, {"reason", damage.what}});
  };
  for (const auto& damage : checkpoint.damage) tell(damage);
  for (const auto& damage : recovered.report.damage) tell(damage);
  damaged_ += checkpoint.damage.size() + recovered.report.damage_total + replay.records_unreadable();
  return {};
}

}  // namespace sluice::tsdb
