#include "journal/journal.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/check.h"
#include "base/crc32c.h"
#include "base/limits.h"
#include "journal/recovery.h"

namespace sluice::journal {
namespace {

// What a waiter is told: a full disk as such, everything else as the collector's own fault that a retry may mend.
Error commit_error(const std::string& directory, const Error& cause) {
  const auto code = cause.code == ErrorCode::kNoSpace ? ErrorCode::kNoSpace : ErrorCode::kUnavailable;
  return {code, fmt::format("the log {} could not be written durably: {}", directory, cause.message)};
}

}  // namespace

Result<std::shared_ptr<Journal>> Journal::open(FileSystem& fs, std::string directory, Options options, Executor& syncer,
                                               const Clock& clock, const Replay& replay) {
  SLUICE_CHECK(options.ack == Ack::kFsync || options.timer != nullptr, "what is buffered is synced by a timer");
  SLUICE_ASSIGN(const bool exists, fs.exists(directory));
  if (!exists) {
    SLUICE_TRY(fs.create_directories(directory));
    SLUICE_TRY(fs.sync_directory(std::string(parent_path(directory))));
  }
  SLUICE_ASSIGN(auto recovered, recover(fs, directory, replay, options.on_progress));
  auto journal = std::make_shared<Journal>(Private{}, fs, std::move(directory), std::move(options), syncer, clock);
  journal->adopt(std::move(recovered));
  return journal;
}

Journal::Journal(Private, FileSystem& fs, std::string directory, Options options, Executor& syncer, const Clock& clock)
    : fs_(fs), directory_(std::move(directory)), options_(std::move(options)), syncer_(syncer), clock_(clock),
      has_owner_(options_.owner.lock() != nullptr), next_segment_bytes_(options_.segment_bytes_first) {}

void Journal::adopt(Recovered recovered) {
  recovery_ = std::move(recovered.report);
  if (!recovered.segments.segments.empty()) tail_number_ = recovered.segments.segments.back().number;
  tail_end_ = recovered.last_end;
  {
    MutexLock lock(mutex_);
    segments_ = std::move(recovered.segments);
    next_sequence_ = std::max(recovery_.last + 1, options_.sequence_min);
    durable_ = recovered.proven;
    valid_through_ = recovery_.last;
    for (auto& record : recovered.unproven) {
      Entry entry{.sequence = record.sequence, .kind = record.kind};
      entry.payload_crc = crc32c(record.payload);
      entry.payload = std::move(record.payload);
      unsynced_bytes_ += record_size(entry.payload.size());
      unsynced_.push_back(std::move(entry));
    }
  }
  repair();
}

// Writes anew what nothing proves to have been synced. When the disk refuses, the first commit tries again.
void Journal::repair() {
  {
    MutexLock lock(mutex_);
    if (unsynced_bytes_ == 0) return;
    state_ = State::kRunning;
    sync_wanted_ = true;
  }
  commit_one();
  end_job();
}

Journal::~Journal() { abandon(); }

void Journal::abandon() {
  std::deque<Entry> dropped;
  {
    MutexLock lock(mutex_);
    closed_ = true;
    sync_wanted_ = false;
    dropped.swap(pending_);
  }
  for (auto& entry : dropped) {
    if (entry.done) entry.done(fail(ErrorCode::kCancelled, fmt::format("the log {} was abandoned", directory_)));
  }
}

void Journal::append(uint8_t kind, std::string payload, Done done, Ack ack_min) {
  SLUICE_CHECK(kind <= kRecordKindMax, "kinds above are the journal's own");
  if (payload.size() > limits::kJournalRecordBytesMax) {
    done(fail(ErrorCode::kTooLarge, fmt::format("a log record of {} bytes, and at most {} are taken", payload.size(),
                                                limits::kJournalRecordBytesMax)));
    return;
  }
  const uint64_t bytes = record_size(payload.size());
  Entry entry{.kind = kind, .ack = ack_min};
  entry.payload_crc = crc32c(payload);
  entry.payload = std::move(payload);
  entry.done = std::move(done);
  enqueue(std::move(entry), bytes);
}

void Journal::barrier(Done done, Ack ack_min) {
  Entry entry{.barrier = true, .ack = ack_min};
  entry.done = std::move(done);
  enqueue(std::move(entry), 0);
}

void Journal::enqueue(Entry entry, uint64_t bytes) {
  Error refusal;
  bool post = false;
  {
    MutexLock lock(mutex_);
    if (closed_) {
      refusal = {ErrorCode::kUnavailable, fmt::format("the log {} is closed", directory_)};
    } else if (pending_bytes_ + bytes > options_.pending_bytes_max) {
      refusal = {ErrorCode::kResourceExhausted,
                 fmt::format("the log {} has {} bytes waiting for the disk, and at most {} may wait", directory_,
                             pending_bytes_, options_.pending_bytes_max)};
    } else {
      if (!entry.barrier) entry.sequence = next_sequence_++;
      pending_bytes_ += bytes;
      pending_.push_back(std::move(entry));
      post = state_ == State::kIdle;
      if (post) state_ = State::kQueued;
    }
  }
  if (!refusal.message.empty()) {
    entry.done(std::unexpected(std::move(refusal)));
  } else if (post) {
    post_job();
  }
}

bool Journal::wants_commit() const { return !pending_.empty() || sync_wanted_; }

void Journal::post_job() {
  syncer_.post([hold = Hold{options_.owner.lock(), shared_from_this()}] { hold.journal->run_job(); });
}

void Journal::run_job() {
  {
    MutexLock lock(mutex_);
    if (state_ != State::kQueued) return;  // close() took the work over
    state_ = State::kRunning;
  }
  commit_one();
  end_job();
}

// Lets others have the journal, or goes on when more has come.
void Journal::end_job() {
  bool post = false;
  {
    MutexLock lock(mutex_);
    post = wants_commit();
    state_ = post ? State::kQueued : State::kIdle;
    idle_.notify_all();
  }
  if (post) post_job();
}

void Journal::commit_one() {
  Batch batch;
  {
    MutexLock lock(mutex_);
    if (!wants_commit()) return;
    batch = take_batch();
  }
  Commit commit{.records = batch.records};
  Result<void> result;
  if (batch.records > 0 || (batch.sync && !unsynced_.empty())) {
    result = this->commit(batch, commit);
    if (!result) {
      commit.failure = result.error().message;
      commit.durable = false;
    }
    if (options_.on_commit) options_.on_commit(commit);
  }
  finish(std::move(batch), result, commit.durable);
}

// As much as is waiting, within what the segment still takes and the bound of one commit; one record at least.
Journal::Batch Journal::take_batch() {
  uint64_t room = options_.commit_bytes_max;
  if (active_ && !pending_.empty() && record_size(pending_.front().payload.size()) <= active_->remaining()) {
    room = std::min(room, active_->remaining());
  }
  Batch batch;
  while (!pending_.empty()) {
    Entry& next = pending_.front();
    const uint64_t size = next.barrier ? 0 : record_size(next.payload.size());
    if (!batch.entries.empty() && batch.bytes + size > room) break;
    batch.bytes += size;
    batch.sync = batch.sync || next.ack == Ack::kFsync;
    if (!next.barrier) {
      ++batch.records;
      if (batch.first == 0) batch.first = next.sequence;
      batch.last = next.sequence;
    }
    batch.entries.push_back(std::move(next));
    pending_.pop_front();
  }
  batch.sync = batch.sync || wants_sync(batch);
  sync_wanted_ = false;
  return batch;
}

bool Journal::wants_sync(const Batch& batch) const {
  const bool is_homeless = active_ == nullptr && !unsynced_.empty();
  return options_.ack == Ack::kFsync || sync_wanted_ || closed_ || is_homeless ||
         unsynced_bytes_ + batch.bytes > options_.unsynced_bytes_max;
}

Result<void> Journal::commit(const Batch& batch, Commit& commit) {
  constexpr int kAttempts = 2;  // the second one on a fresh file
  for (int attempt = 1;; ++attempt) {
    // A number that was refused ends a segment: within one they go up by one, which tells a reader what a gap held.
    if (!active_ && !unsynced_.empty() && batch.first > unsynced_.back().sequence + 1) {
      SLUICE_TRY(this->commit(Batch{.sync = true}, commit));
    }
    const bool jumps = segment_last_ != 0 && batch.first > segment_last_ + 1;
    Result<void> done;
    if (active_ && (jumps || active_->remaining() < batch.bytes)) done = seal_segment(commit);
    const bool is_fresh = active_ == nullptr;
    if (done && is_fresh) {
      const Sequence first = unsynced_.empty() ? batch.first : unsynced_.front().sequence;
      // Not tried twice: nothing is known to be wrong with the old file, and it may be that the disk is full.
      if (auto opened = open_segment(first, batch.bytes + unsynced_bytes()); !opened) {
        return std::unexpected(commit_error(directory_, opened.error()));
      }
    }
    if (done) done = write_batch(batch, is_fresh && !unsynced_.empty(), commit);
    if (done) return {};
    ++commit.files_failed;
    give_up_segment();
    if (attempt == kAttempts) return std::unexpected(commit_error(directory_, done.error()));
  }
}

Result<void> Journal::write_batch(const Batch& batch, bool with_unsynced, Commit& commit) {
  buffer_.clear();
  const Sequence proven = durable();
  if (with_unsynced) {
    for (const auto& record : unsynced_) add_to_buffer(record, proven);
  }
  for (const auto& entry : batch.entries) {
    if (!entry.barrier) add_to_buffer(entry, proven);
  }
  commit.bytes += buffer_.size();
  Result<void> result;
  if (!buffer_.empty()) {
    const auto start = clock_.steady();
    result = active_->write(buffer_);
    commit.write_time += clock_.steady() - start;
  }
  commit.durable = batch.sync || with_unsynced;
  if (batch.last != 0) segment_last_ = batch.last;
  else if (with_unsynced) segment_last_ = unsynced_.back().sequence;
  if (result && commit.durable) result = sync_segment(commit);
  constexpr size_t kBufferKeptMax = 1 << 20;
  if (buffer_.capacity() > kBufferKeptMax) buffer_ = std::string();
  return result;
}

void Journal::add_to_buffer(const Entry& record, Sequence durable) {
  const RecordHeader header{.payload_size = static_cast<uint32_t>(record.payload.size()),
                            .salt = active_->header().salt,
                            .sequence = record.sequence,
                            .durable = durable,
                            .payload_crc = record.payload_crc,
                            .kind = record.kind};
  append_record(header, record.payload, buffer_);
}

void Journal::finish(Batch batch, const Result<void>& result, bool synced) {
  if (result && !synced) {
    for (auto& entry : batch.entries) {
      if (entry.barrier) continue;
      unsynced_.push_back({.sequence = entry.sequence,
                           .kind = entry.kind,
                           .payload_crc = entry.payload_crc,
                           .payload = std::move(entry.payload)});
    }
  }
  Sequence through = 0;
  bool arms_timer = false;
  {
    MutexLock lock(mutex_);
    pending_bytes_ -= batch.bytes;
    if (synced) {
      durable_ = std::max(durable_, batch.last);
    } else if (result) {
      unsynced_bytes_ += batch.bytes;
    }
    through = unsynced_.empty() ? durable_ : unsynced_.back().sequence;
    arms_timer = options_.ack == Ack::kBuffered && unsynced_bytes_ > 0 && !timer_armed_ && !closed_;
    if (arms_timer) timer_armed_ = true;
  }
  if (arms_timer) arm_timer();
  for (auto& entry : batch.entries) {
    if (!entry.done) continue;
    if (result) {
      entry.done(entry.barrier ? through : entry.sequence);
    } else {
      entry.done(std::unexpected(result.error()));
    }
  }
}

// Keeps nothing alive until it fires.
void Journal::arm_timer() {
  options_.timer->post_after(options_.sync_interval, [owner = options_.owner, journal = weak_from_this()] {
    const Hold hold{owner.lock(), journal.lock()};
    if (hold.journal) hold.journal->sync_is_due(hold.owner != nullptr);
  });
}

void Journal::sync_is_due(bool is_owned) {
  if (has_owner_ && !is_owned) return;  // it ends without close()
  {
    MutexLock lock(mutex_);
    timer_armed_ = false;
    if (closed_ || unsynced_bytes_ == 0) return;
    sync_wanted_ = true;
    if (state_ != State::kIdle) return;  // whoever has it goes on with that
    state_ = State::kQueued;
  }
  post_job();
}

void Journal::close() {
  MutexLock lock(mutex_);
  if (closed_) return;
  closed_ = true;
  sync_wanted_ = true;
  while (state_ == State::kRunning || wants_commit()) {
    if (state_ == State::kRunning) {
      idle_.wait(mutex_);
      continue;
    }
    state_ = State::kRunning;
    lock.unlock();
    commit_one();
    lock.lock();
    state_ = State::kIdle;
  }
  state_ = State::kRunning;
  lock.unlock();
  leave_mark();
  lock.lock();
  state_ = State::kIdle;
}

Sequence Journal::durable() const {
  MutexLock lock(mutex_);
  return durable_;
}

uint64_t Journal::unsynced_bytes() const {
  MutexLock lock(mutex_);
  return unsynced_bytes_;
}

}  // namespace sluice::journal
