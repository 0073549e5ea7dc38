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
#include "journal/timer.h"

namespace sluice::journal {

struct Recovered;

/// When an append is answered.
enum class Ack : uint8_t {
  kBuffered,  ///< once it is written to its file: it survives the end of the process, and after a sync a power cut
  kFsync,  ///< once it is durable
};

/// One write, sync, or both, told to Options::on_commit on the syncer's thread.
struct Commit {
  uint64_t records = 0;                        ///< that wait for it; none of a sync that follows its write later
  uint64_t bytes = 0;                          ///< written, with headers and padding
  std::chrono::nanoseconds write_time{0};
  std::chrono::nanoseconds sync_time{0};
  uint64_t files_failed = 0;                   ///< segments given up on the way (failed write or sync)
  bool durable = false;                        ///< synced, with all before it
  std::string failure;                         ///< why the waiters got an error; empty when they did not
};

struct Options {
  /// What an append gets that asks for no more.
  Ack ack = Ack::kFsync;
  /// With Ack::kBuffered: at most so long after its write a record is synced.
  std::chrono::milliseconds sync_interval = std::chrono::seconds(1);
  /// With Ack::kBuffered: a commit beyond which more bytes would be acknowledged and not synced is synced itself.
  uint64_t unsynced_bytes_max = 16 << 20;
  /// Required with Ack::kBuffered; else unused. It must outlive the journal.
  Timer* timer = nullptr;
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
/// 1. A record whose `done` got a Sequence is on disk: it was written and its file's fdatasync succeeded after. With
///    Ack::kBuffered, and where kFsync is not asked for, it is written: it survives a kill of the process. Its sync
///    follows (sync_interval, unsynced_bytes_max), and a sync covers all before it: a power cut takes nothing but the
///    end of the log. Until then memory holds it too.
/// 2. `done` callbacks run in order of sequence, one at a time, never under the journal's lock.
/// 3. fdatasync is never called again on a file on which it failed. What had not been acknowledged is written anew
///    to a fresh segment, once; if that fails too, its waiters get kNoSpace or kUnavailable, and the next
///    segment's header makes void what the given-up files hold of it. A failed record thus never comes back
///    once a later one is acknowledged. What had been acknowledged and not synced is written anew with it, and synced;
///    if that fails too, it stays in memory, and every append, barrier and sync_interval tries again before anything
///    else is acknowledged. So nothing acknowledged is lost while the process lives, or when it closes after the
///    disk has come back; a kill in between leaves what the given-up file still shows.
/// 4. At most one job of a journal is in the executor's queue or running, so a first-in-first-out executor with
///    a few threads is fair between journals, and one sync is in flight per journal (group commit: what
///    arrives meanwhile shares the next one).
/// 5. A process begins with a fresh segment. Records read back that nothing proves to have been synced (the last
///    commit before a kill) count as acknowledged and not synced, and are written there anew before open() returns.
///    If the disk refuses, open() succeeds all the same, and 3 holds for them.
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

  /// Queues a record; `done` is called exactly once, when it is durable (written, if both Options::ack and `ack_min`
  /// are content with that) or has failed. Constant work under the lock. At once, on this thread: kTooLarge over
  /// limits::kJournalRecordBytesMax, kResourceExhausted, kUnavailable when closed. With an executor that runs work
  /// inside post(), `done` runs inside append().
  void append(uint8_t kind, std::string payload, Done done, Ack ack_min = Ack::kBuffered);
  /// Calls `done` once nothing appended before this call is waiting any more, and all of it that did not fail is
  /// durable (or written, as above). An error when the commit it shared failed.
  void barrier(Done done, Ack ack_min = Ack::kBuffered);
  /// Removes segments that hold only records before `keep_from`, or keeps their files for reuse. An error leaves a
  /// log that is intact and longer than necessary. One caller at a time.
  Result<void> truncate_before(Sequence keep_from);
  /// Commits and syncs what is pending, on this thread if no syncer has begun, and leaves a mark that proves the end.
  /// Later appends fail. Not from inside a `done`.
  void close();

  /// Refuses further appends, and answers kCancelled to whoever waits. Nothing more is written.
  void abandon();

  const Recovery& recovery() const { return recovery_; }
  /// The last record known to be durable.
  Sequence durable() const;
  /// Bytes of records that are acknowledged and not known to be durable.
  uint64_t unsynced_bytes() const;
  /// Bytes of all segments on disk, spares included.
  uint64_t disk_bytes() const;

 private:
  struct Entry {
    Sequence sequence = 0;
    uint8_t kind = 0;
    bool barrier = false;
    Ack ack = Ack::kBuffered;
    uint32_t payload_crc = 0;
    std::string payload;
    Done done;
  };
  enum class State : uint8_t { kIdle, kQueued, kRunning };
  // Let go of in this order (last member first): the owner may be the last to hold the journal.
  struct Hold {
    std::shared_ptr<void> owner;
    std::shared_ptr<Journal> journal;
  };
  struct Batch {
    std::vector<Entry> entries;
    uint64_t records = 0;
    uint64_t bytes = 0;  // of its records in a segment
    Sequence first = 0;  // of its records
    Sequence last = 0;
    bool sync = false;  // something of it is to be durable, or something before it is due
  };

  void adopt(Recovered recovered);
  void repair();
  void enqueue(Entry entry, uint64_t bytes);
  bool wants_commit() const SLUICE_REQUIRES(mutex_);
  void post_job();
  void run_job();
  void end_job();
  void commit_one();
  Batch take_batch() SLUICE_REQUIRES(mutex_);
  bool wants_sync(const Batch& batch) const SLUICE_REQUIRES(mutex_);
  Result<void> commit(const Batch& batch, Commit& commit);
  Result<void> write_batch(const Batch& batch, bool with_unsynced, Commit& commit);
  void add_to_buffer(const Entry& record, Sequence durable);
  void finish(Batch batch, const Result<void>& result, bool synced);
  void arm_timer();
  void sync_is_due(bool is_owned);

  Result<void> sync_segment(Commit& commit);
  Result<void> seal_segment(Commit& commit);
  Result<void> open_segment(Sequence first, uint64_t bytes_needed);
  void remember_leftover(const SegmentHeader& header);
  void give_up_segment();
  void cut_recovered_tail();
  void leave_mark();

  FileSystem& fs_;
  const std::string directory_;
  const Options options_;
  Executor& syncer_;
  const Clock& clock_;
  const bool has_owner_;
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
  Sequence valid_through_ SLUICE_GUARDED_BY(mutex_) = 0;  // of the newest header: records up to it count where they are
  uint64_t unsynced_bytes_ SLUICE_GUARDED_BY(mutex_) = 0;
  bool sync_wanted_ SLUICE_GUARDED_BY(mutex_) = false;
  bool timer_armed_ SLUICE_GUARDED_BY(mutex_) = false;

  // Touched only by whoever holds State::kRunning.
  std::unique_ptr<SegmentWriter> active_;
  Sequence segment_last_ = 0;  // the last record in `active_`; 0: none yet
  std::vector<Entry> unsynced_;  // acknowledged; in `active_`, or to be written anew when there is none
  uint64_t next_segment_bytes_ = 0;
  uint64_t tail_number_ = 0;  // the newest segment found at open, until its tail is cut
  uint64_t tail_end_ = 0;
  std::string buffer_;
};

}  // namespace sluice::journal
