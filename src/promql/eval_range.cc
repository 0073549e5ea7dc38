#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "promql/evaluator.h"
#include "promql/range_functions.h"
#include "promql/reference_time.h"

namespace sluice::promql {
namespace {

const TimeModifiers& time_of(const Expr& range) {
  if (const auto* matrix = as<MatrixSelector>(range)) return matrix->selector->time;
  return as<SubqueryExpr>(range)->time;
}

int64_t range_ms_of(const Expr& range) {
  if (const auto* matrix = as<MatrixSelector>(range)) return matrix->range_ms;
  return as<SubqueryExpr>(range)->range_ms;
}

/// Windows of a range vector, step by step; those of anchored and smoothed selectors reach beyond the range.
class Windows {
 public:
  Windows(const Expr& range, const Grid& grid, int64_t lookback_ms)
      : grid_(grid), reference_(time_of(range), grid), range_ms_(range_ms_of(range)) {
    const auto* matrix = as<MatrixSelector>(range);
    anchored_ = matrix != nullptr && matrix->selector->anchored;
    smoothed_ = matrix != nullptr && matrix->selector->smoothed;
    before_ms_ = range_ms_ + (anchored_ || smoothed_ ? lookback_ms : 0);
    after_ms_ = smoothed_ ? lookback_ms : 0;
  }
  Window at(uint32_t step, WindowWalker& walker) const {
    const TimestampMs end = reference_(step);
    Window window = walker.move_to(end - before_ms_, end + after_ms_);
    window.eval_ms = grid_.time(step);
    return window;
  }
  TimestampMs end(uint32_t step) const { return reference_(step); }
  int64_t range_ms() const { return range_ms_; }
  bool anchored() const { return anchored_; }
  bool smoothed() const { return smoothed_; }

