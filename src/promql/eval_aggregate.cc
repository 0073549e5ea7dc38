#include <cmath>
#include <memory>
#include <unordered_map>

#include "promql/evaluator.h"
#include "promql/grouping.h"
#include "promql/quantile.h"

namespace sluice::promql {
namespace {

// What each aggregation keeps for one group at one step. start() takes the first float, add() the others.
struct SumState {
  KahanSum sum;
  void start(double v) { sum = {v, 0}; }
  void add(double v) { sum.add(v); }
  double value() const { return sum.value(); }
};
struct AvgState {
  FloatMean mean{0};
  void start(double v) { mean = FloatMean(v); }
  void add(double v) { mean.add(v); }
  double value() const { return mean.value(); }
};
struct MinState {
  double min = 0;
  void start(double v) { min = v; }
  void add(double v) {
    if (min > v || std::isnan(min)) min = v;
  }
  double value() const { return min; }
};
struct MaxState {
  double max = 0;
  void start(double v) { max = v; }
  void add(double v) {
    if (max < v || std::isnan(max)) max = v;
  }
  double value() const { return max; }
};
struct CountState {
  double count = 0;
  void start(double) { count = 1; }
  void add(double) { ++count; }
  double value() const { return count; }
};
struct GroupState {
  void start(double) {}
  void add(double) {}
  double value() const { return 1; }
};
struct VarianceState {
  double count = 0;
  double mean = 0;
  double squares = 0;
  void start(double v) {
    count = 1;
    mean = v;
    squares = std::isfinite(v) ? 0 : NAN;
  }
  void add(double v) {
    ++count;
    const double delta = v - mean;
    mean += delta / count;
    squares += delta * (v - mean);
  }
  double value() const { return squares / count; }
};
struct DeviationState : VarianceState {
  double value() const { return std::sqrt(VarianceState::value()); }
};

/// How an aggregation treats native histograms.
enum class HistogramUse : uint8_t { kIgnored, kCounted, kCombined };

enum StepFlag : uint8_t { kFloats = 1, kHistograms = 2 };

/// Sums, counts and the like: one accumulator a group and step, fed series by series.
template <class State>
class Aggregation final : public RowSink {
 public:
  Aggregation(const AggregateExpr& node, const Grid& grid, Annotations& annotations, HistogramUse use)
      : node_(node), grid_(grid), annotations_(annotations), use_(use), key_(!node.without, node.grouping) {}

  Result<void> accept(Row& row) override {
    const size_t index = table_.index_of(key_.of(row.labels));
    if (index == groups_.size()) {
      groups_.emplace_back();
      groups_.back().states.resize(grid_.count);
      groups_.back().flags.resize(grid_.count);
    }
    Group& group = groups_[index];
    group.drop_name = group.drop_name || row.drop_name;
    for (uint32_t step = row.begin(); step < row.end(); ++step) {
      const Cell cell = row.cell(step);
      if (cell == Cell::kFloat) add_float(group, step, row.number(step));
      else if (cell == Cell::kHistogram) add_histogram(group, step, row);
    }
    return {};
  }

  Result<void> finish(RowSink& sink) {
    Row row;
    for (size_t i = 0; i < groups_.size(); ++i) {
      row.clear();
      for (uint32_t step = 0; step < grid_.count; ++step) append(groups_[i], step, row);
      if (row.empty()) continue;
      row.labels = model::Labels::from_packed(table_.key(i));
      row.drop_name = groups_[i].drop_name;
      SLUICE_TRY(sink.accept(row));
    }
    return {};
  }

 private:
  struct Group {
    bool drop_name = false;
    std::vector<State> states;
    std::vector<uint8_t> flags;
    std::unordered_map<uint32_t, HistogramMean> histograms;  // by step; most groups have none
  };

  void add_float(Group& group, uint32_t step, double value) {
    State& state = group.states[step];
    if ((group.flags[step] & kFloats) != 0) {
      state.add(value);
    } else {
      state.start(value);
      group.flags[step] |= kFloats;
    }
  }

  void add_histogram(Group& group, uint32_t step, const Row& row) {
    if (use_ == HistogramUse::kCounted) return add_float(group, step, 0);
    if (use_ == HistogramUse::kIgnored) {
      annotations_.add(AnnotationId::kHistogramIgnoredInAggregation, node_.expr->position, to_string(node_.op));
      return;
    }
    group.flags[step] |= kHistograms;
    HistogramMean& mean = group.histograms.try_emplace(step, node_.op == AggregateOp::kAvg).first->second;
    if (mean.incompatible()) return;
    mean.add(*row.histogram(step));
    if (mean.incompatible())
      annotations_.add(AnnotationId::kMixedExponentialCustom, node_.expr->position, row.labels.metric_name());
  }

