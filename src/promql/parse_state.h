#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "promql/ast.h"
#include "promql/lexer.h"
#include "promql/parser.h"

namespace sluice::promql {

/// `<line>:<column>: parse error: <message>`, the form of every error about a query's text.
std::unexpected<Error> parse_error(std::string_view text, PositionRange at, std::string_view message);

/// Checks types, arities and selectors of a parsed tree and settles what the grammar leaves open (set operators
/// match many to many; matching is dropped where a side is a scalar). Errors as parse_expr.
Result<void> type_check(Expr& root, std::string_view text);

/// Recursive descent with precedence climbing over the lexer's tokens; one object parses one text. Stops at the
/// first error, with the words that Prometheus' grammar finds for it: the innermost construct that is open and
/// has words of its own names the context.
class Parser {
 public:
  Parser(std::string_view text, const ParserOptions& options) : text_(text), options_(options), lexer_(text) {}
  Parser(const Parser&) = delete;
  Parser& operator=(const Parser&) = delete;

  Result<ExprPtr> whole_expression();
  Result<std::unique_ptr<VectorSelector>> whole_selector();

 private:
  // parser.cc: expressions.
  Result<ExprPtr> parse_binary(int precedence_min);
  Result<ExprPtr> parse_unary();
  Result<ExprPtr> parse_postfix(ExprPtr operand);
  Result<ExprPtr> parse_primary();
  Result<ExprPtr> parse_parenthesised();
  Result<ExprPtr> parse_number();
  Result<ExprPtr> parse_string();
  Result<ExprPtr> parse_call();
  Result<ExprPtr> parse_aggregation();
  Result<std::vector<ExprPtr>> parse_arguments();
  struct BinaryModifiers {
    VectorMatching matching;
    bool return_bool = false;
  };
  Result<BinaryModifiers> parse_binary_modifiers();
  Result<void> parse_fill(VectorMatching& matching);
  Result<double> parse_fill_value();

  // parse_selector.cc: selectors and what follows them.
  Result<std::unique_ptr<VectorSelector>> parse_vector_selector();
  Result<void> parse_matchers(VectorSelector& selector);
  Result<model::Matcher> parse_matcher();
  Result<model::Matcher> parse_match_value(const Token& label, std::string name);
  Result<std::vector<std::string>> parse_grouping();
  Result<ExprPtr> parse_brackets(ExprPtr operand);
  Result<ExprPtr> make_range(ExprPtr operand, ExprPtr range, PositionRange brackets);
  Result<void> parse_offset(Expr& operand);
  Result<void> parse_at(Expr& operand);
  Result<void> set_extended(Expr& operand);
  Result<TimeModifiers*> time_of(Expr& operand, std::string_view refusal);

  // parse_duration.cc
  Result<ExprPtr> parse_duration_expr(int precedence_min);
  Result<ExprPtr> parse_duration_tail(ExprPtr lhs, int precedence_min);
  Result<ExprPtr> parse_duration_operand();
  Result<ExprPtr> parse_duration_unary();
  Result<ExprPtr> parse_duration_literal();
  Result<ExprPtr> parse_duration_call();
  Result<ExprPtr> parse_duration_parens();
  Result<ExprPtr> parse_offset_duration();
  Result<ExprPtr> parse_positive_duration(std::string_view context, std::string_view expected);
  Result<void> need_duration_expressions(PositionRange at) const;

  const Token& peek(size_t ahead = 0) const;
  bool at(TokenKind kind) const { return peek().kind == kind; }
  Token take();
  bool take_if(TokenKind kind);
  int32_t last_end() const { return last_end_; }

  std::unexpected<Error> error_at(PositionRange at, std::string_view message) const {
    return parse_error(text_, at, message);
  }
  /// "unexpected <token>[ in <context>][, expected <expected>]"; a lexer's error speaks for itself. Without a
  /// context of its own the place is an open aggregation, if any.
  std::unexpected<Error> unexpected(std::string_view context = {}, std::string_view expected = {}) const;
  template <class T>
  Result<ExprPtr> checked(std::unique_ptr<T> node) const {
    SLUICE_TRY(check_height(*node));
    return ExprPtr(std::move(node));
  }
  Result<void> check_height(const Expr& node) const;
  Result<double> number_value(const Token& token) const;

  std::string_view text_;
  ParserOptions options_;
  Lexer lexer_;
  size_t index_ = 0;
  int32_t last_end_ = 0;   // end of the last token taken
  int aggregations_ = 0;   // open ones
  std::string_view duration_context_;  // words for what goes wrong inside the duration being read
  std::string_view duration_expected_;
  uint32_t depth_ = 0;     // of recursion
};

}  // namespace sluice::promql
