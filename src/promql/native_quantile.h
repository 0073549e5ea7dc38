#pragma once

#include <string_view>

#include "model/histogram.h"
#include "promql/annotations.h"

namespace sluice::promql {

/// histogram_quantile of a native histogram (promql/quantile.go, HistogramQuantile): logarithmic interpolation in
/// exponential buckets, linear in custom ones and the zero bucket. NaN without observations, -Inf and +Inf for
/// quantiles below 0 and above 1.
double native_quantile(double q, const model::FloatHistogram& histogram, std::string_view metric_name,
                       PositionRange position, Annotations& annotations);

/// The fraction of observations between two values, by the same interpolation.
double native_fraction(double lower, double upper, const model::FloatHistogram& histogram, std::string_view metric_name,
                       PositionRange position, Annotations& annotations);

/// The variance of the observations, each taken to lie in the middle of its bucket.
double native_variance(const model::FloatHistogram& histogram);

}  // namespace sluice::promql
