#include "promql/engine.h"

#include <algorithm>
#include <numeric>

#include <fmt/format.h>

#include "promql/evaluator.h"
#include "promql/plan.h"
#include "promql/range_functions.h"
#include "promql/reference_time.h"

namespace sluice::promql {
namespace {

TimestampMs bounded(TimestampMs t_ms) { return std::clamp(t_ms, -kTimeMsMax, kTimeMsMax); }

model::SampleColumn to_column(const Row& row, const Grid& grid) {
  model::SampleColumn column;
  for (uint32_t step = row.begin(); step < row.end(); ++step) {
    const Cell cell = row.cell(step);
    if (cell == Cell::kAbsent) continue;
    if (cell == Cell::kHistogram)
      column.histograms.push_back({static_cast<uint32_t>(column.size()), row.histogram(step)});
    column.t_ms.push_back(grid.time(step));
    column.values.push_back(row.number(step));
  }
  return column;
}

model::SampleColumn to_column(const RangeSamples& samples) {
  model::SampleColumn column;
  size_t f = 0;
  size_t h = 0;
  while (f < samples.floats.size() || h < samples.histograms.size()) {
    const bool is_float = h == samples.histograms.size() ||
                          (f < samples.floats.size() && samples.float_t_ms[f] < samples.histogram_t_ms[h]);
    if (!is_float) column.histograms.push_back({static_cast<uint32_t>(column.size()), samples.histograms[h]});
    column.t_ms.push_back(is_float ? samples.float_t_ms[f] : samples.histogram_t_ms[h]);
    column.values.push_back(is_float ? samples.floats[f] : 0);
    is_float ? ++f : ++h;
  }
  return column;
}

/// One query's evaluation: parsed, prepared, and its result put together.
class Execution {
 public:
  Execution(const model::Queryable& storage, const EngineOptions& options, std::string_view query,
            const QueryContext& context)
      : options_(options), query_(query), budget_(context.samples_max.value_or(options.samples_max), context.stop),
        evaluator_(storage, options, context, budget_) {}

  Result<void> parse() {
    SLUICE_ASSIGN(expr_, parse_expr(query_, options_.parser));
    return {};
  }
  const Expr& expr() const { return *expr_; }
  Result<void> plan(const QueryWindow& window) { return prepare(expr_, window); }

  Result<QueryResult> instant(TimestampMs at) {
    const Grid grid{at, 1, 1};
    QueryResult result;
    switch (type_of(*expr_)) {
      case ValueType::kScalar: {
        SLUICE_ASSIGN(const std::vector<double> values, evaluator_.scalar(*expr_, grid));
        result.value = ScalarResult{at, values.front()};
        break;
      }
      case ValueType::kString: result.value = StringResult{at, as<StringLiteral>(unwrapped(*expr_))->value}; break;
      case ValueType::kMatrix: {
        SLUICE_ASSIGN(result.value, range_vector(grid));
        break;
      }
      default: {
        SLUICE_ASSIGN(std::vector<Row> rows, vector(grid));
        VectorResult out;
        out.reserve(rows.size());
        for (Row& row : rows) {
          Value value = row.value(0);
          out.push_back({std::move(row.labels), at, value.number, std::move(value.histogram)});
        }
        result.value = std::move(out);
      }
    }
    return finish(std::move(result));
  }

  Result<QueryResult> range(const Grid& grid) {
    std::vector<Row> rows;
    if (type_of(*expr_) == ValueType::kScalar) {
      SLUICE_ASSIGN(const std::vector<double> values, evaluator_.scalar(*expr_, grid));
      rows.emplace_back();
      for (uint32_t step = 0; step < grid.count; ++step) rows.back().append(step, values[step]);
    } else {
      SLUICE_ASSIGN(rows, vector(grid));
    }
    MatrixResult out;
    out.reserve(rows.size());
    for (Row& row : rows) out.push_back({std::move(row.labels), to_column(row, grid)});
    sort(out);
    QueryResult result;
    result.value = std::move(out);
    return finish(std::move(result));
  }

 private:
  Result<std::vector<Row>> vector(const Grid& grid) {
    SLUICE_ASSIGN(std::vector<Row> rows, evaluator_.collect(*expr_, grid));
    for (Row& row : rows)
      if (row.drop_name && options_.delayed_name_removal) row.labels = without_metadata(row.labels);
    SLUICE_TRY(merge_equal_labels(rows));
    return rows;
  }

