#include "promql/parser.h"

#include <optional>

#include <fmt/format.h>

#include "base/limits.h"
#include "promql/parse_state.h"
#include "promql/text.h"

namespace sluice::promql {
namespace {

using K = TokenKind;
constexpr int kPowPrecedence = 6;

struct Operator {
  BinaryOp op;
  int precedence;
};

std::optional<Operator> binary_operator(TokenKind kind) {
  switch (kind) {
    case K::kOr: return Operator{BinaryOp::kOr, 1};
    case K::kAnd: return Operator{BinaryOp::kAnd, 2};
    case K::kUnless: return Operator{BinaryOp::kUnless, 2};
    case K::kEqual: return Operator{BinaryOp::kEqual, 3};
    case K::kNotEqual: return Operator{BinaryOp::kNotEqual, 3};
    case K::kLess: return Operator{BinaryOp::kLess, 3};
    case K::kLessEqual: return Operator{BinaryOp::kLessEqual, 3};
    case K::kGreater: return Operator{BinaryOp::kGreater, 3};
    case K::kGreaterEqual: return Operator{BinaryOp::kGreaterEqual, 3};
    case K::kTrimUpper: return Operator{BinaryOp::kTrimUpper, 3};
    case K::kTrimLower: return Operator{BinaryOp::kTrimLower, 3};
    case K::kAdd: return Operator{BinaryOp::kAdd, 4};
    case K::kSub: return Operator{BinaryOp::kSub, 4};
    case K::kMul: return Operator{BinaryOp::kMul, 5};
    case K::kDiv: return Operator{BinaryOp::kDiv, 5};
    case K::kMod: return Operator{BinaryOp::kMod, 5};
    case K::kAtan2: return Operator{BinaryOp::kAtan2, 5};
    case K::kPow: return Operator{BinaryOp::kPow, kPowPrecedence};
    default: return std::nullopt;
  }
}

AggregateOp aggregate_operator(TokenKind kind) {
  return static_cast<AggregateOp>(static_cast<int>(kind) - static_cast<int>(K::kSum));
}
static_assert(static_cast<int>(K::kLimitRatio) - static_cast<int>(K::kSum) ==
              static_cast<int>(AggregateOp::kLimitRatio));
static_assert(static_cast<int>(K::kTopk) - static_cast<int>(K::kSum) == static_cast<int>(AggregateOp::kTopk));

}  // namespace

std::string line_and_column(std::string_view text, int32_t offset) {
  if (text.empty()) return "unknown position";
  if (offset < 0 || static_cast<size_t>(offset) > text.size()) return "invalid position";
  int32_t line = 1;
  int32_t line_start = 0;
  for (int32_t i = 0; i < offset; ++i) {
    if (text[static_cast<size_t>(i)] != '\n') continue;
    ++line;
    line_start = i + 1;
  }
  return fmt::format("{}:{}", line, offset - line_start + 1);
}

std::unexpected<Error> parse_error(std::string_view text, PositionRange at, std::string_view message) {
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("{}: parse error: {}", line_and_column(text, at.start), message));
}

Result<ExprPtr> parse_expr(std::string_view text, const ParserOptions& options) {
  if (text.size() > limits::kQueryTextBytesMax)
    return fail(ErrorCode::kTooLarge, fmt::format("the query is {} bytes long; at most {} are taken", text.size(),
                                                  limits::kQueryTextBytesMax));
  Parser parser(text, options);
  SLUICE_ASSIGN(ExprPtr expr, parser.whole_expression());
  SLUICE_TRY(type_check(*expr, text));
  return expr;
}

Result<std::vector<model::Matcher>> parse_selector(std::string_view text) {
  if (text.size() > limits::kQueryTextBytesMax)
    return fail(ErrorCode::kTooLarge, fmt::format("the selector is {} bytes long; at most {} are taken", text.size(),
                                                  limits::kQueryTextBytesMax));
  Parser parser(text, {});
  SLUICE_ASSIGN(auto selector, parser.whole_selector());
  for (const model::Matcher& matcher : selector->matchers)
    if (!matcher.matches_empty()) return std::move(selector->matchers);
  return fail(ErrorCode::kInvalidArgument, "match[] must contain at least one non-empty matcher");
}

