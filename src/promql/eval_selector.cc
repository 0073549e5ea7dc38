#include <algorithm>

#include "promql/evaluator.h"
#include "promql/interpolate.h"
#include "promql/printer.h"
#include "promql/reference_time.h"

namespace sluice::promql {
namespace {

/// One sample of a column, by its row.
Value sample_at(const model::SampleColumn& column, size_t row) {
  if (!column.histograms.empty()) {
    const auto found = std::lower_bound(column.histograms.begin(), column.histograms.end(), row,
                                        [](const auto& entry, size_t key) { return entry.row < key; });
    if (found != column.histograms.end() && found->row == row) {
      if (model::is_stale(found->histogram->sum)) return {};
      return Value::of(found->histogram);
    }
  }
  if (model::is_stale(column.values[row])) return {};
  return Value::of(column.values[row]);
}

/// Leaves only count, sum and reset hint of native histograms. Where a reset is not known yet it is looked for
/// while the buckets are still there (promql/histogram_stats_iterator.go).
void keep_stats(model::SampleColumn& column) {
  const model::FloatHistogram* last = nullptr;
  HistogramPtr last_full;
  for (auto& entry : column.histograms) {
    const HistogramPtr full = entry.histogram;
    auto stats = std::make_shared<model::FloatHistogram>();
    stats->counter_reset_hint = full->counter_reset_hint;
    stats->schema = full->schema;
    stats->count = full->count;
    stats->sum = full->sum;
    if (!model::is_stale(full->sum)) {
      if (last != nullptr && full->counter_reset_hint == model::CounterResetHint::kUnknown)
        stats->counter_reset_hint =
            is_counter_reset(*full, *last) ? model::CounterResetHint::kReset : model::CounterResetHint::kNotReset;
      last_full = full;
      last = last_full.get();
    }
    entry.histogram = std::move(stats);
  }
}

}  // namespace

Result<Evaluator::SelectedSeries> Evaluator::select(const VectorSelector& node, const Grid& grid, int64_t before_ms,
                                                    int64_t after_ms, model::TimeRange& range) {
  const ReferenceTime reference(node.time, grid);
  range = {reference.first() - before_ms + 1, reference.last() + after_ms};
  auto series = storage_.select(node.matchers, range, budget_);
  if (!series) return std::unexpected(std::move(series).error());
  return series;
}

Result<void> Evaluator::read(model::Series& series, model::TimeRange range, const VectorSelector& node) {
  SLUICE_TRY(check_running());
  SLUICE_TRY(series.read(range, column_));
  if (node.histogram_stats) keep_stats(column_);
  samples_read_ += column_.size();  // the storage has charged them
  return {};
}

/// Walks each series of an instant selector once: at each step the newest sample not after the step's moment,
/// unless it is a stale marker or as old as the lookback. `append` puts it (its row in column_) into the result.
template <class Append>
Result<void> Evaluator::walk_instants(const VectorSelector& node, const Grid& grid, const Append& append,
                                      RowSink& sink) {
  model::TimeRange range;
  SLUICE_ASSIGN(SelectedSeries selected, select(node, grid, lookback_ms_, 0, range));
  const ReferenceTime reference(node.time, grid);
  Row row;
  for (const auto& series : selected) {
    SLUICE_TRY(read(*series, range, node));
    row.clear();
    size_t next = 0;
    for (uint32_t step = 0; step < grid.count; ++step) {
      const TimestampMs at = reference(step);
      while (next < column_.size() && column_.t_ms[next] <= at) ++next;
      if (next == 0 || column_.t_ms[next - 1] <= at - lookback_ms_) continue;
      const Value value = sample_at(column_, next - 1);
      if (value) append(row, step, value, next - 1);
    }
    if (row.empty()) continue;
    row.labels = series->labels();
    row.drop_name = false;
    SLUICE_TRY(sink.accept(row));
  }
  return {};
}

Result<void> Evaluator::stream_selector(const VectorSelector& node, const Grid& grid, RowSink& sink) {
  if (node.smoothed) return stream_smoothed(node, grid, sink);
  const auto keep = [](Row& row, uint32_t step, const Value& value, size_t) { row.append(step, value); };
  return walk_instants(node, grid, keep, sink);
}

/// A smoothed instant selector interpolates between the samples around each moment, both within the lookback;
/// without a later one it keeps the earlier.
Result<void> Evaluator::stream_smoothed(const VectorSelector& node, const Grid& grid, RowSink& sink) {
  model::TimeRange range;
  SLUICE_ASSIGN(SelectedSeries selected, select(node, grid, lookback_ms_, lookback_ms_, range));
  const ReferenceTime reference(node.time, grid);
  RangeSamples samples;
  Row row;
  for (const auto& series : selected) {
    SLUICE_TRY(read(*series, range, node));
    samples.take(column_, false);
    row.clear();
    WindowWalker walker(samples);
    for (uint32_t step = 0; step < grid.count; ++step) {
      const TimestampMs at = reference(step);
      const Window window = walker.move_to(at - lookback_ms_, at + lookback_ms_);
      row.append(step, smoothed_value(window, at, series->labels().metric_name(), node.position, annotations_));
    }
    if (row.empty()) continue;
    row.labels = series->labels();
    row.drop_name = false;
    SLUICE_TRY(sink.accept(row));
  }
  return {};
}

/// timestamp(): the sample's own time when its argument is a selector, else the time of evaluation.
/// start_timestamp(): when the sample's counter began; nothing where that is not known.
Result<void> Evaluator::stream_timestamps(const Call& node, const Grid& grid, RowSink& sink) {
  const Expr& argument = *node.args[0];
  const auto* selector = as<VectorSelector>(argument);
  const bool starts = node.function->id == FunctionId::kStartTimestamp;
  if (starts && (selector == nullptr || !options_.start_timestamps)) return {};
  return with_distinct_names(argument, false, sink, [&](RowSink& out) -> Result<void> {
    CallbackSink finish([&](Row& row) {
      for (uint32_t step = row.begin(); selector == nullptr && step < row.end(); ++step)
        if (row.cell(step) != Cell::kAbsent) row.set(step, static_cast<double>(grid.time(step)) / 1000);
      drop_name(row);
      return out.accept(row);
    });
    if (selector == nullptr) return stream(argument, grid, finish);
    const auto keep_time = [&](Row& row, uint32_t step, const Value&, size_t sample) {
      TimestampMs t_ms = column_.t_ms[sample];
      if (starts) t_ms = column_.start_ms.empty() ? 0 : column_.start_ms[sample];
      row.append(step, static_cast<double>(t_ms) / 1000);
    };
    return walk_instants(*selector, grid, keep_time, finish);
  });
}

/// The sample times of info series as values, for info() to find the newest by.
Result<void> Evaluator::stream_sample_times(const VectorSelector& node, const Grid& grid, RowSink& sink) {
  bool histogram = false;
  const auto keep_time = [&](Row& row, uint32_t step, const Value& value, size_t sample) {
    histogram = histogram || value.is_histogram();
    row.append(step, static_cast<double>(column_.t_ms[sample]));
  };
  CallbackSink checked([&](Row& row) -> Result<void> {
    if (!histogram) return sink.accept(row);
    return fail(ErrorCode::kConflict, "this should be an info metric, with float samples: " + print_labels(row.labels));
  });
  return walk_instants(node, grid, keep_time, checked);
}

Result<void> Evaluator::each_range_series(const Expr& range, const Grid& grid, const RangeVisitor& visit) {
  if (const auto* matrix = as<MatrixSelector>(range)) return each_selected_range(*matrix, grid, visit);
  return each_subquery_range(*as<SubqueryExpr>(range), grid, visit);
}

Result<void> Evaluator::each_selected_range(const MatrixSelector& node, const Grid& grid, const RangeVisitor& visit) {
  const VectorSelector& selector = *node.selector;
  const bool extended = selector.anchored || selector.smoothed;
  const int64_t before_ms = node.range_ms + (extended ? lookback_ms_ : 0);
  model::TimeRange range;
  SLUICE_ASSIGN(SelectedSeries selected,
                select(selector, grid, before_ms, selector.smoothed ? lookback_ms_ : 0, range));
  RangeSamples samples;
  for (const auto& series : selected) {
    SLUICE_TRY(read(*series, range, selector));
    samples.take(column_, options_.start_timestamps);
    if (!samples.empty()) SLUICE_TRY(visit({series->labels(), false, samples}));
  }
  return {};
}

Result<void> Evaluator::each_subquery_range(const SubqueryExpr& node, const Grid& grid, const RangeVisitor& visit) {
  const ReferenceTime reference(node.time, grid);
  SLUICE_ASSIGN(const Grid inner, subquery_grid(node, reference.first(), reference.last()));
  if (inner.count == 0) return {};
  RangeSamples samples;
  CallbackSink convert([&](Row& row) -> Result<void> {
    SLUICE_TRY(charge_longest(row.size()));
    samples.assign(row, inner);
    for (HistogramPtr& histogram : samples.histograms) histogram = without_reset_hint(histogram);
    return visit({row.labels, row.drop_name, samples});
  });
  return stream(*node.expr, inner, convert);
}

/// The subquery's own steps: the multiples of its step in (first - range, last].
Result<Grid> Evaluator::subquery_grid(const SubqueryExpr& node, TimestampMs first, TimestampMs last) const {
  const int64_t step = node.step_ms != 0 ? node.step_ms : options_.subquery_step_ms;
  const TimestampMs open_end = first - node.range_ms;
  TimestampMs start = open_end / step * step;
  if (start > open_end && open_end < 0) start -= step;  // division rounds towards zero
  start += step;
  if (start > last) return Grid{start, step, 0};
  const int64_t count = (last - start) / step + 1;
  if (static_cast<uint64_t>(count) > context_.samples_max.value_or(options_.samples_max) || count > INT32_MAX)
    return fail(ErrorCode::kQuotaExceeded,
                "query processing would load too many samples into memory in query execution");
  return Grid{start, step, static_cast<uint32_t>(count)};
}

}  // namespace sluice::promql
