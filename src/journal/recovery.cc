#include "journal/recovery.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "base/limits.h"
#include "journal/segment_reader.h"

namespace sluice::journal {
namespace {

constexpr Sequence kNoLimit = UINT64_MAX;

struct Segment {
  SegmentInfo info;
  std::string path;
  std::optional<SegmentHeader> header;
  // From the headers of later segments:
  Sequence valid_through = kNoLimit;  // records above are void
  Sequence durable = 0;               // called durable there
  Sequence next_first = 0;            // what the next one begins with; 0 for the last
};

// Walks the segments in order and keeps what a decision about the next record needs.
class Reader {
 public:
  Reader(FileSystem& fs, const std::string& directory, const Replay& replay, const Progress& progress)
      : fs_(fs), directory_(directory), replay_(replay), progress_(progress) {}

  Result<Recovered> run() {
    SLUICE_TRY(list());
    SLUICE_TRY(read_headers());
    look_ahead();
    for (const auto& segment : segments_) SLUICE_TRY(read_segment(segment));
    finish();
    return std::move(out_);
  }

 private:
  Result<void> list();
  Result<void> read_headers();
  Result<std::optional<SegmentHeader>> read_header(const Segment& segment);
  void look_ahead();
  Result<void> read_segment(const Segment& segment);
  void note_missing_segment(const Segment& segment);
  bool read_gap(const Segment& segment, const Scan& scan, const Gap& gap);
  Result<void> read_record(const Segment& segment, std::string_view bytes, const FoundRecord& record);
  void prove(Sequence durable);
  void report_damage(Damage damage);
  void finish();