const Token& Parser::peek(size_t ahead) const {
  const std::vector<Token>& tokens = lexer_.tokens();
  return tokens[std::min(index_ + ahead, tokens.size() - 1)];
}

Token Parser::take() {
  const Token token = peek();
  if (index_ + 1 < lexer_.tokens().size()) ++index_;
  last_end_ = token.range().end;
  return token;
}

bool Parser::take_if(TokenKind kind) {
  if (!at(kind)) return false;
  take();
  return true;
}

std::unexpected<Error> Parser::unexpected(std::string_view context, std::string_view expected) const {
  const Token& token = peek();
  if (token.kind == K::kError) return error_at(token.range(), token.text);
  if (context.empty() && aggregations_ > 0) context = "aggregation";
  std::string message = "unexpected " + describe(token);
  if (!context.empty()) message += fmt::format(" in {}", context);
  if (!expected.empty()) message += fmt::format(", expected {}", expected);
  return error_at(token.range(), message);
}

Result<void> Parser::check_height(const Expr& node) const {
  if (node.height <= limits::kQueryDepthMax) return {};
  return fail(ErrorCode::kTooLarge,
              fmt::format("{}: parse error: the expression is nested too deeply: more than {} levels",
                          line_and_column(text_, node.position.start), limits::kQueryDepthMax));
}

Result<double> Parser::number_value(const Token& token) const {
  if (token.kind == K::kDuration) {
    auto duration = parse_duration(token.text);
    if (!duration) return error_at(token.range(), duration.error().message);
    return static_cast<double>(*duration) / 1000;
  }
  auto number = promql::parse_number(token.text);
  if (!number) return error_at(token.range(), number.error().message);
  return *number;
}

Result<ExprPtr> Parser::whole_expression() {
  if (at(K::kEnd)) return error_at({0, 0}, "no expression found in input");
  SLUICE_ASSIGN(ExprPtr expr, parse_binary(0));
  if (!at(K::kEnd)) return unexpected();
  return expr;
}

Result<std::unique_ptr<VectorSelector>> Parser::whole_selector() {
  if (!can_be_metric_name(peek().kind) && !at(K::kLeftBrace)) return unexpected();
  SLUICE_ASSIGN(auto selector, parse_vector_selector());
  if (!at(K::kEnd)) return unexpected();
  return selector;
}

Result<ExprPtr> Parser::parse_binary(int precedence_min) {
  if (depth_ >= limits::kQueryDepthMax)
    return fail(ErrorCode::kTooLarge,
                fmt::format("{}: parse error: the expression is nested too deeply: more than {} levels",
                            line_and_column(text_, peek().position), limits::kQueryDepthMax));
  ++depth_;
  SLUICE_ASSIGN(ExprPtr lhs, parse_unary());
  for (;;) {
    const auto op = binary_operator(peek().kind);
    if (!op || op->precedence < precedence_min) break;
    take();
    SLUICE_ASSIGN(BinaryModifiers modifiers, parse_binary_modifiers());
    // ^ binds to the right, everything else to the left.
    SLUICE_ASSIGN(ExprPtr rhs, parse_binary(op->op == BinaryOp::kPow ? op->precedence : op->precedence + 1));
    auto node = std::make_unique<BinaryExpr>(op->op, std::move(lhs), std::move(rhs));
    node->return_bool = modifiers.return_bool;
    const bool fills = modifiers.matching.fill_left || modifiers.matching.fill_right;
    node->matching = std::move(modifiers.matching);
    if (fills && !options_.fill_modifiers)
      return error_at(node->position, "binop fill modifiers are experimental and not enabled");
    SLUICE_ASSIGN(lhs, checked(std::move(node)));
  }
  --depth_;
  return lhs;
}

