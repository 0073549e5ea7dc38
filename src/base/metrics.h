#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/thread_safety.h"

namespace sluice {

/// The collector's own metrics, in Prometheus' conventions (base units, _total, _seconds, _bytes).
/// Handles are stable for the registry's life; updating one is lock-free. Thread-safe.
using MetricLabels = std::vector<std::pair<std::string, std::string>>;

class Counter {
 public:
  void add(uint64_t by = 1) { value_.fetch_add(by, std::memory_order_relaxed); }
  uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_{0};
};

class Gauge {
 public:
  void set(double value) { value_.store(value, std::memory_order_relaxed); }
  void add(double by) { value_.fetch_add(by, std::memory_order_relaxed); }
  double value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<double> value_{0};
};

/// Fixed buckets, upper bounds inclusive as in Prometheus (`le`).
class HistogramMetric {
 public:
  explicit HistogramMetric(std::vector<double> upper_bounds);
  void observe(double value);
  const std::vector<double>& upper_bounds() const { return upper_bounds_; }
  /// Not cumulative; one more than upper_bounds (the last is +Inf's own).
  std::vector<uint64_t> counts() const;
  double sum() const { return sum_.load(std::memory_order_relaxed); }

 private:
  std::vector<double> upper_bounds_;
  std::unique_ptr<std::atomic<uint64_t>[]> counts_;
  std::atomic<double> sum_{0};
};

class MetricRegistry {
 public:
  MetricRegistry();
  ~MetricRegistry();
  MetricRegistry(const MetricRegistry&) = delete;
  MetricRegistry& operator=(const MetricRegistry&) = delete;

  /// Returns the metric of that name and labels, making it on first use. Asking again with another type
  /// is a broken invariant. The number of label sets must be bounded by the caller: labels never come
  /// from untrusted input.
  Counter& counter(std::string_view name, std::string_view help, MetricLabels labels = {});
  Gauge& gauge(std::string_view name, std::string_view help, MetricLabels labels = {});
  HistogramMetric& histogram(std::string_view name, std::string_view help, std::vector<double> upper_bounds,
                             MetricLabels labels = {});
  /// A gauge computed when scraped; one of the same name and labels is replaced. `read` must be thread-safe
  /// and quick, and must not call this registry.
  void gauge_function(std::string_view name, std::string_view help, MetricLabels labels, std::function<double()> read);
  /// Drops every gauge_function whose labels equal `labels` (when what they read goes away). None of them
  /// is running once this returns.
  void remove_gauge_functions(const MetricLabels& labels);

  /// Prometheus text exposition format 0.0.4; families by name, label sets in the order they were made.
  std::string expose() const;

 private:
  struct Child;
  struct Family;
  /// The child of that family and label set, made when new.
  Child& child(std::string_view name, std::string_view help, std::string_view type, MetricLabels labels)
      SLUICE_REQUIRES(mutex_);

  mutable Mutex mutex_;
  std::vector<std::unique_ptr<Family>> families_ SLUICE_GUARDED_BY(mutex_);  // sorted by name
};

}  // namespace sluice
