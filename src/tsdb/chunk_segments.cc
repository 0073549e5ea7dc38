#include "tsdb/chunk_segments.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/coding.h"
#include "base/crc32c.h"

namespace sluice::tsdb {
namespace {

constexpr uint32_t kMagic = 0x85BD40DD;
constexpr uint8_t kVersion = 1;
constexpr size_t kEncodingSize = 1;
constexpr size_t kLengthSizeMax = 5;  // a varint of 32 bits

bool is_segment_name(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, [](char c) { return c >= '0' && c <= '9'; });
}

std::string segment_header() {
  std::string header;
  append_be<uint32_t>(header, kMagic);
  header += static_cast<char>(kVersion);
  header.append(kSegmentHeaderSize - header.size(), '\0');
  return header;
}

Result<void> check_header(std::string_view file) {
  if (file.size() < kSegmentHeaderSize) {
    return damaged_at(0, fmt::format("{} bytes, and a segment's header has {}", file.size(), kSegmentHeaderSize));
  }
  const uint32_t magic = load_be<uint32_t>(file.data());
  if (magic != kMagic) return damaged_at(0, fmt::format("magic {:08x}, wanted {:08x}", magic, kMagic));
  const auto version = static_cast<uint8_t>(file[sizeof kMagic]);
  if (version != kVersion) {
    return fail(ErrorCode::kUnsupported, fmt::format("version {} of a chunk segment, wanted {}", version, kVersion));
  }
  return {};
}

// The bytes from the encoding to the end of the data.
Result<std::string_view> find_chunk(std::string_view file, uint64_t offset) {
  if (offset < kSegmentHeaderSize || offset >= file.size()) {
    return damaged_at(offset, fmt::format("a chunk should be here, the file has {} bytes", file.size()));
  }
  ByteReader reader(file.substr(offset, kLengthSizeMax));
  const auto length = reader.varint();
  if (!length) return damaged_at(offset, "a chunk's length should be here, a varint of 32 bits");
  const uint64_t begin = offset + reader.offset();
  const uint64_t size = kEncodingSize + *length;
  SLUICE_TRY(check_checksum(file, begin, size));
  return file.substr(begin, size);
}

}  // namespace

Result<void> ChunkSegmentWriter::create() { return fs_.create_directories(directory_); }

Result<void> ChunkSegmentWriter::begin_segment() {
  if (segment_) SLUICE_TRY(segment_->finish());
  segment_.reset();
  ++segments_;
  SLUICE_ASSIGN(segment_, FileAppender::create(fs_, join_path(directory_, fmt::format("{:06}", segments_))));
  return segment_->append(segment_header());
}

Result<ChunkMeta> ChunkSegmentWriter::append(const ChunkView& chunk) {
  const uint64_t size_max = kLengthSizeMax + kEncodingSize + chunk.bytes.size() + kChecksumSize;
  const bool is_full =
      segment_ && segment_->offset() > kSegmentHeaderSize && segment_->offset() + size_max > segment_bytes_max_;
  if (!segment_ || is_full) SLUICE_TRY(begin_segment());

  const ChunkMeta meta = {make_chunk_ref(segments_ - 1, static_cast<uint32_t>(segment_->offset())), chunk.min_ms,
                          chunk.max_ms};
  head_.clear();
  append_varint(head_, chunk.bytes.size());
  head_ += static_cast<char>(chunk.encoding);
  const uint32_t checksum =
      crc32c_extend(crc32c(std::string_view(head_).substr(head_.size() - kEncodingSize)), chunk.bytes);
  SLUICE_TRY(segment_->append(head_));
  SLUICE_TRY(segment_->append(chunk.bytes));
  head_.clear();
  append_be<uint32_t>(head_, checksum);
  SLUICE_TRY(segment_->append(head_));
  return meta;
}

Result<void> ChunkSegmentWriter::finish() {
  if (segment_) SLUICE_TRY(segment_->finish());
  segment_.reset();
  return fs_.sync_directory(directory_);
}

Result<ChunkSegments> ChunkSegments::open(FileSystem& fs, const std::string& directory) {
  SLUICE_ASSIGN(const auto names, fs.list(directory));
  ChunkSegments segments;
  segments.directory_ = directory;
  for (const auto& name : names) {
    if (!is_segment_name(name)) continue;
    Segment segment{.path = join_path(directory, name), .file = nullptr};
    SLUICE_ASSIGN(segment.file, fs.map(segment.path));
    if (auto checked = check_header(segment.file->bytes()); !checked) return fail_in(segment.path, checked.error());
    segments.segments_.push_back(std::move(segment));
  }
  return segments;
}

Result<ChunkView> ChunkSegments::chunk(const ChunkMeta& meta) const {
  const uint32_t number = chunk_segment(meta.ref);
  if (number >= segments_.size()) {
    return fail(ErrorCode::kDataLoss, fmt::format("{}: a chunk should be in segment {}, and there are {} segments",
                                                  directory_, number + 1, segments_.size()));
  }
  const Segment& segment = segments_[number];
  auto found = find_chunk(segment.file->bytes(), chunk_offset(meta.ref));
  if (!found) return fail_in(segment.path, found.error());
  return ChunkView{.min_ms = meta.min_ms,
                   .max_ms = meta.max_ms,
                   .encoding = static_cast<ChunkEncoding>(found->front()),
                   .owner = segment.file,
                   .bytes = found->substr(kEncodingSize)};
}

uint64_t ChunkSegments::bytes() const {
  uint64_t total = 0;
  for (const auto& segment : segments_) total += segment.file->bytes().size();
  return total;
}

}  // namespace sluice::tsdb
