#include "journal/format.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/coding.h"
#include "base/crc32c.h"

namespace sluice::journal {
namespace {

constexpr size_t kHeaderCrcOffset = kHeaderSize - sizeof(uint32_t);
constexpr size_t kHeaderReservedOffset = 56;  // four bytes, then the checksum
constexpr size_t kRecordReservedOffset = 37;

bool all_zero(std::string_view bytes) {
  return std::ranges::all_of(bytes, [](char byte) { return byte == 0; });
}

}  // namespace

std::string encode_segment_head(const SegmentHeader& header) {
  std::string copy(kMagic);
  append_le<uint32_t>(copy, header.version);
  append_le<uint32_t>(copy, kRecordsOffset);
  append_le<uint64_t>(copy, header.number);
  append_le<uint64_t>(copy, header.salt);
  append_le<uint64_t>(copy, header.first);
  append_le<uint64_t>(copy, header.valid_through);
  append_le<uint64_t>(copy, header.durable);
  append_le<uint32_t>(copy, 0);
  append_le<uint32_t>(copy, crc32c(copy));
  std::string head(kRecordsOffset, '\0');
  std::ranges::copy(copy, head.begin());
  std::ranges::copy(copy, head.begin() + kHeaderCopyOffset);
  return head;
}

std::optional<SegmentHeader> decode_header(std::string_view bytes) {
  if (bytes.size() < kHeaderSize || !bytes.starts_with(kMagic)) return std::nullopt;
  if (load_le<uint32_t>(bytes.data() + kHeaderCrcOffset) != crc32c(bytes.substr(0, kHeaderCrcOffset))) {
    return std::nullopt;
  }
  ByteReader reader(bytes.substr(kMagic.size()));
  SegmentHeader header;
  header.version = *reader.le<uint32_t>();
  const uint32_t records_offset = *reader.le<uint32_t>();
  header.number = *reader.le<uint64_t>();
  header.salt = *reader.le<uint64_t>();
  header.first = *reader.le<uint64_t>();
  header.valid_through = *reader.le<uint64_t>();
  header.durable = *reader.le<uint64_t>();
  if (header.version != kFormatVersion) return header;
  const bool reserved_zero = all_zero(bytes.substr(kHeaderReservedOffset, 4));
  const bool plausible = header.salt != 0 && header.first != 0 && header.first <= kSequenceMax &&
                         header.valid_through <= kSequenceMax && header.durable <= header.valid_through;
  if (records_offset != kRecordsOffset || !reserved_zero || !plausible) return std::nullopt;
  return header;
}

void append_record(const RecordHeader& header, std::string_view payload, std::string& out) {
  const size_t start = out.size();
  append_le<uint32_t>(out, 0);
  append_le<uint32_t>(out, header.payload_size);
  append_le<uint64_t>(out, header.salt);
  append_le<uint64_t>(out, header.sequence);
  append_le<uint64_t>(out, header.durable);
  append_le<uint32_t>(out, header.payload_crc);
  append_le<uint32_t>(out, header.kind);
  const std::string_view covered = std::string_view(out).substr(start + sizeof(uint32_t));
  store_le<uint32_t>(out.data() + start, crc32c(covered));
  out.append(payload);
  out.resize(start + record_size(payload.size()), '\0');
}

std::optional<RecordHeader> decode_record_header(std::string_view bytes) {
  if (bytes.size() < kRecordHeaderSize) return std::nullopt;
  bytes = bytes.substr(0, kRecordHeaderSize);
  if (load_le<uint32_t>(bytes.data()) != crc32c(bytes.substr(sizeof(uint32_t)))) return std::nullopt;
  if (!all_zero(bytes.substr(kRecordReservedOffset))) return std::nullopt;
  RecordHeader header;
  header.payload_size = load_le<uint32_t>(bytes.data() + 4);
  header.salt = load_le<uint64_t>(bytes.data() + 8);
  header.sequence = load_le<uint64_t>(bytes.data() + 16);
  header.durable = load_le<uint64_t>(bytes.data() + 24);
  header.payload_crc = load_le<uint32_t>(bytes.data() + 32);
  header.kind = static_cast<uint8_t>(bytes[36]);
  if (header.sequence > kSequenceMax || header.durable > header.sequence) return std::nullopt;
  return header;
}

std::string segment_name(uint64_t number) { return fmt::format("{:08}", number); }

std::optional<uint64_t> parse_segment_name(std::string_view name) {
  constexpr size_t kDigitsMin = 8;
  constexpr size_t kDigitsMax = 18;
  if (name.size() < kDigitsMin || name.size() > kDigitsMax) return std::nullopt;
  uint64_t number = 0;
  for (const char c : name) {
    if (c < '0' || c > '9') return std::nullopt;
    number = number * 10 + static_cast<uint64_t>(c - '0');
  }
  if (number == 0 || segment_name(number) != name) return std::nullopt;
  return number;
}

}  // namespace sluice::journal
