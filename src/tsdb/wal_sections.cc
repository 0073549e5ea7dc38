#include "tsdb/wal_sections.h"

#include <bit>
#include <utility>

#include <fmt/format.h>

#include "base/check.h"
#include "tsdb/wal_record.h"

namespace sluice::tsdb {
namespace {

std::string counted(uint64_t count, std::string bytes) {
  std::string section;
  section.reserve(kVarintBytesMax + bytes.size());
  append_varint(section, count);
  section += bytes;
  return section;
}

std::unexpected<Error> malformed(const ByteReader& in, std::string_view record, std::string_view what) {
  return fail(ErrorCode::kMalformed, fmt::format("{} record: {} at byte {}", record, what, in.offset()));
}

// How a start timestamp follows.
enum class StartForm : uint8_t { kUnknown, kSame, kOther };

}  // namespace

std::string encode_start_times(std::span<const TimestampMs> start_ms) {
  std::string section;
  section.reserve(start_ms.size());
  TimestampMs previous = 0;
  for (const TimestampMs start : start_ms) {
    StartForm form = StartForm::kOther;
    if (start == 0) form = StartForm::kUnknown;
    else if (start == previous) form = StartForm::kSame;
    section += static_cast<char>(form);
    if (form != StartForm::kOther) continue;
    append_signed_varint(section, static_cast<int64_t>(static_cast<uint64_t>(start) - static_cast<uint64_t>(previous)));
    previous = start;
  }
  return section;
}

Result<std::vector<TimestampMs>> read_start_times(ByteReader& in, size_t count) {
  constexpr std::string_view kRecord = "append";
  if (count > in.remaining()) return malformed(in, kRecord, "fewer start timestamps than samples");
  std::vector<TimestampMs> start_ms;
  start_ms.reserve(count);
  uint64_t previous = 0;
  while (start_ms.size() < count) {
    const auto form = in.varint();
    if (!form || *form > static_cast<uint64_t>(StartForm::kOther)) return malformed(in, kRecord, "no start timestamp");
    if (static_cast<StartForm>(*form) == StartForm::kOther) {
      const auto difference = in.signed_varint();
      if (!difference) return malformed(in, kRecord, "no start timestamp");
      previous += static_cast<uint64_t>(*difference);
    }
    const bool is_known = static_cast<StartForm>(*form) != StartForm::kUnknown;
    if (is_known && previous == 0) return malformed(in, kRecord, "a start timestamp of 0");
    start_ms.push_back(is_known ? static_cast<TimestampMs>(previous) : 0);
  }
  if (!in.empty()) return malformed(in, kRecord, "bytes after the last start timestamp");
  return start_ms;
}

void WalExemplarWriter::add(uint64_t ref, const model::Exemplar& exemplar) {
  SLUICE_CHECK(ref != 0 && ref <= kSeriesRefMax, "a series reference out of range");
  append_signed_varint(bytes_, static_cast<int64_t>(ref - previous_ref_));
  const uint64_t difference = static_cast<uint64_t>(exemplar.t_ms) - static_cast<uint64_t>(previous_t_ms_);
  append_signed_varint(bytes_, static_cast<int64_t>(difference));
  append_le<uint64_t>(bytes_, std::bit_cast<uint64_t>(exemplar.value));
  append_prefixed_bytes(bytes_, exemplar.labels.packed());
  previous_ref_ = ref;
  previous_t_ms_ = exemplar.t_ms;
  ++count_;
}

std::string WalExemplarWriter::finish() && { return counted(count_, std::move(bytes_)); }

Result<std::vector<WalExemplar>> read_wal_exemplars(ByteReader& in) {
  constexpr std::string_view kRecord = "exemplar";
  const auto count = in.varint();
  if (!count || *count > in.remaining()) return malformed(in, kRecord, "no count of exemplars that fits the record");
  std::vector<WalExemplar> exemplars;
  uint64_t ref = 0;
  uint64_t t_ms = 0;
  for (uint64_t i = 0; i < *count; ++i) {
    const auto ref_step = in.signed_varint();
    const auto t_step = in.signed_varint();
    const auto value = in.le<uint64_t>();
    const auto labels = in.prefixed_bytes();
    if (!ref_step || !t_step || !value || !labels) return malformed(in, kRecord, "no exemplar");
    ref += static_cast<uint64_t>(*ref_step);
    t_ms += static_cast<uint64_t>(*t_step);
    if (ref == 0 || ref > kSeriesRefMax) return malformed(in, kRecord, "a series reference out of range");
    if (!model::is_packed(*labels)) return malformed(in, kRecord, "no canonical label set");
    exemplars.push_back({ref,
                         {.labels = model::Labels::from_packed(std::string(*labels)),
                          .value = std::bit_cast<double>(*value),
                          .t_ms = static_cast<TimestampMs>(t_ms)}});
  }
  if (!in.empty()) return malformed(in, kRecord, "bytes after the last exemplar");
  return exemplars;
}

void WalMetadataWriter::add(std::string_view metric_family, const model::Metadata& metadata) {
  append_prefixed_bytes(bytes_, metric_family);
  append_varint(bytes_, metadata.type);
  append_prefixed_bytes(bytes_, metadata.help);
  append_prefixed_bytes(bytes_, metadata.unit);
  ++count_;
}

std::string WalMetadataWriter::finish() && { return counted(count_, std::move(bytes_)); }

Result<std::vector<WalMetadata>> read_wal_metadata(ByteReader& in) {
  constexpr std::string_view kRecord = "metadata";
  const auto count = in.varint();
  if (!count || *count > in.remaining()) return malformed(in, kRecord, "no count of entries that fits the record");
  std::vector<WalMetadata> entries;
  for (uint64_t i = 0; i < *count; ++i) {
    const auto family = in.prefixed_bytes();
    const auto type = in.varint();
    const auto help = in.prefixed_bytes();
    const auto unit = in.prefixed_bytes();
    if (!family || !type || *type > UINT32_MAX || !help || !unit) return malformed(in, kRecord, "no entry");
    entries.push_back({std::string(*family), {static_cast<uint32_t>(*type), std::string(*help), std::string(*unit)}});
  }
  if (!in.empty()) return malformed(in, kRecord, "bytes after the last entry");
  return entries;
}

}  // namespace sluice::tsdb
