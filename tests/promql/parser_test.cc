#include "promql/parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/limits.h"
#include "promql/printer.h"

namespace sluice::promql {
namespace {

struct Printed {
  std::string_view text;
  std::string_view canonical;
};

/// What a text parses to shows in its canonical form.
class ParsesTo : public testing::TestWithParam<Printed> {};

TEST_P(ParsesTo, ItsCanonicalForm) {
  const auto expr = parse_expr(GetParam().text, ParserOptions::everything());
  ASSERT_TRUE(expr) << expr.error().message;
  EXPECT_EQ(to_string(**expr), GetParam().canonical);
  const auto again = parse_expr(GetParam().canonical, ParserOptions::everything());
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(to_string(**again), GetParam().canonical);
}

INSTANTIATE_TEST_SUITE_P(
    Numbers, ParsesTo,
    testing::ValuesIn(std::vector<Printed>{
        {"1", "1"},        {"+1", "1"},        {"-1", "-1"},          {"- 1", "-1"},
        {"--1", "1"},      {".5", "0.5"},      {"5.", "5"},           {"0.5e2", "50"},
        {"1e-3", "0.001"}, {"0x1F", "31"},     {"0X1f", "31"},        {"017", "15"},
        {"019", "19"},     {"1_000", "1000"},  {"1_000.5", "1000.5"}, {"0x_1F", "31"},
        {"Inf", "+Inf"},   {"+inf", "+Inf"},   {"-iNf", "-Inf"},      {"NaN", "NaN"},
        {"5m", "5m"},      {"1h30m", "1h30m"}, {"-5m", "-5m"},        {"90d", "90d"},
        {"1w", "1w"},      {"1y", "1y"},       {"500ms", "500ms"},    {"9223372036854775808", "9223372036854775808"}}));

INSTANTIATE_TEST_SUITE_P(Operators, ParsesTo,
                         testing::ValuesIn(std::vector<Printed>{
                             {"1+2*3", "1 + 2 * 3"},
                             {"2^3^4", "2 ^ 3 ^ 4"},
                             {"-a^2", "-a ^ 2"},
                             {"inf ^ 2", "Inf ^ 2"},
                             {"+inf ^ 2", "+Inf ^ 2"},
                             {"-inf ^ 2", "-Inf ^ 2"},
                             {"a + inf ^ 7ms ^ inf", "a + Inf ^ 7ms ^ +Inf"},
                             {"a and b or c unless d", "a and b or c unless d"},
                             {"A == Bool b", "A == bool b"},
                             {"1 == bool 2", "1 == bool 2"},
                             {"a atan2 b % c", "a atan2 b % c"},
                             {"a</5", "a </ 5"},
                             {"a>/-5", "a >/ -5"},
                             {"a * on(b,c) group_left(d) e", "a * on (b, c) group_left (d) e"},
                             {"a / ignoring() group_right e", "a / ignoring () group_right () e"},
                             {"a + on(sum, by) b", "a + on (sum, by) b"},
                             {"a + on('my.label') b", "a + on (\"my.label\") b"},
                             {"a + fill(0) b", "a + fill (0) b"},
                             {"a + fill_left(-1) fill_right(2) b", "a + fill_left (-1) fill_right (2) b"},
                             {"fill + fill_left", "fill + fill_left"},
                             {"(a)", "(a)"}}));

INSTANTIATE_TEST_SUITE_P(Selectors, ParsesTo,
                         testing::ValuesIn(std::vector<Printed>{
                             {"up", "up"},
                             {"a:b:c", "a:b:c"},
                             {"up{}", "up"},
                             {"up{job='a',}", "up{job=\"a\"}"},
                             {"up{b!=\"1\",a=~\"x|y\",c!~`z`}", "up{a=~\"x|y\",b!=\"1\",c!~\"z\"}"},
                             {"{__name__='up'}", "{__name__=\"up\"}"},
                             {"{\"my.metric\"}", "{__name__=\"my.metric\"}"},
                             {"{\"my.metric\", 'my.label'='x'}", "{\"my.label\"=\"x\",__name__=\"my.metric\"}"},
                             {"sum", "sum"},
                             {"offset offset 5m", "offset offset 5m"},
                             {"by{by='by'}", "by{by=\"by\"}"},
                             {"up # comment\n{a='#'}", "up{a=\"#\"}"},
                             {"up[5m]", "up[5m]"},
                             {"up[300]", "up[5m]"},
                             {"up[5m] offset 1w", "up[5m] offset 1w"},
                             {"up offset -90", "up offset -1m30s"},
                             {"up @ 1.5 offset 1m", "up @ 1.500 offset 1m"},
                             {"up offset 1m @ -1", "up @ -1.000 offset 1m"},
                             {"up[5m] @ start()", "up[5m] @ start()"},
                             {"up anchored", "up anchored"},
                             {"up[5m] smoothed offset 1m", "up[5m] smoothed offset 1m"},
                             {"rate(up[1m])[5m:]", "rate(up[1m])[5m:]"},
                             {"up[5m:1m] @ end() offset 1m", "up[5m:1m] @ end() offset 1m"},
                             {"up[step()+1m]", "up[step() + 1m]"},
                             {"up[max_of(1m, step()*2):min_of(5, range())]",
                              "up[max_of(1m, step() * 2):min_of(5, range())]"},
                             {"up offset (1m+2m)*2", "up offset (1m + 2m) * 2"},
                             {"up offset -step()", "up offset -step()"},
                             {"up offset 1m*2", "up offset 1m * 2"}}));

INSTANTIATE_TEST_SUITE_P(Calls, ParsesTo,
                         testing::ValuesIn(std::vector<Printed>{
                             {"sum(up)", "sum(up)"},
                             {"SUM BY (a, b) (up)", "sum by (a, b) (up)"},
                             {"sum(up) without()", "sum without () (up)"},
                             {"topk(5, up)", "topk(5, up)"},
                             {"count_values by (x) (\"v\", up)", "count_values by (x) (\"v\", up)"},
                             {"limit_ratio(-0.5, up)", "limit_ratio(-0.5, up)"},
                             {"time()", "time()"},
                             {"round(up)", "round(up)"},
                             {"round(up, 5)", "round(up, 5)"},
                             {"label_join(up, 'a', \"\\n\", `b\\`)", "label_join(up, \"a\", \"\\n\", \"b\\\\\")"},
                             {"info(up, {a='b'})", "info(up, {a=\"b\"})"},
                             {"day_of_month()", "day_of_month()"},
                             {"start() + end() + range() + step()", "start() + end() + range() + step()"},
                             {"'\\u00e9\\x41\\101'", "\"éAA\""}}));

struct Refused {
  std::string_view text;
  std::string_view message;  // after "parse error: ", with the position before it
};

class Refuses : public testing::TestWithParam<Refused> {};

TEST_P(Refuses, WithPrometheusWords) {
  const auto expr = parse_expr(GetParam().text, ParserOptions::everything());
  ASSERT_FALSE(expr) << to_string(**expr);
  EXPECT_EQ(expr.error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(expr.error().message, GetParam().message);
}

INSTANTIATE_TEST_SUITE_P(
    Lexing, Refuses,
    testing::ValuesIn(std::vector<Refused>{
        {"", "unknown position: parse error: no expression found in input"},
        {"# only a comment", "1:1: parse error: no expression found in input"},
        {"(1", "1:3: parse error: unclosed left parenthesis"},
        {"1)", "1:3: parse error: unexpected right parenthesis ')'"},
        {"a[5m", "1:5: parse error: unclosed left bracket"},
        {"a{b='c'", "1:8: parse error: unexpected end of input inside braces"},
        {"a ~ b", "1:3: parse error: unexpected character: '~'"},
        {"a =~ b", "1:3: parse error: unexpected character after '=': '~'"},
        {"a ! b", "1:3: parse error: unexpected character after '!': ' '"},
        {"1x", "1:1: parse error: bad number or duration syntax: \"1\""},
        {"5m1h", "1:1: parse error: not a valid duration string: \"5m1h\""},
        {"'a", "1:1: parse error: unterminated quoted string"},
        {"`a", "1:1: parse error: unterminated raw string"},
        {"'\\c'", "1:1: parse error: unknown escape sequence U+0063 'c'"},
        {"'\\x1'", "1:1: parse error: illegal character U+0027 ''' in escape sequence"},
        {"'\xff'", "1:1: parse error: invalid UTF-8 rune"},
        {"a{{}", "1:3: parse error: unexpected left brace '{'"},
        {"1e999",
         "1:1: parse error: error parsing number: strconv.ParseFloat: parsing \"1e999\": value out of range"}}));

INSTANTIATE_TEST_SUITE_P(
    Grammar, Refuses,
    testing::ValuesIn(std::vector<Refused>{
        {"1 +", "1:4: parse error: unexpected end of input"},
        {"* 1", "1:1: parse error: unexpected <op:*>"},
        {"a\n+ b c", "2:5: parse error: unexpected identifier \"c\""},
        {"a 'b'", "1:3: parse error: unexpected string \"'b'\""},
        {"a 12345678901", "1:3: parse error: unexpected number \"1234567890\"..."},
        {"sum(a b)", "1:7: parse error: unexpected identifier \"b\" in aggregation"},
        {"sum by a (b)", "1:8: parse error: unexpected identifier \"a\" in grouping opts, expected \"(\""},
        {"sum by (a b) (c)",
         "1:11: parse error: unexpected identifier \"b\" in grouping opts, expected \",\" or \")\""},
        {"sum by (5) (c)", "1:9: parse error: unexpected number \"5\" in grouping opts, expected label"},
        {"sum by ('') (c)", "1:9: parse error: invalid label name for grouping: \"\""},
        {"a{b}", "1:4: parse error: unexpected \"}\" in label matching, expected label matching operator"},
        {"a{b=c}", "1:5: parse error: unexpected identifier \"c\" in label matching, expected string"},
        {"a{,}", "1:3: parse error: unexpected \",\" in label matching, expected identifier or \"}\""},
        {"a{b='c' d='e'}", "1:9: parse error: unexpected identifier \"d\" in label matching, expected \",\" or \"}\""},
        {"a offset b",
         "1:10: parse error: unexpected identifier \"b\" in offset, expected number, duration, step(), or range()"},
        {"a @ b", "1:5: parse error: unexpected identifier \"b\" in @, expected timestamp"},
        {"a[]",
         "1:3: parse error: unexpected \"]\" in subquery or range selector, expected number, duration, step(), or "
         "range()"},
        {"a[5m 5m]", "1:6: parse error: unexpected duration \"5m\" in subquery or range, expected \":\" or \"]\""},
        {"a[0]", "1:3: parse error: duration must be greater than 0"},
        {"(a)[5m]", "1:4: parse error: ranges only allowed for vector selectors"},
        {"a offset 1m [5m]", "1:13: parse error: no offset modifiers allowed before range"},
        {"a @ 1 [5m]", "1:7: parse error: no @ modifiers allowed before range"},
        {"1 offset 1m",
         "1:1: parse error: offset modifier must be preceded by an instant vector selector or range vector selector or "
         "a subquery"},
        {"a offset 1m offset 2m", "1:1: parse error: offset may not be set multiple times"},
        {"a @ 1 @ 2", "1:1: parse error: @ <timestamp> may not be set multiple times"},
        {"a @ Inf", "1:1: parse error: timestamp out of bounds for @ modifier: +Inf"},
        {"a anchored smoothed", "1:1: parse error: anchored and smoothed modifiers cannot be used together"},
        {"a[5m:] anchored", "1:1: parse error: anchored modifier is not supported for subqueries"},
        {"rate(a[5m],)", "1:11: parse error: trailing commas not allowed in function call args"},
        {"nofunction(a)", "1:1: parse error: unknown function with name \"nofunction\""},
        {"sum()", "1:1: parse error: no arguments for aggregate expression provided"},
        {"sum(a, b)",
         "1:1: parse error: wrong number of arguments for aggregate expression provided, expected 1, got 2"},
        {"topk(a)",
         "1:1: parse error: wrong number of arguments for aggregate expression provided, expected 2, got 1"}}));

INSTANTIATE_TEST_SUITE_P(
    Types, Refuses,
    testing::ValuesIn(std::vector<Refused>{
        {"rate(a)", "1:6: parse error: expected type range vector in call to function \"rate\", got instant vector"},
        {"sum(1)", "1:5: parse error: expected type instant vector in aggregation expression, got scalar"},
        {"topk('a', b)", "1:6: parse error: expected type scalar in aggregation parameter, got string"},
        {"count_values(1, b)", "1:14: parse error: expected type string in aggregation parameter, got scalar"},
        {"rate(a[5m], 1)", "1:1: parse error: expected 1 argument(s) in call to \"rate\", got 2"},
        {"round()", "1:1: parse error: expected at least 1 argument(s) in call to \"round\", got 0"},
        {"round(a, 1, 2)", "1:1: parse error: expected at most 2 argument(s) in call to \"round\", got 3"},
        {"1 == 2", "1:3: parse error: comparisons between scalars must use BOOL modifier"},
        {"a + bool b", "1:3: parse error: bool modifier can only be used on comparison operators"},
        {"a[5m] + 1", "1:1: parse error: binary expression must contain only scalar and instant vector types"},
        {"1 and a", "1:1: parse error: set operator \"and\" not allowed in binary scalar expression"},
        {"a and on(x) group_left b", "1:1: parse error: no grouping allowed for \"and\" operation"},
        {"a or fill(1) b", "1:1: parse error: filling in missing series not allowed for set operators"},
        {"a + on(x) 1", "1:1: parse error: vector matching only allowed between instant vectors"},
        {"a * on(x) group_left(x) b", "1:3: parse error: label \"x\" must not occur in ON and GROUP clause at once"},
        {"-'a'",
         "1:1: parse error: unary expression only allowed on expressions of type scalar or instant vector, got "
         "\"string\""},
        {"1[5m:]", "1:1: parse error: subquery is only allowed on instant vector, got scalar instead"},
        {"{}", "1:1: parse error: vector selector must contain at least one non-empty matcher"},
        {"{a=~'.*'}", "1:1: parse error: vector selector must contain at least one non-empty matcher"},
        {"a{__name__='b'}", "1:1: parse error: metric name must not be set twice: \"a\" or \"b\""},
        {"info(a, b)", "1:9: parse error: expected label selectors only, got vector selector instead"}}));

TEST(Parser, NamesTheFeatureThatIsOff) {
  const std::vector<Refused> cases{
      {"limitk(1, a)",
       "1:1: parse error: limitk() is experimental and must be enabled with "
       "--enable-feature=promql-experimental-functions"},
      {"mad_over_time(a[5m])", "1:1: parse error: function \"mad_over_time\" is not enabled"},
      {"a[5m*2]", "1:3: parse error: experimental duration expression is not enabled"},
      {"a anchored", "1:1: parse error: anchored modifier is experimental and not enabled"},
      {"a + fill(0) b", "1:1: parse error: binop fill modifiers are experimental and not enabled"}};
  for (const Refused& refused : cases) {
    const auto expr = parse_expr(refused.text);
    ASSERT_FALSE(expr) << refused.text;
    EXPECT_EQ(expr.error().message, refused.message);
  }
}

TEST(Parser, RefusesTextsThatAreTooLongOrTooDeep) {
  EXPECT_EQ(parse_expr(std::string(limits::kQueryTextBytesMax + 1, ' ')).error().code, ErrorCode::kTooLarge);
  const size_t deep = 100'000;
  std::string chain = "1";
  for (size_t i = 0; i < limits::kQueryDepthMax + 1; ++i) chain += "+1";
  for (const std::string& text : {std::string(deep, '('), std::string(deep, '-') + "1", chain,
                                  "a[" + std::string(deep, '(') + "1m", "a[" + std::string(deep, '-') + "1m]"}) {
    const auto expr = parse_expr(text, ParserOptions::everything());
    ASSERT_FALSE(expr);
    EXPECT_EQ(expr.error().code, ErrorCode::kTooLarge) << expr.error().message;
    EXPECT_THAT(expr.error().message, testing::HasSubstr("nested too deeply: more than 256 levels"));
  }
}

TEST(ParseSelector, GivesTheMatchersOfOneSelector) {
  const auto matchers = parse_selector("up{job!=\"a\"}");
  ASSERT_TRUE(matchers);
  ASSERT_EQ(matchers->size(), 2);
  EXPECT_EQ((*matchers)[0].to_string(), "job!=\"a\"");
  EXPECT_EQ((*matchers)[1].to_string(), "__name__=\"up\"");
}

TEST(ParseSelector, RefusesWhatSelectsEverythingOrIsMore) {
  EXPECT_EQ(parse_selector("{a=~\".*\"}").error().message, "match[] must contain at least one non-empty matcher");
  EXPECT_EQ(parse_selector("up + 1").error().message, "1:4: parse error: unexpected <op:+>");
  EXPECT_EQ(parse_selector("rate(up[5m])").error().message, "1:5: parse error: unexpected \"(\"");
  EXPECT_EQ(parse_selector("1").error().message, "1:1: parse error: unexpected number \"1\"");
}

TEST(ParseDuration, ReadsUnitsFromTheLargest) {
  const std::vector<std::pair<std::string_view, int64_t>> cases{{"0", 0},
                                                                {"0s", 0},
                                                                {"1ms", 1},
                                                                {"15s", 15'000},
                                                                {"5m", 300'000},
                                                                {"1h30m", 5'400'000},
                                                                {"1d", 86'400'000},
                                                                {"1w2d", 777'600'000},
                                                                {"1y", 31'536'000'000},
                                                                {"1s500ms", 1'500}};
  for (const auto& [text, ms] : cases) EXPECT_EQ(parse_duration(text).value(), ms) << text;
}

TEST(ParseDuration, SaysWhatIsWrong) {
  const std::vector<std::pair<std::string_view, std::string_view>> cases{
      {"", "empty duration string"},
      {"5", "not a valid duration string: \"5\""},
      {"m", "not a valid duration string: \"m\""},
      {"1s1m", "not a valid duration string: \"1s1m\""},
      {"1m1m", "not a valid duration string: \"1m1m\""},
      {"1hs", "unknown unit \"hs\" in duration \"1hs\""},
      {"-1m", "not a valid duration string: \"-1m\""},
      {"1000y", "duration out of range"}};
  for (const auto& [text, message] : cases) EXPECT_EQ(parse_duration(text).error().message, message) << text;
}

TEST(FormatDuration, InvertsParseDuration) {
  for (const std::string_view text : {"0s", "1ms", "1h30m", "90d", "1w", "2y", "8d1h", "1m1s1ms"})
    EXPECT_EQ(format_duration(parse_duration(text).value()), text);
}

}  // namespace
}  // namespace sluice::promql
