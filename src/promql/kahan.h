#pragma once

#include <cmath>

namespace sluice::promql {

/// Kahan-Neumaier summation: the running sum, and what rounding has lost so far. The result is
/// sum + compensation, or sum alone once that is infinite.
struct KahanSum {
  double sum = 0;
  double compensation = 0;

  void add(double value) {
    const double total = sum + value;
    if (std::isinf(total)) compensation = 0;
    else if (std::fabs(sum) >= std::fabs(value)) compensation += (sum - total) + value;
    else compensation += (value - total) + sum;
    sum = total;
  }
  double value() const { return sum + compensation; }
};

}  // namespace sluice::promql
