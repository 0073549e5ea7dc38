#include "bench/latency.h"

#include <algorithm>
#include <cmath>

namespace sluice::bench {

std::chrono::nanoseconds Latencies::percentile(double fraction) const {
  if (values_.empty()) return {};
  std::vector<std::chrono::nanoseconds> sorted = values_;
  const double rank = std::ceil(fraction * static_cast<double>(sorted.size()));
  const auto index = std::clamp<size_t>(static_cast<size_t>(std::max(rank, 1.0)), 1, sorted.size()) - 1;
  std::ranges::nth_element(sorted, sorted.begin() + static_cast<std::ptrdiff_t>(index));
  return sorted[index];
}

}  // namespace sluice::bench
