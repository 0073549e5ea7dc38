#include "promql/extract_selectors.h"

namespace sluice::promql {
namespace {

using Selectors = std::vector<std::vector<model::Matcher>>;

// The parser bounds the depth (ast.h).
void collect(const Expr* expr, Selectors& out) {
  if (expr == nullptr) return;
  switch (expr->kind) {
    case ExprKind::kNumber:
    case ExprKind::kString:
    case ExprKind::kDuration: return;
    case ExprKind::kVectorSelector: out.push_back(as<VectorSelector>(expr)->matchers); return;
    case ExprKind::kMatrixSelector: collect(as<MatrixSelector>(expr)->selector.get(), out); return;
    case ExprKind::kSubquery: collect(as<SubqueryExpr>(expr)->expr.get(), out); return;
    case ExprKind::kParen: collect(as<ParenExpr>(expr)->expr.get(), out); return;
    case ExprKind::kUnary: collect(as<UnaryExpr>(expr)->expr.get(), out); return;
    case ExprKind::kBinary:
      collect(as<BinaryExpr>(expr)->lhs.get(), out);
      collect(as<BinaryExpr>(expr)->rhs.get(), out);
      return;
    case ExprKind::kAggregate:
      collect(as<AggregateExpr>(expr)->param.get(), out);
      collect(as<AggregateExpr>(expr)->expr.get(), out);
      return;
    case ExprKind::kCall:
      for (const auto& argument : as<Call>(expr)->args) collect(argument.get(), out);
      return;
  }
}

}  // namespace

Selectors extract_selectors(const Expr& expr) {
  Selectors selectors;
  collect(&expr, selectors);
  return selectors;
}

}  // namespace sluice::promql
