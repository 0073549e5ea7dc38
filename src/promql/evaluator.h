#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "model/queryable.h"
#include "promql/annotations.h"
#include "promql/ast.h"
#include "promql/engine.h"
#include "promql/histogram_math.h"
#include "promql/range_samples.h"
#include "promql/row.h"

namespace sluice::promql {

/// Evaluates a prepared tree (plan.h) over a grid, series by series: a node hands each of its series, with the
/// values of all steps, to the sink above it. What can work on one series at a time (selectors, functions,
/// arithmetic with scalars) never holds more than one; aggregations hold one row a group; only what has to see
/// everything (matching of vectors, topk, classic histograms, subqueries) collects.
///
/// One object serves one query on one thread. Errors are those engine.h lists.
class Evaluator {
 public:
  Evaluator(const model::Queryable& storage, const EngineOptions& options, const QueryContext& context,
            model::QueryBudget& budget)
      : storage_(storage), options_(options), context_(context), budget_(budget),
        lookback_ms_(context.lookback_ms.value_or(options.lookback_ms)) {}

  /// Hands the series of a vector expression to `sink`, in Prometheus' order.
  Result<void> stream(const Expr& expr, const Grid& grid, RowSink& sink);
  /// The same, kept; their cells are charged to the budget.
  Result<std::vector<Row>> collect(const Expr& expr, const Grid& grid);
  /// The value of a scalar expression at each step.
  Result<std::vector<double>> scalar(const Expr& expr, const Grid& grid);

  /// One series of a range vector; `samples` covers the windows of all steps.
  struct RangeSeries {
    const model::Labels& labels;
    bool drop_name;
    const RangeSamples& samples;
  };
  using RangeVisitor = std::function<Result<void>(const RangeSeries&)>;
  /// Hands each series of a matrix selector or subquery to `visit`.
  Result<void> each_range_series(const Expr& range, const Grid& grid, const RangeVisitor& visit);

  Annotations& annotations() { return annotations_; }
  uint64_t samples_read() const { return samples_read_; }

 private:
  // evaluator.cc
  Result<void> dispatch(const Expr& expr, const Grid& grid, RowSink& sink);
  Result<std::vector<double>> dispatch_scalar(const Expr& expr, const Grid& grid);
  Result<void> stream_unary(const UnaryExpr& node, const Grid& grid, RowSink& sink);
  Result<void> stream_call(const Call& node, const Grid& grid, RowSink& sink);
  Result<std::vector<double>> scalar_call(const Call& node, const Grid& grid);
  Result<void> emit(std::vector<Row>& rows, RowSink& sink);
  /// Lets `produce` hand rows to the sink it gets and passes them on. Where names go at once and `argument`'s
  /// series may differ only by name, equal rows are merged before; `strict` refuses even those that do not
  /// collide, as Prometheus does for functions of ranges.
  Result<void> with_distinct_names(const Expr& argument, bool strict, RowSink& sink,
                                   const std::function<Result<void>(RowSink&)>& produce);

  // eval_selector.cc
  Result<void> stream_selector(const VectorSelector& node, const Grid& grid, RowSink& sink);
  Result<void> stream_timestamps(const Call& node, const Grid& grid, RowSink& sink);
  Result<void> stream_sample_times(const VectorSelector& node, const Grid& grid, RowSink& sink);
  using SelectedSeries = std::vector<std::unique_ptr<model::Series>>;
  Result<SelectedSeries> select(const VectorSelector& node, const Grid& grid, int64_t before_ms, int64_t after_ms,
                                model::TimeRange& range);
  Result<void> read(model::Series& series, model::TimeRange range, const VectorSelector& node);
  Result<void> each_selected_range(const MatrixSelector& node, const Grid& grid, const RangeVisitor& visit);
  Result<void> each_subquery_range(const SubqueryExpr& node, const Grid& grid, const RangeVisitor& visit);
  Result<Grid> subquery_grid(const SubqueryExpr& node, TimestampMs first, TimestampMs last) const;
  Result<void> stream_smoothed(const VectorSelector& node, const Grid& grid, RowSink& sink);
  template <class Emit>
  Result<void> walk_instants(const VectorSelector& node, const Grid& grid, const Emit& append, RowSink& sink);

