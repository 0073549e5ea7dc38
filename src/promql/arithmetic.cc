#include "promql/arithmetic.h"

#include <cmath>

#include "promql/histogram_math.h"

namespace sluice::promql {
namespace {

using model::FloatHistogram;

ElementResult kept(HistogramPtr histogram) { return {Value::of(std::move(histogram)), true}; }

ElementResult incompatible(BinaryOp op, std::string_view left, std::string_view right, PositionRange position,
                           Annotations& annotations) {
  annotations.add_incompatible_types(left, to_string(op), right, position);
  return {};
}

/// Sum or difference of two histograms.
ElementResult combine(BinaryOp op, const FloatHistogram& left, const FloatHistogram& right, PositionRange position,
                      Annotations& annotations) {
  const bool adds = op == BinaryOp::kAdd;
  const std::string_view name = adds ? "addition" : "subtraction";
  HistogramSum sum(left);
  const HistogramOutcome outcome = adds ? sum.add(right) : sum.subtract(right);
  if (outcome.incompatible) {
    annotations.add(AnnotationId::kIncompatibleBucketLayout, position, to_string(op));
    return {};
  }
  if (outcome.reset_collision) annotations.add(AnnotationId::kCounterResetCollision, position, name);
  if (outcome.bounds_reconciled) annotations.add(AnnotationId::kMismatchedCustomBuckets, position, name);
  auto result = std::make_shared<FloatHistogram>(sum.result());
  if (!adds) result->counter_reset_hint = model::CounterResetHint::kGauge;
  return kept(std::move(result));
}

ElementResult apply_histograms(BinaryOp op, const HistogramPtr& left, const HistogramPtr& right, PositionRange position,
                               Annotations& annotations) {
  switch (op) {
    case BinaryOp::kAdd:
    case BinaryOp::kSub: return combine(op, *left, *right, position, annotations);
    case BinaryOp::kEqual: return {Value::of(left), equal_histograms(*left, *right)};
    case BinaryOp::kNotEqual: return {Value::of(left), !equal_histograms(*left, *right)};
    default: return incompatible(op, "histogram", "histogram", position, annotations);
  }
}

ElementResult apply_histogram_float(BinaryOp op, const FloatHistogram& left, double right, PositionRange position,
                                    Annotations& annotations) {
  switch (op) {
    case BinaryOp::kMul: return kept(compacted(*scaled(left, right)));
    case BinaryOp::kDiv: return kept(compacted(*divided(left, right)));
    case BinaryOp::kTrimUpper: return kept(trimmed(left, right, true));
    case BinaryOp::kTrimLower: return kept(trimmed(left, right, false));
    default: return incompatible(op, "histogram", "float", position, annotations);
  }
}

}  // namespace

bool changes_metric(BinaryOp op) { return op <= BinaryOp::kAtan2; }

double apply(BinaryOp op, double left, double right) {
  switch (op) {
    case BinaryOp::kAdd: return left + right;
    case BinaryOp::kSub: return left - right;
    case BinaryOp::kMul: return left * right;
    case BinaryOp::kDiv: return left / right;
    case BinaryOp::kMod: return std::fmod(left, right);
    case BinaryOp::kPow: return std::pow(left, right);
    case BinaryOp::kAtan2: return std::atan2(left, right);
    case BinaryOp::kEqual: return left == right ? 1 : 0;
    case BinaryOp::kNotEqual: return left != right ? 1 : 0;
    case BinaryOp::kGreater: return left > right ? 1 : 0;
    case BinaryOp::kLess: return left < right ? 1 : 0;
    case BinaryOp::kGreaterEqual: return left >= right ? 1 : 0;
    case BinaryOp::kLessEqual: return left <= right ? 1 : 0;
    case BinaryOp::kAnd:
    case BinaryOp::kOr:
    case BinaryOp::kUnless:
    case BinaryOp::kTrimUpper:
    case BinaryOp::kTrimLower: break;
  }
  return NAN;
}

ElementResult apply(BinaryOp op, const Value& left, const Value& right, PositionRange position,
                    Annotations& annotations) {
  if (left.is_float() && right.is_float()) {
    if (op == BinaryOp::kTrimUpper || op == BinaryOp::kTrimLower)
      return incompatible(op, "float", "float", position, annotations);
    const double result = apply(op, left.number, right.number);
    if (is_comparison(op)) return {left, result != 0};
    return {Value::of(result), true};
  }
  if (left.is_histogram() && right.is_histogram())
    return apply_histograms(op, left.histogram, right.histogram, position, annotations);
  if (left.is_histogram()) return apply_histogram_float(op, *left.histogram, right.number, position, annotations);
  if (op == BinaryOp::kMul) return kept(compacted(*scaled(*right.histogram, left.number)));
  return incompatible(op, "float", "histogram", position, annotations);
}

}  // namespace sluice::promql
