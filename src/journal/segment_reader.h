#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "journal/format.h"

namespace sluice::journal {

/// An intact record found in a segment's bytes.
struct FoundRecord {
  uint64_t offset = 0;
  RecordHeader header;
  std::string_view payload(std::string_view segment) const {
    return segment.substr(offset + kRecordHeaderSize, header.payload_size);
  }
  uint64_t end() const { return offset + record_size(header.payload_size); }
};

/// Bytes between intact records, or behind the last one, that are no record.
struct Gap {
  uint64_t offset = 0;
  uint64_t size = 0;
  Sequence lost = 0;       ///< the record that stood there, when its header is intact
  size_t records_before = 0;
  std::string what;
};

struct Scan {
  std::vector<FoundRecord> records;  ///< marks included
  std::vector<Gap> gaps;
  uint64_t end = kRecordsOffset;     ///< behind the last intact record
};

/// Finds the records of the life of the file that `salt` names, in order of offset. Wherever no record stands
/// it looks for the next one at every aligned offset, so damage costs what it hit. A segment's clean end
/// (a terminator of zeros, whatever an older life of the file left behind it) yields no gap. Linear time.
Scan scan_segment(std::string_view segment, uint64_t salt);

/// The salt of the first record, for a segment whose two header copies are both unreadable; 0 when there is none.
uint64_t guess_salt(std::string_view segment);

}  // namespace sluice::journal
