#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "promql/histogram_math.h"
#include "promql/kahan.h"

namespace sluice::promql {

/// The quantile of some values, interpolated between neighbours; sorts them, NaN first. NaN when there are none or
/// q is NaN, -Inf below 0, +Inf above 1.
double quantile(double q, std::vector<double>& values);

/// An average as Prometheus takes it: sum by count as long as the sum stays finite, then incrementally.
class FloatMean {
 public:
  explicit FloatMean(double first) : sum_{first, 0} {}
  void add(double value);
  double value() const { return incremental_ ? mean_.value() : sum_.sum / count_ + sum_.compensation / count_; }

 private:
  KahanSum sum_;
  KahanSum mean_;
  double count_ = 1;
  bool incremental_ = false;
};

/// Sum or average of native histograms, and what came up on the way.
class HistogramMean {
 public:
  explicit HistogramMean(bool average) : average_(average) {}
  void add(const model::FloatHistogram& histogram);
  bool empty() const { return !sum_; }
  bool incompatible() const { return incompatible_; }
  bool reset_collision() const { return reset_seen_ && no_reset_seen_; }
  bool bounds_reconciled() const { return reconciled_; }
  /// Not when empty() or incompatible().
  HistogramPtr result() const;

 private:
  bool average_;
  std::optional<HistogramSum> sum_;
  double count_ = 0;
  bool incremental_ = false;
  bool incompatible_ = false;
  bool reconciled_ = false;
  bool reset_seen_ = false;
  bool no_reset_seen_ = false;
};

}  // namespace sluice::promql
