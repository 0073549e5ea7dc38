#include "bench/request_scanner.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/coding.h"

namespace sluice::bench {
namespace {

enum class WireType : uint8_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

struct Field {
  uint64_t number = 0;
  std::string_view bytes;  ///< of kBytes
  uint64_t integer = 0;    ///< of kVarint
};

std::optional<Field> read_field(ByteReader& reader) {
  const auto tag = reader.varint();
  if (!tag) return std::nullopt;
  Field field{.number = *tag >> 3};
  switch (static_cast<WireType>(*tag & 7)) {
    case WireType::kVarint: {
      const auto value = reader.varint();
      if (!value) return std::nullopt;
      field.integer = *value;
      return field;
    }
    case WireType::kFixed64: return reader.bytes(8) ? std::optional(field) : std::nullopt;
    case WireType::kFixed32: return reader.bytes(4) ? std::optional(field) : std::nullopt;
    case WireType::kBytes: {
      const auto bytes = reader.prefixed_bytes();
      if (!bytes) return std::nullopt;
      field.bytes = *bytes;
      return field;
    }
  }
  return std::nullopt;
}

std::optional<TimestampMs> timestamp_of(std::string_view sample) {
  TimestampMs t_ms = 0;
  for (ByteReader reader(sample); !reader.empty();) {
    const auto field = read_field(reader);
    if (!field) return std::nullopt;
    if (field->number == 2) t_ms = static_cast<TimestampMs>(field->integer);
  }
  return t_ms;
}

std::optional<ScannedEntry> scan_entry(std::string_view bytes) {
  ScannedEntry entry;
  size_t labels_end = 0;
  bool has_samples = false;
  for (ByteReader reader(bytes); !reader.empty();) {
    const auto field = read_field(reader);
    if (!field) return std::nullopt;
    if (field->number == 1) {
      if (has_samples) return std::nullopt;
      labels_end = reader.offset();
    } else if (field->number == 2) {
      has_samples = true;
      const auto t_ms = timestamp_of(field->bytes);
      if (!t_ms) return std::nullopt;
      entry.newest_ms = std::max(entry.newest_ms, *t_ms);
    }
  }
  entry.labels = hash128(bytes.substr(0, labels_end));
  return entry;
}

}  // namespace

Result<std::vector<ScannedEntry>> scan_write_request(std::string_view message) {
  std::vector<ScannedEntry> entries;
  ByteReader reader(message);
  while (!reader.empty()) {
    const size_t offset = reader.offset();
    const auto field = read_field(reader);
    const auto malformed = [&] {
      return fail(ErrorCode::kMalformed,
                  fmt::format("the field at byte {} of the request is cut off or broken", offset));
    };
    if (!field) return malformed();
    if (field->number != 1) continue;
    const auto entry = scan_entry(field->bytes);
    if (!entry) return malformed();
    entries.push_back(*entry);
  }
  return entries;
}

}  // namespace sluice::bench
