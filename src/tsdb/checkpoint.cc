#include "tsdb/checkpoint.h"

#include <algorithm>
#include <charconv>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>

#include "base/check.h"
#include "base/coding.h"
#include "base/crc32c.h"
#include "base/limits.h"

namespace sluice::tsdb {
namespace {

constexpr std::string_view kPrefix = "checkpoint.";
constexpr std::string_view kUnfinishedSuffix = ".new";
constexpr size_t kSequenceDigits = 16;

constexpr std::string_view kMagic("\x89SLC\r\n\x1a\n", 8);
constexpr uint32_t kVersion = 2;
constexpr size_t kHeaderBytes = 64;

constexpr uint32_t kFrameMagic = 0x46434c53;  // "SLCF"
constexpr size_t kFrameHeaderBytes = 24;
constexpr size_t kFrameAlignment = 8;
constexpr uint32_t kSeriesFrame = 1;
constexpr uint32_t kEndFrame = 2;
constexpr uint32_t kExemplarFrame = 3;
constexpr uint32_t kMetadataFrame = 4;
constexpr size_t kFrameBytesGoal = 1 << 20;
constexpr size_t kSliceSeries = 256;

constexpr size_t kDamageReportsMax = 100;

struct FrameHeader {
  uint32_t payload_bytes = 0;
  uint32_t series = 0;
  uint32_t kind = 0;
  uint32_t payload_crc = 0;
};

void append_frame(std::string& out, uint32_t kind, uint32_t series, std::string_view payload) {
  const size_t begin = out.size();
  append_le<uint32_t>(out, kFrameMagic);
  append_le<uint32_t>(out, static_cast<uint32_t>(payload.size()));
  append_le<uint32_t>(out, series);
  append_le<uint32_t>(out, kind);
  append_le<uint32_t>(out, crc32c(payload));
  append_le<uint32_t>(out, crc32c(std::string_view(out).substr(begin)));
  out += payload;
  out.append((kFrameAlignment - out.size() % kFrameAlignment) % kFrameAlignment, '\0');
}

// The frame header at `at`, if an intact one stands there.
std::optional<FrameHeader> frame_at(std::string_view bytes, size_t at) {
  if (bytes.size() - at < kFrameHeaderBytes) return std::nullopt;
  ByteReader in(bytes.substr(at, kFrameHeaderBytes));
  if (*in.le<uint32_t>() != kFrameMagic) return std::nullopt;
  FrameHeader header;
  header.payload_bytes = *in.le<uint32_t>();
  header.series = *in.le<uint32_t>();
  header.kind = *in.le<uint32_t>();
  header.payload_crc = *in.le<uint32_t>();
  if (*in.le<uint32_t>() != crc32c(bytes.substr(at, kFrameHeaderBytes - sizeof(uint32_t)))) return std::nullopt;
  return header;
}

std::string encode_header(journal::Sequence sequence, const Head::Limits& limits) {
  std::string header(kMagic);
  append_le<uint32_t>(header, kVersion);
  append_le<uint32_t>(header, 0);
  append_le<uint64_t>(header, sequence);
  append_le<uint64_t>(header, static_cast<uint64_t>(limits.frozen_before_ms));
  append_le<uint64_t>(header, static_cast<uint64_t>(limits.dropped_before_ms));
  append_le<uint64_t>(header, static_cast<uint64_t>(limits.max_ms));
  append_le<uint64_t>(header, limits.next_ref);
  append_le<uint32_t>(header, 0);
  append_le<uint32_t>(header, crc32c(header));
  SLUICE_CHECK(header.size() == kHeaderBytes, "the header's size is part of the format");
  return header;
}

Result<CheckpointHeader> decode_header(std::string_view bytes, const std::string& file) {
  const auto damaged = [&](std::string_view what) {
    return fail(ErrorCode::kDataLoss, fmt::format("{}: {}", file, what));
  };
  if (bytes.size() < kHeaderBytes) return damaged("shorter than a checkpoint's header");
  if (!bytes.starts_with(kMagic)) return damaged("does not begin as a checkpoint does");
  ByteReader in(bytes.substr(kMagic.size(), kHeaderBytes - kMagic.size()));
  const uint32_t version = *in.le<uint32_t>();
  if (version > kVersion) {
    return fail(ErrorCode::kUnsupported,
                fmt::format("{}: a checkpoint of format {}, and this program knows formats up to {}: start the version "
                            "of sluice that wrote it, or a newer one",
                            file, version, kVersion));
  }
  (void)in.le<uint32_t>();
  CheckpointHeader header;
  header.sequence = *in.le<uint64_t>();
  header.limits.frozen_before_ms = static_cast<TimestampMs>(*in.le<uint64_t>());
  header.limits.dropped_before_ms = static_cast<TimestampMs>(*in.le<uint64_t>());
  header.limits.max_ms = static_cast<TimestampMs>(*in.le<uint64_t>());
  header.limits.next_ref = *in.le<uint64_t>();
  (void)in.le<uint32_t>();
  if (*in.le<uint32_t>() != crc32c(bytes.substr(0, kHeaderBytes - sizeof(uint32_t)))) {
    return damaged("the header's checksum is wrong");
  }
  if (version != kVersion) {
    return fail(
        ErrorCode::kUnsupported,
        fmt::format("{}: a checkpoint of format {}, from before the first release; this program reads format {}", file,
                    version, kVersion));
  }
  return header;
}

/// Gathers series into frames, each with the labels it uses, so that a damaged one costs no other.
class FrameWriter {
 public:
  void add(const HeadSeriesData& series) {
    append_signed_varint(series_, static_cast<int64_t>(series.ref - previous_ref_));
    previous_ref_ = series.ref;
    labels_.clear();
    std::string_view rest = series.labels.packed();
    while (!rest.empty()) labels_.push_back(number_of(model::take_packed_label(rest)));
    append_varint(series_, labels_.size());
    for (const uint64_t number : labels_) append_varint(series_, number);
    append_varint(series_, series.chunks.in_order.size());
    for (const auto& chunk : series.chunks.in_order) add_chunk(chunk);
    append_varint(series_, series.chunks.late.size());
    for (const auto& chunk : series.chunks.late) add_chunk(chunk);
    append_varint(series_, series.newest_ms ? 1 : 0);
    if (series.newest_ms) append_signed_varint(series_, *series.newest_ms);
    ++count_;
  }
  bool is_full() const { return dictionary_.size() + series_.size() >= kFrameBytesGoal; }
  bool is_empty() const { return count_ == 0; }

