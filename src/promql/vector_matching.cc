#include "promql/vector_matching.h"

#include <algorithm>

#include <fmt/format.h>

#include "promql/arithmetic.h"
#include "promql/evaluator.h"
#include "promql/printer.h"

namespace sluice::promql {

VectorMatcher::VectorMatcher(const BinaryExpr& node, const Grid& grid, bool delays_names, Annotations& annotations)
    : node_(node), matching_(*node.matching), grid_(grid), delays_names_(delays_names),
      swapped_(matching_.cardinality == Cardinality::kOneToMany),
      one_to_one_(matching_.cardinality == Cardinality::kOneToOne),
      drops_metadata_(changes_metric(node.op) || (node.return_bool && !delays_names)), annotations_(annotations),
      key_(matching_.on, matching_.labels) {}

Result<std::vector<Row>> VectorMatcher::match(std::vector<Row> left, std::vector<Row> right) {
  if (swapped_) std::swap(left, right);
  many_ = std::move(left);
  one_ = std::move(right);
  KeyTable table;
  std::vector<Group> groups;
  const auto group_of = [&](const Row& row) -> Group& {
    const size_t index = table.index_of(key_.of(row.labels));
    if (index == groups.size()) groups.emplace_back();
    return groups[index];
  };
  for (size_t i = 0; i < many_.size(); ++i) group_of(many_[i]).many.push_back(i);
  for (size_t i = 0; i < one_.size(); ++i) group_of(one_[i]).one.push_back(i);
  const bool fills = matching_.fill_left || matching_.fill_right;
  for (const Group& group : groups) {
    if (!fills && group.many.size() == 1 && group.one.size() == 1)
      SLUICE_TRY(match_pair(many_[group.many[0]], one_[group.one[0]]));
    else SLUICE_TRY(match_group(group));
  }
  return std::move(out_);
}

/// The usual case: one row on each side.
Result<void> VectorMatcher::match_pair(const Row& many, const Row& one) {
  const uint32_t begin = std::max(many.begin(), one.begin());
  const uint32_t end = std::min(many.end(), one.end());
  Row row;
  const bool plain = changes_metric(node_.op) && !many.has_histograms() && !one.has_histograms();
  for (uint32_t step = begin; step < end; ++step) {
    if (many.cell(step) == Cell::kAbsent || one.cell(step) == Cell::kAbsent) continue;
    if (!plain) append(row, step, many.value(step), one.value(step));
    else if (swapped_) row.append(step, apply(node_.op, one.number(step), many.number(step)));
    else row.append(step, apply(node_.op, many.number(step), one.number(step)));
  }
  if (row.empty()) return {};
  row.labels = result_labels(many.labels, one.labels);
  row.drop_name = node_.return_bool;
  out_.push_back(std::move(row));
  return {};
}

/// Appends the operator's result, if there is one to keep.
void VectorMatcher::append(Row& row, uint32_t step, const Value& many, const Value& one) {
  ElementResult result = swapped_ ? apply(node_.op, one, many, node_.position, annotations_)
                                  : apply(node_.op, many, one, node_.position, annotations_);
  if (!result.value) return;
  if (node_.return_bool) row.append(step, result.keep ? 1.0 : 0.0);
  else if (result.keep) row.append(step, result.value);
}

/// The row of the one side that has a value at a step; kNone, or kSeveral.
size_t VectorMatcher::one_at(const Group& group, uint32_t step) const {
  size_t found = kNone;
  for (const size_t i : group.one) {
    if (one_[i].cell(step) == Cell::kAbsent) continue;
    if (found != kNone) return kSeveral;
    found = i;
  }
  return found;
}

bool VectorMatcher::anything_at(const std::vector<Row>& rows, uint32_t step) const {
  return std::any_of(rows.begin(), rows.end(), [&](const Row& row) { return row.cell(step) != Cell::kAbsent; });
}

Result<void> VectorMatcher::match_group(const Group& group) {
  const bool fills = matching_.fill_left || matching_.fill_right;
  if (!fills && group.many.empty() && group.one.size() < 2) return {};
  if (!fills && group.one.empty()) return {};
  std::vector<Output> outputs(group.many.size() + 1);  // the last for what only the one side has
  identities_ = KeyTable();
  std::vector<uint32_t> seen_at;  // by identity: step + 1
  for (uint32_t step = 0; step < grid_.count; ++step) {
    const size_t one = one_at(group, step);
    if (one == kSeveral) {
      if (fills || anything_at(many_, step)) return std::unexpected(duplicate_on_one_side(group, step));
      continue;
    }
    bool matched = false;
    for (size_t m = 0; m < group.many.size(); ++m) {
      if (many_[group.many[m]].cell(step) == Cell::kAbsent) continue;
      if (one == kNone && !matching_.fill_right) continue;
      if (one_to_one_ && matched)
        return fail(ErrorCode::kConflict,
                    "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)");
      matched = true;
      SLUICE_TRY(combine(outputs[m], group.many[m], one, step));
      seen_at.resize(std::max(seen_at.size(), identities_.size()));
      uint32_t& seen = seen_at[outputs[m].identity];
      if (!one_to_one_ && seen == step + 1)
        return fail(ErrorCode::kConflict, "multiple matches for labels: grouping labels must ensure unique matches");
      seen = step + 1;
    }
    if (!matched && one != kNone && matching_.fill_left) SLUICE_TRY(combine(outputs.back(), kNone, one, step));
  }
  for (Output& output : outputs) finish(output);
  return {};
}

/// Combines one step of a row of the many side (kNone: its fill value) with that of the one side (kNone: likewise).
Result<void> VectorMatcher::combine(Output& output, size_t many, size_t one, uint32_t step) {
  if (!output.started || output.one != one) {
    finish(output);
    start(output, many, one);
  }
  // A swapped operation keeps the sides of its fill values: fill_right stands in for the one side.
  const Value many_value = many == kNone ? Value::of(*matching_.fill_left) : many_[many].value(step);
  const Value one_value = one == kNone ? Value::of(*matching_.fill_right) : one_[one].value(step);
  append(output.row, step, many_value, one_value);
  return {};
}

void VectorMatcher::start(Output& output, size_t many, size_t one) {
  const model::Labels many_labels = many == kNone ? group_labels(one_[one].labels) : many_[many].labels;
  const model::Labels one_labels = one == kNone ? group_labels(many_[many].labels) : one_[one].labels;
  output.row.clear();
  output.row.labels = result_labels(many_labels, one_labels);
  output.row.drop_name = node_.return_bool;
  output.one = one;
  output.started = true;
  output.identity = identities_.index_of(output.row.labels.packed());
}

void VectorMatcher::finish(Output& output) {
  if (output.started && !output.row.empty()) out_.push_back(std::move(output.row));
  output.row = Row();
  output.started = false;
}

model::Labels VectorMatcher::group_labels(const model::Labels& labels) const {
  return matching_.on ? labels.keep_only(matching_.labels) : labels.without(matching_.labels, true);
}

model::Labels VectorMatcher::result_labels(const model::Labels& many, const model::Labels& one) const {
  model::Labels labels = drops_metadata_ ? without_metadata(many) : many;
  if (one_to_one_) labels = matching_.on ? labels.keep_only(matching_.labels) : labels.without(matching_.labels, false);
  for (const std::string& name : matching_.include) labels = labels.with(name, one.get(name));
  return labels;
}

Error VectorMatcher::duplicate_on_one_side(const Group& group, uint32_t step) const {
  std::vector<std::string> names;
  model::Labels match_group;
  for (const size_t i : group.one) {
    if (one_[i].cell(step) == Cell::kAbsent || names.size() == 2) continue;
    names.push_back(print_labels(one_[i].labels));
    match_group = group_labels(one_[i].labels);
  }
  std::sort(names.begin(), names.end());
  return {ErrorCode::kConflict,
          fmt::format("found duplicate series for the match group {} on the {} hand-side of the operation: [{}, {}]"
                      ";many-to-many matching not allowed: matching labels must be unique on one side",
                      print_labels(match_group), swapped_ ? "left" : "right", names[0], names[1])};
}

}  // namespace sluice::promql
