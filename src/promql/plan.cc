#include "promql/plan.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace sluice::promql {
namespace {

/// The seconds of a duration expression (promql/durations.go).
class DurationEvaluator {
 public:
  explicit DurationEvaluator(const QueryWindow& window) : window_(window) {}

  Result<int64_t> milliseconds(const DurationExpr& expr, bool negative_allowed) const {
    SLUICE_ASSIGN(const double seconds, value(expr));
    const auto refuse = [&](std::string_view why) {
      return fail(ErrorCode::kInvalidArgument, fmt::format("{}:{}: {}", expr.position.start, expr.position.end, why));
    };
    if (!std::isfinite(seconds)) return refuse("duration is NaN or infinite");
    if (seconds <= 0 && !negative_allowed) return refuse("duration must be greater than 0");
    constexpr double kSecondsMax = 9223372036854775808.0 / 1e9;
    if (std::fabs(seconds) > kSecondsMax) return refuse("duration is out of range");
    return static_cast<int64_t>(seconds * 1000);
  }

 private:
  Result<double> value(const Expr& expr) const {
    if (const auto* number = as<NumberLiteral>(expr)) return number->value;
    const auto& node = *as<DurationExpr>(expr);
    double left = 0;
    double right = 0;
    if (node.lhs) {
      SLUICE_ASSIGN(left, value(*node.lhs));
    }
    if (node.rhs) {
      SLUICE_ASSIGN(right, value(*node.rhs));
    }
    switch (node.op) {
      case DurationOp::kStep: return static_cast<double>(window_.step_ms) / 1000;
      case DurationOp::kRange: return static_cast<double>(window_.end - window_.start) / 1000;
      case DurationOp::kMin: return std::isnan(left) || std::isnan(right) ? NAN : std::min(left, right);
      case DurationOp::kMax: return std::isnan(left) || std::isnan(right) ? NAN : std::max(left, right);
      case DurationOp::kAdd: return left + right;
      case DurationOp::kSub: return left - right;
      case DurationOp::kMul: return left * right;
      case DurationOp::kPow: return std::pow(left, right);
      case DurationOp::kDiv:
      case DurationOp::kMod: break;
    }
    if (right == 0)
      return fail(ErrorCode::kInvalidArgument, fmt::format("{}:{}: {} by zero", node.position.start, node.position.end,
                                                           node.op == DurationOp::kDiv ? "division" : "modulo"));
    return node.op == DurationOp::kDiv ? left / right : std::fmod(left, right);
  }

  const QueryWindow& window_;
};

class Planner {
 public:
  explicit Planner(const QueryWindow& window) : window_(window), durations_(window) {}

  Result<void> visit(ExprPtr& slot) {
    fold_context_call(slot);
    Expr& expr = *slot;
    switch (expr.kind) {
      case ExprKind::kNumber:
      case ExprKind::kString:
      case ExprKind::kDuration:
        expr.step_invariant = true;
        expr.names_may_differ = false;
        return {};
      case ExprKind::kVectorSelector: return visit_selector(static_cast<VectorSelector&>(expr));
      case ExprKind::kMatrixSelector: return visit_matrix(static_cast<MatrixSelector&>(expr));
      case ExprKind::kSubquery: return visit_subquery(static_cast<SubqueryExpr&>(expr));
      case ExprKind::kParen: return visit_wrapper(expr, static_cast<ParenExpr&>(expr).expr);
      case ExprKind::kUnary: return visit_unary(static_cast<UnaryExpr&>(expr));
      case ExprKind::kBinary: return visit_binary(static_cast<BinaryExpr&>(expr));
      case ExprKind::kAggregate: return visit_aggregate(static_cast<AggregateExpr&>(expr));
      case ExprKind::kCall: return visit_call(static_cast<Call&>(expr));
    }
    return {};
  }

 private:
  void fold_context_call(ExprPtr& slot) const {
    const auto* call = as<Call>(slot.get());
    if (call == nullptr) return;
    double seconds = 0;
    switch (call->function->id) {
      case FunctionId::kStart: seconds = static_cast<double>(window_.start) / 1000; break;
      case FunctionId::kEnd: seconds = static_cast<double>(window_.end) / 1000; break;
      case FunctionId::kRange: seconds = static_cast<double>(window_.end - window_.start) / 1000; break;
      case FunctionId::kStep:
        seconds = window_.start == window_.end ? 0 : static_cast<double>(window_.step_ms) / 1000;
        break;
      default: return;
    }
    slot = std::make_unique<NumberLiteral>(seconds, false, call->position);
  }

  Result<void> settle_time(TimeModifiers& time) const {
    if (time.offset_expr) {
      SLUICE_ASSIGN(time.offset_ms, durations_.milliseconds(*time.offset_expr, true));
    }
    if (time.at_anchor == AtAnchor::kStart) time.at_ms = window_.start;
    if (time.at_anchor == AtAnchor::kEnd) time.at_ms = window_.end;
    return {};
  }

  Result<void> visit_selector(VectorSelector& node) const {
    SLUICE_TRY(settle_time(node.time));
    node.histogram_stats = wants_stats_ && !wants_buckets_;
    node.step_invariant = node.time.at_ms.has_value();
    node.names_may_differ = std::none_of(node.matchers.begin(), node.matchers.end(), [](const model::Matcher& m) {
      return m.name() == model::kMetricName && m.type() == model::MatchType::kEqual && !m.value().empty();
    });
    return {};
  }

  Result<void> visit_matrix(MatrixSelector& node) const {
    if (node.range_expr) {
      SLUICE_ASSIGN(node.range_ms, durations_.milliseconds(*node.range_expr, false));
    }
    SLUICE_TRY(visit_selector(*node.selector));
    node.step_invariant = node.selector->step_invariant;
    node.names_may_differ = node.selector->names_may_differ;
    return {};
  }

