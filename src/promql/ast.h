#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "model/matcher.h"
#include "promql/functions.h"
#include "promql/value_type.h"

namespace sluice::promql {

enum class ExprKind : uint8_t {
  kNumber,
  kString,
  kVectorSelector,
  kMatrixSelector,
  kSubquery,
  kDuration,
  kParen,
  kUnary,
  kBinary,
  kAggregate,
  kCall,
};

enum class BinaryOp : uint8_t {
  kAdd,
  kSub,
  kMul,
  kDiv,
  kMod,
  kPow,
  kAtan2,
  kEqual,
  kNotEqual,
  kGreater,
  kLess,
  kGreaterEqual,
  kLessEqual,
  kAnd,
  kOr,
  kUnless,
  kTrimUpper,  ///< `</`: keep a native histogram's observations below a bound
  kTrimLower,  ///< `>/`: keep those above it
};

enum class AggregateOp : uint8_t {
  kSum,
  kAvg,
  kCount,
  kMin,
  kMax,
  kGroup,
  kStddev,
  kStdvar,
  kTopk,
  kBottomk,
  kCountValues,
  kQuantile,
  kLimitk,
  kLimitRatio,
};

/// As written in a query: "+", "atan2", "unless", "</".
std::string_view to_string(BinaryOp op);
std::string_view to_string(AggregateOp op);
bool is_comparison(BinaryOp op);
bool is_set_operator(BinaryOp op);
/// topk, bottomk, quantile, limitk, limit_ratio, count_values: `op(param, expr)`.
bool takes_parameter(AggregateOp op);

/// A node of a parsed query. Trees are at most limits::kQueryDepthMax high, so recursion over them is bounded.
/// Changed by nobody but the planner after parsing; not copyable; safe to read from several threads.
struct Expr {
  virtual ~Expr() = default;
  Expr(const Expr&) = delete;
  Expr& operator=(const Expr&) = delete;

  const ExprKind kind;
  PositionRange position;
  uint32_t height = 1;  ///< 1 for a leaf
  // Filled in by the planner (plan.h).
  bool step_invariant = false;   ///< the same at every step
  bool names_may_differ = true;  ///< without their metric names, its series might no longer differ

