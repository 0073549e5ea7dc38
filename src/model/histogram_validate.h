#pragma once

#include "base/result.h"
#include "model/histogram.h"

namespace sluice::model {

/// Whether a histogram makes sense by itself, as Prometheus asks before it stores one (Validate in
/// model/histogram/histogram.go and float_histogram.go): a known schema, as many buckets as the spans say, no negative
/// count, custom bounds that ascend and suffice, and, of integers, a total that is that of the buckets (or at least as
/// much, when observations were NaN). kInvalidArgument in Prometheus' words.
Result<void> validate(const Histogram& histogram);
/// Likewise, but totals are not compared with buckets: rounding would raise false alarms.
Result<void> validate(const FloatHistogram& histogram);

}  // namespace sluice::model
