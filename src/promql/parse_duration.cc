#include <array>
#include <cmath>

#include <fmt/format.h>

#include "base/limits.h"
#include "promql/parse_state.h"
#include "promql/text.h"

namespace sluice::promql {
namespace {

using K = TokenKind;
constexpr int kAddPrecedence = 1;
constexpr int kMulPrecedence = 2;
constexpr int kPowPrecedence = 3;

struct Unit {
  std::string_view name;
  int64_t ms;
};
// From the largest: the order in which a duration must name them.
constexpr std::array kUnits = std::to_array<Unit>({
    {"y", 365LL * 24 * 3600 * 1000},
    {"w", 7LL * 24 * 3600 * 1000},
    {"d", 24LL * 3600 * 1000},
    {"h", 3600LL * 1000},
    {"m", 60LL * 1000},
    {"s", 1000},
    {"ms", 1},
});
/// What int64 nanoseconds hold, Prometheus' unit of durations.
constexpr int64_t kDurationMsMax = INT64_MAX / 1'000'000;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool out_of_range(double seconds) {
  constexpr double kSecondsMax = 9223372036854775808.0 / 1e9;
  return seconds > kSecondsMax || seconds < -kSecondsMax;
}

struct DurationOperator {
  DurationOp op;
  int precedence;
};

std::optional<DurationOperator> duration_operator(TokenKind kind) {
  switch (kind) {
    case K::kAdd: return DurationOperator{DurationOp::kAdd, kAddPrecedence};
    case K::kSub: return DurationOperator{DurationOp::kSub, kAddPrecedence};
    case K::kMul: return DurationOperator{DurationOp::kMul, kMulPrecedence};
    case K::kDiv: return DurationOperator{DurationOp::kDiv, kMulPrecedence};
    case K::kMod: return DurationOperator{DurationOp::kMod, kMulPrecedence};
    case K::kPow: return DurationOperator{DurationOp::kPow, kPowPrecedence};
    default: return std::nullopt;
  }
}

bool is_duration_call(TokenKind kind) { return kind >= K::kStep && kind <= K::kMinOf; }

constexpr std::string_view kOperandExpected = "number, duration, step(), or range()";

}  // namespace

Result<int64_t> parse_duration(std::string_view text) {
  if (text == "0") return 0;
  if (text.empty()) return fail(ErrorCode::kInvalidArgument, "empty duration string");
  const auto invalid = [&] {
    return fail(ErrorCode::kInvalidArgument, fmt::format("not a valid duration string: {}", quote(text)));
  };
  const auto too_long = [] { return fail(ErrorCode::kInvalidArgument, "duration out of range"); };
  int64_t total_ms = 0;
  size_t next_unit = 0;
  for (size_t i = 0; i < text.size();) {
    if (!is_digit(text[i])) return invalid();
    int64_t value = 0;
    for (; i < text.size() && is_digit(text[i]); ++i) {
      value = value * 10 + (text[i] - '0');
      if (value > kDurationMsMax) return too_long();
    }
    const size_t begin = i;
    while (i < text.size() && !is_digit(text[i])) ++i;
    const std::string_view name = text.substr(begin, i - begin);
    if (name.empty()) return invalid();
    size_t unit = 0;
    while (unit < kUnits.size() && kUnits[unit].name != name) ++unit;
    if (unit == kUnits.size())
      return fail(ErrorCode::kInvalidArgument, fmt::format("unknown unit {} in duration {}", quote(name), quote(text)));
    if (unit < next_unit) return invalid();
    next_unit = unit + 1;
    if (value > kDurationMsMax / kUnits[unit].ms) return too_long();
    total_ms += value * kUnits[unit].ms;
    if (total_ms > kDurationMsMax) return too_long();
  }
  return total_ms;
}

std::string format_duration(int64_t duration_ms) {
  if (duration_ms == 0) return "0s";
  std::string out;
  const bool exact_only[] = {true, true, false, false, false, false, false};
  for (size_t i = 0; i < kUnits.size(); ++i) {
    const int64_t count = duration_ms / kUnits[i].ms;
    // Years and weeks only where nothing smaller is left, as Prometheus prints them.
    if (count == 0 || (exact_only[i] && duration_ms % kUnits[i].ms != 0)) continue;
    out += fmt::format("{}{}", count, kUnits[i].name);
    duration_ms -= count * kUnits[i].ms;
  }
  return out;
}

Result<void> Parser::need_duration_expressions(PositionRange at) const {
  if (options_.duration_expressions) return {};
  return error_at(at, "experimental duration expression is not enabled");
}

Result<ExprPtr> Parser::parse_positive_duration(std::string_view context, std::string_view expected) {
  duration_context_ = context;
  duration_expected_ = expected;
  SLUICE_ASSIGN(ExprPtr duration, parse_duration_expr(0));
  // Moments are milliseconds: a shorter range would hold nothing.
  constexpr double kSecondsMin = 0.001;
  if (auto* number = as<NumberLiteral>(duration.get()); number != nullptr && !(number->value >= kSecondsMin))
    return error_at(number->position, "duration must be greater than 0");
  return duration;
}

/// After `offset` a literal ends the duration, so that `a offset -2^2` is (a offset -2)^2; only what begins with
/// a parenthesis goes on: `a offset (1m) * 2` is a offset 2m.
Result<ExprPtr> Parser::parse_offset_duration() {
  duration_context_ = "offset";
  duration_expected_ = kOperandExpected;
  const TokenKind first = peek().kind;
  const bool sign = first == K::kAdd || first == K::kSub;
  const TokenKind kind = peek(sign ? 1 : 0).kind;
  const bool literal = kind == K::kNumber || kind == K::kDuration;
  const bool starts =
      literal || is_duration_call(kind) || kind == K::kLeftParen || (sign && (kind == K::kAdd || kind == K::kSub));
  if (!starts) {
    if (sign) take();
    return unexpected(duration_context_, duration_expected_);
  }
  if (literal || is_duration_call(kind) || sign) return parse_duration_unary();
  return parse_duration_expr(0);
}

Result<ExprPtr> Parser::parse_duration_expr(int precedence_min) {
  if (depth_ >= limits::kQueryDepthMax)
    return fail(ErrorCode::kTooLarge,
                fmt::format("{}: parse error: the expression is nested too deeply: more than {} levels",
                            line_and_column(text_, peek().position), limits::kQueryDepthMax));
  ++depth_;
  SLUICE_ASSIGN(ExprPtr lhs, parse_duration_operand());
  SLUICE_ASSIGN(lhs, parse_duration_tail(std::move(lhs), precedence_min));
  --depth_;
  return lhs;
}

Result<ExprPtr> Parser::parse_duration_tail(ExprPtr lhs, int precedence_min) {
  for (;;) {
    const auto op = duration_operator(peek().kind);
    if (!op || op->precedence < precedence_min) return lhs;
    const Token sign = take();
    SLUICE_ASSIGN(ExprPtr rhs, parse_duration_expr(op->op == DurationOp::kPow ? op->precedence : op->precedence + 1));
    SLUICE_TRY(need_duration_expressions(lhs->position));
    const auto* number = as<NumberLiteral>(rhs.get());
    if (number != nullptr && number->value == 0 && op->op == DurationOp::kDiv)
      return error_at(sign.range(), "division by zero");
    if (number != nullptr && number->value == 0 && op->op == DurationOp::kMod)
      return error_at(sign.range(), "modulo by zero");
    const PositionRange range{lhs->position.start, rhs->position.end};
    SLUICE_ASSIGN(lhs, checked(std::make_unique<DurationExpr>(op->op, std::move(lhs), std::move(rhs), range)));
  }
}

Result<ExprPtr> Parser::parse_duration_operand() {
  const TokenKind kind = peek().kind;
  if (kind == K::kAdd || kind == K::kSub) {
    const Token sign = take();
    SLUICE_ASSIGN(ExprPtr operand, parse_duration_expr(kPowPrecedence));
    if (auto* number = as_mutable<NumberLiteral>(operand.get())) {
      if (kind == K::kSub) number->value = -number->value;
      number->position.start = sign.position;
      return operand;
    }
    if (kind == K::kAdd) return operand;
    const PositionRange range{sign.position, operand->position.end};
    return checked(std::make_unique<DurationExpr>(DurationOp::kSub, nullptr, std::move(operand), range));
  }
  if (kind == K::kLeftParen) return parse_duration_parens();
  if (is_duration_call(kind)) return parse_duration_call();
  if (kind == K::kNumber || kind == K::kDuration) return parse_duration_literal();
  return unexpected(duration_context_, duration_expected_);
}

/// A literal, call or parenthesis with at most one sign in front, and nothing after it.
Result<ExprPtr> Parser::parse_duration_unary() {
  const TokenKind kind = peek().kind;
  if (kind != K::kAdd && kind != K::kSub)
    return is_duration_call(kind) ? parse_duration_call() : parse_duration_literal();
  const TokenKind next = peek(1).kind;
  if (next == K::kAdd || next == K::kSub) return parse_duration_expr(0);
  const Token sign = take();
  SLUICE_ASSIGN(ExprPtr operand, next == K::kLeftParen    ? parse_duration_parens()
                                 : is_duration_call(next) ? parse_duration_call()
                                                          : parse_duration_literal());
  if (auto* number = as_mutable<NumberLiteral>(operand.get())) {
    if (kind == K::kSub) number->value = -number->value;
    number->position.start = sign.position;
    return operand;
  }
  // A sign before parentheses is arithmetic only if it changes something.
  if (kind == K::kAdd && next == K::kLeftParen) return operand;
  const PositionRange range{sign.position, operand->position.end};
  const DurationOp op = kind == K::kSub ? DurationOp::kSub : DurationOp::kAdd;
  return checked(std::make_unique<DurationExpr>(op, nullptr, std::move(operand), range));
}

Result<ExprPtr> Parser::parse_duration_literal() {
  if (!at(K::kNumber) && !at(K::kDuration)) return unexpected(duration_context_, duration_expected_);
  const Token token = take();
  SLUICE_ASSIGN(const double seconds, number_value(token));
  if (std::isnan(seconds) || out_of_range(seconds)) return error_at(token.range(), "duration out of range");
  return ExprPtr(std::make_unique<NumberLiteral>(seconds, token.kind == K::kDuration, token.range()));
}

Result<ExprPtr> Parser::parse_duration_call() {
  const Token word = take();
  if (!take_if(K::kLeftParen)) return unexpected(duration_context_, duration_expected_);
  ExprPtr lhs;
  ExprPtr rhs;
  DurationOp op = word.kind == K::kStep ? DurationOp::kStep : DurationOp::kRange;
  if (word.kind == K::kMaxOf || word.kind == K::kMinOf) {
    op = word.kind == K::kMaxOf ? DurationOp::kMax : DurationOp::kMin;
    SLUICE_ASSIGN(lhs, parse_duration_expr(0));
    if (!take_if(K::kComma)) return unexpected(duration_context_, duration_expected_);
    SLUICE_ASSIGN(rhs, parse_duration_expr(0));
  }
  if (!take_if(K::kRightParen)) return unexpected(duration_context_, duration_expected_);
  const PositionRange range{word.position, last_end()};
  SLUICE_TRY(need_duration_expressions(range));
  return checked(std::make_unique<DurationExpr>(op, std::move(lhs), std::move(rhs), range));
}

Result<ExprPtr> Parser::parse_duration_parens() {
  const Token open = take();
  SLUICE_ASSIGN(ExprPtr inside, parse_duration_expr(0));
  if (!take_if(K::kRightParen)) return unexpected(duration_context_, duration_expected_);
  SLUICE_TRY(need_duration_expressions(inside->position));
  if (auto* nested = as_mutable<DurationExpr>(inside.get())) {
    nested->wrapped = true;
    return inside;
  }
  const PositionRange range{open.position, last_end()};
  auto node = std::make_unique<DurationExpr>(DurationOp::kAdd, nullptr, std::move(inside), range);
  node->wrapped = true;
  return checked(std::move(node));
}

}  // namespace sluice::promql
