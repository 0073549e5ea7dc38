#include "promql/token.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "base/encoding.h"
#include "promql/text.h"

namespace sluice::promql {
namespace {

using K = TokenKind;
using Word = std::pair<std::string_view, TokenKind>;

// Sorted by word.
constexpr std::array kWords = std::to_array<Word>({
    {"anchored", K::kAnchored},
    {"and", K::kAnd},
    {"atan2", K::kAtan2},
    {"avg", K::kAvg},
    {"bool", K::kBool},
    {"bottomk", K::kBottomk},
    {"by", K::kBy},
    {"count", K::kCount},
    {"count_values", K::kCountValues},
    {"end", K::kEndWord},
    {"fill", K::kFill},
    {"fill_left", K::kFillLeft},
    {"fill_right", K::kFillRight},
    {"group", K::kGroup},
    {"group_left", K::kGroupLeft},
    {"group_right", K::kGroupRight},
    {"ignoring", K::kIgnoring},
    {"inf", K::kNumber},
    {"limit_ratio", K::kLimitRatio},
    {"limitk", K::kLimitk},
    {"max", K::kMax},
    {"max_of", K::kMaxOf},
    {"min", K::kMin},
    {"min_of", K::kMinOf},
    {"nan", K::kNumber},
    {"offset", K::kOffset},
    {"on", K::kOn},
    {"or", K::kOr},
    {"quantile", K::kQuantile},
    {"range", K::kRange},
    {"smoothed", K::kSmoothed},
    {"start", K::kStart},
    {"stddev", K::kStddev},
    {"stdvar", K::kStdvar},
    {"step", K::kStep},
    {"sum", K::kSum},
    {"topk", K::kTopk},
    {"unless", K::kUnless},
    {"without", K::kWithout},
});
static_assert(std::is_sorted(kWords.begin(), kWords.end(),
                             [](const Word& a, const Word& b) { return a.first < b.first; }));

bool between(TokenKind kind, TokenKind first, TokenKind last) { return kind >= first && kind <= last; }

/// Kinds whose every occurrence reads the same; errors show them without naming their class.
bool is_fixed(TokenKind kind) { return kind >= K::kComma; }

std::string_view class_name(TokenKind kind) {
  switch (kind) {
    case K::kIdentifier: return "identifier";
    case K::kMetricIdentifier: return "metric identifier";
    case K::kNumber: return "number";
    case K::kDuration: return "duration";
    case K::kString: return "string";
    default: return "error";
  }
}

std::string shown(const Token& token) {
  if (token.kind == K::kIdentifier || token.kind == K::kMetricIdentifier) return quote(token.text);
  if (between(token.kind, K::kOffset, K::kBool)) return fmt::format("<{}>", token.text);
  if (between(token.kind, K::kAdd, K::kAtan2)) return fmt::format("<op:{}>", token.text);
  if (is_aggregation(token.kind)) return fmt::format("<aggr:{}>", token.text);
  constexpr size_t kShownMax = 10;
  if (token.text.size() > kShownMax) return quote(first_characters(token.text, kShownMax)) + "...";
  return quote(token.text);
}

}  // namespace

TokenKind keyword_kind(std::string_view word) {
  const std::string lower = ascii_lower(word);
  const auto found = std::lower_bound(kWords.begin(), kWords.end(), std::string_view(lower),
                                      [](const Word& entry, std::string_view key) { return entry.first < key; });
  return found != kWords.end() && found->first == lower ? found->second : K::kIdentifier;
}

bool is_aggregation(TokenKind kind) { return between(kind, K::kSum, K::kLimitRatio); }

bool can_be_metric_name(TokenKind kind) {
  switch (kind) {
    case K::kIdentifier:
    case K::kMetricIdentifier:
    case K::kAnd:
    case K::kOr:
    case K::kUnless:
    case K::kBy:
    case K::kWithout:
    case K::kFill:
    case K::kFillLeft:
    case K::kFillRight:
    case K::kOffset:
    case K::kAnchored:
    case K::kSmoothed: return true;
    default: return is_aggregation(kind) || between(kind, K::kStart, K::kMinOf);
  }
}

bool can_be_grouping_label(TokenKind kind) {
  switch (kind) {
    case K::kIdentifier:
    case K::kMetricIdentifier: return true;
    case K::kWithout:  // Prometheus' grammar leaves it out.
      return false;
    default: return between(kind, K::kAnd, K::kMinOf);
  }
}

std::string describe(const Token& token) {
  if (token.kind == K::kEnd) return "end of input";
  if (is_fixed(token.kind)) return shown(token);
  return fmt::format("{} {}", class_name(token.kind), shown(token));
}

}  // namespace sluice::promql
