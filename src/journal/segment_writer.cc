#include "journal/segment_writer.h"

#include <algorithm>

#include "base/check.h"

namespace sluice::journal {
namespace {

struct Prepared {
  std::unique_ptr<WritableFile> file;
  uint64_t size = 0;
};

// Fills `path` with a durable header and at least `bytes` of space.
Result<Prepared> prepare(FileSystem& fs, const std::string& path, const SegmentHeader& header, uint64_t bytes,
                         bool recycled) {
  SLUICE_ASSIGN(auto file, fs.open_writable(path, recycled ? OpenMode::kCreateOrOpen : OpenMode::kTruncate));
  uint64_t size = 0;
  if (recycled) {
    SLUICE_ASSIGN(size, file->size());
  }
  if (size < bytes) {
    SLUICE_TRY(file->preallocate(bytes));
    size = bytes;
  }
  std::string head = encode_segment_head(header);
  // Of a recycled file the first old record would otherwise follow the header.
  head.append(std::min<uint64_t>(kTerminatorSize, size - head.size()), '\0');
  SLUICE_TRY(file->write_at(0, head));
  SLUICE_TRY(file->sync_data());
  return Prepared{std::move(file), size};
}

}  // namespace

Result<std::unique_ptr<SegmentWriter>> SegmentWriter::create(FileSystem& fs, const std::string& directory,
                                                             const SegmentHeader& header, uint64_t bytes,
                                                             const SpareInfo* spare) {
  const std::string name = join_path(directory, segment_name(header.number));
  const std::string path = spare != nullptr ? spare->path : name + std::string(kNewSuffix);
  auto prepared = prepare(fs, path, header, std::max<uint64_t>(bytes, kRecordsOffset), spare != nullptr);
  if (!prepared) {
    (void)fs.remove_file(path);
    return std::unexpected(std::move(prepared).error());
  }
  Result<void> named = fs.rename(path, name);
  if (named) {
    named = fs.sync_directory(directory);
  }
  if (!named) {
    (void)fs.remove_file(path);
    (void)fs.remove_file(name);
    return std::unexpected(std::move(named).error());
  }
  return std::unique_ptr<SegmentWriter>(new SegmentWriter(header, std::move(prepared->file), prepared->size));
}

Result<void> SegmentWriter::write(std::string& records) {
  const size_t size = records.size();
  SLUICE_CHECK(size <= remaining(), "records do not fit in the segment");
  records.append(std::min<uint64_t>(kTerminatorSize, remaining() - size), '\0');
  SLUICE_TRY(file_->write_at(offset_, records));
  offset_ += size;
  return {};
}

Result<void> SegmentWriter::trim() {
  SLUICE_TRY(file_->truncate(offset_));
  size_ = offset_;
  return {};
}

}  // namespace sluice::journal
