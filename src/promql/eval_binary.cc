#include <cmath>

#include "promql/arithmetic.h"
#include "promql/evaluator.h"
#include "promql/grouping.h"
#include "promql/vector_matching.h"

namespace sluice::promql {
namespace {

/// For each matching key, the steps at which some row of that key has a value.
class PresenceByKey {
 public:
  PresenceByKey(LabelKey& key, const std::vector<Row>& rows, uint32_t steps) : key_(key), steps_(steps) {
    for (const Row& row : rows) add(row);
  }
  void add(const Row& row) {
    const size_t index = table_.index_of(key_.of(row.labels));
    if (index == present_.size()) present_.emplace_back(steps_);
    for (uint32_t step = row.begin(); step < row.end(); ++step)
      if (row.cell(step) != Cell::kAbsent) present_[index][step] = true;
  }
  /// nullptr when no row has the key.
  const std::vector<bool>* find(const model::Labels& labels) {
    const size_t index = table_.find(key_.of(labels));
    return index != SIZE_MAX ? &present_[index] : nullptr;
  }

 private:
  LabelKey& key_;
  uint32_t steps_;
  KeyTable table_;
  std::vector<std::vector<bool>> present_;
};

/// Takes out the cells for which `gone` holds.
template <class Gone>
void filter(Row& row, Gone gone) {
  bool changed = false;
  for (uint32_t step = row.begin(); step < row.end(); ++step) {
    if (row.cell(step) == Cell::kAbsent || !gone(step)) continue;
    row.erase(step);
    changed = true;
  }
  if (changed) row.trim();
}

}  // namespace

Result<std::vector<double>> Evaluator::scalar_binary(const BinaryExpr& node, const Grid& grid) {
  SLUICE_ASSIGN(std::vector<double> left, scalar(*node.lhs, grid));
  SLUICE_ASSIGN(const std::vector<double> right, scalar(*node.rhs, grid));
  for (size_t i = 0; i < left.size(); ++i) left[i] = apply(node.op, left[i], right[i]);
  return left;
}

Result<void> Evaluator::stream_binary(const BinaryExpr& node, const Grid& grid, RowSink& sink) {
  if (type_of(*node.lhs) == ValueType::kScalar || type_of(*node.rhs) == ValueType::kScalar)
    return stream_with_scalar(node, grid, sink);
  if (is_set_operator(node.op)) return stream_set_operation(node, grid, sink);
  return stream_matched(node, grid, sink);
}

Result<void> Evaluator::stream_with_scalar(const BinaryExpr& node, const Grid& grid, RowSink& sink) {
  const bool scalar_left = type_of(*node.lhs) == ValueType::kScalar;
  const Expr& vector = scalar_left ? *node.rhs : *node.lhs;
  SLUICE_ASSIGN(const std::vector<double> scalars, scalar(scalar_left ? *node.lhs : *node.rhs, grid));
  const bool comparison = is_comparison(node.op);
  const bool drops_name = changes_metric(node.op) || node.return_bool;

  const auto combine = [&](Row& row, uint32_t step) {
    const Value operand = row.value(step);
    const Value number = Value::of(scalars[step]);
    ElementResult result = scalar_left ? apply(node.op, number, operand, node.position, annotations_)
                                       : apply(node.op, operand, number, node.position, annotations_);
    if (!result.value) return row.erase(step);
    // A comparison keeps the vector's value, on whichever side it stands.
    if (comparison) result.value = operand;
    if (node.return_bool) return row.set(step, result.keep ? 1 : 0);
    if (!result.keep) return row.erase(step);
    if (result.value.is_float()) row.set(step, result.value.number);
    else row.replace(step, std::move(result.value.histogram));
  };
  const auto produce = [&](RowSink& out) {
    CallbackSink apply_to_row([&](Row& row) -> Result<void> {
      const bool plain = !comparison && node.op <= BinaryOp::kAtan2 && !row.has_histograms();
      for (uint32_t step = row.begin(); step < row.end(); ++step) {
        if (row.cell(step) == Cell::kAbsent) continue;
        if (!plain) combine(row, step);
        else if (scalar_left) row.number(step) = apply(node.op, scalars[step], row.number(step));
        else row.number(step) = apply(node.op, row.number(step), scalars[step]);
      }
      if (!plain) row.trim();
      if (row.empty()) return {};
      if (drops_name) drop_name(row);
      return out.accept(row);
    });
    return stream(vector, grid, apply_to_row);
  };
  return drops_name ? with_distinct_names(vector, false, sink, produce) : produce(sink);
}

/// and, or, unless: which series there are, by the labels they are matched on. What a row keeps depends on the
/// other side at each step.
Result<void> Evaluator::stream_set_operation(const BinaryExpr& node, const Grid& grid, RowSink& sink) {
  LabelKey key(node.matching->on, node.matching->labels);
  SLUICE_ASSIGN(std::vector<Row> left, collect(*node.lhs, grid));
  SLUICE_ASSIGN(std::vector<Row> right, collect(*node.rhs, grid));
  std::vector<Row> out;
  if (node.op == BinaryOp::kOr) {
    PresenceByKey present(key, left, grid.count);
    out = std::move(left);
    for (Row& row : right) {
      if (const auto* steps = present.find(row.labels)) filter(row, [&](uint32_t step) { return (*steps)[step]; });
      if (!row.empty()) out.push_back(std::move(row));
    }
  } else {
    PresenceByKey present(key, right, grid.count);
    const bool wanted = node.op == BinaryOp::kAnd;
    for (Row& row : left) {
      const auto* steps = present.find(row.labels);
      if (steps != nullptr) filter(row, [&](uint32_t step) { return (*steps)[step] != wanted; });
      else if (wanted) row.clear();
      if (!row.empty()) out.push_back(std::move(row));
    }
  }
  if (grid.count > 1 || !delays_names()) SLUICE_TRY(merge_equal_labels(out));
  return emit(out, sink);
}

Result<void> Evaluator::stream_matched(const BinaryExpr& node, const Grid& grid, RowSink& sink) {
  SLUICE_ASSIGN(std::vector<Row> left, collect(*node.lhs, grid));
  SLUICE_ASSIGN(std::vector<Row> right, collect(*node.rhs, grid));
  VectorMatcher matcher(node, grid, delays_names(), annotations_);
  SLUICE_ASSIGN(std::vector<Row> out, matcher.match(std::move(left), std::move(right)));
  for (const Row& row : out) SLUICE_TRY(budget_.charge(row.size()));
  if (grid.count > 1 || !delays_names()) SLUICE_TRY(merge_equal_labels(out));
  return emit(out, sink);
}

}  // namespace sluice::promql
