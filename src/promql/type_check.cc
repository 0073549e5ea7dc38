#include <algorithm>

#include <fmt/format.h>

#include "promql/parse_state.h"
#include "promql/text.h"

namespace sluice::promql {
namespace {

/// Walks a tree whose height the parser has bounded. Each check returns at the first offence, children before
/// their parent, in the order of Prometheus' checkAST, so that the error told is the same.
class TypeChecker {
 public:
  explicit TypeChecker(std::string_view text) : text_(text) {}

  Result<void> check(Expr& expr) {
    switch (expr.kind) {
      case ExprKind::kAggregate: return check_aggregate(static_cast<AggregateExpr&>(expr));
      case ExprKind::kBinary: return check_binary(static_cast<BinaryExpr&>(expr));
      case ExprKind::kCall: return check_call(static_cast<Call&>(expr));
      case ExprKind::kParen: return check(*static_cast<ParenExpr&>(expr).expr);
      case ExprKind::kUnary: return check_unary(static_cast<UnaryExpr&>(expr));
      case ExprKind::kSubquery: return check_subquery(static_cast<SubqueryExpr&>(expr));
      case ExprKind::kMatrixSelector: return check(*static_cast<MatrixSelector&>(expr).selector);
      case ExprKind::kVectorSelector: return check_selector(static_cast<VectorSelector&>(expr));
      case ExprKind::kNumber:
      case ExprKind::kString:
      case ExprKind::kDuration: break;
    }
    return {};
  }

 private:
  std::unexpected<Error> error(PositionRange at, std::string_view message) const {
    return parse_error(text_, at, message);
  }

  Result<void> expect_type(Expr& expr, ValueType wanted, std::string_view context) {
    SLUICE_TRY(check(expr));
    const ValueType got = type_of(expr);
    if (got == wanted) return {};
    return error(expr.position,
                 fmt::format("expected type {} in {}, got {}", documented_type(wanted), context, documented_type(got)));
  }

  Result<void> check_aggregate(AggregateExpr& node) {
    SLUICE_TRY(expect_type(*node.expr, ValueType::kVector, "aggregation expression"));
    if (!node.param) return {};
    const ValueType wanted = node.op == AggregateOp::kCountValues ? ValueType::kString : ValueType::kScalar;
    return expect_type(*node.param, wanted, "aggregation parameter");
  }

  /// Where the operator stands: after the left side and white space.
  PositionRange operator_range(const BinaryExpr& node) const {
    auto start = static_cast<size_t>(node.lhs->position.end);
    while (start < text_.size() && std::string_view(" \t\r\n").contains(text_[start])) ++start;
    return {static_cast<int32_t>(start), node.rhs->position.start};
  }

  Result<void> check_binary(BinaryExpr& node) {
    SLUICE_TRY(check(*node.lhs));
    SLUICE_TRY(check(*node.rhs));
    const ValueType left = type_of(*node.lhs);
    const ValueType right = type_of(*node.rhs);
    const bool scalars = left == ValueType::kScalar && right == ValueType::kScalar;
    if (node.return_bool && !is_comparison(node.op))
      return error(operator_range(node), "bool modifier can only be used on comparison operators");
    if (is_comparison(node.op) && !node.return_bool && scalars)
      return error(operator_range(node), "comparisons between scalars must use BOOL modifier");

    VectorMatching& matching = *node.matching;
    if (is_set_operator(node.op) && matching.cardinality == Cardinality::kOneToOne)
      matching.cardinality = Cardinality::kManyToMany;
    if (matching.on)
      for (const std::string& label : matching.labels)
        if (std::find(matching.include.begin(), matching.include.end(), label) != matching.include.end())
          return error(operator_range(node),
                       fmt::format("label {} must not occur in ON and GROUP clause at once", quote(label)));

    constexpr std::string_view kOperands = "binary expression must contain only scalar and instant vector types";
    if (left != ValueType::kScalar && left != ValueType::kVector) return error(node.lhs->position, kOperands);
    if (right != ValueType::kScalar && right != ValueType::kVector) return error(node.rhs->position, kOperands);
    if (left != ValueType::kVector || right != ValueType::kVector) return settle_scalar_side(node);
    return is_set_operator(node.op) ? check_set_operator(node) : Result<void>();
  }

