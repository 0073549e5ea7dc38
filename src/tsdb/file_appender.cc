#include "tsdb/file_appender.h"

namespace sluice::tsdb {
namespace {

constexpr size_t kBufferBytes = 1 << 20;

}  // namespace

Result<FileAppender> FileAppender::create(FileSystem& fs, const std::string& path) {
  SLUICE_ASSIGN(auto file, fs.open_writable(path, OpenMode::kCreateNew));
  return FileAppender(std::move(file));
}

Result<void> FileAppender::append(std::string_view bytes) {
  buffer_ += bytes;
  return buffer_.size() < kBufferBytes ? Result<void>() : flush();
}

Result<void> FileAppender::pad(size_t alignment) {
  const uint64_t over = offset() % alignment;
  if (over == 0) return {};
  return append(std::string(alignment - over, '\0'));
}

Result<void> FileAppender::flush() {
  SLUICE_TRY(file_->write_at(flushed_, buffer_));
  flushed_ += buffer_.size();
  buffer_.clear();
  return {};
}

Result<void> FileAppender::finish() {
  SLUICE_TRY(flush());
  return file_->sync_data();
}

}  // namespace sluice::tsdb
