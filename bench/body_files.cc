#include "bench/body_files.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace sluice::bench {
namespace {

constexpr uint64_t kReserveBytes = 8 << 20;

}  // namespace

Result<BodyFiles::Open> BodyFiles::take() {
  uint64_t number = 0;
  {
    MutexLock lock(mutex_);
    if (!idle_.empty()) {
      Open open = std::move(idle_.back());
      idle_.pop_back();
      return open;
    }
    number = ++made_;
  }
  const std::string path = join_path(directory_, fmt::format("bodies-{:03}", number));
  SLUICE_ASSIGN(auto file, fs_.open_writable(path, OpenMode::kTruncate));
  return Open{.file = std::move(file)};
}

Result<void> BodyFiles::append_to(Open& open, std::string_view body) {
  if (open.offset + body.size() > open.reserved) {
    open.reserved += std::max<uint64_t>(kReserveBytes, body.size());
    SLUICE_TRY(open.file->preallocate(open.reserved));
  }
  SLUICE_TRY(open.file->write_at(open.offset, body));
  SLUICE_TRY(open.file->sync_data());
  open.offset += body.size();
  return {};
}

Result<void> BodyFiles::append(std::string_view body) {
  SLUICE_ASSIGN(Open open, take());
  SLUICE_TRY(append_to(open, body));
  MutexLock lock(mutex_);
  idle_.push_back(std::move(open));
  return {};
}

}  // namespace sluice::bench
