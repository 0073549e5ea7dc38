#pragma once

#include <vector>

#include "promql/annotations.h"
#include "promql/ast.h"
#include "promql/grouping.h"
#include "promql/row.h"

namespace sluice::promql {

/// Arithmetic and comparison between two vectors (promql/engine.go, VectorBinop), whole rows at a time: rows of
/// both sides are grouped by the labels they are matched on; inside a group the "one" side may have one value a
/// step, and every row of the "many" side is combined with it. One object serves one operation.
class VectorMatcher {
 public:
  VectorMatcher(const BinaryExpr& node, const Grid& grid, bool delays_names, Annotations& annotations);

  /// Errors: kConflict "found duplicate series for the match group ...", "multiple matches for labels: ...".
  /// The result may hold several rows of equal labels.
  Result<std::vector<Row>> match(std::vector<Row> left, std::vector<Row> right);

 private:
  struct Group {
    std::vector<size_t> many;
    std::vector<size_t> one;
  };
  static constexpr size_t kNone = SIZE_MAX;
  static constexpr size_t kSeveral = SIZE_MAX - 1;

  /// The result of one row of the many side as it grows, with the row of the one side it is being combined with.
  struct Output {
    Row row;
    size_t one = kNone;
    size_t identity = 0;  // equal for equal labels within the group
    bool started = false;
  };

  Result<void> match_group(const Group& group);
  Result<void> match_pair(const Row& many, const Row& one);
  size_t one_at(const Group& group, uint32_t step) const;
  Result<void> combine(Output& output, size_t many, size_t one, uint32_t step);
  void start(Output& output, size_t many, size_t one);
  void finish(Output& output);
  Error duplicate_on_one_side(const Group& group, uint32_t step) const;
  bool anything_at(const std::vector<Row>& rows, uint32_t step) const;
  model::Labels result_labels(const model::Labels& many, const model::Labels& one) const;
  model::Labels group_labels(const model::Labels& labels) const;
  void append(Row& row, uint32_t step, const Value& many, const Value& one);

  const BinaryExpr& node_;
  const VectorMatching& matching_;
  const Grid& grid_;
  bool delays_names_;
  bool swapped_;  // group_right: the many side stands on the right
  bool one_to_one_;
  bool drops_metadata_;
  Annotations& annotations_;
  LabelKey key_;
  std::vector<Row> many_;
  std::vector<Row> one_;
  std::vector<Row> out_;
  KeyTable identities_;
};

}  // namespace sluice::promql
