#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "model/histogram.h"

namespace sluice::model {

/// One bucket of a native histogram with its bounds worked out.
struct HistogramBucket {
  double lower = 0;
  double upper = 0;
  bool lower_inclusive = false;
  bool upper_inclusive = false;
  double count = 0;
  int32_t index = 0;  ///< within its side; 0 for the zero bucket
  friend bool operator==(const HistogramBucket&, const HistogramBucket&) = default;
};

/// The upper bound of the positive bucket `index`: 2^(index * 2^-schema), or a custom bound (-Inf for -1,
/// +Inf past the last). The bound 2^1024 is the largest double instead, and all digits are those of Prometheus
/// (model/histogram/generic.go). `schema` must be kCustomBucketsSchema or an exponential one, from
/// kExponentialSchemaMinReserved to kExponentialSchemaMax (checked).
double bucket_upper_bound(int32_t index, int32_t schema, std::span<const double> custom_values);

/// All buckets that have a place in the spans, ascending: negative ones, the zero bucket when its
/// count is positive, positive ones. Bounds that fall inside the zero bucket are moved to its edge. Spans that promise
/// more buckets than there are counts yield only those that have one.
std::vector<HistogramBucket> buckets_of(const FloatHistogram& histogram);

}  // namespace sluice::model
