#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/file_system.h"
#include "base/log.h"
#include "base/result.h"
#include "base/thread_safety.h"
#include "base/ulid.h"
#include "tsdb/block.h"
#include "tsdb/block_writer.h"
#include "tsdb/compaction_plan.h"

namespace sluice::tsdb {

using BlockList = std::vector<std::shared_ptr<const Block>>;

struct BlockSetOptions {
  UlidSource new_ulid;
  Logger* logger = nullptr;        ///< must outlive the set
  std::string name;                ///< of the workspace, in log lines
  std::vector<int64_t> ranges_ms;  ///< of compactions (compaction_ranges)
  BlockWriteOptions write;         ///< is_cancelled: asked during a compaction
  bool is_read_only = false;       ///< open() leaves everything as it is, and nothing may be changed later
};

/// The blocks of one workspace: those in its directory, open for queries, and every change of them.
///
/// 1. What a crash leaves behind at any moment is mended by open(): temporary directories and blocks that a successor
///    names as its parents are removed. A block is either whole or not there.
/// 2. Readers take blocks(), a list that never changes; blocks that have left the set stay readable for who holds them.
/// 3. A block that should be gone and cannot be removed is removed before anything else is deleted, compacted or
/// dropped:
///    else the next start would show samples that were deleted meanwhile in those that stand for it.
/// 4. A block that cannot be opened stays on disk untouched, is reported, and is not part of anything.
///
/// Thread-safe. It has no thread of its own: compact_once() and drop_expired() do their work when called, one at a
/// time. delete_series() waits for neither: it makes a compaction under way give up, which the next call begins anew.
class BlockSet {
 public:
  /// Opens every block of `directory` (of a workspace; other files there are not touched). `fs` must outlive the set.
  /// An error only when the directory itself cannot be read or tidied up.
  static Result<std::unique_ptr<BlockSet>> open(FileSystem& fs, std::string directory, BlockSetOptions options);

  const std::string& directory() const { return directory_; }
  /// In the order in which they count where several have a sample at one time (MergedQueryable): the data stored first.
  std::shared_ptr<const BlockList> blocks() const SLUICE_EXCLUDES(mutex_);
  uint64_t bytes() const;

  struct Damaged {
    std::string directory;
    Error error;
  };
  /// The blocks that could not be opened.
  const std::vector<Damaged>& damaged() const { return damaged_; }

  /// Opens blocks that the caller has written into the directory (write_block) and shows them, all at once.
  Result<void> add(std::span<const Ulid> written);
  /// For one that could not be written or added to its end: what there is of it is removed.
  void discard(const Ulid& ulid);

  /// Takes over the blocks below `from_directory`, which must be on the same file system: their files get second names
  /// here, durably, and are shown. The blocks taken. kConflict, and nothing is done, when one of their names is taken.
  Result<std::vector<Ulid>> adopt(const std::string& from_directory);

  struct Deletion {
    uint64_t series = 0;  ///< that had samples in the range, counted once for each block
    uint64_t blocks = 0;
  };
  /// Hides the samples in `range` of the series that match, durably: each block's tombstones are on disk when it
  /// returns. After an error some blocks may have them and others not; a retry does the rest.
  Result<Deletion> delete_series(std::span<const model::Matcher> matchers, model::TimeRange range);

  struct Compaction {
    std::vector<Ulid> from;
    std::optional<Ulid> to;  ///< nullopt: everything in them was deleted
  };
  /// The compaction that is most due (plan_compaction), if any: afterwards the new block stands for the old ones, which
  /// are removed. kCancelled when a deletion came in between or options.write.is_cancelled said so. Damage marks the
  /// blocks as failed, so that the next call goes on to others.
  Result<std::optional<Compaction>> compact_once();

  /// Removes the blocks past their time or too many (beyond_retention); the blocks removed.
  Result<std::vector<Ulid>> drop_expired(const Retention& retention, TimestampMs newest_ms, uint64_t other_bytes);

  /// Gives the files of all blocks a second name below `to_directory`, which must be on the same file system: a copy
  /// that later changes do not touch. Durable when it returns; the blocks copied.
  Result<std::vector<Ulid>> link_to(const std::string& to_directory);

 private:
  BlockSet(FileSystem& fs, std::string directory, BlockSetOptions options);

  Result<void> tidy_up();
  Result<void> show(std::span<const Ulid> written) SLUICE_REQUIRES(maintenance_mutex_);
  Result<void> open_blocks();
  void drop_obsolete();
  /// Removes blocks from the list, puts others in, at once.
  void replace(std::span<const std::shared_ptr<const Block>> out, std::span<const std::shared_ptr<const Block>> in)
      SLUICE_EXCLUDES(mutex_);
  Result<void> remove_directory(const std::string& block_directory) SLUICE_REQUIRES(files_mutex_);
  void remove_directories(std::span<const std::shared_ptr<const Block>> blocks) SLUICE_REQUIRES(files_mutex_);
  void remove_or_remember(const std::string& block_directory) SLUICE_REQUIRES(files_mutex_);
  Result<void> remove_leftovers() SLUICE_EXCLUDES(files_mutex_);
  void mark_failed(std::span<const std::shared_ptr<const Block>> blocks, const Error& error);
  bool must_give_up() const;

  FileSystem& fs_;
  std::string directory_;
  BlockSetOptions options_;
  std::vector<Damaged> damaged_;

  /// Held by whoever changes what is a block on disk, all the while; never by readers.
  Mutex maintenance_mutex_;
  /// Held while files of blocks go away or get a second name; taken after maintenance_mutex_.
  Mutex files_mutex_;
  std::vector<std::string> leftovers_ SLUICE_GUARDED_BY(files_mutex_);  // what should be gone
  std::atomic<uint32_t> deletions_waiting_{0};

  mutable Mutex mutex_;
  std::shared_ptr<const BlockList> blocks_ SLUICE_GUARDED_BY(mutex_);
};

}  // namespace sluice::tsdb
