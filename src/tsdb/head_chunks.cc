#include "tsdb/head_chunks.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include <fmt/format.h>

#include "base/check.h"
#include "base/crc32c.h"

namespace sluice::tsdb {
namespace {

// In memory and in this process' own files only, so in the machine's byte order.
struct Header {
  HeadChunkRef previous;
  TimestampMs min_ms;
  TimestampMs max_ms;
  uint32_t size_and_encoding;  // encoding in the upper 8 bits
  uint32_t crc;                // of what is above and of the chunk
};
static_assert(sizeof(Header) == 32);
constexpr unsigned kSizeBits = 24;
constexpr uint32_t kSizeMask = (1u << kSizeBits) - 1;
constexpr size_t kAlignment = 8;

constexpr uint32_t offset_of(HeadChunkRef ref) { return static_cast<uint32_t>(ref); }
constexpr size_t aligned(size_t size) { return (size + kAlignment - 1) & ~(kAlignment - 1); }

uint32_t crc_of(const Header& header, std::string_view chunk) {
  const std::string_view covered(reinterpret_cast<const char*>(&header), offsetof(Header, crc));
  return crc32c_extend(crc32c(covered), chunk);
}

}  // namespace

struct HeadChunks::Snapshot::Segment {
  uint32_t number = 0;
  size_t size = 0;  // filled so far; of the thread that adds
  TimestampMs max_ms = INT64_MIN;
  bool in_file = false;
  std::string_view bytes;  // all there will ever be
  std::unique_ptr<char[]> memory;
  std::shared_ptr<const MappedFile> file;
};

Result<std::optional<HeadChunks::Chunk>> HeadChunks::Snapshot::chunk(HeadChunkRef ref) const {
  const uint32_t number = head_segment_of(ref);
  if (segments_ == nullptr || number < first_ || number - first_ >= segments_->size()) return std::nullopt;
  const auto& segment = (*segments_)[number - first_];
  if (segment == nullptr) return std::nullopt;
  Header header{};
  const std::string_view rest = segment->bytes.substr(std::min<size_t>(offset_of(ref), segment->bytes.size()));
  std::string_view bytes;
  bool intact = rest.size() >= sizeof header;
  if (intact) {
    std::memcpy(&header, rest.data(), sizeof header);
    bytes = rest.substr(sizeof header, header.size_and_encoding & kSizeMask);
    intact = bytes.size() == (header.size_and_encoding & kSizeMask) && crc_of(header, bytes) == header.crc;
  }
  if (!intact) {
    return fail(ErrorCode::kDataLoss,
                fmt::format("chunks_head/{:08} is damaged at offset {}: the chunk's checksum is wrong. The log still "
                            "has its samples: restart to read them from there",
                            number, offset_of(ref)));
  }
  const auto encoding = static_cast<ChunkEncoding>(header.size_and_encoding >> kSizeBits);
  return Chunk{header.previous, {header.min_ms, header.max_ms, encoding, segment, bytes}};
}

HeadChunks::HeadChunks(FileSystem* fs, std::string directory, Logger* logger, Options options)
    : fs_(fs), directory_(std::move(directory)), logger_(logger), options_(options),
      next_bytes_(options.segment_bytes_first) {
  current_.lines_ = &lines_;
}

HeadChunks::HeadChunks(FileSystem* fs, std::string directory, Logger* logger)
    : HeadChunks(fs, std::move(directory), logger, Options{}) {}

HeadChunks::~HeadChunks() = default;

void HeadChunks::open() {
  if (fs_ == nullptr) return;
  const auto names = fs_->list(directory_);
  if (!names) return;
  for (const auto& name : *names) (void)fs_->remove_tree(join_path(directory_, name));
}

std::string HeadChunks::path_of(uint32_t number) const { return join_path(directory_, fmt::format("{:08}", number)); }

HeadChunkRef HeadChunks::add(HeadChunkRef previous, const ChunkView& chunk) {
  SLUICE_CHECK(chunk.bytes.size() <= kSizeMask, "a chunk of the head is too large");
  Segment& segment = segment_with_room(sizeof(Header) + chunk.bytes.size());
  Header header{previous, chunk.min_ms, chunk.max_ms,
                static_cast<uint32_t>(chunk.bytes.size()) | static_cast<uint32_t>(chunk.encoding) << kSizeBits, 0};
  header.crc = crc_of(header, chunk.bytes);
  char* const to = segment.memory.get() + segment.size;
  std::memcpy(to, &header, sizeof header);
  std::memcpy(to + sizeof header, chunk.bytes.data(), chunk.bytes.size());
  const HeadChunkRef ref = static_cast<uint64_t>(segment.number) << 32 | segment.size;
  segment.size = aligned(segment.size + sizeof header + chunk.bytes.size());
  segment.max_ms = std::max(segment.max_ms, chunk.max_ms);
  return ref;
}

HeadChunks::Segment& HeadChunks::segment_with_room(size_t bytes) {
  bytes = aligned(bytes);
  if (active_ && active_->size + bytes <= active_->bytes.size()) return *active_;
  if (active_) begin_segment();
  const size_t capacity = std::max<size_t>(next_bytes_, bytes);
  next_bytes_ = std::min(next_bytes_ * 2, options_.segment_bytes_max);
  auto segment = std::make_shared<Segment>();
  segment->memory = std::make_unique_for_overwrite<char[]>(capacity);
  segment->bytes = {segment->memory.get(), capacity};
  MutexLock lock(mutex_);
  auto list = std::make_shared<Snapshot::List>(current_.segments_ ? *current_.segments_ : Snapshot::List());
  segment->number = current_.first_ + static_cast<uint32_t>(list->size());
  list->push_back(segment);
  current_.segments_ = std::move(list);
  active_ = std::move(segment);
  return *active_;
}

uint32_t HeadChunks::begin_segment() {
  MutexLock lock(mutex_);
  if (active_) full_.push_back(std::exchange(active_, nullptr));
  return current_.first_ + static_cast<uint32_t>(current_.segments_ ? current_.segments_->size() : 0);
}

// False when it was removed meanwhile.
bool HeadChunks::replace(std::shared_ptr<const Segment> segment) {
  MutexLock lock(mutex_);
  const uint32_t number = segment->number;
  if (number < current_.first_ || (*current_.segments_)[number - current_.first_] == nullptr) return false;
  auto list = std::make_shared<Snapshot::List>(*current_.segments_);
  (*list)[number - current_.first_] = std::move(segment);
  current_.segments_ = std::move(list);
  return true;
}

Result<std::shared_ptr<const HeadChunks::Segment>> HeadChunks::write(const Segment& segment) {
  const std::string path = path_of(segment.number);
  {
    SLUICE_ASSIGN(const bool exists, fs_->exists(directory_));
    if (!exists) SLUICE_TRY(fs_->create_directories(directory_));
    SLUICE_ASSIGN(auto file, fs_->open_writable(path, OpenMode::kTruncate));
    SLUICE_TRY(file->write_at(0, segment.bytes.substr(0, segment.size)));
  }
  SLUICE_ASSIGN(auto mapped, fs_->map(path));
  auto written = std::make_shared<Segment>();
  written->number = segment.number;
  written->size = segment.size;
  written->max_ms = segment.max_ms;
  written->in_file = true;
  written->bytes = mapped->bytes();
  written->file = std::move(mapped);
  return written;
}

void HeadChunks::write_full() {
  std::vector<std::shared_ptr<const Segment>> segments;
  {
    MutexLock lock(mutex_);
    if (fs_ == nullptr || full_.empty()) return;
    segments.swap(full_);
  }
  for (auto& segment : segments) {
    const std::string path = path_of(segment->number);
    auto written = write(*segment);
    if (written) {
      if (!replace(*std::move(written))) (void)fs_->remove_file(path);
      write_failed_.store(false);
      continue;
    }
    (void)fs_->remove_file(path);
    if (!write_failed_.exchange(true) && logger_ != nullptr) {
      logger_->warn("full chunks of the head stay in memory: their file cannot be written",
                    {{"file", path}, {"reason", written.error().message}});
    }
    MutexLock lock(mutex_);
    full_.push_back(std::move(segment));
  }
}

void HeadChunks::remove_segments(uint32_t end, TimestampMs before_ms) {
  const auto goes = [&](const std::shared_ptr<const Segment>& segment) {
    return segment != nullptr && segment->number < end && segment->max_ms < before_ms;
  };
  std::vector<std::string> paths;
  {
    MutexLock lock(mutex_);
    if (!current_.segments_) return;
    std::erase_if(full_, goes);
    auto list = std::make_shared<Snapshot::List>(*current_.segments_);
    for (auto& segment : *list) {
      if (!goes(segment)) continue;
      if (segment->in_file) paths.push_back(path_of(segment->number));
      segment = nullptr;
    }
    const auto kept = std::ranges::find_if(*list, [](const auto& segment) { return segment != nullptr; });
    current_.first_ += static_cast<uint32_t>(kept - list->begin());
    list->erase(list->begin(), kept);
    current_.segments_ = std::move(list);
  }
  // What cannot be removed now is by the next open().
  for (const auto& path : paths) (void)fs_->remove_file(path);
}

HeadChunks::Snapshot HeadChunks::snapshot() const {
  MutexLock lock(mutex_);
  return current_;
}

uint64_t HeadChunks::memory_bytes() const {
  const Snapshot now = snapshot();
  uint64_t total = 0;
  if (!now.segments_) return 0;
  for (const auto& segment : *now.segments_) {
    if (segment != nullptr && !segment->in_file) total += segment->bytes.size();
  }
  return total;
}

uint64_t HeadChunks::disk_bytes() const {
  const Snapshot now = snapshot();
  uint64_t total = 0;
  if (!now.segments_) return 0;
  for (const auto& segment : *now.segments_) {
    if (segment != nullptr && segment->in_file) total += segment->bytes.size();
  }
  return total;
}

}  // namespace sluice::tsdb
