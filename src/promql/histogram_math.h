#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/histogram.h"
#include "promql/row.h"

namespace sluice::promql {

/// What combining two native histograms met.
struct HistogramOutcome {
  bool incompatible = false;       ///< one has exponential buckets, the other custom ones: nothing was done
  bool reset_collision = false;    ///< one says the counter was reset, the other that it was not
  bool bounds_reconciled = false;  ///< custom bounds differed; those in common were kept
};

/// A native histogram taken apart for arithmetic, after Prometheus' model/histogram/float_histogram.go: zero
/// buckets are widened and resolutions lowered to what both sides have in common. Sums are compensated
/// (Kahan-Neumaier), so that the order of many additions matters little. Not thread-safe.
class HistogramSum {
 public:
  explicit HistogramSum(const model::FloatHistogram& first);

  HistogramOutcome add(const model::FloatHistogram& other) { return combine(other, 1); }
  HistogramOutcome subtract(const model::FloatHistogram& other) { return combine(other, -1); }
  void multiply(double factor);
  void divide(double divisor);
  bool has_overflow() const;
  /// The histogram with the compensation added and empty buckets gone.
  model::FloatHistogram result() const;

 private:
  friend bool is_counter_reset(const model::FloatHistogram&, const model::FloatHistogram&);
  struct Number {
    double sum = 0;
    double lost = 0;
    void add(double value);
    double value() const;
  };
  /// The buckets of one side: ascending in index, away from zero.
  struct Side {
    std::vector<int32_t> index;
    std::vector<Number> count;
  };

  HistogramOutcome combine(const model::FloatHistogram& other, double sign);
  bool combine_hints(model::CounterResetHint other);
  bool custom() const { return schema_ == model::kCustomBucketsSchema; }
  double bound(int32_t index) const;
  void raise_zero_threshold(double threshold);
  void reduce_resolution(int32_t schema);
  void map_to_bounds(const std::vector<double>& bounds);
  static void add_side(Side& into, const Side& from, double sign);
  static Side read_side(const std::vector<model::BucketSpan>& spans, const std::vector<double>& buckets);
  static void write_side(const Side& side, std::vector<model::BucketSpan>& spans, std::vector<double>& buckets);

  model::CounterResetHint hint_;
  int32_t schema_;
  double zero_threshold_;
  Number zero_count_;
  Number count_;
  Number sum_;
  Side positive_;
  Side negative_;
  std::vector<double> custom_values_;
};

/// True when a counter that showed `previous` must have been reset to show `current`: some count fell.
bool is_counter_reset(const model::FloatHistogram& current, const model::FloatHistogram& previous);

/// Equal layout, and bit by bit equal numbers.
bool equal_histograms(const model::FloatHistogram& a, const model::FloatHistogram& b);

/// Every count and the sum times `factor`; a gauge when that is negative.
HistogramPtr scaled(const model::FloatHistogram& histogram, double factor);
/// Every count and the sum divided; without buckets when by 0.
HistogramPtr divided(const model::FloatHistogram& histogram, double divisor);
/// Without empty buckets, and with the fewest spans.
HistogramPtr compacted(const model::FloatHistogram& histogram);
/// What remains of a histogram whose observations above (`upper`) or below the bound are taken away; buckets that
/// hold the bound are interpolated, the sum is estimated anew.
HistogramPtr trimmed(const model::FloatHistogram& histogram, double bound, bool upper);
/// The same histogram, saying nothing of resets: samples were left out between it and the one before.
HistogramPtr without_reset_hint(const HistogramPtr& histogram);

/// `{count:2, sum:3, (0.5,1]:2}`, as count_values writes them.
std::string to_string(const model::FloatHistogram& histogram);

}  // namespace sluice::promql