 protected:
  explicit Expr(ExprKind node_kind, PositionRange at = {}) : kind(node_kind), position(at) {}
};
using ExprPtr = std::unique_ptr<Expr>;

/// The type an expression evaluates to; cheap for all but long chains of parentheses and unary operators.
ValueType type_of(const Expr& expr);

/// The node as its concrete type, or nullptr: `if (auto* call = as<Call>(expr))`.
template <class T>
const T* as(const Expr* expr) {
  return expr != nullptr && expr->kind == T::kKind ? static_cast<const T*>(expr) : nullptr;
}
template <class T>
const T* as(const Expr& expr) {
  return as<T>(&expr);
}
template <class T>
T* as_mutable(Expr* expr) {
  return expr != nullptr && expr->kind == T::kKind ? static_cast<T*>(expr) : nullptr;
}

struct NumberLiteral final : Expr {
  static constexpr ExprKind kKind = ExprKind::kNumber;
  explicit NumberLiteral(double number, bool is_duration, PositionRange at)
      : Expr(kKind, at), value(number), duration(is_duration) {}
  double value;
  bool duration;  ///< written as "5m": value is seconds, printed as a duration
};

struct StringLiteral final : Expr {
  static constexpr ExprKind kKind = ExprKind::kString;
  StringLiteral(std::string text, PositionRange at) : Expr(kKind, at), value(std::move(text)) {}
  std::string value;  ///< unescaped
};

enum class DurationOp : uint8_t { kAdd, kSub, kMul, kDiv, kMod, kPow, kStep, kRange, kMin, kMax };

/// An arithmetic expression over durations (seconds): `5m * 2`, `step() + 1m`, `max_of(1m, range())`. Operands
/// are NumberLiteral or DurationExpr. Its value is known once the query's start, end and step are.
struct DurationExpr final : Expr {
  static constexpr ExprKind kKind = ExprKind::kDuration;
  DurationExpr(DurationOp operation, ExprPtr left, ExprPtr right, PositionRange at);
  DurationOp op;
  ExprPtr lhs;  ///< absent for unary + and -, step() and range()
  ExprPtr rhs;  ///< absent for step() and range()
  bool wrapped = false;  ///< in parentheses
};

/// Moments are kept within +-2^61 ms, so that adding durations to them cannot overflow.
inline constexpr TimestampMs kTimeMsMax = TimestampMs{1} << 61;

enum class AtAnchor : uint8_t { kNone, kStart, kEnd };

/// `offset` and `@` of a selector or subquery.
struct TimeModifiers {
  int64_t offset_ms = 0;                      ///< may be negative
  std::unique_ptr<DurationExpr> offset_expr;  ///< when the offset is an expression; offset_ms is 0 then
  std::optional<TimestampMs> at_ms;
  AtAnchor at_anchor = AtAnchor::kNone;  ///< `@ start()`, `@ end()`
  bool has_at() const { return at_ms.has_value() || at_anchor != AtAnchor::kNone; }
};

struct VectorSelector final : Expr {
  static constexpr ExprKind kKind = ExprKind::kVectorSelector;
  explicit VectorSelector(PositionRange at) : Expr(kKind, at) {}
  std::string name;  ///< metric name outside the braces; its matcher is the last of `matchers` then
  std::vector<model::Matcher> matchers;
  TimeModifiers time;
  bool anchored = false;
  bool smoothed = false;
  bool may_match_everything = false;  ///< info()'s second argument
  bool histogram_stats = false;       ///< only counts and sums of native histograms matter (planner)
};

struct MatrixSelector final : Expr {
  static constexpr ExprKind kKind = ExprKind::kMatrixSelector;
  MatrixSelector(std::unique_ptr<VectorSelector> of, PositionRange at);
  std::unique_ptr<VectorSelector> selector;  ///< holds offset and @ too
  int64_t range_ms = 0;
  std::unique_ptr<DurationExpr> range_expr;
};

struct SubqueryExpr final : Expr {
  static constexpr ExprKind kKind = ExprKind::kSubquery;
  SubqueryExpr(ExprPtr of, PositionRange at);
  ExprPtr expr;
  int64_t range_ms = 0;
  std::unique_ptr<DurationExpr> range_expr;
  int64_t step_ms = 0;  ///< 0: the engine's default
  std::unique_ptr<DurationExpr> step_expr;
  TimeModifiers time;
};

struct ParenExpr final : Expr {
  static constexpr ExprKind kKind = ExprKind::kParen;
  ParenExpr(ExprPtr inside, PositionRange at);
  ExprPtr expr;
};

struct UnaryExpr final : Expr {
  static constexpr ExprKind kKind = ExprKind::kUnary;
  UnaryExpr(bool minus, ExprPtr of, PositionRange at);
  bool negative;  ///< `-`, else `+`
  ExprPtr expr;
};

enum class Cardinality : uint8_t { kOneToOne, kManyToOne, kOneToMany, kManyToMany };

/// How the elements of two vectors find each other.
struct VectorMatching {
  Cardinality cardinality = Cardinality::kOneToOne;
  bool on = false;                   ///< match by `labels` alone; else by all but `labels`
  std::vector<std::string> labels;
  std::vector<std::string> include;  ///< labels of group_left/group_right
  std::optional<double> fill_left;   ///< stands in for a missing left side
  std::optional<double> fill_right;
};

struct BinaryExpr final : Expr {
  static constexpr ExprKind kKind = ExprKind::kBinary;
  BinaryExpr(BinaryOp operation, ExprPtr left, ExprPtr right);
  BinaryOp op;
  ValueType type = ValueType::kVector;  ///< scalar when both sides are
  ExprPtr lhs;
  ExprPtr rhs;
  std::optional<VectorMatching> matching;  ///< present when both sides are vectors
  bool return_bool = false;
};

struct AggregateExpr final : Expr {
  static constexpr ExprKind kKind = ExprKind::kAggregate;
  AggregateExpr(AggregateOp operation, ExprPtr of, ExprPtr parameter, PositionRange at);
  AggregateOp op;
  ExprPtr expr;
  ExprPtr param;  ///< absent unless takes_parameter(op)
  std::vector<std::string> grouping;
  bool without = false;
};

struct Call final : Expr {
  static constexpr ExprKind kKind = ExprKind::kCall;
  Call(const Function& callee, std::vector<ExprPtr> arguments, PositionRange at);
  const Function* function;
  std::vector<ExprPtr> args;
};

}  // namespace sluice::promql
