#include "journal/journal.h"

#include <algorithm>
#include <random>
#include <utility>

#include <fmt/format.h>

#include "base/check.h"
#include "base/crc32c.h"
#include "base/limits.h"
#include "journal/recovery.h"

namespace sluice::journal {
namespace {

uint64_t random_salt() {
  std::random_device device;
  return (static_cast<uint64_t>(device()) << 32) | device();
}

// What a waiter is told: a full disk as such, everything else as the collector's own fault that a retry may mend.
Error commit_error(const std::string& directory, const Error& cause) {
  const auto code = cause.code == ErrorCode::kNoSpace ? ErrorCode::kNoSpace : ErrorCode::kUnavailable;
  return {code, fmt::format("the log {} could not be written durably: {}", directory, cause.message)};
}

}  // namespace

Result<std::shared_ptr<Journal>> Journal::open(FileSystem& fs, std::string directory, Options options, Executor& syncer,
                                               const Clock& clock, const Replay& replay) {
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
      next_segment_bytes_(options_.segment_bytes_first) {}

void Journal::adopt(Recovered recovered) {
  recovery_ = std::move(recovered.report);
  if (!recovered.segments.segments.empty()) tail_number_ = recovered.segments.segments.back().number;
  tail_end_ = recovered.last_end;
  {
    MutexLock lock(mutex_);
    segments_ = std::move(recovered.segments);
    next_sequence_ = std::max(recovery_.last + 1, options_.sequence_min);
    durable_ = recovered.proven;
    for (auto& record : recovered.unproven) {
      Entry entry{.sequence = record.sequence, .kind = record.kind, .recovered = true};
      entry.payload_crc = crc32c(record.payload);
      entry.payload = std::move(record.payload);
      pending_bytes_ += record_size(entry.payload.size());
      pending_.push_back(std::move(entry));
    }
  }
  repair();
}

// Writes anew what nothing proves to have been synced. When the disk refuses, the first commit tries again.
void Journal::repair() {
  MutexLock lock(mutex_);
  state_ = State::kRunning;
  for (size_t before = 0; !pending_.empty() && pending_.size() != before;) {
    before = pending_.size();
    lock.unlock();
    commit_one();
    lock.lock();
  }
  state_ = State::kIdle;
}

Journal::~Journal() { abandon(); }

void Journal::abandon() {
  std::deque<Entry> dropped;
  {
    MutexLock lock(mutex_);
    closed_ = true;
    dropped.swap(pending_);
  }
  for (auto& entry : dropped) {
    if (entry.done) entry.done(fail(ErrorCode::kCancelled, fmt::format("the log {} was abandoned", directory_)));
  }
}

void Journal::append(uint8_t kind, std::string payload, Done done) {
  SLUICE_CHECK(kind <= kRecordKindMax, "kinds above are the journal's own");
  if (payload.size() > limits::kJournalRecordBytesMax) {
    done(fail(ErrorCode::kTooLarge, fmt::format("a log record of {} bytes, and at most {} are taken", payload.size(),
                                                limits::kJournalRecordBytesMax)));
    return;
  }
  const uint64_t bytes = record_size(payload.size());
  Entry entry{.kind = kind};
  entry.payload_crc = crc32c(payload);
  entry.payload = std::move(payload);
  entry.done = std::move(done);
  enqueue(std::move(entry), bytes);
}

void Journal::barrier(Done done) {
  Entry entry{.barrier = true};
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

// Recovered records that could not be written stay at the front; they alone are no reason to try again at once.
bool Journal::wants_commit() const { return !pending_.empty() && !pending_.back().recovered; }

void Journal::post_job() {
  // Let go of in this order (last member first): the owner may be the last to hold the journal.
  struct Hold {
    std::shared_ptr<void> owner;
    std::shared_ptr<Journal> journal;
  };
  syncer_.post([hold = Hold{options_.owner.lock(), shared_from_this()}] { hold.journal->run_job(); });
}

void Journal::run_job() {
  {
    MutexLock lock(mutex_);
    if (state_ != State::kQueued) return;  // close() took the work over
    state_ = State::kRunning;
  }
  commit_one();
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
    batch = take_batch();
  }
  if (batch.empty()) return;
  Commit commit;
  for (const auto& entry : batch) commit.records += entry.barrier ? 0 : 1;
  Result<void> result;
  if (commit.records > 0) {
    result = make_durable(batch, commit);
    commit.durable = result.has_value();
    if (options_.on_commit) options_.on_commit(commit);
  }
  finish(std::move(batch), result);
}

// As much as is waiting, within what the segment still takes and the bound of one commit; one record at least.
Journal::Batch Journal::take_batch() {
  uint64_t room = options_.commit_bytes_max;
  if (active_ && !pending_.empty() && record_size(pending_.front().payload.size()) <= active_->remaining()) {
    room = std::min(room, active_->remaining());
  }
  Batch batch;
  uint64_t bytes = 0;
  while (!pending_.empty()) {
    const uint64_t size = pending_.front().barrier ? 0 : record_size(pending_.front().payload.size());
    if (!batch.empty() && bytes + size > room) break;
    bytes += size;
    batch.push_back(std::move(pending_.front()));
    pending_.pop_front();
  }
  return batch;
}

Result<void> Journal::make_durable(const Batch& batch, Commit& commit) {
  uint64_t bytes = 0;
  Sequence first = 0;
  for (const auto& entry : batch) {
    if (entry.barrier) continue;
    if (first == 0) first = entry.sequence;
    bytes += record_size(entry.payload.size());
  }
  constexpr int kAttempts = 2;  // the second one on a fresh file
  for (int attempt = 1;; ++attempt) {
    if (!active_ || active_->remaining() < bytes) {
      // Also when that fails the old one is done with: a header that says so may have reached the disk.
      active_.reset();
      if (auto opened = open_segment(first, bytes); !opened) {
        return std::unexpected(commit_error(directory_, opened.error()));
      }
    }
    auto written = write_batch(batch, durable(), commit);
    if (written) return {};
    ++commit.files_failed;
    give_up_segment();
    if (attempt == kAttempts) return std::unexpected(commit_error(directory_, written.error()));
  }
}

Result<void> Journal::write_batch(const Batch& batch, Sequence durable, Commit& commit) {
  buffer_.clear();
  for (const auto& entry : batch) {
    if (entry.barrier) continue;
    const RecordHeader header{.payload_size = static_cast<uint32_t>(entry.payload.size()),
                              .salt = active_->header().salt,
                              .sequence = entry.sequence,
                              .durable = durable,
                              .payload_crc = entry.payload_crc,
                              .kind = entry.kind};
    append_record(header, entry.payload, buffer_);
  }
  commit.bytes = buffer_.size();
  const auto start = clock_.steady();
  auto result = active_->write(buffer_);
  const auto written = clock_.steady();
  commit.write_time = written - start;
  if (result) {
    result = active_->sync();
    commit.sync_time = clock_.steady() - written;
  }
  constexpr size_t kBufferKeptMax = 1 << 20;
  if (buffer_.capacity() > kBufferKeptMax) buffer_ = std::string();
  return result;
}

Result<void> Journal::open_segment(Sequence first, uint64_t bytes_needed) {
  SegmentHeader header;
  SpareInfo spare;
  {
    MutexLock lock(mutex_);
    header.number = segments_.next_number++;
    header.durable = durable_;
    // Records read back at open count where they stand until their copies are durable here.
    header.valid_through = std::max(durable_, recovery_.last);
    if (!segments_.spares.empty()) {
      spare = std::move(segments_.spares.back());
      segments_.spares.pop_back();
    }
  }
  header.first = first;
  do {
    header.salt = options_.salt ? options_.salt() : random_salt();
  } while (header.salt == 0);
  const uint64_t bytes_min = kRecordsOffset + bytes_needed;
  const uint64_t bytes = std::max(next_segment_bytes_, bytes_min);
  auto opened = SegmentWriter::create(fs_, directory_, header, bytes, spare.path.empty() ? nullptr : &spare);
  if (!opened && opened.error().code == ErrorCode::kNoSpace && bytes > bytes_min) {
    opened = SegmentWriter::create(fs_, directory_, header, bytes_min, nullptr);
  }
  if (!opened) {
    remember_leftover(header);
    return std::unexpected(std::move(opened).error());
  }
  active_ = *std::move(opened);
  next_segment_bytes_ = std::min(next_segment_bytes_ * 2, options_.segment_bytes_max);
  cut_recovered_tail();
  MutexLock lock(mutex_);
  segments_.segments.push_back({header.number, header.first, active_->size(), false});
  return {};
}

// A failed attempt should leave nothing, but removing it can fail too. What stays is removed in its turn.
void Journal::remember_leftover(const SegmentHeader& header) {
  const auto exists = fs_.exists(join_path(directory_, segment_name(header.number)));
  if (exists && !*exists) return;
  MutexLock lock(mutex_);
  segments_.segments.push_back({header.number, header.first, 0, true});
}

void Journal::give_up_segment() {
  const uint64_t number = active_->header().number;
  active_.reset();
  MutexLock lock(mutex_);
  for (auto& segment : segments_.segments) {
    if (segment.number == number) segment.suspect = true;
  }
}

// The fresh segment's header has made void what stands behind the end, so the space can go back. Best effort.
void Journal::cut_recovered_tail() {
  const uint64_t number = std::exchange(tail_number_, 0);
  if (number == 0) return;
  auto file = fs_.open_writable(join_path(directory_, segment_name(number)), OpenMode::kCreateOrOpen);
  if (!file) return;
  const auto size = (*file)->size();
  if (!size || *size <= tail_end_ || !(*file)->truncate(tail_end_)) return;
  MutexLock lock(mutex_);
  for (auto& segment : segments_.segments) {
    if (segment.number == number) segment.bytes = tail_end_;
  }
}

void Journal::finish(Batch batch, const Result<void>& result) {
  Sequence through = 0;
  {
    MutexLock lock(mutex_);
    for (auto entry = batch.rbegin(); entry != batch.rend(); ++entry) {
      if (entry->barrier) continue;
      if (result) durable_ = std::max(durable_, entry->sequence);
      if (!result && entry->recovered) {
        pending_.push_front(std::move(*entry));
      } else {
        pending_bytes_ -= record_size(entry->payload.size());
      }
    }
    through = durable_;
  }
  for (auto& entry : batch) {
    if (!entry.done) continue;
    if (result) {
      entry.done(entry.barrier ? through : entry.sequence);
    } else {
      entry.done(std::unexpected(result.error()));
    }
  }
}

Result<void> Journal::truncate_before(Sequence keep_from) {
  for (;;) {
    SegmentInfo oldest;
    bool keep = false;
    {
      MutexLock lock(mutex_);
      const auto& all = segments_.segments;
      const bool copies_pending = durable_ < recovery_.last;
      if (copies_pending || all.size() < 2 || all[1].first == 0 || all[1].first > keep_from) return {};
      oldest = all.front();
      keep = !oldest.suspect && segments_.spares.size() < limits::kJournalSparesMax &&
             oldest.bytes >= options_.segment_bytes_first;
    }
    // One at a time, each made durable: a crash leaves a log that starts later, never one with a hole.
    const std::string path = join_path(directory_, segment_name(oldest.number));
    const std::string spare = path + std::string(kSpareSuffix);
    auto removed = keep ? fs_.rename(path, spare) : fs_.remove_file(path);
    if (!removed && removed.error().code != ErrorCode::kNotFound) return removed;
    SLUICE_TRY(fs_.sync_directory(directory_));
    MutexLock lock(mutex_);
    segments_.segments.erase(segments_.segments.begin());
    if (keep) segments_.spares.push_back({spare, oldest.bytes});
  }
}

void Journal::close() {
  MutexLock lock(mutex_);
  if (closed_) return;
  closed_ = true;
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

// Written and not synced: after a kill it is in the page cache, and after a power cut its absence costs only the
// certainty whether a bad last record is damage.
void Journal::leave_mark() {
  if (!active_) return;
  if (active_->remaining() >= record_size(0)) {
    const Sequence last = durable();
    buffer_.clear();
    append_record({.salt = active_->header().salt,
                   .sequence = last,
                   .durable = last,
                   .payload_crc = crc32c({}),
                   .kind = kMarkKind},
                  {}, buffer_);
    // What was preallocated goes back, so that a thousand closed journals cost little disk. Both best effort.
    if (active_->write(buffer_)) (void)active_->trim();
  }
  const uint64_t number = active_->header().number;
  const uint64_t bytes = active_->size();
  active_.reset();
  MutexLock lock(mutex_);
  for (auto& segment : segments_.segments) {
    if (segment.number == number) segment.bytes = bytes;
  }
}

Sequence Journal::durable() const {
  MutexLock lock(mutex_);
  return durable_;
}

uint64_t Journal::disk_bytes() const {
  MutexLock lock(mutex_);
  uint64_t bytes = 0;
  for (const auto& segment : segments_.segments) bytes += segment.bytes;
  for (const auto& spare : segments_.spares) bytes += spare.bytes;
  return bytes;
}

}  // namespace sluice::journal
