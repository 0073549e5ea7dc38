#pragma once

#include <cstdint>

#include "base/clock.h"

namespace sluice::tsdb {

/// The time of a block cut from the head, and of what a chunk of the head stays inside of (Prometheus' chunk range).
inline constexpr int64_t kBlockRangeMs = int64_t{2} * 60 * 60 * 1000;

/// Where the range that holds `t_ms` begins: at a multiple of kBlockRangeMs.
constexpr TimestampMs block_range_begin(TimestampMs t_ms) {
  int64_t past_begin = t_ms % kBlockRangeMs;
  if (past_begin < 0) past_begin += kBlockRangeMs;
  return t_ms < INT64_MIN + past_begin ? INT64_MIN : t_ms - past_begin;
}

}  // namespace sluice::tsdb