  Result<MatrixResult> range_vector(const Grid& grid) {
    MatrixResult out;
    SLUICE_TRY(evaluator_.each_range_series(
        unwrapped(*expr_), grid, [&](const Evaluator::RangeSeries& series) -> Result<void> {
          SLUICE_TRY(budget_.charge(series.samples.floats.size() + series.samples.histograms.size()));
          const bool drop = series.drop_name && options_.delayed_name_removal;
          SLUICE_ASSIGN(model::SampleColumn column, extended_column(series.samples, grid));
          if (column.size() == 0) return {};
          out.push_back({drop ? without_metadata(series.labels) : series.labels, std::move(column)});
          return {};
        }));
    sort(out);
    return out;
  }

  /// An anchored or smoothed range shows its edges instead of the samples beyond them.
  Result<model::SampleColumn> extended_column(const RangeSamples& samples, const Grid& grid) const {
    const auto* matrix = as<MatrixSelector>(unwrapped(*expr_));
    if (matrix == nullptr || (!matrix->selector->anchored && !matrix->selector->smoothed)) return to_column(samples);
    const VectorSelector& selector = *matrix->selector;
    if (!samples.histograms.empty())
      return fail(ErrorCode::kConflict, fmt::format("{} modifier is not supported with histograms",
                                                    selector.anchored ? "anchored" : "smoothed"));
    const TimestampMs end = ReferenceTime(selector.time, grid).first();
    RangeSamples extended = samples;
    extend_to_edges(extended, end - matrix->range_ms, end, selector.smoothed);
    return to_column(extended);
  }

  static void sort(MatrixResult& matrix) {
    std::sort(matrix.begin(), matrix.end(),
              [](const MatrixSeries& a, const MatrixSeries& b) { return a.labels < b.labels; });
  }

  Result<QueryResult> finish(QueryResult result) {
    result.warnings = evaluator_.annotations().warnings(query_);
    result.infos = evaluator_.annotations().infos(query_);
    result.samples = evaluator_.samples_read();
    return result;
  }

  const EngineOptions& options_;
  std::string_view query_;
  model::QueryBudget budget_;
  Evaluator evaluator_;
  ExprPtr expr_;
};

}  // namespace

ValueType QueryResult::type() const {
  constexpr ValueType kTypes[] = {ValueType::kScalar, ValueType::kString, ValueType::kVector, ValueType::kMatrix};
  return kTypes[value.index()];
}

Result<QueryResult> Engine::instant(const model::Queryable& storage, std::string_view query, TimestampMs at,
                                    const QueryContext& context) const {
  at = bounded(at);
  Execution execution(storage, options_, query, context);
  SLUICE_TRY(execution.parse());
  SLUICE_TRY(execution.plan({at, at, 0}));
  return execution.instant(at);
}

Result<QueryResult> Engine::range(const model::Queryable& storage, std::string_view query, TimestampMs start,
                                  TimestampMs end, int64_t step_ms, const QueryContext& context) const {
  if (step_ms <= 0)
    return fail(ErrorCode::kInvalidArgument,
                "zero or negative query resolution step widths are not accepted. Try a positive integer");
  if (end < start) return fail(ErrorCode::kInvalidArgument, "end timestamp must not be before start time");
  start = bounded(start);
  end = bounded(end);
  const int64_t intervals = (end - start) / step_ms;
  if (intervals > options_.steps_max)
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("exceeded maximum resolution of {} points per timeseries. Try decreasing the query "
                            "resolution (?step=XX)",
                            options_.steps_max));
  Execution execution(storage, options_, query, context);
  SLUICE_TRY(execution.parse());
  const ValueType type = type_of(execution.expr());
  if (type != ValueType::kVector && type != ValueType::kScalar)
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("invalid expression type \"{}\" for range query, must be Scalar or instant Vector",
                            documented_type(type)));
  SLUICE_TRY(execution.plan({start, end, step_ms}));
  return execution.range(Grid{start, step_ms, static_cast<uint32_t>(intervals + 1)});
}

}  // namespace sluice::promql
