#include "tsdb/disk_reserve.h"

#include <algorithm>
#include <chrono>
#include <limits>

#include <fmt/format.h>

namespace sluice::tsdb {
namespace {

constexpr int64_t kLookEveryNs = 1'000'000'000;
constexpr uint64_t kDefaultShare = 20;  // a twentieth of the file system
constexpr uint64_t kDefaultBytesMax = uint64_t{10} << 30;
constexpr uint64_t kResumeShare = 10;  // resumed with a tenth of the reserve to spare

int64_t steady_ns(const Clock& clock) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(clock.steady().time_since_epoch()).count();
}

}  // namespace

DiskReserve::DiskReserve(DiskReserveOptions options, Parts parts)
    : options_(std::move(options)), parts_(parts),
      free_bytes_(parts.metrics.gauge("sluice_disk_free_bytes", "Free on the data directory's file system.")),
      reserve_bytes_(
          parts.metrics.gauge("sluice_disk_reserve_bytes", "With less than this free, samples are refused.")),
      is_stopped_gauge_(parts.metrics.gauge("sluice_disk_ingest_stopped",
                                            "1 while samples are refused because the disk is nearly full.")),
      refused_(parts.metrics.counter("sluice_disk_writes_refused_total",
                                     "Remote writes refused because the disk was nearly full.")),
      look_at_ns_(std::numeric_limits<int64_t>::min()) {}

Result<void> DiskReserve::admit() {
  const int64_t now_ns = steady_ns(parts_.clock);
  int64_t due_ns = look_at_ns_.load(std::memory_order_relaxed);
  if (now_ns >= due_ns && look_at_ns_.compare_exchange_strong(due_ns, now_ns + kLookEveryNs)) look();
  if (!is_stopped_.load(std::memory_order_acquire)) return {};
  refused_.add();
  MutexLock lock(mutex_);
  return fail(ErrorCode::kNoSpace, reason_);
}

uint64_t DiskReserve::wanted_bytes(const DiskSpace& space) const {
  if (options_.reserve_bytes) return *options_.reserve_bytes;
  return std::min(space.total_bytes / kDefaultShare, kDefaultBytesMax);
}

void DiskReserve::look() {
  const auto space = parts_.fs.disk_space(options_.path);
  if (!space) {
    parts_.logger.warn("cannot tell how full the disk is", {{"reason", space.error().message}});
    is_stopped_.store(false, std::memory_order_release);
    return;
  }
  const uint64_t wanted = wanted_bytes(*space);
  const bool was_stopped = is_stopped_.load();
  const uint64_t needed = was_stopped ? wanted + wanted / kResumeShare : wanted;
  const bool is_stopped = space->available_bytes < needed;
  free_bytes_.set(static_cast<double>(space->available_bytes));
  reserve_bytes_.set(static_cast<double>(wanted));
  is_stopped_gauge_.set(is_stopped ? 1 : 0);
  if (is_stopped) {
    MutexLock lock(mutex_);
    reason_ = fmt::format(
        "the disk is nearly full: {} bytes are free, and below {} no samples are taken, so that "
        "compaction and retention can make room (storage.disk_reserve_bytes)",
        space->available_bytes, needed);
  }
  is_stopped_.store(is_stopped, std::memory_order_release);
  if (is_stopped == was_stopped) return;
  const auto level = is_stopped ? LogLevel::kError : LogLevel::kInfo;
  parts_.logger.write(level,
                      is_stopped ? "disk nearly full: remote writes get 503 until there is room"
                                 : "room on the disk again: remote writes are taken",
                      {{"path", options_.path}, {"free_bytes", space->available_bytes}, {"reserve_bytes", wanted}});
}

}  // namespace sluice::tsdb
