#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "journal/record.h"

/// The bytes of a segment, as docs/formats/journal.md lays them out. All integers are little-endian.
namespace sluice::journal {

inline constexpr std::string_view kMagic = "\x89SLJ\r\n\x1a\n";
inline constexpr uint32_t kFormatVersion = 1;
inline constexpr size_t kHeaderSize = 64;
inline constexpr size_t kHeaderCopyOffset = 512;  ///< another sector, so that one bad sector costs no segment
inline constexpr size_t kRecordsOffset = 1024;
inline constexpr size_t kRecordHeaderSize = 40;
inline constexpr size_t kAlignment = 8;
inline constexpr size_t kTerminatorSize = 40;     ///< zeros after each commit: the end, until overwritten
inline constexpr uint8_t kMarkKind = 0xff;        ///< proves what is durable; no payload, no number of its own

/// Higher numbers are not believed, whatever their checksum: adding to one never overflows.
inline constexpr Sequence kSequenceMax = uint64_t{1} << 62;

struct SegmentHeader {
  uint32_t version = kFormatVersion;
  uint64_t number = 0;         ///< of the segment; equals the file's name
  uint64_t salt = 0;  ///< in every record of this life of the file; tells them from a recycled file's old ones
  Sequence first = 0;  ///< no record in it has a lower number
  Sequence valid_through = 0;  ///< records of earlier segments with a higher number are void
  Sequence durable = 0;  ///< known to be durable when the segment was made
};

struct RecordHeader {
  uint32_t payload_size = 0;
  uint64_t salt = 0;
  Sequence sequence = 0;
  Sequence durable = 0;  ///< known to be durable when the record was written
  uint32_t payload_crc = 0;
  uint8_t kind = 0;
};

/// kRecordsOffset bytes: both copies, and zeros between.
std::string encode_segment_head(const SegmentHeader& header);
/// Reads one copy; nullopt when magic, checksum or reserved bytes are wrong, or numbers contradict each other. A
/// version other than kFormatVersion is returned as it is: the first 64 bytes keep their meaning in all versions.
std::optional<SegmentHeader> decode_header(std::string_view bytes);

/// Appends header, payload and padding to a multiple of kAlignment.
void append_record(const RecordHeader& header, std::string_view payload, std::string& out);
/// Reads a record's header; nullopt when it is cut off, its checksum or its reserved bytes are wrong, or its
/// numbers contradict each other.
std::optional<RecordHeader> decode_record_header(std::string_view bytes);

/// Bytes a record takes in a segment.
constexpr uint64_t record_size(uint64_t payload_size) {
  return (kRecordHeaderSize + payload_size + kAlignment - 1) / kAlignment * kAlignment;
}

std::string segment_name(uint64_t number);  ///< "00000001"
/// The number of a segment's file name; nullopt for any other name.
std::optional<uint64_t> parse_segment_name(std::string_view name);
inline constexpr std::string_view kSpareSuffix = ".spare";  ///< a used segment waiting to be one again
inline constexpr std::string_view kNewSuffix = ".new";  ///< a segment whose header is not durable yet

}  // namespace sluice::journal