Result<Parser::BinaryModifiers> Parser::parse_binary_modifiers() {
  BinaryModifiers out;
  out.return_bool = take_if(K::kBool);
  if (at(K::kOn) || at(K::kIgnoring)) {
    out.matching.on = take().kind == K::kOn;
    SLUICE_ASSIGN(out.matching.labels, parse_grouping());
    if (at(K::kGroupLeft) || at(K::kGroupRight)) {
      out.matching.cardinality = take().kind == K::kGroupLeft ? Cardinality::kManyToOne : Cardinality::kOneToMany;
      if (at(K::kLeftParen)) {
        SLUICE_ASSIGN(out.matching.include, parse_grouping());
      }
    }
  }
  SLUICE_TRY(parse_fill(out.matching));
  return out;
}

Result<void> Parser::parse_fill(VectorMatching& matching) {
  if (take_if(K::kFill)) {
    SLUICE_ASSIGN(const double value, parse_fill_value());
    matching.fill_left = matching.fill_right = value;
    return {};
  }
  for (int i = 0; i < 2; ++i) {
    const bool left = at(K::kFillLeft) && !matching.fill_left;
    const bool right = at(K::kFillRight) && !matching.fill_right;
    if (!left && !right) return {};
    take();
    SLUICE_ASSIGN((left ? matching.fill_left : matching.fill_right), parse_fill_value());
  }
  return {};
}

Result<double> Parser::parse_fill_value() {
  if (!take_if(K::kLeftParen)) return unexpected();
  const bool negative = at(K::kSub);
  if (at(K::kAdd) || at(K::kSub)) take();
  if (!at(K::kNumber) && !at(K::kDuration)) return unexpected();
  SLUICE_ASSIGN(const double value, number_value(take()));
  if (!take_if(K::kRightParen)) return unexpected();
  return negative ? -value : value;
}

Result<ExprPtr> Parser::parse_unary() {
  if (!at(K::kAdd) && !at(K::kSub)) {
    SLUICE_ASSIGN(ExprPtr operand, parse_primary());
    return parse_postfix(std::move(operand));
  }
  const Token op = take();
  const bool negative = op.kind == K::kSub;
  SLUICE_ASSIGN(ExprPtr operand, parse_binary(kPowPrecedence));  // -a^b is -(a^b), -a*b is (-a)*b
  if (auto* number = as_mutable<NumberLiteral>(operand.get())) {
    if (negative) number->value = -number->value;
    number->position.start = op.position;
    return operand;
  }
  const PositionRange range{op.position, operand->position.end};
  return checked(std::make_unique<UnaryExpr>(negative, std::move(operand), range));
}

Result<ExprPtr> Parser::parse_postfix(ExprPtr operand) {
  for (;;) {
    switch (peek().kind) {
      case K::kLeftBracket: {
        SLUICE_ASSIGN(operand, parse_brackets(std::move(operand)));
        break;
      }
      case K::kOffset: SLUICE_TRY(parse_offset(*operand)); break;
      case K::kAt: SLUICE_TRY(parse_at(*operand)); break;
      case K::kAnchored:
      case K::kSmoothed: SLUICE_TRY(set_extended(*operand)); break;
      default: return operand;
    }
  }
}

Result<ExprPtr> Parser::parse_primary() {
  const TokenKind kind = peek().kind;
  switch (kind) {
    case K::kLeftParen: return parse_parenthesised();
    case K::kNumber:
    case K::kDuration: return parse_number();
    case K::kString: return parse_string();
    default: break;
  }
  const TokenKind next = peek(1).kind;
  if (is_aggregation(kind)) {
    // The names of aggregations are metric names too, unless arguments or a modifier follow.
    if (next == K::kLeftParen || next == K::kBy || next == K::kWithout) return parse_aggregation();
  } else if (next == K::kLeftParen && (kind == K::kIdentifier || (kind >= K::kStart && kind <= K::kMinOf))) {
    return parse_call();
  }
  if (!can_be_metric_name(kind) && kind != K::kLeftBrace) return unexpected();
  SLUICE_ASSIGN(auto selector, parse_vector_selector());
  return ExprPtr(std::move(selector));
}

