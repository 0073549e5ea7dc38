#include "tsdb/wal_record.h"

#include <bit>
#include <cmath>
#include <optional>

#include <fmt/format.h>

#include "base/check.h"
#include "base/coding.h"
#include "base/limits.h"

namespace sluice::tsdb {
namespace {

// A sample begins with varint(zigzag(ref - previous ref) << 3 | flags).
constexpr unsigned kFlagBits = 3;
constexpr uint64_t kNewTimestamp = 1;  // its difference to the previous one follows
constexpr unsigned kValueShift = 1;
enum class ValueForm : uint8_t { kRaw, kInteger, kSame, kStale };

constexpr double kIntegerMax = 9007199254740992.0;  // 2^53: beyond, not every integer is a double

// The value as an integer, if it is one that turns back into the very same bits.
std::optional<int64_t> as_integer(double value) {
  if (!(std::abs(value) < kIntegerMax)) return std::nullopt;
  const auto integer = static_cast<int64_t>(value);
  if (std::bit_cast<uint64_t>(static_cast<double>(integer)) != std::bit_cast<uint64_t>(value)) return std::nullopt;
  return integer;
}

}  // namespace

AppendRecordWriter::AppendRecordWriter(size_t samples_expected) {
  constexpr size_t kSampleBytesUsual = 8;
  samples_.reserve(samples_expected * kSampleBytesUsual);
}

void AppendRecordWriter::add_sample(uint64_t ref, model::Sample sample) {
  const auto bits = std::bit_cast<uint64_t>(sample.value);
  const auto integer = as_integer(sample.value);
  ValueForm form = ValueForm::kRaw;
  if (model::is_stale(sample.value)) {
    form = ValueForm::kStale;
  } else if (bits == previous_bits_) {
    form = ValueForm::kSame;
  } else if (integer) {
    form = ValueForm::kInteger;
  }
  const bool new_timestamp = sample.t_ms != previous_t_ms_;
  const uint64_t step = zigzag_encode(static_cast<int64_t>(ref - previous_ref_));
  append_varint(samples_,
                step << kFlagBits | static_cast<uint64_t>(form) << kValueShift | (new_timestamp ? kNewTimestamp : 0));
  if (new_timestamp) {
    const uint64_t difference = static_cast<uint64_t>(sample.t_ms) - static_cast<uint64_t>(previous_t_ms_);
    append_signed_varint(samples_, static_cast<int64_t>(difference));
  }
  if (form == ValueForm::kRaw) append_le<uint64_t>(samples_, bits);
  if (form == ValueForm::kInteger) append_signed_varint(samples_, *integer);
  previous_ref_ = ref;
  previous_t_ms_ = sample.t_ms;
  previous_bits_ = bits;
  ++sample_count_;
}

std::string AppendRecordWriter::finish(TimestampMs floor_ms) && {
  std::string record;
  record.reserve(3 * kVarintBytesMax + definitions_.bytes() + samples_.size());
  append_signed_varint(record, floor_ms);
  definitions_.finish(record);
  append_varint(record, sample_count_);
  record += samples_;
  return record;
}

std::string AppendRecordWriter::finish(TimestampMs floor_ms, WalHistogramWriter histograms) && {
  std::string record;
  append_signed_varint(record, floor_ms);
  definitions_.finish(record);
  record += std::move(histograms).finish();
  return record;
}

std::string AppendRecordWriter::finish(TimestampMs floor_ms, std::span<const TimestampMs> start_ms) && {
  SLUICE_CHECK(start_ms.size() == sample_count_, "a start timestamp for each sample");
  std::string record = std::move(*this).finish(floor_ms);
  record += encode_start_times(start_ms);
  return record;
}

std::string AppendRecordWriter::finish(WalExemplarWriter exemplars) && {
  std::string record;
  definitions_.finish(record);
  record += std::move(exemplars).finish();
  return record;
}

namespace {

class Decoder {
 public:
  Decoder(std::string_view payload, AppendRecord& record) : in_(payload), record_(record) {
    record_.samples.clear();
    record_.start_ms.clear();
  }

  Result<void> run() {
    SLUICE_TRY(beginning());
    SLUICE_TRY(samples());
    return end();
  }

  Result<void> run_started() {
    SLUICE_TRY(beginning());
    SLUICE_TRY(samples());
    SLUICE_ASSIGN(record_.start_ms, read_start_times(in_, record_.samples.size()));
    return {};
  }

  Result<void> end() {
    if (!in_.empty()) return malformed("bytes after the last sample");
    return {};
  }

  Result<void> beginning() {
    const auto floor_ms = in_.signed_varint();
    if (!floor_ms) return malformed("no floor");
    record_.floor_ms = *floor_ms;
    return record_.definitions.read(in_);
  }
  ByteReader& rest() { return in_; }

 private:
  std::unexpected<Error> malformed(std::string_view what) const {
    return fail(ErrorCode::kMalformed, fmt::format("append record: {} at byte {}", what, in_.offset()));
  }

  Result<void> samples() {
    const auto count = in_.varint();
    if (!count || *count > in_.remaining()) return malformed("no count of samples that fits the record");
    record_.samples.reserve(static_cast<size_t>(*count));
    for (uint64_t i = 0; i < *count; ++i) SLUICE_TRY(sample());
    return {};
  }

