#include "bench/request_scanner.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/coding.h"

namespace sluice::bench {
namespace {

constexpr size_t kEntryBytesTypical = 256;

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

constexpr char kLabelKey = 0x0a;  // field 1 of TimeSeries, length-delimited

/// What follows the label fields that `at` begins with, or nullptr when one is cut off. Four fifths of a request's
/// fields are labels, so these are stepped over without read_field; almost all are shorter than 128 bytes.
const char* skip_labels(const char* at, const char* end) {
  while (at != end && *at == kLabelKey) {
    uint64_t size = 0;
    ++at;
    if (at != end && static_cast<unsigned char>(*at) < 0x80) {
      size = static_cast<unsigned char>(*at++);
    } else {
      at = read_varint(at, end, size);
    }
    if (at == nullptr || size > static_cast<uint64_t>(end - at)) return nullptr;
    at += size;
  }
  return at;
}

std::optional<ScannedEntry> scan_entry(std::string_view bytes) {
  const char* const begin = bytes.data();
  const char* const labels_end = skip_labels(begin, begin + bytes.size());
  if (labels_end == nullptr) return std::nullopt;
  const auto labels_size = static_cast<size_t>(labels_end - begin);
  ScannedEntry entry;
  for (ByteReader reader(bytes.substr(labels_size)); !reader.empty();) {
    const auto field = read_field(reader);
    if (!field || field->number == 1) return std::nullopt;
    if (field->number != 2) continue;
    const auto t_ms = timestamp_of(field->bytes);
    if (!t_ms) return std::nullopt;
    entry.newest_ms = std::max(entry.newest_ms, *t_ms);
  }
  entry.labels = hash128(bytes.substr(0, labels_size));
  return entry;
}

}  // namespace

Result<std::vector<ScannedEntry>> scan_write_request(std::string_view message) {
  std::vector<ScannedEntry> entries;
  entries.reserve(message.size() / kEntryBytesTypical);
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
