#pragma once

#include <cstdint>

namespace sluice::bench {

/// How a series' values run on from scrape to scrape. The kinds are those that compress and compute differently: most
/// Kubernetes series stand still or count in whole numbers, few move in all bits of the mantissa.
enum class ValueKind : uint8_t {
  kConstant,      ///< `start`
  kCount,  ///< whole numbers, never falling: about `step` more a scrape, with jitter; below 1 it moves now and then
  kSeconds,  ///< never falling, to the nanosecond: CPU time, sums of durations
  kGaugeWhole,  ///< whole numbers wandering around `start` within `step`
  kGaugePages,  ///< bytes in 4 KiB pages, wandering around `start` within `step`
  kGaugeReal,  ///< all bits of the mantissa, wandering around `start` within `step`
  kBucket,  ///< `share` of the kCount of the same start, step and seed: one histogram's buckets fit together
};

/// A series' value as a pure function of how many scrapes it is old. `seed` is the series' own, except that the series
/// of one histogram share theirs, so that its buckets, count and sum agree.
struct ValueRecipe {
  double start = 0;
  float step = 0;
  float share = 1;
  uint32_t seed = 0;
  ValueKind kind = ValueKind::kConstant;
};

/// The value at `age` scrapes after the series began. Thread-safe, nothing is kept: counters do not fall because
/// step * (age + u) with u in [0, 1) does not.
double value_at(const ValueRecipe& recipe, uint32_t age);

}  // namespace sluice::bench