  void finish(std::string& out) {
    std::string payload;
    payload.reserve(kVarintBytesMax + dictionary_.size() + series_.size());
    append_varint(payload, numbers_.size());
    payload += dictionary_;
    payload += series_;
    append_frame(out, kSeriesFrame, count_, payload);
    *this = FrameWriter();
  }

 private:
  uint64_t number_of(std::string_view field) {
    const auto [at, is_new] = numbers_.try_emplace(std::string(field), numbers_.size());
    if (is_new) append_prefixed_bytes(dictionary_, field);
    return at->second;
  }
  void add_chunk(const ChunkView& chunk) {
    append_signed_varint(series_, chunk.min_ms - previous_ms_);
    append_varint(series_, static_cast<uint64_t>(chunk.max_ms) - static_cast<uint64_t>(chunk.min_ms));
    append_varint(series_, static_cast<uint64_t>(chunk.encoding));
    append_prefixed_bytes(series_, chunk.bytes);
    previous_ms_ = chunk.min_ms;
  }

  std::unordered_map<std::string, uint64_t> numbers_;
  std::string dictionary_;
  std::string series_;
  std::vector<uint64_t> labels_;  // of one series, reused
  uint64_t previous_ref_ = 0;
  int64_t previous_ms_ = 0;
  uint32_t count_ = 0;
};

class FrameReader {
 public:
  explicit FrameReader(std::string_view payload) : in_(payload) {}

  // False when the payload does not read as `count` series.
  Result<bool> read(uint32_t count, const std::function<Result<void>(const CheckpointSeries&)>& use) {
    if (!read_dictionary()) return false;
    for (uint32_t i = 0; i < count; ++i) {
      if (!read_series()) return false;
      SLUICE_TRY(use(series_));
    }
    return in_.empty();
  }

 private:
  bool read_dictionary() {
    const auto count = in_.varint();
    if (!count || *count > in_.remaining()) return false;
    labels_.resize(static_cast<size_t>(*count));
    for (auto& label : labels_) {
      const auto field = in_.prefixed_bytes();
      if (!field || !model::is_packed(*field)) return false;
      label = *field;
    }
    return true;
  }
  bool read_series() {
    const auto step = in_.signed_varint();
    const auto label_count = in_.varint();
    if (!step || !label_count || *label_count > in_.remaining()) return false;
    series_.ref = ref_ += static_cast<uint64_t>(*step);
    series_.packed.clear();
    for (uint64_t i = 0; i < *label_count; ++i) {
      const auto number = in_.varint();
      if (!number || *number >= labels_.size()) return false;
      series_.packed += labels_[static_cast<size_t>(*number)];
    }
    const auto in_order = in_.varint();
    if (!in_order || !model::is_packed(series_.packed)) return false;
    if (!read_chunks(*in_order, series_.chunks.in_order)) return false;
    const auto late = in_.varint();
    return late && read_chunks(*late, series_.chunks.late) && read_newest();
  }
  bool read_newest() {
    series_.newest_ms.reset();
    const auto is_deleted = in_.varint();
    if (!is_deleted || *is_deleted > 1) return false;
    if (*is_deleted == 0) return true;
    const auto newest_ms = in_.signed_varint();
    if (newest_ms) series_.newest_ms = *newest_ms;
    return newest_ms.has_value();
  }
  bool read_chunks(uint64_t count, std::vector<ChunkView>& chunks) {
    if (count > in_.remaining()) return false;
    chunks.clear();
    for (uint64_t i = 0; i < count; ++i) {
      const auto step = in_.signed_varint();
      const auto span = in_.varint();
      const auto encoding = in_.varint();
      const auto bytes = in_.prefixed_bytes();
      if (!step || !span || !encoding || *encoding > UINT8_MAX || !bytes) return false;
      min_ms_ = static_cast<TimestampMs>(static_cast<uint64_t>(min_ms_) + static_cast<uint64_t>(*step));
      const auto max_ms = static_cast<TimestampMs>(static_cast<uint64_t>(min_ms_) + *span);
      if (max_ms < min_ms_) return false;
      chunks.push_back({min_ms_, max_ms, static_cast<ChunkEncoding>(*encoding), nullptr, *bytes});
    }
    return true;
  }

