#pragma once

#include "base/result.h"
#include "model/histogram.h"

namespace sluice::model {

/// With float counts, as queries compute (ToFloat of model/histogram/histogram.go). The spans must promise as many
/// buckets as there are.
FloatHistogram to_float(const Histogram& histogram);

/// Merges buckets until the schema is `schema`, which is lower than the histogram's; neither has custom buckets.
/// kInvalidArgument, in Prometheus' words, when spans and buckets do not fit together; the histogram is then unchanged.
Result<void> reduce_resolution(Histogram& histogram, int32_t schema);
Result<void> reduce_resolution(FloatHistogram& histogram, int32_t schema);

}  // namespace sluice::model
