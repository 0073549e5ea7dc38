#include "bench/load_options.h"

#include <fmt/format.h>

#include "base/limits.h"

namespace sluice::bench {
namespace {

constexpr uint64_t kSeriesMax = 20'000'000;
constexpr uint32_t kScrapesMax = 1'000'000;
constexpr uint32_t kShardsMax = 256;
constexpr int64_t kIntervalMsMax = 24 * 60 * 60 * 1000;

Result<void> within(std::string_view option, int64_t value, int64_t low, int64_t high) {
  if (value >= low && value <= high) return {};
  return fail(ErrorCode::kInvalidArgument, fmt::format("{} is {}; {} to {} are taken", option, value, low, high));
}

}  // namespace

Result<void> check(const LoadOptions& options) {
  SLUICE_TRY(within("--series", static_cast<int64_t>(options.series), 1, kSeriesMax));
  SLUICE_TRY(within("--scrapes", options.scrapes, 1, kScrapesMax));
  SLUICE_TRY(within("--interval-ms", options.interval_ms, 1, kIntervalMsMax));
  SLUICE_TRY(within("--samples-per-request", options.samples_per_request, 1, limits::kSeriesPerRequestMax));
  SLUICE_TRY(within("--connections", options.shards, 1, kShardsMax));
  SLUICE_TRY(within("--churn-every", options.churn_scrapes, 1, kScrapesMax));
  SLUICE_TRY(within("--pace-ms", options.pace_ms, 0, options.interval_ms));
  SLUICE_TRY(within("--batch-deadline-ms", options.batch_deadline_ms, 1, kIntervalMsMax));
  if (!(options.churn_fraction >= 0 && options.churn_fraction <= 1)) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("--churn-percent is {}; 0 to 100 are taken", options.churn_fraction * 100));
  }
  return {};
}

TimestampMs first_scrape_for_start_at(const LoadOptions& options, TimestampMs start_ms) {
  return start_ms + options.scrapes * (options.pace_ms - options.interval_ms);
}

}  // namespace sluice::bench
