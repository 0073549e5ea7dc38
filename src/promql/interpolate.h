#pragma once

#include <string_view>

#include "promql/annotations.h"
#include "promql/range_samples.h"

namespace sluice::promql {

/// The value at `at` on the line between two samples. With `counter`, a fall is a reset: the line starts at 0.
double interpolate(TimestampMs t1, double v1, TimestampMs t2, double v2, TimestampMs at, bool counter);
/// The same for native histograms; nullptr (and a remark) where their buckets cannot be combined.
HistogramPtr interpolate(TimestampMs t1, const model::FloatHistogram& h1, TimestampMs t2,
                         const model::FloatHistogram& h2, TimestampMs at, bool counter, std::string_view metric_name,
                         PositionRange position, Annotations& annotations);

/// What a smoothed instant selector has at `at`, given the samples around it.
Value smoothed_value(const Window& window, TimestampMs at, std::string_view metric_name, PositionRange position,
                     Annotations& annotations);

}  // namespace sluice::promql
