#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "model/histogram.h"
#include "model/labels.h"

namespace sluice::promql {

using HistogramPtr = std::shared_ptr<const model::FloatHistogram>;

/// The moments at which an expression is evaluated: start, start + step, ... (count of them, at least one).
struct Grid {
  TimestampMs start = 0;
  int64_t step_ms = 1;
  uint32_t count = 1;
  TimestampMs time(uint32_t step) const { return start + static_cast<int64_t>(step) * step_ms; }
  TimestampMs end() const { return time(count - 1); }
};

enum class Cell : uint8_t { kAbsent, kFloat, kHistogram };

/// What one series has at one step.
struct Value {
  Cell cell = Cell::kAbsent;
  double number = 0;
  HistogramPtr histogram;

  static Value of(double number) { return {Cell::kFloat, number, nullptr}; }
  static Value of(HistogramPtr histogram) { return {Cell::kHistogram, 0, std::move(histogram)}; }
  bool is_float() const { return cell == Cell::kFloat; }
  bool is_histogram() const { return cell == Cell::kHistogram; }
  explicit operator bool() const { return cell != Cell::kAbsent; }
};

/// One series on a grid, as columns over the steps from the first to the last that has a value.
///
/// Invariants: 1. values and cells have one size. 2. histograms is empty or of that size. 3. A cell is
/// kHistogram exactly where histograms holds one. Steps outside [begin, end) are absent. Not thread-safe.
class Row {
 public:
  model::Labels labels;
  bool drop_name = false;  ///< the metric name goes when the query ends (delayed name removal)

  uint32_t begin() const { return first_; }
  uint32_t end() const { return first_ + static_cast<uint32_t>(values_.size()); }
  bool empty() const { return values_.empty(); }
  size_t size() const { return values_.size(); }
  bool has_histograms() const { return !histograms_.empty(); }

  Cell cell(uint32_t step) const { return step >= first_ && step < end() ? cells_[step - first_] : Cell::kAbsent; }
  /// Only where cell(step) is kFloat.
  double number(uint32_t step) const { return values_[step - first_]; }
  double& number(uint32_t step) { return values_[step - first_]; }
  /// Only where cell(step) is kHistogram.
  const HistogramPtr& histogram(uint32_t step) const { return histograms_[step - first_]; }
  Value value(uint32_t step) const {
    switch (cell(step)) {
      case Cell::kFloat: return Value::of(number(step));
      case Cell::kHistogram: return Value::of(histogram(step));
      case Cell::kAbsent: break;
    }
    return {};
  }

  /// Appends behind what is there; `step` must not be before end(). Gaps become absent.
  void append(uint32_t step, double number) {
    extend_to(step);
    values_.push_back(number);
    cells_.push_back(Cell::kFloat);
    if (!histograms_.empty()) histograms_.emplace_back();
  }
  void append(uint32_t step, HistogramPtr histogram);
  void append(uint32_t step, const Value& value);
  /// Makes a cell inside [begin, end) absent.
  void erase(uint32_t step) {
    cells_[step - first_] = Cell::kAbsent;
    if (!histograms_.empty()) histograms_[step - first_].reset();
  }
  /// Puts a float where something else was; inside [begin, end).
  void set(uint32_t step, double number) {
    values_[step - first_] = number;
    cells_[step - first_] = Cell::kFloat;
    if (!histograms_.empty()) histograms_[step - first_].reset();
  }
  /// Puts another histogram where one was.
  void replace(uint32_t step, HistogramPtr histogram) { histograms_[step - first_] = std::move(histogram); }
  /// Drops absent cells at both ends; clear() when none is left.
  void trim();
  /// Back to no samples, keeping memory for the next series.
  void clear() {
    first_ = 0;
    values_.clear();
    cells_.clear();
    histograms_.clear();
  }
  /// The value of its only step, at every step of `count`.
  void repeat(uint32_t count);
  void reserve(size_t steps) {
    values_.reserve(steps);
    cells_.reserve(steps);
  }

 private:
  void extend_to(uint32_t step);

  uint32_t first_ = 0;
  std::vector<double> values_;
  std::vector<Cell> cells_;
  std::vector<HistogramPtr> histograms_;
};

/// Takes the series of an expression one by one. It may change the row or move out of it; whoever hands it in
/// fills it anew.
class RowSink {
 public:
  virtual ~RowSink() = default;
  virtual Result<void> accept(Row& row) = 0;
};

/// Joins rows of equal labels whose steps do not collide, keeping the order of first appearance.
/// kConflict "vector cannot contain metrics with the same labelset" where they do.
Result<void> merge_equal_labels(std::vector<Row>& rows);

}  // namespace sluice::promql