Result<ExprPtr> Parser::parse_parenthesised() {
  const Token open = take();
  SLUICE_ASSIGN(ExprPtr inside, parse_binary(0));
  if (!take_if(K::kRightParen)) return unexpected();
  return checked(std::make_unique<ParenExpr>(std::move(inside), PositionRange{open.position, last_end()}));
}

Result<ExprPtr> Parser::parse_number() {
  const Token token = take();
  SLUICE_ASSIGN(const double value, number_value(token));
  return ExprPtr(std::make_unique<NumberLiteral>(value, token.kind == K::kDuration, token.range()));
}

Result<ExprPtr> Parser::parse_string() {
  const Token token = take();
  auto value = unquote(token.text);
  if (!value) return error_at(token.range(), value.error().message);
  return ExprPtr(std::make_unique<StringLiteral>(*std::move(value), token.range()));
}

Result<std::vector<ExprPtr>> Parser::parse_arguments() {
  std::vector<ExprPtr> args;
  if (!take_if(K::kLeftParen)) return unexpected();
  if (take_if(K::kRightParen)) return args;
  for (;;) {
    SLUICE_ASSIGN(args.emplace_back(), parse_binary(0));
    if (take_if(K::kRightParen)) return args;
    if (!at(K::kComma)) return unexpected();
    const Token comma = take();
    const TokenKind kind = peek().kind;
    if (kind == K::kRightParen || kind == K::kComma || kind == K::kEnd)
      return error_at(comma.range(), "trailing commas not allowed in function call args");
  }
}

Result<ExprPtr> Parser::parse_call() {
  const Token name = take();
  SLUICE_ASSIGN(std::vector<ExprPtr> args, parse_arguments());
  const Function* function = find_function(name.text);
  if (function == nullptr)
    return error_at(name.range(), fmt::format("unknown function with name {}", quote(name.text)));
  if (function->experimental && !options_.experimental_functions)
    return error_at(name.range(), fmt::format("function {} is not enabled", quote(name.text)));
  return checked(std::make_unique<Call>(*function, std::move(args), PositionRange{name.position, last_end()}));
}

Result<ExprPtr> Parser::parse_aggregation() {
  const Token name = take();
  const AggregateOp op = aggregate_operator(name.kind);
  ++aggregations_;
  std::vector<std::string> grouping;
  bool without = false;
  bool modified = false;
  const auto parse_modifier = [&]() -> Result<void> {
    if (modified || (!at(K::kBy) && !at(K::kWithout))) return {};
    modified = true;
    without = take().kind == K::kWithout;
    SLUICE_ASSIGN(grouping, parse_grouping());
    return {};
  };
  SLUICE_TRY(parse_modifier());
  SLUICE_ASSIGN(std::vector<ExprPtr> args, parse_arguments());
  SLUICE_TRY(parse_modifier());
  --aggregations_;

  const PositionRange range{name.position, last_end()};
  if (args.empty()) return error_at(range, "no arguments for aggregate expression provided");
  const bool experimental = op == AggregateOp::kLimitk || op == AggregateOp::kLimitRatio;
  if (experimental && !options_.experimental_functions)
    return error_at(range, fmt::format("{}() is experimental and must be enabled with "
                                       "--enable-feature=promql-experimental-functions",
                                       to_string(op)));
  const size_t wanted = takes_parameter(op) ? 2 : 1;
  if (args.size() != wanted)
    return error_at(
        range, fmt::format("wrong number of arguments for aggregate expression provided, expected {}, got {}", wanted,
                           args.size()));
  ExprPtr param = wanted == 2 ? std::move(args.front()) : nullptr;
  auto node = std::make_unique<AggregateExpr>(op, std::move(args.back()), std::move(param), range);
  node->grouping = std::move(grouping);
  node->without = without;
  return checked(std::move(node));
}

}  // namespace sluice::promql
