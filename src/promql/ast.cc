#include "promql/ast.h"

#include <algorithm>

namespace sluice::promql {
namespace {

uint32_t height_of(const ExprPtr& expr) { return expr ? expr->height : 0; }

}  // namespace

std::string_view to_string(BinaryOp op) {
  switch (op) {
    case BinaryOp::kAdd: return "+";
    case BinaryOp::kSub: return "-";
    case BinaryOp::kMul: return "*";
    case BinaryOp::kDiv: return "/";
    case BinaryOp::kMod: return "%";
    case BinaryOp::kPow: return "^";
    case BinaryOp::kAtan2: return "atan2";
    case BinaryOp::kEqual: return "==";
    case BinaryOp::kNotEqual: return "!=";
    case BinaryOp::kGreater: return ">";
    case BinaryOp::kLess: return "<";
    case BinaryOp::kGreaterEqual: return ">=";
    case BinaryOp::kLessEqual: return "<=";
    case BinaryOp::kAnd: return "and";
    case BinaryOp::kOr: return "or";
    case BinaryOp::kUnless: return "unless";
    case BinaryOp::kTrimUpper: return "</";
    case BinaryOp::kTrimLower: return ">/";
  }
  return "?";
}

std::string_view to_string(AggregateOp op) {
  switch (op) {
    case AggregateOp::kSum: return "sum";
    case AggregateOp::kAvg: return "avg";
    case AggregateOp::kCount: return "count";
    case AggregateOp::kMin: return "min";
    case AggregateOp::kMax: return "max";
    case AggregateOp::kGroup: return "group";
    case AggregateOp::kStddev: return "stddev";
    case AggregateOp::kStdvar: return "stdvar";
    case AggregateOp::kTopk: return "topk";
    case AggregateOp::kBottomk: return "bottomk";
    case AggregateOp::kCountValues: return "count_values";
    case AggregateOp::kQuantile: return "quantile";
    case AggregateOp::kLimitk: return "limitk";
    case AggregateOp::kLimitRatio: return "limit_ratio";
  }
  return "?";
}

bool is_comparison(BinaryOp op) { return op >= BinaryOp::kEqual && op <= BinaryOp::kLessEqual; }

bool is_set_operator(BinaryOp op) { return op >= BinaryOp::kAnd && op <= BinaryOp::kUnless; }

bool takes_parameter(AggregateOp op) { return op >= AggregateOp::kTopk; }

ValueType type_of(const Expr& expr) {
  switch (expr.kind) {
    case ExprKind::kNumber:
    case ExprKind::kDuration: return ValueType::kScalar;
    case ExprKind::kString: return ValueType::kString;
    case ExprKind::kVectorSelector:
    case ExprKind::kAggregate: return ValueType::kVector;
    case ExprKind::kMatrixSelector:
    case ExprKind::kSubquery: return ValueType::kMatrix;
    case ExprKind::kParen: return type_of(*as<ParenExpr>(expr)->expr);
    case ExprKind::kUnary: return type_of(*as<UnaryExpr>(expr)->expr);
    case ExprKind::kBinary: return as<BinaryExpr>(expr)->type;
    case ExprKind::kCall: return as<Call>(expr)->function->result;
  }
  return ValueType::kNone;
}

DurationExpr::DurationExpr(DurationOp operation, ExprPtr left, ExprPtr right, PositionRange at)
    : Expr(kKind, at), op(operation), lhs(std::move(left)), rhs(std::move(right)) {
  height = 1 + std::max(height_of(lhs), height_of(rhs));
}

MatrixSelector::MatrixSelector(std::unique_ptr<VectorSelector> of, PositionRange at)
    : Expr(kKind, at), selector(std::move(of)) {
  height = 2;
}

SubqueryExpr::SubqueryExpr(ExprPtr of, PositionRange at) : Expr(kKind, at), expr(std::move(of)) {
  height = 1 + height_of(expr);
}

ParenExpr::ParenExpr(ExprPtr inside, PositionRange at) : Expr(kKind, at), expr(std::move(inside)) {
  height = 1 + height_of(expr);
}

UnaryExpr::UnaryExpr(bool minus, ExprPtr of, PositionRange at) : Expr(kKind, at), negative(minus), expr(std::move(of)) {
  height = 1 + height_of(expr);
}

BinaryExpr::BinaryExpr(BinaryOp operation, ExprPtr left, ExprPtr right)
    : Expr(kKind, {left->position.start, right->position.end}), op(operation), lhs(std::move(left)),
      rhs(std::move(right)) {
  height = 1 + std::max(height_of(lhs), height_of(rhs));
  const bool scalar = type_of(*lhs) == ValueType::kScalar && type_of(*rhs) == ValueType::kScalar;
  type = scalar ? ValueType::kScalar : ValueType::kVector;
}

AggregateExpr::AggregateExpr(AggregateOp operation, ExprPtr of, ExprPtr parameter, PositionRange at)
    : Expr(kKind, at), op(operation), expr(std::move(of)), param(std::move(parameter)) {
  height = 1 + std::max(height_of(expr), height_of(param));
}

Call::Call(const Function& callee, std::vector<ExprPtr> arguments, PositionRange at)
    : Expr(kKind, at), function(&callee), args(std::move(arguments)) {
  for (const ExprPtr& arg : args) height = std::max(height, 1 + arg->height);
}

}  // namespace sluice::promql
