#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/executor.h"
#include "base/file_system.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/result.h"
#include "base/thread_safety.h"
#include "journal/journal.h"
#include "model/exemplar_queryable.h"
#include "model/metadata_queryable.h"
#include "model/queryable.h"
#include "model/write_batch.h"
#include "tsdb/block_set.h"
#include "tsdb/checkpoint.h"
#include "tsdb/compaction_plan.h"
#include "tsdb/extras.h"
#include "tsdb/head.h"
#include "tsdb/log_replay.h"
#include "tsdb/wal_record.h"
#include "tsdb/workspace_metrics.h"

namespace sluice::tsdb {

/// How far a replay is; read by readiness probes while open() runs on another thread.
struct ReplayProgress {
  std::atomic<uint64_t> bytes_done{0};
  std::atomic<uint64_t> bytes_total{0};
};

struct PendingAppend;

/// What a WorkspaceDb needs of the process. Everything pointed to must outlive it and every append in flight.
struct WorkspaceDbOptions {
  static constexpr int64_t kLateWindowMsDefault = 24 * 60 * 60 * 1000;

  std::string name;                     ///< the workspace's id, for log lines and metric labels
  const Clock* clock = nullptr;         ///< required
  Executor* syncer = nullptr;           ///< required; commits run here (journal::SyncerPool)
  Executor* apply = nullptr;            ///< the head is updated here; null: on the syncer's thread
  Logger* logger = nullptr;             ///< required
  MetricRegistry* metrics = nullptr;    ///< may be null
  ReplayProgress* progress = nullptr;   ///< may be null; needed during open() only
  uint64_t head_bytes_max = 4ull << 30; ///< approximate; over it append() answers kResourceExhausted
  /// How far behind the workspace's newest sample late samples are taken; 0: only newer ones than the series' newest.
  int64_t late_window_ms = kLateWindowMsDefault;
  size_t exemplars_max = limits::kExemplarsMax;  ///< the ones added last; 0: none
  /// maintain() writes a checkpoint once this much log has been written since the last one.
  uint64_t checkpoint_log_bytes = 1ull << 30;
  Retention retention;
  UlidSource new_ulid;  ///< names of blocks; empty: from the clock and std::random_device
  journal::Options log;  ///< when an append is acknowledged: log.ack
};

/// One workspace: a directory with its own log, head and blocks. docs/formats/wal.md has the bytes of the log.
///
/// The way of a write: resolve series -> encode one record (definitions of series not yet durably defined,
/// samples; what a request has besides floats goes into records of its own) -> log -> wait until durable -> apply to
/// the head, in the order of the log -> done.
///
/// docs/storage.md tells how log, head, checkpoint and blocks work together.
///
/// Invariants:
/// 1. The head, and so every query, shows only what is durable (with journal::Ack::kBuffered: written to the log), and
///    a request whole or not at all; its floats, native
///    histograms, exemplars and metadata, which are records of their own, each for themselves. (One exception:
///    when a process was killed and the disk refuses writes ever since, what could be read back is shown although
///    nothing proves its sync; no append succeeds until that is mended.)
/// 2. What becomes of a sample is decided when it is applied, by rules that depend on nothing but the log up to
///    it. Replaying the log therefore reaches the same head. A request sent again while its first commit is
///    pending is logged again, acknowledged after its own commit, and its samples count as duplicates. A sample
///    that the head refuses already, or has, is judged at once and not logged: later records cannot change that.
/// 3. Every success waits until the log is durable (or written, as in 1) up to its end at the moment the head was
///    consulted, also when nothing was added. Freezes and drops are always durable before they are applied.
/// 4. A record omits a series' definition only if an applied earlier record has it, which so is at least as durable. A
/// failed
///    commit so never leaves a sample without its series.
///
/// Thread-safe.
class WorkspaceDb final : public model::Queryable,
                          public model::ExemplarQueryable,
                          public model::MetadataQueryable,
                          public std::enable_shared_from_this<WorkspaceDb> {
  struct Private {};

 public:
  using Done = std::move_only_function<void(Result<model::AppendOutcome>)>;

  /// Opens or makes `directory` and replays its log, on this thread. Damaged places of the log are reported to the
  /// logger with file and offset, and the rest is served. kUnsupported for a newer format.
  static Result<std::shared_ptr<WorkspaceDb>> open(FileSystem& fs, std::string directory, WorkspaceDbOptions options);
  WorkspaceDb(Private, FileSystem& fs, std::string directory, WorkspaceDbOptions options);
  ~WorkspaceDb() override;

  /// Adds the batch, whose label sets are canonical and whose hashes are theirs. `done` is called exactly once, on
  /// the thread that applied it (on this one for what is refused at once), and must be quick: hand over with
  /// callback_result(). Refused samples are no error: see AppendOutcome. Errors, after each of which nothing was
  /// acknowledged and a retry may help: kNoSpace, kUnavailable (the log failed, or is closed), kResourceExhausted
  /// (head or log queue full), kCancelled (dropped without close()); and kTooLarge for a batch that no log record
  /// can hold.
  void append(model::AppendBatch batch, Done done);

  /// Tells series of this workspace for one request, whose batch may then go to append() of this workspace alone.
  std::unique_ptr<model::SeriesRecognizer> recognizer() const;

  /// Does what is due: cuts blocks, compacts and drops them, writes checkpoints, gives memory back. To be called every
  /// few seconds by one thread at a time, not from inside a `done` nor on a thread that commits or applies. It waits
  /// for the disk, in compactions for minutes. Errors are logged, and what failed is tried again at a later call.
  void maintain();
  const BlockSet& blocks() const { return *blocks_; }

  struct Deletion {
    uint64_t head_series = 0;  ///< that lost samples in the head
    uint64_t head_samples = 0;
    uint64_t block_series = 0;  ///< that have samples in the range in blocks, counted once for each block
    uint64_t blocks = 0;
  };
  /// Deletes the samples in `range` of the series that match, durably: head first, then blocks. What is appended
  /// meanwhile may stay. After an error a part may be deleted and a retry does the rest. Waits for the disk and for
  /// maintenance that must not be met half-way; where maintain() may be called, this may, also beside it. kNoSpace,
  /// kUnavailable, kIo, kDataLoss.
  Result<Deletion> delete_series(std::span<const model::Matcher> matchers, model::TimeRange range);

  struct Snapshot {
    std::vector<Ulid> blocks;  ///< all in the copy
    uint64_t head_samples = 0;  ///< in the last one, which is of the head
  };
  /// Makes a copy that stays as it is: second names of the blocks' files in `to_directory`, which must be on the same
  /// file system, and one block more with what the head holds. Durable when it returns, but for the directory's own
  /// entry. Waits as delete_series() does. Errors of the disk; what is there by then is the caller's to remove.
  Result<Snapshot> snapshot_to(const std::string& to_directory);
  /// Takes over the blocks below `from_directory` (BlockSet::adopt).
  Result<std::vector<Ulid>> adopt_blocks(const std::string& from_directory) { return blocks_->adopt(from_directory); }

  /// Commits and applies what is pending, then refuses appends, and writes a checkpoint, so that the next open() is
  /// quick; reads go on. Not from inside a `done`, nor beside maintain().
  void close();

  Result<std::vector<std::unique_ptr<model::Series>>> select(std::span<const model::Matcher> matchers,
                                                             model::TimeRange range,
                                                             model::QueryBudget& budget) const override;
  Result<std::vector<model::Labels>> series(std::span<const std::vector<model::Matcher>> selectors,
                                            model::TimeRange range, size_t limit) const override;
  Result<std::vector<std::string>> label_names(std::span<const std::vector<model::Matcher>> selectors,
                                               model::TimeRange range, size_t limit) const override;
  Result<std::vector<std::string>> label_values(std::string_view name,
                                                std::span<const std::vector<model::Matcher>> selectors,
                                                model::TimeRange range, size_t limit) const override;

  Result<std::vector<model::SeriesExemplars>> exemplars(std::span<const std::vector<model::Matcher>> selectors,
                                                        model::TimeRange range,
                                                        model::QueryBudget& budget) const override;
  bool keeps_exemplars() const { return extras_->exemplars.keeps_any(); }
  Result<std::vector<model::MetricFamily>> metadata(std::string_view name) const override;

  HeadStats stats() const { return head_->stats(); }
  const journal::Recovery& recovery() const { return journal_->recovery(); }
  const std::string& directory() const { return directory_; }

 private:
  struct Draft;

  Result<void> replay();
  void report(const LogReplay& replayed, const CheckpointReport& checkpoint, std::chrono::nanoseconds took) const;
  void register_gauges();
  TimestampMs late_floor() const;
  void append_floats(model::AppendBatch batch, Done done);
  void append_parts(model::AppendBatch batch, Done done);
  void log_or_wait(std::string record, std::unique_ptr<PendingAppend> pending);
  std::string prepare(const model::AppendBatch& batch, PendingAppend& pending) const;
  std::string prepare_started(const model::AppendBatch& batch, PendingAppend& pending) const;
  std::string prepare_histograms(const model::AppendBatch& batch, PendingAppend& pending) const;
  std::string prepare_exemplars(const model::AppendBatch& batch, std::span<MemorySeries* const> made,
                                PendingAppend& pending) const;
  std::string prepare_metadata(model::AppendBatch& batch, PendingAppend& pending) const;
  MemorySeries* series_of_exemplars(const model::AppendBatch::SeriesEntry& entry, std::string_view packed,
                                    std::span<MemorySeries* const> made, Draft& draft, PendingAppend& pending) const;
  void apply_started(PendingAppend& pending);
  void apply_exemplars(PendingAppend& pending);
  void apply_metadata(PendingAppend& pending);
  MemorySeries* series_of(const model::AppendBatch& batch, const model::AppendBatch::SeriesEntry& entry, Draft& draft,
                          PendingAppend& pending) const;
  void committed(std::unique_ptr<PendingAppend> pending);
  void drain();
  void complete(PendingAppend& pending);
  void log(uint8_t kind, std::string payload, std::unique_ptr<PendingAppend> pending,
           journal::Ack ack_min = journal::Ack::kBuffered);
  void note_commit(const journal::Commit& commit);

  std::optional<TimestampMs> due_freeze() const;
  Result<void> cut_blocks() SLUICE_REQUIRES(maintenance_mutex_);
  Result<std::optional<BlockMeta>> cut_block(std::span<MemorySeries* const> series, TimestampMs begin_ms)
      SLUICE_REQUIRES(maintenance_mutex_);
  Result<std::optional<BlockMeta>> write_head_block(const std::string& to_directory)
      SLUICE_REQUIRES(maintenance_mutex_);
  Result<journal::Sequence> log_control(uint8_t kind, TimestampMs before_ms);
  struct Logged;
  Result<Logged> log_and_wait(std::unique_ptr<PendingAppend> record, std::string payload);
  Result<HeadDeletion> delete_from_head(std::span<const model::Matcher> matchers, model::TimeRange range)
      SLUICE_REQUIRES(maintenance_mutex_);
  void checkpoint() SLUICE_REQUIRES(maintenance_mutex_);
  template <class Read>
  auto read_at_one_moment(model::TimeRange range, Read read) const;

  FileSystem& fs_;
  const std::string directory_;
  const WorkspaceDbOptions options_;
  std::unique_ptr<WorkspaceMetrics> metrics_;  ///< null without a registry
  std::shared_ptr<Head> head_;
  std::shared_ptr<Extras> extras_;
  std::shared_ptr<journal::Journal> journal_;
  std::atomic<journal::Sequence> applied_{0};  ///< the head holds the log up to here
  std::atomic<uint64_t> logged_bytes_{0};  ///< of records, since the last checkpoint
  std::atomic<std::chrono::steady_clock::time_point> last_append_;
  std::unique_ptr<BlockSet> blocks_;

  /// Held while head and blocks change hands, and during a checkpoint; never by appends or reads.
  Mutex maintenance_mutex_;
  journal::Sequence checkpoint_sequence_ SLUICE_GUARDED_BY(maintenance_mutex_) = 0;
  journal::Sequence open_freeze_ SLUICE_GUARDED_BY(maintenance_mutex_) = 0;  ///< that no drop has followed

  Mutex mutex_;
  CondVar drained_;
  /// Committed (or failed) and not yet applied, in the order of the log.
  std::deque<std::unique_ptr<PendingAppend>> ready_ SLUICE_GUARDED_BY(mutex_);
  bool draining_ SLUICE_GUARDED_BY(mutex_) = false;
};

}  // namespace sluice::tsdb