  Result<void> sample() {
    const auto head = in_.varint();
    if (!head) return malformed("no sample");
    ref_ += static_cast<uint64_t>(zigzag_decode(*head >> kFlagBits));
    if (ref_ == 0 || ref_ > kSeriesRefMax) return malformed("a series reference out of range");
    if ((*head & kNewTimestamp) != 0) {
      const auto difference = in_.signed_varint();
      if (!difference) return malformed("no timestamp");
      t_ms_ = static_cast<TimestampMs>(static_cast<uint64_t>(t_ms_) + static_cast<uint64_t>(*difference));
    }
    SLUICE_TRY(value(static_cast<ValueForm>(*head >> kValueShift & 3)));
    record_.samples.push_back({ref_, {t_ms_, std::bit_cast<double>(bits_)}});
    return {};
  }

  Result<void> value(ValueForm form) {
    switch (form) {
      case ValueForm::kSame: return {};
      case ValueForm::kStale: bits_ = model::kStaleNaNBits; return {};
      case ValueForm::kRaw: {
        const auto raw = in_.le<uint64_t>();
        if (!raw) return malformed("no value");
        bits_ = *raw;
        return {};
      }
      case ValueForm::kInteger: {
        const auto integer = in_.signed_varint();
        if (!integer) return malformed("no value");
        bits_ = std::bit_cast<uint64_t>(static_cast<double>(*integer));
        return {};
      }
    }
    return malformed("no value form");
  }

  ByteReader in_;
  AppendRecord& record_;
  uint64_t ref_ = 0;
  TimestampMs t_ms_ = 0;
  uint64_t bits_ = 0;
};

}  // namespace

Result<void> decode_append_record(std::string_view payload, AppendRecord& record) {
  return Decoder(payload, record).run();
}

Result<void> decode_started_record(std::string_view payload, AppendRecord& record) {
  return Decoder(payload, record).run_started();
}

Result<HistogramRecord> decode_histogram_record(std::string_view payload) {
  AppendRecord beginning;
  Decoder decoder(payload, beginning);
  SLUICE_TRY(decoder.beginning());
  HistogramRecord record{beginning.floor_ms, std::move(beginning.definitions), {}};
  SLUICE_ASSIGN(record.histograms, read_wal_histograms(decoder.rest()));
  return record;
}

Result<ExemplarRecord> decode_exemplar_record(std::string_view payload) {
  AppendRecord beginning;
  Decoder decoder(payload, beginning);
  ExemplarRecord record;
  SLUICE_TRY(record.definitions.read(decoder.rest()));
  SLUICE_ASSIGN(record.exemplars, read_wal_exemplars(decoder.rest()));
  return record;
}

std::string encode_metadata_record(std::span<const WalMetadata> entries) {
  WalMetadataWriter writer;
  for (const auto& [family, metadata] : entries) writer.add(family, metadata);
  return std::move(writer).finish();
}

Result<std::vector<WalMetadata>> decode_metadata_record(std::string_view payload) {
  ByteReader in(payload);
  return read_wal_metadata(in);
}

std::string encode_delete_record(const DeleteRecord& record) {
  SLUICE_CHECK(record.refs.size() <= limits::kDeletedSeriesPerRecordMax, "too many series in one delete record");
  std::string payload;
  append_signed_varint(payload, record.range.min_ms);
  append_signed_varint(payload, record.range.max_ms);
  append_varint(payload, record.refs.size());
  uint64_t previous = 0;
  for (const uint64_t ref : record.refs) {
    append_signed_varint(payload, static_cast<int64_t>(ref - previous));
    previous = ref;
  }
  return payload;
}

Result<DeleteRecord> decode_delete_record(std::string_view payload) {
  ByteReader in(payload);
  const auto malformed = [&](std::string_view what) {
    return fail(ErrorCode::kMalformed, fmt::format("delete record: {} at byte {}", what, in.offset()));
  };
  const auto min_ms = in.signed_varint();
  const auto max_ms = in.signed_varint();
  if (!min_ms || !max_ms || *min_ms > *max_ms) return malformed("no range of time");
  const auto count = in.varint();
  if (!count || *count > limits::kDeletedSeriesPerRecordMax) return malformed("no count of series");
  DeleteRecord record{{*min_ms, *max_ms}, {}};
  uint64_t ref = 0;
  for (uint64_t i = 0; i < *count; ++i) {
    const auto step = in.signed_varint();
    if (!step) return malformed("no series reference");
    ref += static_cast<uint64_t>(*step);
    if (ref == 0 || ref > kSeriesRefMax) return malformed("a series reference out of range");
    record.refs.push_back(ref);
  }
  if (!in.empty()) return malformed("bytes after the last series");
  return record;
}

std::string encode_freeze_record(TimestampMs before_ms) {
  std::string payload;
  append_signed_varint(payload, before_ms);
  return payload;
}

Result<TimestampMs> decode_freeze_record(std::string_view payload) {
  ByteReader in(payload);
  const auto before_ms = in.signed_varint();
  if (!before_ms || !in.empty()) return fail(ErrorCode::kMalformed, "freeze record: not one time");
  return *before_ms;
}

}  // namespace sluice::tsdb
