#include "promql/evaluator.h"

#include <array>
#include <cmath>
#include <numbers>

#include <fmt/format.h>

#include "promql/plan.h"
#include "promql/text.h"

namespace sluice::promql {
namespace {

/// Charges what it keeps to the query's budget.
class ChargingSink final : public RowSink {
 public:
  explicit ChargingSink(model::QueryBudget& budget) : budget_(budget) {}
  Result<void> accept(Row& row) override {
    SLUICE_TRY(budget_.charge(row.size()));
    rows.push_back(std::move(row));
    row = Row();
    return {};
  }
  std::vector<Row> rows;

 private:
  model::QueryBudget& budget_;
};

}  // namespace

model::Labels without_metadata(const model::Labels& labels) {
  static const std::array<std::string, 2> kTypeAndUnit{"__type__", "__unit__"};
  return labels.without(kTypeAndUnit, true);
}

std::unexpected<Error> not_evaluated(std::string_view kind, std::string_view name) {
  return fail(ErrorCode::kUnsupported, fmt::format("{} {} is parsed but not evaluated yet", kind, quote(name)));
}

Result<void> Evaluator::check_running() {
  if (context_.stop.stop_requested()) return fail(ErrorCode::kCancelled, "query was canceled in expression evaluation");
  if (!context_.deadline || context_.clock == nullptr) return {};
  constexpr uint32_t kTicksPerLook = 16;
  if (ticks_++ % kTicksPerLook != 0 || context_.clock->steady() < *context_.deadline) return {};
  return fail(ErrorCode::kDeadlineExceeded, "query timed out in expression evaluation");
}

Result<void> Evaluator::charge_longest(size_t samples) {
  if (samples <= longest_row_) return {};
  const size_t more = samples - longest_row_;
  longest_row_ = samples;
  return budget_.charge(more);
}

void Evaluator::drop_name(Row& row) const {
  if (delays_names()) row.drop_name = true;
  else row.labels = without_metadata(row.labels);
}

Result<void> Evaluator::emit(std::vector<Row>& rows, RowSink& sink) {
  for (Row& row : rows) SLUICE_TRY(sink.accept(row));
  return {};
}

Result<std::vector<Row>> Evaluator::collect(const Expr& expr, const Grid& grid) {
  ChargingSink sink(budget_);
  SLUICE_TRY(stream(expr, grid, sink));
  return std::move(sink.rows);
}

Result<void> Evaluator::stream(const Expr& expr, const Grid& grid, RowSink& sink) {
  SLUICE_TRY(check_running());
  if (grid.count == 1 || !expr.step_invariant) return dispatch(expr, grid, sink);
  CallbackSink repeating([&](Row& row) {
    row.repeat(grid.count);
    return sink.accept(row);
  });
  return dispatch(expr, Grid{grid.start, grid.step_ms, 1}, repeating);
}

Result<void> Evaluator::dispatch(const Expr& expr, const Grid& grid, RowSink& sink) {
  switch (expr.kind) {
    case ExprKind::kVectorSelector: return stream_selector(*as<VectorSelector>(expr), grid, sink);
    case ExprKind::kParen: return stream(*as<ParenExpr>(expr)->expr, grid, sink);
    case ExprKind::kUnary: return stream_unary(*as<UnaryExpr>(expr), grid, sink);
    case ExprKind::kBinary: return stream_binary(*as<BinaryExpr>(expr), grid, sink);
    case ExprKind::kAggregate: return stream_aggregate(*as<AggregateExpr>(expr), grid, sink);
    case ExprKind::kCall: return stream_call(*as<Call>(expr), grid, sink);
    case ExprKind::kNumber:
    case ExprKind::kString:
    case ExprKind::kMatrixSelector:
    case ExprKind::kSubquery:
    case ExprKind::kDuration: break;
  }
  return fail(ErrorCode::kInternal, fmt::format("a {} was evaluated as a vector", documented_type(type_of(expr))));
}

Result<std::vector<double>> Evaluator::scalar(const Expr& expr, const Grid& grid) {
  SLUICE_TRY(check_running());
  SLUICE_TRY(budget_.charge(grid.count));
  if (grid.count == 1 || !expr.step_invariant || expr.kind == ExprKind::kNumber) return dispatch_scalar(expr, grid);
  SLUICE_ASSIGN(std::vector<double> values, dispatch_scalar(expr, Grid{grid.start, grid.step_ms, 1}));
  values.resize(grid.count, values.front());
  return values;
}

Result<std::vector<double>> Evaluator::dispatch_scalar(const Expr& expr, const Grid& grid) {
  switch (expr.kind) {
    case ExprKind::kNumber: return std::vector<double>(grid.count, as<NumberLiteral>(expr)->value);
    case ExprKind::kParen: return scalar(*as<ParenExpr>(expr)->expr, grid);
    case ExprKind::kCall: return scalar_call(*as<Call>(expr), grid);
    case ExprKind::kUnary: {
      const auto& node = *as<UnaryExpr>(expr);
      SLUICE_ASSIGN(std::vector<double> values, scalar(*node.expr, grid));
      if (node.negative)
        for (double& value : values) value = -value;
      return values;
    }
    case ExprKind::kBinary: return scalar_binary(*as<BinaryExpr>(expr), grid);
    default: break;
  }
  return fail(ErrorCode::kInternal, fmt::format("a {} was evaluated as a scalar", documented_type(type_of(expr))));
}

Result<void> Evaluator::stream_unary(const UnaryExpr& node, const Grid& grid, RowSink& sink) {
  if (!node.negative) return stream(*node.expr, grid, sink);
  return with_distinct_names(*node.expr, false, sink, [&](RowSink& out) {
    CallbackSink negate([&](Row& row) {
      for (uint32_t step = row.begin(); step < row.end(); ++step) {
        if (row.cell(step) == Cell::kFloat) row.number(step) = -row.number(step);
        else if (row.cell(step) == Cell::kHistogram) row.replace(step, scaled(*row.histogram(step), -1));
      }
      drop_name(row);
      return out.accept(row);
    });
    return stream(*node.expr, grid, negate);
  });
}

Result<void> Evaluator::with_distinct_names(const Expr& argument, bool strict, RowSink& sink,
                                            const std::function<Result<void>(RowSink&)>& produce) {
  if (delays_names() || !argument.names_may_differ) return produce(sink);
  ChargingSink kept(budget_);
  SLUICE_TRY(produce(kept));
  const size_t before = kept.rows.size();
  SLUICE_TRY(merge_equal_labels(kept.rows));
  if (strict && kept.rows.size() != before)
    return fail(ErrorCode::kConflict, "vector cannot contain metrics with the same labelset");
  return emit(kept.rows, sink);
}

Result<std::vector<double>> Evaluator::scalar_call(const Call& node, const Grid& grid) {
  switch (node.function->id) {
    case FunctionId::kPi: return std::vector<double>(grid.count, std::numbers::pi);
    case FunctionId::kTime: {
      std::vector<double> values(grid.count);
      for (uint32_t step = 0; step < grid.count; ++step) values[step] = static_cast<double>(grid.time(step)) / 1000;
      return values;
    }
    case FunctionId::kScalar: {
      // The value of the only float at a step; NaN where there is none, or more than one.
      std::vector<double> values(grid.count, NAN);
      std::vector<uint32_t> found(grid.count);
      CallbackSink count([&](Row& row) -> Result<void> {
        for (uint32_t step = row.begin(); step < row.end(); ++step) {
          if (row.cell(step) != Cell::kFloat) continue;
          values[step] = ++found[step] == 1 ? row.number(step) : NAN;
        }
        return {};
      });
      SLUICE_TRY(stream(*node.args[0], grid, count));
      return values;
    }
    case FunctionId::kMaxOf:
    case FunctionId::kMinOf: {
      SLUICE_ASSIGN(std::vector<double> left, scalar(*node.args[0], grid));
      SLUICE_ASSIGN(const std::vector<double> right, scalar(*node.args[1], grid));
      const bool max = node.function->id == FunctionId::kMaxOf;
      for (size_t i = 0; i < left.size(); ++i) {
        if (std::isnan(left[i]) || std::isnan(right[i])) left[i] = NAN;
        else left[i] = max ? std::fmax(left[i], right[i]) : std::fmin(left[i], right[i]);
      }
      return left;
    }
    default: return not_evaluated("function", node.function->name);
  }
}

Result<void> Evaluator::stream_call(const Call& node, const Grid& grid, RowSink& sink) {
  for (const ExprPtr& arg : node.args)
    if (type_of(*arg) == ValueType::kMatrix) return stream_range_call(node, grid, sink);
  switch (node.function->id) {
    case FunctionId::kVector: return stream_vector(node, grid, sink);
    case FunctionId::kTimestamp:
    case FunctionId::kStartTimestamp: return stream_timestamps(node, grid, sink);
    case FunctionId::kInfo: return stream_info(node, grid, sink);
    case FunctionId::kAbsent: return stream_absent(node, grid, sink);
    case FunctionId::kClamp:
    case FunctionId::kClampMax:
    case FunctionId::kClampMin: return stream_clamp(node, grid, sink);
    case FunctionId::kRound: return stream_round(node, grid, sink);
    case FunctionId::kSort:
    case FunctionId::kSortDesc:
    case FunctionId::kSortByLabel:
    case FunctionId::kSortByLabelDesc: return stream_sort(node, grid, sink);
    case FunctionId::kLabelReplace: return stream_label_replace(node, grid, sink);
    case FunctionId::kLabelJoin: return stream_label_join(node, grid, sink);
    case FunctionId::kDaysInMonth:
    case FunctionId::kDayOfMonth:
    case FunctionId::kDayOfWeek:
    case FunctionId::kDayOfYear:
    case FunctionId::kHour:
    case FunctionId::kMinute:
    case FunctionId::kMonth:
    case FunctionId::kYear: return stream_date(node, grid, sink);
    case FunctionId::kHistogramQuantile:
    case FunctionId::kHistogramQuantiles: return stream_histogram_quantile(node, grid, sink);
    case FunctionId::kHistogramFraction: return stream_histogram_fraction(node, grid, sink);
    case FunctionId::kHistogramAvg:
    case FunctionId::kHistogramCount:
    case FunctionId::kHistogramSum:
    case FunctionId::kHistogramStddev:
    case FunctionId::kHistogramStdvar: return stream_histogram_part(node, grid, sink);
    default: return stream_float_function(node, grid, sink);
  }
}

}  // namespace sluice::promql