  ByteReader in_;
  std::vector<std::string_view> labels_;
  CheckpointSeries series_;
  uint64_t ref_ = 0;
  TimestampMs min_ms_ = 0;
};

void note_damage(CheckpointReport& report, const std::string& file, uint64_t offset, uint64_t bytes, uint64_t series,
                 std::string what) {
  report.series_missing += series;
  if (report.damage.size() < kDamageReportsMax) {
    report.damage.push_back({file, offset, bytes, series, std::move(what)});
  }
}

Result<void> write_frames(WritableFile& file, const std::string& header, const Head& head, const Extras& extras,
                          uint64_t& offset) {
  const auto flush = [&](std::string& bytes) -> Result<void> {
    SLUICE_TRY(file.write_at(offset, bytes));
    offset += bytes.size();
    bytes.clear();
    return {};
  };
  FrameWriter frame;
  std::string bytes;
  uint64_t total = 0;
  for (size_t begin = 0;;) {
    const auto series = head.series_from(begin, kSliceSeries);
    if (series.empty()) break;
    SLUICE_ASSIGN(const auto all, head.read_series(series, {}));
    for (const auto& one : all) frame.add(one);
    begin += series.size();
    total += series.size();
    if (frame.is_full()) {
      frame.finish(bytes);
      SLUICE_TRY(flush(bytes));
    }
  }
  if (!frame.is_empty()) frame.finish(bytes);
  for (const auto& payload : encode_exemplars(extras.exemplars, kFrameBytesGoal)) {
    append_frame(bytes, kExemplarFrame, 0, payload);
    SLUICE_TRY(flush(bytes));
  }
  for (const auto& payload : encode_metadata(extras.metadata, kFrameBytesGoal)) {
    append_frame(bytes, kMetadataFrame, 0, payload);
    SLUICE_TRY(flush(bytes));
  }
  std::string end;
  append_le<uint64_t>(end, total);
  append_frame(bytes, kEndFrame, 0, end + header);
  return flush(bytes);
}

// True when the payload of an intact frame reads as what its kind says.
Result<bool> use_frame(const FrameHeader& frame, std::string_view payload, const CheckpointUse& use) {
  switch (frame.kind) {
    case kSeriesFrame: return FrameReader(payload).read(frame.series, use.series);
    case kExemplarFrame: {
      const auto record = decode_exemplar_record(payload);
      if (record && use.exemplars) use.exemplars(*record);
      return record.has_value();
    }
    case kMetadataFrame: {
      const auto entries = decode_metadata_record(payload);
      if (entries && use.metadata) use.metadata(*entries);
      return entries.has_value();
    }
    default: return false;
  }
}

// Names of finished checkpoints, the newest first; unfinished ones are removed.
Result<std::vector<std::string>> find_checkpoints(FileSystem& fs, const std::string& directory) {
  SLUICE_ASSIGN(const auto names, fs.list(directory));
  std::vector<std::string> found;
  for (const auto& name : names) {
    if (name.starts_with(kPrefix) && name.ends_with(kUnfinishedSuffix)) {
      (void)fs.remove_file(join_path(directory, name));  // or a later time
    } else if (parse_checkpoint_name(name)) {
      found.push_back(name);
    }
  }
  std::ranges::sort(found, std::ranges::greater());
  return found;
}

}  // namespace

std::string checkpoint_name(journal::Sequence sequence) { return fmt::format("{}{:016}", kPrefix, sequence); }

std::optional<journal::Sequence> parse_checkpoint_name(std::string_view name) {
  if (!name.starts_with(kPrefix)) return std::nullopt;
  const auto digits = name.substr(kPrefix.size());
  journal::Sequence sequence = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), sequence);
  const bool is_name = error == std::errc() && end == digits.data() + digits.size() && digits.size() >= kSequenceDigits;
  return is_name ? std::optional(sequence) : std::nullopt;
}