  void append(const Group& group, uint32_t step, Row& row) {
    const uint8_t flags = group.flags[step];
    if ((flags & kHistograms) == 0) {
      if (flags != 0) row.append(step, group.states[step].value());
      return;
    }
    const HistogramMean& mean = group.histograms.at(step);
    if (mean.bounds_reconciled())
      annotations_.add(AnnotationId::kMismatchedCustomBuckets, node_.expr->position, "aggregation");
    if ((flags & kFloats) != 0) {
      annotations_.add(AnnotationId::kMixedFloatsHistogramsAggregation, node_.expr->position);
      return;
    }
    if (mean.incompatible()) return;
    if (mean.reset_collision())
      annotations_.add(AnnotationId::kCounterResetCollision, node_.expr->position, "aggregation");
    row.append(step, mean.result());
  }

  const AggregateExpr& node_;
  const Grid& grid_;
  Annotations& annotations_;
  HistogramUse use_;
  LabelKey key_;
  KeyTable table_;
  std::vector<Group> groups_;
};

/// quantile: keeps every value.
class QuantileAggregation final : public RowSink {
 public:
  QuantileAggregation(const AggregateExpr& node, const Grid& grid, Annotations& annotations, model::QueryBudget& budget)
      : node_(node), grid_(grid), annotations_(annotations), budget_(budget), key_(!node.without, node.grouping) {}

  Result<void> accept(Row& row) override {
    SLUICE_TRY(budget_.charge(row.size()));
    const size_t index = table_.index_of(key_.of(row.labels));
    if (index == groups_.size()) groups_.emplace_back().values.resize(grid_.count);
    Group& group = groups_[index];
    group.drop_name = group.drop_name || row.drop_name;
    for (uint32_t step = row.begin(); step < row.end(); ++step) {
      if (row.cell(step) == Cell::kFloat) group.values[step].push_back(row.number(step));
      else if (row.cell(step) == Cell::kHistogram)
        annotations_.add(AnnotationId::kHistogramIgnoredInAggregation, node_.expr->position, "quantile");
    }
    return {};
  }

  Result<void> finish(const std::vector<double>& quantiles, RowSink& sink) {
    Row row;
    for (size_t i = 0; i < groups_.size(); ++i) {
      row.clear();
      for (uint32_t step = 0; step < grid_.count; ++step)
        if (!groups_[i].values[step].empty()) row.append(step, quantile(quantiles[step], groups_[i].values[step]));
      if (row.empty()) continue;
      row.labels = model::Labels::from_packed(table_.key(i));
      row.drop_name = groups_[i].drop_name;
      SLUICE_TRY(sink.accept(row));
    }
    return {};
  }

 private:
  struct Group {
    bool drop_name = false;
    std::vector<std::vector<double>> values;  // by step
  };
  const AggregateExpr& node_;
  const Grid& grid_;
  Annotations& annotations_;
  model::QueryBudget& budget_;
  LabelKey key_;
  KeyTable table_;
  std::vector<Group> groups_;
};

template <class State>
Result<void> aggregate(Evaluator& evaluator, const AggregateExpr& node, const Grid& grid, HistogramUse use,
                       RowSink& sink) {
  Aggregation<State> aggregation(node, grid, evaluator.annotations(), use);
  SLUICE_TRY(evaluator.stream(*node.expr, grid, aggregation));
  return aggregation.finish(sink);
}

void remark_quantiles(const std::vector<double>& quantiles, PositionRange position, Annotations& annotations) {
  for (const double q : quantiles)
    if (!(q >= 0 && q <= 1)) annotations.add_invalid_quantile(q, position);
}

}  // namespace

Result<void> Evaluator::stream_aggregate(const AggregateExpr& node, const Grid& grid, RowSink& sink) {
  using Use = HistogramUse;
  switch (node.op) {
    case AggregateOp::kSum: return aggregate<SumState>(*this, node, grid, Use::kCombined, sink);
    case AggregateOp::kAvg: return aggregate<AvgState>(*this, node, grid, Use::kCombined, sink);
    case AggregateOp::kCount: return aggregate<CountState>(*this, node, grid, Use::kCounted, sink);
    case AggregateOp::kMin: return aggregate<MinState>(*this, node, grid, Use::kIgnored, sink);
    case AggregateOp::kMax: return aggregate<MaxState>(*this, node, grid, Use::kIgnored, sink);
    case AggregateOp::kGroup: return aggregate<GroupState>(*this, node, grid, Use::kCounted, sink);
    case AggregateOp::kStdvar: return aggregate<VarianceState>(*this, node, grid, Use::kIgnored, sink);
    case AggregateOp::kStddev: return aggregate<DeviationState>(*this, node, grid, Use::kIgnored, sink);
    case AggregateOp::kCountValues: return stream_count_values(node, grid, sink);
    case AggregateOp::kTopk:
    case AggregateOp::kBottomk:
    case AggregateOp::kLimitk:
    case AggregateOp::kLimitRatio: return stream_selecting(node, grid, sink);
    case AggregateOp::kQuantile: break;
  }
  SLUICE_ASSIGN(const std::vector<double> quantiles, scalar(*node.param, grid));
  QuantileAggregation aggregation(node, grid, annotations_, budget_);
  SLUICE_TRY(stream(*node.expr, grid, aggregation));
  remark_quantiles(quantiles, node.param->position, annotations_);
  return aggregation.finish(quantiles, sink);
}

}  // namespace sluice::promql
