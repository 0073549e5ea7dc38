#include "promql/quantile.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace sluice::promql {

double quantile(double q, std::vector<double>& values) {
  if (values.empty() || std::isnan(q)) return std::numeric_limits<double>::quiet_NaN();
  if (q < 0) return -std::numeric_limits<double>::infinity();
  if (q > 1) return std::numeric_limits<double>::infinity();
  std::sort(values.begin(), values.end(), [](double a, double b) { return std::isnan(a) ? !std::isnan(b) : a < b; });
  const auto last = static_cast<double>(values.size() - 1);
  const double rank = q * last;
  const double lower = std::max(0.0, std::floor(rank));
  const double upper = std::min(last, lower + 1);
  const double weight = rank - std::floor(rank);
  return values[static_cast<size_t>(lower)] * (1 - weight) + values[static_cast<size_t>(upper)] * weight;
}

void FloatMean::add(double value) {
  count_ += 1;
  if (!incremental_) {
    KahanSum next = sum_;
    next.add(value);
    if (!std::isinf(next.sum)) {
      sum_ = next;
      return;
    }
    incremental_ = true;
    mean_ = {sum_.sum / (count_ - 1), sum_.compensation / (count_ - 1)};
  }
  const double q = (count_ - 1) / count_;
  mean_ = {q * mean_.sum, q * mean_.compensation};
  mean_.add(value / count_);
}

void HistogramMean::add(const model::FloatHistogram& histogram) {
  if (incompatible_) return;
  reset_seen_ = reset_seen_ || histogram.counter_reset_hint == model::CounterResetHint::kReset;
  no_reset_seen_ = no_reset_seen_ || histogram.counter_reset_hint == model::CounterResetHint::kNotReset;
  count_ += 1;
  if (!sum_) {
    sum_.emplace(histogram);
    return;
  }
  const auto note = [&](HistogramOutcome outcome) {
    incompatible_ = incompatible_ || outcome.incompatible;
    reconciled_ = reconciled_ || outcome.bounds_reconciled;
  };
  if (!average_) return note(sum_->add(histogram));
  if (!incremental_) {
    HistogramSum next = *sum_;
    note(next.add(histogram));
    if (incompatible_) return;
    if (!next.has_overflow()) {
      sum_ = std::move(next);
      return;
    }
    incremental_ = true;
    sum_->divide(count_ - 1);
  }
  sum_->multiply((count_ - 1) / count_);
  note(sum_->add(*divided(histogram, count_)));
}

HistogramPtr HistogramMean::result() const {
  HistogramSum out = *sum_;
  if (average_ && !incremental_) out.divide(count_);
  return std::make_shared<const model::FloatHistogram>(out.result());
}

}  // namespace sluice::promql
