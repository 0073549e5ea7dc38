#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "promql/value_type.h"

namespace sluice::promql {

enum class TokenKind : uint8_t {
  kEnd,
  kError,
  kIdentifier,
  kMetricIdentifier,
  kNumber,
  kDuration,
  kString,
  kComma,
  kColon,
  kLeftParen,
  kRightParen,
  kLeftBrace,
  kRightBrace,
  kLeftBracket,
  kRightBracket,
  kAssign,
  // Operators; kAnd to kAtan2 are words.
  kAdd,
  kSub,
  kMul,
  kDiv,
  kMod,
  kPow,
  kEqual,
  kNotEqual,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,
  kTrimUpper,
  kTrimLower,
  kMatchRegex,
  kNotMatchRegex,
  kAt,
  kAnd,
  kOr,
  kUnless,
  kAtan2,
  // Aggregations.
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
  // Keywords.
  kOffset,
  kSmoothed,
  kAnchored,
  kBy,
  kWithout,
  kOn,
  kIgnoring,
  kGroupLeft,
  kGroupRight,
  kFill,
  kFillLeft,
  kFillRight,
  kBool,
  // Words that mean something in durations and after @.
  kStart,
  kEndWord,
  kStep,
  kRange,
  kMaxOf,
  kMinOf,
};

/// A piece of a query. `text` points into the query, or into the lexer for kError, where it is the message.
struct Token {
  TokenKind kind = TokenKind::kEnd;
  int32_t position = 0;  ///< bytes from the query's start
  std::string_view text;

  PositionRange range() const { return {position, position + static_cast<int32_t>(text.size())}; }
};

/// A keyword or operator word, whatever its case: "SUM" is kSum. kIdentifier when the word is none; "inf" and
/// "nan" are kNumber.
TokenKind keyword_kind(std::string_view word);

bool is_aggregation(TokenKind kind);
/// Keywords that may name a metric (`sum`, `offset`, ...), beside identifiers.
bool can_be_metric_name(TokenKind kind);
/// Keywords that may be a label in `by (...)` and the like, beside identifiers.
bool can_be_grouping_label(TokenKind kind);

/// The token as error texts name it: `identifier "foo"`, `<op:+>`, `number "5"`, `end of input`.
std::string describe(const Token& token);

}  // namespace sluice::promql
