#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/file_system.h"
#include "base/result.h"
#include "base/thread_safety.h"

namespace sluice::bench {

/// Bodies on disk, one behind the other, in as many files as writers are at work at once: nobody waits for another's
/// sync. Space is reserved ahead, so that a sync carries no change of size. Thread-safe.
class BodyFiles {
 public:
  BodyFiles(FileSystem& fs, std::string directory) : fs_(fs), directory_(std::move(directory)) {}

  /// Returns once the body is durable. After an error its file is used no more. Errors as FileSystem's.
  Result<void> append(std::string_view body);

 private:
  struct Open {
    std::unique_ptr<WritableFile> file;
    uint64_t offset = 0;
    uint64_t reserved = 0;
  };
  Result<Open> take();
  Result<void> append_to(Open& open, std::string_view body);

  FileSystem& fs_;
  const std::string directory_;
  Mutex mutex_;
  std::vector<Open> idle_ SLUICE_GUARDED_BY(mutex_);
  uint64_t made_ SLUICE_GUARDED_BY(mutex_) = 0;
};

}  // namespace sluice::bench