  // eval_range.cc
  Result<void> stream_range_call(const Call& node, const Grid& grid, RowSink& sink);
  Result<void> walk_range_call(const Call& node, size_t range_arg, const Grid& grid, RowSink& sink);
  Result<void> stream_absent_over_time(const Call& node, const Grid& grid, RowSink& sink);
  Result<void> emit_absent(const Expr& argument, const std::vector<bool>& present, RowSink& sink);

  // eval_functions.cc
  Result<void> stream_float_function(const Call& node, const Grid& grid, RowSink& sink);
  Result<void> stream_clamp(const Call& node, const Grid& grid, RowSink& sink);
  Result<void> stream_round(const Call& node, const Grid& grid, RowSink& sink);
  Result<void> stream_date(const Call& node, const Grid& grid, RowSink& sink);
  Result<void> stream_vector(const Call& node, const Grid& grid, RowSink& sink);
  Result<void> stream_absent(const Call& node, const Grid& grid, RowSink& sink);
  Result<void> stream_sort(const Call& node, const Grid& grid, RowSink& sink);
  Result<void> stream_label_replace(const Call& node, const Grid& grid, RowSink& sink);
  Result<void> stream_label_join(const Call& node, const Grid& grid, RowSink& sink);

  // eval_info.cc
  Result<void> stream_info(const Call& node, const Grid& grid, RowSink& sink);

  // eval_aggregate.cc, eval_select.cc
  Result<void> stream_aggregate(const AggregateExpr& node, const Grid& grid, RowSink& sink);
  Result<void> stream_count_values(const AggregateExpr& node, const Grid& grid, RowSink& sink);
  Result<void> stream_selecting(const AggregateExpr& node, const Grid& grid, RowSink& sink);

  // eval_binary.cc
  Result<std::vector<double>> scalar_binary(const BinaryExpr& node, const Grid& grid);
  Result<void> stream_binary(const BinaryExpr& node, const Grid& grid, RowSink& sink);
  Result<void> stream_with_scalar(const BinaryExpr& node, const Grid& grid, RowSink& sink);
  Result<void> stream_set_operation(const BinaryExpr& node, const Grid& grid, RowSink& sink);
  Result<void> stream_matched(const BinaryExpr& node, const Grid& grid, RowSink& sink);

  // eval_histogram.cc
  Result<void> stream_histogram_quantile(const Call& node, const Grid& grid, RowSink& sink);
  Result<void> label_quantiles(const Call& node, const std::vector<double>& quantiles, const Grid& grid,
                               std::vector<Row>& rows);
  Result<void> stream_histogram_fraction(const Call& node, const Grid& grid, RowSink& sink);
  Result<void> stream_histogram_part(const Call& node, const Grid& grid, RowSink& sink);

  /// kCancelled, kDeadlineExceeded: asked once a series.
  Result<void> check_running();
  /// For rows that are in memory one at a time: only what is longer than any before counts.
  Result<void> charge_longest(size_t samples);
  /// What functions and operators do to their result's name: gone at once, or at the query's end.
  void drop_name(Row& row) const;
  bool delays_names() const { return options_.delayed_name_removal; }

  const model::Queryable& storage_;
  const EngineOptions& options_;
  const QueryContext& context_;
  model::QueryBudget& budget_;
  int64_t lookback_ms_;
  Annotations annotations_;
  uint64_t samples_read_ = 0;
  size_t longest_row_ = 0;
  uint32_t ticks_ = 0;  // since the clock was last asked
  model::SampleColumn column_;  // of the series being read
};

/// A sink that calls back; for nodes that change rows on their way up.
template <class Callback>
class CallbackSink final : public RowSink {
 public:
  explicit CallbackSink(Callback callback) : callback_(std::move(callback)) {}
  Result<void> accept(Row& row) override { return callback_(row); }

 private:
  Callback callback_;
};

/// Keeps every row it gets.
class CollectingSink final : public RowSink {
 public:
  Result<void> accept(Row& row) override {
    rows.push_back(std::move(row));
    return {};
  }
  std::vector<Row> rows;
};

/// The labels without __name__, __type__ and __unit__: what arithmetic and functions make of a series'
/// identity.
model::Labels without_metadata(const model::Labels& labels);

/// The error of what parses but is not evaluated: `function "topk" is parsed but not evaluated yet`.
std::unexpected<Error> not_evaluated(std::string_view kind, std::string_view name);

}  // namespace sluice::promql
