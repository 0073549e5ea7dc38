#pragma once

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
#include "base/result.h"
#include "base/thread_safety.h"
#include "journal/record.h"
#include "journal/segment_writer.h"

namespace sluice::journal {

struct Recovered;

/// One write + fdatasync, told to Options::on_commit on the syncer's thread.
struct Commit {
  uint64_t records = 0;
  uint64_t bytes = 0;                          ///< written, with headers and padding
  std::chrono::nanoseconds write_time{0};
  std::chrono::nanoseconds sync_time{0};
  uint64_t files_failed = 0;                   ///< segments given up on the way (failed write or sync)
  bool durable = false;                        ///< false: the waiters got an error
};

struct Options {
  /// Size of the first segment of a process's life; each further one doubles, up to the maximum, so that a
  /// thousand idle journals cost little disk.
  uint64_t segment_bytes_first = 128 << 10;
  uint64_t segment_bytes_max = 64 << 20;
  /// Bytes waiting or in flight; past it append() answers kResourceExhausted.
  uint64_t pending_bytes_max = 256 << 20;
  /// A commit takes no further record once it holds this many bytes.
  uint64_t commit_bytes_max = 16 << 20;
  /// The next record's number is at least this, whatever is found: what was kept elsewhere goes up to the one before.
  Sequence sequence_min = 1;
  /// Random number that ties records to one life of one file. Default: std::random_device.
  std::function<uint64_t()> salt;
  /// Must be quick and thread-safe.
  std::function<void(const Commit&)> on_commit;
  /// Kept alive while a job of this journal is queued or runs, so that callbacks may point into it. It may own
  /// the journal.
  std::weak_ptr<void> owner;
  /// Called while opening, after each segment: bytes read, bytes in all.
  std::function<void(uint64_t done, uint64_t total)> on_progress;
};

/// A durable log: records go in, and come back in order after a crash. docs/formats/journal.md has every byte.
///
/// Life: open() reads what is there and replays it; append() and barrier() from any thread; close(). Without
/// close() it ends as in a crash, as far as the files are concerned.
///
/// Invariants:
/// 1. A record whose `done` got a Sequence is on disk: it was written and its file's fdatasync succeeded after.
/// 2. `done` callbacks run in order of sequence, one at a time, never under the journal's lock.
/// 3. fdatasync is never called again on a file on which it failed. What had not been acknowledged is written anew
///    to a fresh segment, once; if that fails too, its waiters get kNoSpace or kUnavailable, and the next
///    segment's header makes void what the given-up files hold of it. A failed record thus never comes back
///    once a later one is acknowledged.
/// 4. At most one job of a journal is in the executor's queue or running, so a first-in-first-out executor with
///    a few threads is fair between journals, and one sync is in flight per journal (group commit: what
///    arrives meanwhile shares the next one).
/// 5. A process begins with a fresh segment. Records read back that nothing proves to have been synced (the last
///    commit before a kill) are written there anew before open() returns. If the disk refuses, open() succeeds
///    all the same, and nothing is acknowledged before a later commit has made them durable.
///
/// Thread-safe.
class Journal : public std::enable_shared_from_this<Journal> {
  struct Private {};

 public:
  /// The record's number, or why it is not durable: kNoSpace, kUnavailable (both worth a retry), kCancelled.
  using Done = std::move_only_function<void(Result<Sequence>)>;

  /// Makes the directory if need be, reads all segments and hands intact records to `replay`, on this thread.
  /// Damage does not fail it (see recovery()); kUnsupported for a newer format, kIo when a file cannot be read.
  /// `fs`, `syncer` and `clock` must outlive the journal and every job it posted.
  static Result<std::shared_ptr<Journal>> open(FileSystem& fs, std::string directory, Options options, Executor& syncer,
                                               const Clock& clock, const Replay& replay);
  Journal(Private, FileSystem& fs, std::string directory, Options options, Executor& syncer, const Clock& clock);
  ~Journal();

  /// Queues a record; `done` is called exactly once, when it is durable or has failed. Constant work under the
  /// lock. At once, on this thread: kTooLarge over limits::kJournalRecordBytesMax, kResourceExhausted,
  /// kUnavailable when closed. With an executor that runs work inside post(), `done` runs inside append().
  void append(uint8_t kind, std::string payload, Done done);
  /// Calls `done` once nothing appended before this call is waiting any more, and all of it that did not fail is
  /// durable. An error when the commit it shared failed.
  void barrier(Done done);
  /// Removes segments that hold only records before `keep_from`, or keeps their files for reuse. An error leaves a
  /// log that is intact and longer than necessary. One caller at a time.
  Result<void> truncate_before(Sequence keep_from);
  /// Commits what is pending, on this thread if no syncer has begun, and leaves a mark that proves the end. Later
  /// appends fail. Not from inside a `done`.
  void close();

  /// Refuses further appends, and answers kCancelled to whoever waits. Nothing more is written.
  void abandon();

  const Recovery& recovery() const { return recovery_; }
  /// The last record known to be durable.
  Sequence durable() const;
  /// Bytes of all segments on disk, spares included.
  uint64_t disk_bytes() const;

 private:
  struct Entry {
    Sequence sequence = 0;
    uint8_t kind = 0;
    bool barrier = false;
    bool recovered = false;  // read back at open; stays in the queue until it is durable
    uint32_t payload_crc = 0;
    std::string payload;
    Done done;
  };
  enum class State : uint8_t { kIdle, kQueued, kRunning };
  using Batch = std::vector<Entry>;

  void adopt(Recovered recovered);
  void repair();
  void enqueue(Entry entry, uint64_t bytes);
  bool wants_commit() const SLUICE_REQUIRES(mutex_);
  void post_job();
  void run_job();
  void commit_one();
  Batch take_batch() SLUICE_REQUIRES(mutex_);
  Result<void> make_durable(const Batch& batch, Commit& commit);
  Result<void> write_batch(const Batch& batch, Sequence durable, Commit& commit);
  Result<void> open_segment(Sequence first, uint64_t bytes_needed);
  void remember_leftover(const SegmentHeader& header);
  void give_up_segment();
  void cut_recovered_tail();
  void finish(Batch batch, const Result<void>& result);
  void leave_mark();

  FileSystem& fs_;
  const std::string directory_;
  const Options options_;
  Executor& syncer_;
  const Clock& clock_;
  Recovery recovery_;

  mutable Mutex mutex_;
  CondVar idle_;
  State state_ SLUICE_GUARDED_BY(mutex_) = State::kIdle;
  bool closed_ SLUICE_GUARDED_BY(mutex_) = false;
  Sequence next_sequence_ SLUICE_GUARDED_BY(mutex_) = 1;
  Sequence durable_ SLUICE_GUARDED_BY(mutex_) = 0;
  uint64_t pending_bytes_ SLUICE_GUARDED_BY(mutex_) = 0;
  std::deque<Entry> pending_ SLUICE_GUARDED_BY(mutex_);
  SegmentSet segments_ SLUICE_GUARDED_BY(mutex_);

  // Touched only by whoever holds State::kRunning.
  std::unique_ptr<SegmentWriter> active_;
  uint64_t next_segment_bytes_ = 0;
  uint64_t tail_number_ = 0;  // the newest segment found at open, until its tail is cut
  uint64_t tail_end_ = 0;
  std::string buffer_;
};

}  // namespace sluice::journal
