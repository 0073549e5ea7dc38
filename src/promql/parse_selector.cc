#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "promql/parse_state.h"
#include "promql/printer.h"
#include "promql/text.h"

namespace sluice::promql {
namespace {

using K = TokenKind;

/// The selector whose modifiers a node's suffixes set: its own, or that inside a range.
VectorSelector* selector_of(Expr& operand) {
  if (auto* range = as_mutable<MatrixSelector>(&operand)) return range->selector.get();
  return as_mutable<VectorSelector>(&operand);
}

int64_t to_ms(double seconds) { return static_cast<int64_t>(std::round(seconds * 1e9) / 1e6); }

}  // namespace

Result<std::unique_ptr<VectorSelector>> Parser::parse_vector_selector() {
  auto selector = std::make_unique<VectorSelector>(peek().range());
  if (!at(K::kLeftBrace)) selector->name = take().text;
  if (at(K::kLeftBrace)) {
    SLUICE_TRY(parse_matchers(*selector));
    selector->position.end = last_end();
  }
  if (!selector->name.empty()) {
    SLUICE_ASSIGN(auto matcher,
                  model::Matcher::make(model::MatchType::kEqual, std::string(model::kMetricName), selector->name));
    selector->matchers.push_back(std::move(matcher));
  }
  return selector;
}

Result<void> Parser::parse_matchers(VectorSelector& selector) {
  take();
  if (take_if(K::kRightBrace)) return {};
  for (;;) {
    SLUICE_ASSIGN(auto matcher, parse_matcher());
    selector.matchers.push_back(std::move(matcher));
    if (take_if(K::kRightBrace)) return {};
    if (!take_if(K::kComma)) return unexpected("label matching", "\",\" or \"}\"");
    if (take_if(K::kRightBrace)) return {};
  }
}

Result<model::Matcher> Parser::parse_matcher() {
  if (at(K::kIdentifier)) {
    const Token label = take();
    const TokenKind op = peek().kind;
    if (op != K::kAssign && op != K::kNotEqual && op != K::kMatchRegex && op != K::kNotMatchRegex)
      return unexpected("label matching", "label matching operator");
    return parse_match_value(label, std::string(label.text));
  }
  if (!at(K::kString)) return unexpected("label matching", "identifier or \"}\"");
  const Token label = take();
  auto name = unquote(label.text);
  if (!name) return error_at(label.range(), name.error().message);
  const TokenKind op = peek().kind;
  if (op == K::kAssign || op == K::kNotEqual || op == K::kMatchRegex || op == K::kNotMatchRegex)
    return parse_match_value(label, *std::move(name));
  // A quoted name alone is the metric's.
  return model::Matcher::make(model::MatchType::kEqual, std::string(model::kMetricName), *std::move(name));
}

Result<model::Matcher> Parser::parse_match_value(const Token& label, std::string name) {
  model::MatchType type = model::MatchType::kEqual;
  switch (take().kind) {
    case K::kNotEqual: type = model::MatchType::kNotEqual; break;
    case K::kMatchRegex: type = model::MatchType::kRegex; break;
    case K::kNotMatchRegex: type = model::MatchType::kNotRegex; break;
    default: break;
  }
  if (!at(K::kString)) return unexpected("label matching", "string");
  const Token value = take();
  auto text = unquote(value.text);
  if (!text) return error_at(value.range(), text.error().message);
  auto matcher = model::Matcher::make(type, std::move(name), *std::move(text));
  if (!matcher) return error_at({label.position, value.range().end}, matcher.error().message);
  return matcher;
}

Result<std::vector<std::string>> Parser::parse_grouping() {
  std::vector<std::string> labels;
  if (!take_if(K::kLeftParen)) return unexpected("grouping opts", "\"(\"");
  if (take_if(K::kRightParen)) return labels;
  for (;;) {
    const Token token = peek();
    std::string label(token.text);
    if (token.kind == K::kString) {
      auto name = unquote(token.text);
      if (!name) return error_at(token.range(), name.error().message);
      label = *std::move(name);
    } else if (!can_be_grouping_label(token.kind)) {
      return unexpected("grouping opts", "label");
    }
    take();
    if (label.empty()) return error_at(token.range(), fmt::format("invalid label name for grouping: {}", quote(label)));
    labels.push_back(std::move(label));
    if (take_if(K::kRightParen)) return labels;
    if (!take_if(K::kComma)) return unexpected("grouping opts", "\",\" or \")\"");
    if (take_if(K::kRightParen)) return labels;
  }
}

/// `[range]` or `[range:step]` after an expression.
Result<ExprPtr> Parser::parse_brackets(ExprPtr operand) {
  const Token open = take();
  SLUICE_ASSIGN(ExprPtr range,
                parse_positive_duration("subquery or range selector", "number, duration, step(), or range()"));
  if (take_if(K::kRightBracket)) return make_range(std::move(operand), std::move(range), {open.position, last_end()});
  if (!take_if(K::kColon)) return unexpected("subquery or range", "\":\" or \"]\"");
  ExprPtr step;
  if (!at(K::kRightBracket)) {
    SLUICE_ASSIGN(step, parse_positive_duration("subquery selector", "number, duration, step(), range(), or \"]\""));
    if (!at(K::kRightBracket)) return unexpected("subquery selector", "\"]\"");
  }
  take();
  auto node = std::make_unique<SubqueryExpr>(std::move(operand), PositionRange{});
  node->position = {node->expr->position.start, last_end()};
  if (auto* number = as<NumberLiteral>(range.get())) node->range_ms = to_ms(number->value);
  else node->range_expr.reset(static_cast<DurationExpr*>(range.release()));
  if (auto* number = as<NumberLiteral>(step.get())) node->step_ms = to_ms(number->value);
  else node->step_expr.reset(static_cast<DurationExpr*>(step.release()));
  return checked(std::move(node));
}

Result<ExprPtr> Parser::make_range(ExprPtr operand, ExprPtr range, PositionRange brackets) {
  auto* selector = as_mutable<VectorSelector>(operand.get());
  if (selector == nullptr) return error_at(brackets, "ranges only allowed for vector selectors");
  if (selector->time.offset_ms != 0 || selector->time.offset_expr)
    return error_at(brackets, "no offset modifiers allowed before range");
  if (selector->time.has_at()) return error_at(brackets, "no @ modifiers allowed before range");
  const PositionRange position{selector->position.start, brackets.end};
  operand.release();
  auto node = std::make_unique<MatrixSelector>(std::unique_ptr<VectorSelector>(selector), position);
  if (auto* number = as<NumberLiteral>(range.get())) node->range_ms = to_ms(number->value);
  else node->range_expr.reset(static_cast<DurationExpr*>(range.release()));
  return ExprPtr(std::move(node));
}

Result<TimeModifiers*> Parser::time_of(Expr& operand, std::string_view refusal) {
  if (auto* subquery = as_mutable<SubqueryExpr>(&operand)) return &subquery->time;
  if (auto* selector = selector_of(operand)) return &selector->time;
  return error_at(
      operand.position,
      fmt::format("{} must be preceded by an instant vector selector or range vector selector or a subquery", refusal));
}

Result<void> Parser::parse_offset(Expr& operand) {
  take();
  SLUICE_ASSIGN(ExprPtr duration, parse_offset_duration());
  SLUICE_ASSIGN(TimeModifiers * time, time_of(operand, "offset modifier"));
  if (time->offset_ms != 0 || time->offset_expr)
    return error_at(operand.position, "offset may not be set multiple times");
  if (auto* number = as<NumberLiteral>(duration.get())) time->offset_ms = to_ms(number->value);
  else time->offset_expr.reset(static_cast<DurationExpr*>(duration.release()));
  operand.position.end = last_end();
  return {};
}

Result<void> Parser::parse_at(Expr& operand) {
  take();
  std::optional<double> seconds;
  AtAnchor anchor = AtAnchor::kNone;
  if (at(K::kStart) || at(K::kEndWord)) {
    anchor = take().kind == K::kStart ? AtAnchor::kStart : AtAnchor::kEnd;
    if (!take_if(K::kLeftParen) || !take_if(K::kRightParen)) return unexpected("@", "timestamp");
  } else {
    const bool negative = at(K::kSub);
    if (at(K::kAdd) || at(K::kSub)) take();
    if (!at(K::kNumber) && !at(K::kDuration)) return unexpected("@", "timestamp");
    SLUICE_ASSIGN(seconds, number_value(take()));
    if (negative) seconds = -*seconds;
    constexpr double kInt64Limit = 9223372036854775808.0;
    if (!std::isfinite(*seconds) || std::fabs(*seconds) >= kInt64Limit)
      return error_at(operand.position,
                      fmt::format("timestamp out of bounds for @ modifier: {}",
                                  std::isfinite(*seconds) ? fmt::format("{:f}", *seconds) : format_number(*seconds)));
  }
  SLUICE_ASSIGN(TimeModifiers * time, time_of(operand, "@ modifier"));
  if (time->has_at()) return error_at(operand.position, "@ <timestamp> may not be set multiple times");
  time->at_anchor = anchor;
  if (seconds) {
    // Moments further away are as good as the end of time, and arithmetic with them must not overflow.
    constexpr double kMsMax = static_cast<double>(kTimeMsMax);
    time->at_ms = static_cast<TimestampMs>(std::round(std::min(kMsMax, std::max(-kMsMax, *seconds * 1000))));
  }
  operand.position.end = last_end();
  return {};
}

Result<void> Parser::set_extended(Expr& operand) {
  const Token word = take();
  const bool anchored = word.kind == K::kAnchored;
  const std::string_view name = anchored ? "anchored" : "smoothed";
  if (!options_.extended_selectors)
    return error_at(operand.position, fmt::format("{} modifier is experimental and not enabled", name));
  if (operand.kind == ExprKind::kSubquery)
    return error_at(operand.position, fmt::format("{} modifier is not supported for subqueries", name));
  VectorSelector* selector = selector_of(operand);
  if (selector == nullptr) return error_at(operand.position, fmt::format("{} modifier not implemented", name));
  (anchored ? selector->anchored : selector->smoothed) = true;
  if (selector->anchored && selector->smoothed)
    return error_at(operand.position, "anchored and smoothed modifiers cannot be used together");
  return {};
}

}  // namespace sluice::promql
