#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

#include "base/clock.h"
#include "base/result.h"
#include "bench/latency.h"
#include "bench/load_options.h"
#include "bench/process_stats.h"
#include "bench/remote_writer.h"
#include "net/runtime.h"

namespace sluice::bench {

struct DriveOptions {
  LoadOptions load;        ///< its first_scrape_ms is set by drive()
  WriterOptions writer;
  size_t ahead_bytes_max = size_t{1} << 30;  ///< of encoded requests that wait for their turn
  pid_t server_pid = 0;    ///< 0: nothing is read of the server
  std::string server_data; ///< its data directory; "": none
};

/// What one phase came to. Counts are of requests, samples of samples.
struct PhaseResult {
  std::string name;                ///< "first scrape", "steady"
  uint64_t samples = 0;            ///< acknowledged
  uint64_t requests = 0;           ///< acknowledged
  uint64_t body_bytes = 0;         ///< of acknowledged requests, compressed
  uint64_t raw_bytes = 0;          ///< the same, not compressed
  uint64_t retries = 0;
  uint64_t refused_requests = 0;   ///< answered 4xx, or given up
  uint64_t refused_samples = 0;
  std::string first_error;         ///< of a refused request, "" without one
  std::string first_retried;       ///< of a retried one
  double wall_s = 0;
  double starved_s = 0;  ///< connections waited this long, together, for the encoder: it was the limit then
  Latencies latencies;  ///< of acknowledged requests, from when they were due
  std::optional<CpuTime> server_cpu;  ///< used in the phase
  std::optional<Memory> server_memory;  ///< at its end
};

struct DriveResult {
  std::vector<PhaseResult> phases;
  uint64_t series_created = 0;  ///< replaced ones included
  TimestampMs samples_end_ms = 0;  ///< every sample is older, the newest by less than an interval
  std::optional<Memory> server_memory_before;
  std::optional<uint64_t> server_rss_anon_peak;
  std::optional<uint64_t> server_disk_before;
  std::optional<uint64_t> server_disk_after;
};

/// Sends a load: a thread encodes ahead, a thread for each connection sends, and each phase begins when the one before
/// is acknowledged. Sending starts when the encoder is done or `ahead_bytes_max` ahead. A refused
/// request ends the run: what is measured after it means nothing.
/// Fails as check() and RemoteWriter::open() do, and when server_pid or server_data cannot be read.
Result<DriveResult> drive(DriveOptions options, net::Runtime& runtime, const Clock& clock);

}  // namespace sluice::bench