Result<uint64_t> write_checkpoint(FileSystem& fs, const std::string& directory, journal::Sequence sequence,
                                  const Head& head, const Extras& extras) {
  const std::string path = join_path(directory, checkpoint_name(sequence));
  const std::string unfinished = path + std::string(kUnfinishedSuffix);
  uint64_t size = kHeaderBytes;
  const auto write = [&]() -> Result<void> {
    SLUICE_ASSIGN(auto file, fs.open_writable(unfinished, OpenMode::kTruncate));
    const std::string header = encode_header(sequence, head.limits());
    SLUICE_TRY(file->write_at(0, header));
    SLUICE_TRY(write_frames(*file, header, head, extras, size));
    SLUICE_TRY(file->sync_data());
    file.reset();
    SLUICE_TRY(fs.rename(unfinished, path));
    return fs.sync_directory(directory);
  };
  if (auto written = write(); !written) {
    (void)fs.remove_file(unfinished);
    return std::unexpected(std::move(written).error());
  }
  SLUICE_ASSIGN(const auto names, find_checkpoints(fs, directory));
  for (const auto& name : names) {
    if (*parse_checkpoint_name(name) < sequence) SLUICE_TRY(fs.remove_file(join_path(directory, name)));
  }
  return size;
}

Result<CheckpointHeader> read_checkpoint(std::string_view bytes, const std::string& file, const CheckpointUse& use,
                                         CheckpointReport& report) {
  auto header = decode_header(bytes, file);
  if (!header && header.error().code == ErrorCode::kDataLoss && bytes.size() >= 2 * kHeaderBytes) {
    note_damage(report, file, 0, kHeaderBytes, 0, header.error().message);
    header = decode_header(bytes.substr(bytes.size() - kHeaderBytes), file);  // the end frame has it once more
  }
  if (!header) return header;
  report.bytes = bytes.size();
  std::optional<uint64_t> total;
  for (size_t at = kHeaderBytes; at < bytes.size();) {
    const auto frame = frame_at(bytes, at);
    if (!frame || frame->payload_bytes > bytes.size() - at - kFrameHeaderBytes) {
      const size_t begin = at;
      do {
        at += kFrameAlignment;
      } while (at < bytes.size() && !frame_at(bytes, at));
      note_damage(report, file, begin, std::min(at, bytes.size()) - begin, 0, "no frame where one must begin");
      continue;
    }
    const auto payload = bytes.substr(at + kFrameHeaderBytes, frame->payload_bytes);
    const size_t next = at + kFrameHeaderBytes + payload.size();
    if (crc32c(payload) != frame->payload_crc) {
      note_damage(report, file, at, next - at, frame->series, "a frame's checksum is wrong");
    } else if (frame->kind == kEndFrame) {
      total = ByteReader(payload).le<uint64_t>();
    } else {
      SLUICE_ASSIGN(const bool is_whole, use_frame(*frame, payload, use));
      if (!is_whole) note_damage(report, file, at, next - at, frame->series, "a frame does not read as what it is");
      else if (frame->kind == kSeriesFrame) report.series += frame->series;
    }
    at = next + (kFrameAlignment - next % kFrameAlignment) % kFrameAlignment;
  }
  if (!total) note_damage(report, file, bytes.size(), 0, 0, "the end is missing");
  if (total && *total > report.series) report.series_missing = *total - report.series;
  return header;
}

Result<CheckpointReport> load_checkpoint(FileSystem& fs, const std::string& directory, Head& head, Extras& extras) {
  SLUICE_ASSIGN(const auto names, find_checkpoints(fs, directory));
  CheckpointReport report;
  for (const auto& name : names) {
    report.file = join_path(directory, name);
    SLUICE_ASSIGN(const auto mapped, fs.map(report.file));
    const CheckpointUse restore = {
        .series =
            [&head](const auto& one) { return head.restore_series(one.ref, one.packed, one.chunks, one.newest_ms); },
        .exemplars = [&extras](const auto& record) { (void)restore_exemplars(record, extras.exemplars); },
        .metadata = [&extras](const auto& entries) { restore_metadata(entries, extras.metadata); }};
    const auto header = read_checkpoint(mapped->bytes(), report.file, restore, report);
    if (header) {
      report.sequence = header->sequence;
      head.restore_limits(header->limits);
      return report;
    }
    if (header.error().code != ErrorCode::kDataLoss) return std::unexpected(header.error());
    note_damage(report, report.file, 0, 0, 0, header.error().message);
  }
  if (!report.damage.empty()) report.file.clear();
  return report;
}

}  // namespace sluice::tsdb
