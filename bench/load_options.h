#pragma once

#include <cstdint>

#include "base/clock.h"
#include "base/result.h"

namespace sluice::bench {

/// The load, apart from where it goes. Two runs with equal options send equal requests.
struct LoadOptions {
  uint64_t series = 100'000;     ///< active at any time; exactly
  uint32_t scrapes = 60;         ///< the first of which creates the series
  int64_t interval_ms = 15'000;  ///< between two samples of a series
  uint32_t samples_per_request = 2'000;  ///< Prometheus' max_samples_per_send
  uint32_t shards = 4;           ///< connections; a series stays on one
  uint64_t seed = 1;
  double churn_fraction = 0.01;  ///< of the pods, replaced at once, 0 to 1
  uint32_t churn_scrapes = 10;   ///< scrapes between two replacements
  /// Real time from scrape to scrape; 0 sends flat out. At most `interval_ms`, or samples would be of the future.
  int64_t pace_ms = 0;
  /// How long a request that is not full waits for further samples when paced (Prometheus' batch_send_deadline).
  int64_t batch_deadline_ms = 5'000;
  /// Timestamps of scrape s are first_scrape_ms + s * interval_ms + the target's offset, which is below interval_ms.
  TimestampMs first_scrape_ms = 0;
};

/// kInvalidArgument naming the option, its value and what is accepted.
Result<void> check(const LoadOptions& options);

/// The first_scrape_ms with which the last sample is as old as the moment it is sent, or younger by less than an
/// interval: recent enough for every server, never of the future.
TimestampMs first_scrape_for_start_at(const LoadOptions& options, TimestampMs start_ms);

}  // namespace sluice::bench
