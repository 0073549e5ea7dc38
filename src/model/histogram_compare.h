#pragma once

#include "model/histogram.h"

namespace sluice::model {

/// Whether two histograms say the same, bit for bit. How spans spell the buckets and buckets without observations make
/// no difference (chunks add such), nor does the counter reset hint, nor anything beside it in a stale marker.
bool is_same(const Histogram& a, const Histogram& b);
bool is_same(const FloatHistogram& a, const FloatHistogram& b);
/// Of one form too. Timestamps are not looked at.
bool is_same(const HistogramSample& a, const HistogramSample& b);

}  // namespace sluice::model