  Result<void> settle_scalar_side(BinaryExpr& node) const {
    if (!node.matching->labels.empty())
      return error(node.position, "vector matching only allowed between instant vectors");
    if (node.matching->fill_left || node.matching->fill_right)
      return error(node.position, "filling in missing series only allowed between instant vectors");
    node.matching.reset();
    if (is_set_operator(node.op))
      return error(node.position,
                   fmt::format("set operator {} not allowed in binary scalar expression", quote(to_string(node.op))));
    const bool trims = node.op == BinaryOp::kTrimUpper || node.op == BinaryOp::kTrimLower;
    if (trims && node.type == ValueType::kScalar)
      return error(node.position,
                   fmt::format("operator {} not allowed for Scalar operations", quote(to_string(node.op))));
    return {};
  }

  Result<void> check_set_operator(const BinaryExpr& node) const {
    if (node.matching->cardinality != Cardinality::kManyToMany)
      return error(node.position, fmt::format("no grouping allowed for {} operation", quote(to_string(node.op))));
    if (node.matching->fill_left || node.matching->fill_right)
      return error(node.position, "filling in missing series not allowed for set operators");
    return {};
  }

  Result<void> check_call(Call& node) {
    const Function& function = *node.function;
    SLUICE_TRY(check_arity(node));
    if (function.id == FunctionId::kInfo && node.args.size() > 1) SLUICE_TRY(check_info_selector(node));
    for (size_t i = 0; i < node.args.size(); ++i) {
      const ValueType wanted = function.arguments[std::min(i, function.arguments.size() - 1)];
      SLUICE_TRY(check(*node.args[i]));
      const ValueType got = type_of(*node.args[i]);
      if (got != wanted)
        return error(node.args[i]->position,
                     fmt::format("expected type {} in call to function {}, got {}", documented_type(wanted),
                                 quote(function.name), documented_type(got)));
    }
    return {};
  }

  Result<void> check_arity(const Call& node) const {
    const Function& function = *node.function;
    const auto declared = static_cast<int>(function.arguments.size());
    const auto given = static_cast<int>(node.args.size());
    const auto wrong = [&](std::string_view how, int wanted) {
      return error(node.position, fmt::format("expected {}{} argument(s) in call to {}, got {}", how, wanted,
                                              quote(function.name), given));
    };
    if (function.variadic == 0) return given == declared ? Result<void>() : wrong("", declared);
    if (given < declared - 1) return wrong("at least ", declared - 1);
    const int most = declared - 1 + function.variadic;
    if (function.variadic > 0 && given > most) return wrong("at most ", most);
    return {};
  }

  /// info()'s second argument only lends its matchers.
  Result<void> check_info_selector(Call& node) const {
    Expr& arg = *node.args[1];
    if (type_of(arg) != ValueType::kVector)
      return error(node.position,
                   fmt::format("expected type {} in call to function {}, got {}", documented_type(ValueType::kVector),
                               quote("info"), documented_type(type_of(arg))));
    auto* selector = as_mutable<VectorSelector>(&arg);
    if (selector == nullptr) return error(arg.position, "expected label selectors only");
    if (!selector->name.empty())
      return error(arg.position, "expected label selectors only, got vector selector instead");
    selector->may_match_everything = true;
    return {};
  }

  Result<void> check_unary(UnaryExpr& node) {
    SLUICE_TRY(check(*node.expr));
    const ValueType type = type_of(*node.expr);
    if (type == ValueType::kScalar || type == ValueType::kVector) return {};
    return error(node.position,
                 fmt::format("unary expression only allowed on expressions of type scalar or instant vector, got {}",
                             quote(documented_type(type))));
  }

  Result<void> check_subquery(SubqueryExpr& node) {
    SLUICE_TRY(check(*node.expr));
    const ValueType type = type_of(*node.expr);
    if (type == ValueType::kVector) return {};
    return error(node.position,
                 fmt::format("subquery is only allowed on instant vector, got {} instead", result_type(type)));
  }

  Result<void> check_selector(const VectorSelector& node) const {
    if (!node.name.empty()) {
      for (size_t i = 0; i + 1 < node.matchers.size(); ++i)
        if (node.matchers[i].name() == model::kMetricName)
          return error(node.position, fmt::format("metric name must not be set twice: {} or {}", quote(node.name),
                                                  quote(node.matchers[i].value())));
      return {};
    }
    if (node.may_match_everything) return {};
    for (const model::Matcher& matcher : node.matchers)
      if (!matcher.matches_empty()) return {};
    return error(node.position, "vector selector must contain at least one non-empty matcher");
  }

  std::string_view text_;
};

}  // namespace

Result<void> type_check(Expr& root, std::string_view text) { return TypeChecker(text).check(root); }

}  // namespace sluice::promql