  FileSystem& fs_;
  const std::string& directory_;
  const Replay& replay_;
  const Progress& progress_;
  std::vector<Segment> segments_;
  uint64_t bytes_total_ = 0;
  Recovered out_;
  Sequence first_ = kNoLimit;          // of all segments: an earlier one may hold only refused, higher numbers
  Sequence reached_ = 0;               // the last record read or reported lost
  std::optional<size_t> open_damage_;  // index of the report whose last lost record is not known yet
};

Result<void> Reader::list() {
  SLUICE_ASSIGN(const auto names, fs_.list(directory_));
  for (const auto& name : names) {
    const std::string path = join_path(directory_, name);
    if (const auto number = parse_segment_name(name)) {
      Segment segment;
      segment.info.number = *number;
      segment.path = path;
      segments_.push_back(std::move(segment));
      out_.segments.next_number = std::max(out_.segments.next_number, *number + 1);
    } else if (name.ends_with(kSpareSuffix)) {
      out_.segments.spares.push_back({path, 0});
    } else if (name.ends_with(kNewSuffix)) {
      (void)fs_.remove_file(path);  // an attempt that a crash cut short; the next one truncates it anyway
    }
  }
  std::ranges::sort(segments_, {}, [](const Segment& segment) { return segment.info.number; });
  // A kill may have come before its new name was durable: written over, it would be found under the old one.
  if (!out_.segments.spares.empty() && !fs_.sync_directory(directory_)) out_.segments.spares.clear();
  return {};
}

Result<void> Reader::read_headers() {
  for (auto& segment : segments_) {
    SLUICE_ASSIGN(segment.header, read_header(segment));
    SLUICE_ASSIGN(const auto file, fs_.open_readable(segment.path));
    SLUICE_ASSIGN(segment.info.bytes, file->size());
    if (segment.info.bytes > limits::kJournalSegmentBytesMax) {
      return fail(ErrorCode::kTooLarge, fmt::format("{}: {} bytes, and a segment has at most {}", segment.path,
                                                    segment.info.bytes, limits::kJournalSegmentBytesMax));
    }
    bytes_total_ += segment.info.bytes;
  }
  for (auto& spare : out_.segments.spares) {
    SLUICE_ASSIGN(const auto file, fs_.open_readable(spare.path));
    SLUICE_ASSIGN(spare.bytes, file->size());
  }
  return {};
}

Result<std::optional<SegmentHeader>> Reader::read_header(const Segment& segment) {
  SLUICE_ASSIGN(const auto file, fs_.open_readable(segment.path));
  std::string head;
  SLUICE_TRY(file->read_at(0, kRecordsOffset, head));
  std::optional<SegmentHeader> found;
  for (const size_t offset : {size_t{0}, kHeaderCopyOffset}) {
    const auto copy = decode_header(std::string_view(head).substr(std::min(offset, head.size())));
    const bool right = copy && (copy->version != kFormatVersion || copy->number == segment.info.number);
    if (right && !found) found = copy;
    if (!right) {
      report_damage({segment.path, offset, kHeaderSize, 0, 0,
                     fmt::format("no intact header of segment {} in this copy", segment.info.number)});
    }
  }
  if (found && found->version != kFormatVersion) {
    return fail(ErrorCode::kUnsupported,
                fmt::format("{}: journal format version {}, and this program reads version {}: start the version of "
                            "sluice that wrote it, or a newer one",
                            segment.path, found->version, kFormatVersion));
  }
  return found;
}

void Reader::look_ahead() {
  Sequence valid_through = kNoLimit;
  Sequence durable = 0;
  Sequence next_first = 0;
  for (auto segment = segments_.rbegin(); segment != segments_.rend(); ++segment) {
    segment->valid_through = valid_through;
    segment->durable = durable;
    segment->next_first = next_first;
    if (!segment->header) continue;
    valid_through = std::min(valid_through, segment->header->valid_through);
    durable = std::max(durable, segment->header->durable);
    next_first = segment->info.first = segment->header->first;
    first_ = std::min(first_, next_first);
  }
}

Result<void> Reader::read_segment(const Segment& segment) {
  SLUICE_ASSIGN(const auto file, fs_.open_readable(segment.path));
  std::string bytes;
  SLUICE_TRY(file->read_at(0, static_cast<size_t>(segment.info.bytes), bytes));
  out_.report.bytes += bytes.size();
  note_missing_segment(segment);
  if (segment.header) prove(segment.header->durable);
  const uint64_t salt = segment.header ? segment.header->salt : guess_salt(bytes);
  const Scan scan = salt != 0 ? scan_segment(bytes, salt) : Scan{};
  out_.last_end = std::max<uint64_t>(scan.end, kRecordsOffset);

  auto gap = scan.gaps.begin();
  bool ended = false;
  for (size_t i = 0; i <= scan.records.size() && !ended; ++i) {
    for (; gap != scan.gaps.end() && gap->records_before == i && !ended; ++gap) {
      ended = read_gap(segment, scan, *gap);
      if (ended) out_.last_end = gap->offset;
    }
    if (!ended && i < scan.records.size()) SLUICE_TRY(read_record(segment, bytes, scan.records[i]));
  }
  ++out_.report.segments;
  out_.segments.segments.push_back(segment.info);
  if (!segment.header && !scan.records.empty()) {
    out_.segments.segments.back().first = scan.records.front().header.sequence;
  }
  if (progress_) progress_(out_.report.bytes, bytes_total_);
  return {};
}

// A whole segment gone: the header after it says that records were durable which nothing held.
void Reader::note_missing_segment(const Segment& segment) {
  if (!segment.header || open_damage_) return;
  if (out_.segments.segments.empty()) {  // the log begins here: what was before has been removed
    reached_ = first_ - 1;
    return;
  }
  const Sequence through = std::min(segment.header->valid_through, segment.header->durable);
  if (through <= reached_ || segment.header->first <= reached_ + 1) return;
  report_damage({segment.path, 0, 0, reached_ + 1, segment.header->first - 1,
                 "the segments before it end too early: a file is missing"});
}

// True when nothing behind the gap counts.
bool Reader::read_gap(const Segment& segment, const Scan& scan, const Gap& gap) {
  const Sequence first_known = segment.header ? segment.header->first : 0;
  const Sequence lost = gap.lost != 0 ? gap.lost : std::max(reached_ + 1, first_known);
  if (lost <= reached_) return false;  // a copy of what was read elsewhere
  const bool written_anew = segment.next_first != 0 && segment.next_first <= lost;
  if (lost > segment.valid_through || written_anew) return true;
  Sequence durable = segment.durable;
  for (size_t i = gap.records_before; i < scan.records.size(); ++i) {
    durable = std::max(durable, scan.records[i].header.durable);
  }
  Damage damage{segment.path, gap.offset, gap.size, lost, gap.lost, gap.what};
  if (durable >= lost) {
    reached_ = lost;
    report_damage(std::move(damage));
    if (gap.lost == 0 && out_.report.damage.size() == out_.report.damage_total) {
      open_damage_ = out_.report.damage.size() - 1;
    }
    return false;
  }
  out_.report.torn_tail = std::move(damage);
  return true;
}

Result<void> Reader::read_record(const Segment& segment, std::string_view bytes, const FoundRecord& record) {
  const Sequence sequence = record.header.sequence;
  if (sequence > segment.valid_through) return {};
  prove(record.header.durable);
  if (record.header.kind == kMarkKind || sequence <= out_.report.last) return {};
  if (open_damage_) {
    auto& damage = out_.report.damage[*open_damage_];
    damage.last_lost = std::max(damage.first_lost, sequence - 1);
    open_damage_.reset();
  }
  const auto payload = record.payload(bytes);
  SLUICE_TRY(replay_({sequence, record.header.kind, payload}));
  out_.report.last = sequence;
  reached_ = std::max(reached_, sequence);
  ++out_.report.records;
  if (sequence > out_.proven) out_.unproven.push_back({sequence, record.header.kind, std::string(payload)});
  return {};
}

void Reader::prove(Sequence durable) {
  if (durable <= out_.proven) return;
  out_.proven = durable;
  const auto above = std::ranges::find_if(out_.unproven, [&](const auto& record) { return record.sequence > durable; });
  out_.unproven.erase(out_.unproven.begin(), above);
}

void Reader::report_damage(Damage damage) {
  ++out_.report.damage_total;
  if (out_.report.damage.size() < limits::kJournalDamageReportsMax) out_.report.damage.push_back(std::move(damage));
}

void Reader::finish() {
  // Numbers of lost records are not given out again.
  out_.report.last = std::max(out_.report.last, out_.proven);
}

}  // namespace

Result<Recovered> recover(FileSystem& fs, const std::string& directory, const Replay& replay,
                          const Progress& progress) {
  return Reader(fs, directory, replay, progress).run();
}

}  // namespace sluice::journal
