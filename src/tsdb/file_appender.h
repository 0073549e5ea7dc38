#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/file_system.h"
#include "base/result.h"

namespace sluice::tsdb {

/// Writes a new file from front to back, in large pieces. Errors name the path. Not thread-safe.
class FileAppender {
 public:
  /// kAlreadyExists when there is such a file. `fs` is used only here.
  static Result<FileAppender> create(FileSystem& fs, const std::string& path);

  Result<void> append(std::string_view bytes);
  /// Zeros up to the next multiple of `alignment`.
  Result<void> pad(size_t alignment);
  uint64_t offset() const { return flushed_ + buffer_.size(); }  ///< bytes appended so far

  /// Hands everything to the file, so that a reader sees it.
  Result<void> flush();
  /// And makes it durable. The last call.
  Result<void> finish();

 private:
  explicit FileAppender(std::unique_ptr<WritableFile> file) : file_(std::move(file)) {}

  std::unique_ptr<WritableFile> file_;
  std::string buffer_;
  uint64_t flushed_ = 0;
};

}  // namespace sluice::tsdb
