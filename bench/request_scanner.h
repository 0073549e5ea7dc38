#pragma once

#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/hash.h"
#include "base/result.h"

namespace sluice::bench {

/// What the sink takes of one TimeSeries entry.
struct ScannedEntry {
  Hash128 labels;             ///< of the encoded labels as they stand
  TimestampMs newest_ms = 0;  ///< of its samples
};

/// Walks a prometheus.WriteRequest to its last field without keeping any of it: entries, their labels' extents, their
/// samples. kMalformed names the byte offset; labels must stand before samples, as every sender known has them.
Result<std::vector<ScannedEntry>> scan_write_request(std::string_view message);

}  // namespace sluice::bench
