#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/executor.h"
#include "base/file_system.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/result.h"
#include "base/thread_safety.h"
#include "journal/journal.h"
#include "model/queryable.h"
#include "model/write_batch.h"
#include "tsdb/head.h"
#include "tsdb/workspace_metrics.h"

namespace sluice::tsdb {

/// How far a replay is; read by readiness probes while open() runs on another thread.
struct ReplayProgress {
  std::atomic<uint64_t> bytes_done{0};
  std::atomic<uint64_t> bytes_total{0};
};

/// What a WorkspaceDb needs of the process. Everything pointed to must outlive it and every append in flight.
struct WorkspaceDbOptions {
  std::string name;                     ///< the workspace's id, for log lines and metric labels
  const Clock* clock = nullptr;         ///< required
  Executor* syncer = nullptr;           ///< required; commits run here (journal::SyncerPool)
  Executor* apply = nullptr;            ///< the head is updated here; null: on the syncer's thread
  Logger* logger = nullptr;             ///< required
  MetricRegistry* metrics = nullptr;    ///< may be null
  ReplayProgress* progress = nullptr;   ///< may be null; needed during open() only
  uint64_t head_bytes_max = 4ull << 30; ///< approximate; over it append() answers kResourceExhausted
  journal::Options log;
};

/// One workspace: a directory with its own log and head. docs/formats/wal.md has the bytes of the log.
///
/// The way of a write: resolve series -> encode one record (definitions of series not yet durably defined,
/// samples) -> log -> wait until durable -> apply to the head, in the order of the log -> done.
///
/// Invariants:
/// 1. The head, and so every query, shows only what is durable, and a request whole or not at all. (One exception:
///    when a process was killed and the disk refuses writes ever since, what could be read back is shown although
///    nothing proves its sync; no append succeeds until that is mended.)
/// 2. What becomes of a sample is decided when it is applied, by rules that depend on nothing but the log before
///    it. Replaying the log therefore reaches the same head. A request sent again while its first commit is
///    pending is logged again, acknowledged after its own commit, and its samples count as duplicates. A sample
///    not newer than its series' newest is judged at once and not logged: later records cannot change the verdict.
/// 3. Every success waits until the log is durable up to its end at the moment the head was consulted, also
///    when nothing was added.
/// 4. A record omits a series' definition only if an applied, thus durable, earlier record has it. A failed
///    commit so never leaves a sample without its series.
///
/// Until blocks exist all samples stay in memory; open() says so in the log. Thread-safe.
class WorkspaceDb final : public model::Queryable, public std::enable_shared_from_this<WorkspaceDb> {
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

  /// Commits and applies what is pending, then refuses appends; reads go on. Not from inside a `done`.
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

  HeadStats stats() const { return head_->stats(); }
  const journal::Recovery& recovery() const { return journal_->recovery(); }
  const std::string& directory() const { return directory_; }

 private:
  struct Pending;
  class Replayer;

  Result<void> replay();
  void report(const Replayer& replayer, std::chrono::nanoseconds took) const;
  void register_gauges();
  std::string prepare(const model::AppendBatch& batch, Pending& pending) const;
  MemorySeries* series_of(const model::AppendBatch& batch, const model::AppendBatch::SeriesEntry& entry,
                          Pending& pending) const;
  void committed(std::unique_ptr<Pending> pending);
  void drain();
  void complete(Pending& pending);

  FileSystem& fs_;
  const std::string directory_;
  const WorkspaceDbOptions options_;
  std::unique_ptr<WorkspaceMetrics> metrics_;  ///< null without a registry
  std::shared_ptr<Head> head_;
  std::shared_ptr<journal::Journal> journal_;

  Mutex mutex_;
  CondVar drained_;
  /// Committed (or failed) and not yet applied, in the order of the log.
  std::deque<std::unique_ptr<Pending>> ready_ SLUICE_GUARDED_BY(mutex_);
  bool draining_ SLUICE_GUARDED_BY(mutex_) = false;
};

}  // namespace sluice::tsdb
