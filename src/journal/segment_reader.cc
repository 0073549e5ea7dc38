#include "journal/segment_reader.h"

#include <algorithm>
#include <optional>

#include "base/coding.h"
#include "base/crc32c.h"

namespace sluice::journal {
namespace {

constexpr size_t kSaltOffset = 8;

// The header at `at` if it belongs to this life of the file and what it announces fits.
std::optional<RecordHeader> header_at(std::string_view segment, uint64_t at, uint64_t salt) {
  if (segment.size() - at < kRecordHeaderSize) return std::nullopt;
  if (load_le<uint64_t>(segment.data() + at + kSaltOffset) != salt) return std::nullopt;  // cheap, nearly always
  auto header = decode_record_header(segment.substr(at));
  if (!header || segment.size() - at - kRecordHeaderSize < header->payload_size) return std::nullopt;
  return header;
}

bool payload_intact(std::string_view segment, const FoundRecord& record) {
  return crc32c(record.payload(segment)) == record.header.payload_crc;
}

// The next offset at or after `at` with an intact header; the end of the segment when there is none.
uint64_t next_header(std::string_view segment, uint64_t at, uint64_t salt) {
  for (; at + kRecordHeaderSize <= segment.size(); at += kAlignment) {
    if (header_at(segment, at, salt)) return at;
  }
  return segment.size();
}

// A clean end is zeros as far as the terminator goes; what an older life of the file left may follow them.
bool looks_unwritten(std::string_view segment, uint64_t at) {
  const auto bytes = segment.substr(at, kTerminatorSize);
  return std::ranges::all_of(bytes, [](char byte) { return byte == 0; });
}

}  // namespace

Scan scan_segment(std::string_view segment, uint64_t salt) {
  Scan scan;
  uint64_t at = kRecordsOffset;
  while (at < segment.size()) {
    const auto header = header_at(segment, at, salt);
    if (header) {
      const FoundRecord record{at, *header};
      if (payload_intact(segment, record)) {
        scan.records.push_back(record);
        scan.end = at = record.end();
      } else {
        const uint64_t end = std::min<uint64_t>(record.end(), segment.size());
        scan.gaps.push_back({at, end - at, header->sequence, scan.records.size(), "payload checksum does not match"});
        at = end;
      }
      continue;
    }
    const uint64_t next = next_header(segment, at + kAlignment, salt);
    if (next < segment.size()) {
      scan.gaps.push_back({at, next - at, 0, scan.records.size(), "no intact record header"});
    } else if (!looks_unwritten(segment, at)) {
      const uint64_t size = segment.find_last_not_of('\0') + 1 - at;
      scan.gaps.push_back({at, size, 0, scan.records.size(), "no intact record header"});
    }
    at = next;
  }
  return scan;
}

uint64_t guess_salt(std::string_view segment) {
  if (segment.size() < kRecordsOffset) return 0;
  const auto header = decode_record_header(segment.substr(kRecordsOffset));
  return header ? header->salt : 0;
}

}  // namespace sluice::journal
