// A journal's segments: how they begin, end, and go.
#include <algorithm>
#include <random>
#include <utility>

#include "base/crc32c.h"
#include "base/limits.h"
#include "journal/journal.h"

namespace sluice::journal {
namespace {

uint64_t random_salt() {
  std::random_device device;
  return (static_cast<uint64_t>(device()) << 32) | device();
}

}  // namespace

// All that is acknowledged and not durable stands in the active segment.
Result<void> Journal::sync_segment(Commit& commit) {
  const auto start = clock_.steady();
  auto result = active_->sync();
  commit.sync_time += clock_.steady() - start;
  if (!result || unsynced_.empty()) return result;
  const auto settled = std::exchange(unsynced_, {});
  MutexLock lock(mutex_);
  durable_ = settled.back().sequence;
  unsynced_bytes_ = 0;
  return result;
}

// Nothing more goes into the segment. Its records are durable before those of the next one, so that a power cut takes
// nothing but the end of the log.
Result<void> Journal::seal_segment(Commit& commit) {
  if (!unsynced_.empty()) SLUICE_TRY(sync_segment(commit));
  // Also when no next one can be made: a header that makes this one's further records void may have reached the disk.
  active_.reset();
  return {};
}

Result<void> Journal::open_segment(Sequence first, uint64_t bytes_needed) {
  SegmentHeader header;
  SpareInfo spare;
  {
    MutexLock lock(mutex_);
    header.number = segments_.next_number++;
    header.durable = durable_;
    // What is acknowledged counts where it stands until its copies are durable here.
    header.valid_through = unsynced_.empty() ? durable_ : unsynced_.back().sequence;
    valid_through_ = header.valid_through;
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
  segment_last_ = 0;
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

Result<void> Journal::truncate_before(Sequence keep_from) {
  for (;;) {
    SegmentInfo oldest;
    bool keep = false;
    {
      MutexLock lock(mutex_);
      const auto& all = segments_.segments;
      const bool copies_pending = durable_ < valid_through_;
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

uint64_t Journal::disk_bytes() const {
  MutexLock lock(mutex_);
  uint64_t bytes = 0;
  for (const auto& segment : segments_.segments) bytes += segment.bytes;
  for (const auto& spare : segments_.spares) bytes += spare.bytes;
  return bytes;
}

}  // namespace sluice::journal
