#pragma once

#include "promql/annotations.h"
#include "promql/ast.h"
#include "promql/row.h"

namespace sluice::promql {

/// An operator between two numbers; comparisons give 1 or 0. Set operators and trimming have no meaning here.
double apply(BinaryOp op, double left, double right);

/// An operator between two samples.
struct ElementResult {
  Value value;        ///< absent where the kinds do not go together (a remark says so)
  bool keep = false;  ///< whether a comparison holds; true for arithmetic
};
ElementResult apply(BinaryOp op, const Value& left, const Value& right, PositionRange position,
                    Annotations& annotations);

/// Whether the result measures something else than the operands, so that the metric's name goes.
bool changes_metric(BinaryOp op);

}  // namespace sluice::promql