  Result<void> visit_subquery(SubqueryExpr& node) {
    // Resets between a subquery's steps show in the buckets only.
    const Needs outer(*this, wants_stats_, true);
    SLUICE_TRY(visit(node.expr));
    SLUICE_TRY(settle_time(node.time));
    if (node.range_expr) {
      SLUICE_ASSIGN(node.range_ms, durations_.milliseconds(*node.range_expr, false));
    }
    if (node.step_expr) {
      SLUICE_ASSIGN(node.step_ms, durations_.milliseconds(*node.step_expr, false));
    }
    node.step_invariant = node.time.at_ms.has_value();
    node.names_may_differ = node.expr->names_may_differ;
    return {};
  }

  Result<void> visit_wrapper(Expr& node, ExprPtr& inside) {
    SLUICE_TRY(visit(inside));
    node.step_invariant = inside->step_invariant;
    node.names_may_differ = inside->names_may_differ;
    return {};
  }

  Result<void> visit_unary(UnaryExpr& node) {
    SLUICE_TRY(visit_wrapper(node, node.expr));
    if (node.negative) node.names_may_differ = false;
    return {};
  }

  Result<void> visit_binary(BinaryExpr& node) {
    const bool trims = node.op == BinaryOp::kTrimUpper || node.op == BinaryOp::kTrimLower;
    const Needs outer(*this, wants_stats_, wants_buckets_ || trims);
    SLUICE_TRY(visit(node.lhs));
    SLUICE_TRY(visit(node.rhs));
    node.step_invariant = node.lhs->step_invariant && node.rhs->step_invariant;
    return {};
  }

  Result<void> visit_aggregate(AggregateExpr& node) {
    unwrap(node.expr);
    SLUICE_TRY(visit(node.expr));
    if (node.param) {
      unwrap(node.param);
      SLUICE_TRY(visit(node.param));
    }
    // As in Prometheus the parameter has no say: topk(scalar(a), b @ 1) takes k from the first step.
    node.step_invariant = node.expr->step_invariant;
    const bool by_name = !node.without && std::find(node.grouping.begin(), node.grouping.end(), model::kMetricName) !=
                                              node.grouping.end();
    const bool keeps_labels = node.op == AggregateOp::kTopk || node.op == AggregateOp::kBottomk ||
                              node.op == AggregateOp::kLimitk || node.op == AggregateOp::kLimitRatio;
    node.names_may_differ = by_name || keeps_labels || node.op == AggregateOp::kCountValues;
    return {};
  }

  Result<void> visit_call(Call& node) {
    const FunctionId id = node.function->id;
    const bool counts =
        id == FunctionId::kHistogramCount || id == FunctionId::kHistogramSum || id == FunctionId::kHistogramAvg;
    const bool looks_inside = id == FunctionId::kHistogramQuantile || id == FunctionId::kHistogramQuantiles ||
                              id == FunctionId::kHistogramFraction;
    const Needs outer(*this, wants_stats_ || counts, wants_buckets_ || looks_inside);
    bool invariant = !is_at_modifier_unsafe(id);
    for (ExprPtr& arg : node.args) {
      unwrap(arg);
      SLUICE_TRY(visit(arg));
      invariant = invariant && arg->step_invariant;
    }
    // timestamp() of a selector is the sample's own time, which @ fixes.
    if (id == FunctionId::kTimestamp)
      invariant = node.args[0]->kind == ExprKind::kVectorSelector && node.args[0]->step_invariant;
    node.step_invariant = invariant;
    return {};
  }

  static void unwrap(ExprPtr& slot) {
    while (auto* paren = as_mutable<ParenExpr>(slot.get())) {
      ExprPtr inside = std::move(paren->expr);
      slot = std::move(inside);
    }
  }

  /// What the nodes above need of native histograms, while a node's children are visited.
  class Needs {
   public:
    Needs(Planner& planner, bool stats, bool buckets)
        : planner_(planner), stats_(planner.wants_stats_), buckets_(planner.wants_buckets_) {
      planner.wants_stats_ = stats;
      planner.wants_buckets_ = buckets;
    }
    Needs(const Needs&) = delete;
    Needs& operator=(const Needs&) = delete;
    ~Needs() {
      planner_.wants_stats_ = stats_;
      planner_.wants_buckets_ = buckets_;
    }

   private:
    Planner& planner_;
    bool stats_;
    bool buckets_;
  };

  const QueryWindow& window_;
  DurationEvaluator durations_;
  bool wants_stats_ = false;    // some node above uses counts and sums only
  bool wants_buckets_ = false;  // some node above uses buckets
};

}  // namespace

bool is_at_modifier_unsafe(FunctionId id) {
  switch (id) {
    case FunctionId::kDaysInMonth:
    case FunctionId::kDayOfMonth:
    case FunctionId::kDayOfWeek:
    case FunctionId::kDayOfYear:
    case FunctionId::kEnd:
    case FunctionId::kHour:
    case FunctionId::kMinute:
    case FunctionId::kMonth:
    case FunctionId::kYear:
    case FunctionId::kPredictLinear:
    case FunctionId::kRange:
    case FunctionId::kStart:
    case FunctionId::kStep:
    case FunctionId::kTime:
    case FunctionId::kTimestamp: return true;
    default: return false;
  }
}

const Expr& unwrapped(const Expr& expr) {
  const Expr* at = &expr;
  while (const auto* paren = as<ParenExpr>(at)) at = paren->expr.get();
  return *at;
}

Result<void> prepare(ExprPtr& root, const QueryWindow& window) { return Planner(window).visit(root); }

}  // namespace sluice::promql
