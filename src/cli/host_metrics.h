#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "wire/remote_write.h"

namespace sluice::cli {

/// This machine's state as metrics, under node_exporter's names: load, memory, CPU seconds by mode, disk and
/// network counters, uptime. Read from /proc at each call; a file that cannot be read adds nothing.
class HostMetrics {
 public:
  explicit HostMetrics(std::string proc_path = "/proc") : proc_path_(std::move(proc_path)) {}
  /// One sample a series at `now_ms`, each series carrying `common` besides its own labels.
  std::vector<wire::OutgoingSeries> collect(TimestampMs now_ms,
                                            const std::vector<std::pair<std::string, std::string>>& common) const;

 private:
  std::string proc_path_;
};

}  // namespace sluice::cli