 private:
  const Grid& grid_;
  ReferenceTime reference_;
  int64_t range_ms_;
  int64_t before_ms_ = 0;
  int64_t after_ms_ = 0;
  bool anchored_ = false;
  bool smoothed_ = false;
};

/// Anchored and smoothed windows hold samples outside the range, which few functions can tell apart.
Result<void> check_extension(const Windows& windows, const Function& function) {
  using F = FunctionId;
  const F id = function.id;
  const bool rates = id == F::kRate || id == F::kIncrease || id == F::kDelta;
  if (windows.anchored() && !rates && id != F::kChanges && id != F::kResets)
    return fail(
        ErrorCode::kConflict,
        fmt::format("anchored modifier can only be used with: changes, delta, increase, rate, resets - not with {}",
                    function.name));
  if (windows.smoothed() && !rates)
    return fail(
        ErrorCode::kConflict,
        fmt::format("smoothed modifier can only be used with: delta, increase, rate - not with {}", function.name));
  return {};
}

Result<void> check_factors(const RangeCall& call) {
  constexpr std::array kNames{"smoothing", "trend"};
  for (size_t i = 0; i < kNames.size(); ++i)
    if (call.scalars[i] <= 0 || call.scalars[i] >= 1)
      return fail(ErrorCode::kConflict, fmt::format("invalid {} factor. Expected: 0 < {} < 1, got: {:f}", kNames[i],
                                                    i == 0 ? "sf" : "tf", call.scalars[i]));
  return {};
}

bool looks_like_counter(std::string_view name) {
  return name.ends_with("_total") || name.ends_with("_sum") || name.ends_with("_count") || name.ends_with("_bucket");
}

bool has_float(const Row& row) {
  for (uint32_t step = row.begin(); step < row.end(); ++step)
    if (row.cell(step) == Cell::kFloat) return true;
  return false;
}

}  // namespace

RangeFunction range_function(FunctionId id) {
  using F = FunctionId;
  switch (id) {
    case F::kRate: return range_rate;
    case F::kIncrease: return range_increase;
    case F::kDelta: return range_delta;
    case F::kIrate: return range_irate;
    case F::kIdelta: return range_idelta;
    case F::kChanges: return range_changes;
    case F::kResets: return range_resets;
    case F::kSumOverTime: return range_sum;
    case F::kAvgOverTime: return range_avg;
    case F::kMinOverTime: return range_min;
    case F::kMaxOverTime: return range_max;
    case F::kCountOverTime: return range_count;
    case F::kFirstOverTime: return range_first;
    case F::kLastOverTime: return range_last;
    case F::kPresentOverTime: return range_present;
    case F::kStddevOverTime: return range_stddev;
    case F::kStdvarOverTime: return range_stdvar;
    case F::kQuantileOverTime: return range_quantile;
    case F::kMadOverTime: return range_mad;
    case F::kTsOfFirstOverTime: return range_time_of_first;
    case F::kTsOfLastOverTime: return range_time_of_last;
    case F::kTsOfMaxOverTime: return range_time_of_max;
    case F::kTsOfMinOverTime: return range_time_of_min;
    case F::kDeriv: return range_deriv;
    case F::kPredictLinear: return range_predict_linear;
    case F::kDoubleExponentialSmoothing: return range_smoothing;
    default: return nullptr;
  }
}

Result<void> Evaluator::stream_range_call(const Call& node, const Grid& grid, RowSink& sink) {
  if (node.function->id == FunctionId::kAbsentOverTime) return stream_absent_over_time(node, grid, sink);
  size_t range_arg = 0;
  while (type_of(*node.args[range_arg]) != ValueType::kMatrix) ++range_arg;
  const Expr& range = *node.args[range_arg];
  return with_distinct_names(range, true, sink,
                             [&](RowSink& out) { return walk_range_call(node, range_arg, grid, out); });
}

Result<void> Evaluator::walk_range_call(const Call& node, size_t range_arg, const Grid& grid, RowSink& sink) {
  const RangeFunction function = range_function(node.function->id);
  if (function == nullptr) return not_evaluated("function", node.function->name);
  const Expr& range = *node.args[range_arg];
  const Windows windows(range, grid, lookback_ms_);
  SLUICE_TRY(check_extension(windows, *node.function));
  std::vector<std::vector<double>> scalars;
  for (size_t i = 0; i < node.args.size(); ++i) {
    if (i == range_arg) continue;
    SLUICE_ASSIGN(scalars.emplace_back(), scalar(*node.args[i], grid));
  }
  RangeMemo memo;
  RangeCall call{.node = node,
                 .argument = node.args[0]->position,
                 .range_ms = windows.range_ms(),
                 .anchored = windows.anchored(),
                 .smoothed = windows.smoothed(),
                 .scalars = std::vector<double>(scalars.size()),
                 .metric_name = {},
                 .annotations = annotations_,
                 .memo = memo};
  const bool counter = node.function->id == FunctionId::kRate || node.function->id == FunctionId::kIncrease;
  const bool smooths = node.function->id == FunctionId::kDoubleExponentialSmoothing;
  Row row;
  return each_range_series(range, grid, [&](const RangeSeries& series) -> Result<void> {
    row.clear();
    memo = {};
    call.metric_name = series.labels.metric_name();
    WindowWalker walker(series.samples);
    for (uint32_t step = 0; step < grid.count; ++step) {
      const Window window = windows.at(step, walker);
      if (window.empty()) continue;
      for (size_t i = 0; i < scalars.size(); ++i) call.scalars[i] = scalars[i][step];
      if (smooths) SLUICE_TRY(check_factors(call));
      call.range_end_ms = windows.end(step);
      row.append(step, function(window, call));
    }
    if (row.empty()) return {};
    if (counter && !call.metric_name.empty() && !looks_like_counter(call.metric_name) && has_float(row))
      annotations_.add(AnnotationId::kPossibleNonCounter, call.argument, call.metric_name);
    row.labels = series.labels;
    row.drop_name = series.drop_name;
    if (!keeps_name(node.function->id)) drop_name(row);
    return sink.accept(row);
  });
}

Result<void> Evaluator::stream_absent_over_time(const Call& node, const Grid& grid, RowSink& sink) {
  const Windows windows(*node.args[0], grid, lookback_ms_);
  SLUICE_TRY(check_extension(windows, *node.function));
  std::vector<bool> present(grid.count);
  SLUICE_TRY(each_range_series(*node.args[0], grid, [&](const RangeSeries& series) -> Result<void> {
    WindowWalker walker(series.samples);
    for (uint32_t step = 0; step < grid.count; ++step)
      if (!windows.at(step, walker).empty()) present[step] = true;
    return {};
  }));
  return emit_absent(*node.args[0], present, sink);
}

}  // namespace sluice::promql
