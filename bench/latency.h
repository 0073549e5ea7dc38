#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

namespace sluice::bench {

/// Every duration kept, so that percentiles are exact: a run has thousands of requests, not millions. Not thread-safe.
class Latencies {
 public:
  void add(std::chrono::nanoseconds one) { values_.push_back(one); }
  void add(const Latencies& others) { values_.insert(values_.end(), others.values_.begin(), others.values_.end()); }

  size_t count() const { return values_.size(); }
  /// The smallest duration that at least `fraction` (0 to 1) of all do not exceed (nearest rank); 0 without any.
  std::chrono::nanoseconds percentile(double fraction) const;
  std::chrono::nanoseconds max() const { return percentile(1); }

 private:
  std::vector<std::chrono::nanoseconds> values_;
};

inline double to_milliseconds(std::chrono::nanoseconds duration) {
  return std::chrono::duration<double, std::milli>(duration).count();
}

}  // namespace sluice::bench
