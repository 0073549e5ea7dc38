#include "promql/text.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "promql/annotations.h"
#include "promql/go_format.h"
#include "promql/natural_order.h"
#include "promql/printer.h"

namespace sluice::promql {
namespace {

TEST(Quote, EscapesAsGoDoes) {
  const std::vector<std::pair<std::string_view, std::string_view>> cases{{"a\"b\\", "\"a\\\"b\\\\\""},
                                                                         {"\n\t\a", "\"\\n\\t\\a\""},
                                                                         {"\x01", "\"\\x01\""},
                                                                         {"\x7f", "\"\\x7f\""},
                                                                         {"é", "\"é\""},
                                                                         {"\xff", "\"\\xff\""},
                                                                         {"\u200b", "\"\\u200b\""},
                                                                         {"\ufffd", "\"\\ufffd\""}};
  for (const auto& [text, quoted] : cases) {
    EXPECT_EQ(quote(text), quoted);
    EXPECT_EQ(unquote(quoted).value(), text) << quoted;
  }
}

TEST(Unquote, RefusesWhatIsNoLiteral) {
  for (const std::string_view text :
       {"", "\"", "\"a'", "\"a\"b\"", "'\\q'", "'\\x4'", "'\\400'", "'\\ud800'", "\"a\nb\"", "'\\'"})
    EXPECT_FALSE(unquote(text)) << text;
  EXPECT_EQ(unquote("`a\\n`").value(), "a\\n");
}

TEST(DecodeCharacter, TakesInvalidBytesOneByOne) {
  for (const std::string_view text :
       {"\xff", "\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82"}) {
    EXPECT_EQ(decode_character(text, 0).code, kInvalidCharacter);
    EXPECT_EQ(decode_character(text, 0).bytes, 1);
  }
  EXPECT_EQ(decode_character("€", 0).code, 0x20AC);
  EXPECT_EQ(decode_character("", 0).code, kEndOfText);
}

TEST(FormatNumber, NeverWritesAnExponent) {
  EXPECT_EQ(format_number(1e21), "1000000000000000000000");
  EXPECT_EQ(format_number(0.1), "0.1");
  EXPECT_EQ(format_number(1e-7), "0.0000001");
  EXPECT_EQ(format_number(-std::numeric_limits<double>::infinity()), "-Inf");
  EXPECT_EQ(format_number(std::numeric_limits<double>::denorm_min()).size(), 326);
}

TEST(FormatGeneral, SwitchesToExponentsAsGoDoes) {
  const std::vector<std::pair<double, std::string_view>> cases{
      {0, "0"},           {0.5, "0.5"},       {100000, "100000"}, {1000000, "1e+06"}, {1234567, "1.234567e+06"},
      {0.0001, "0.0001"}, {0.00001, "1e-05"}, {NAN, "NaN"}};
  for (const auto& [value, text] : cases) EXPECT_EQ(format_general(value), text);
  EXPECT_EQ(format_open_metrics(1), "1.0");
  EXPECT_EQ(format_open_metrics(0.99), "0.99");
}

TEST(NaturalLess, ComparesRunsOfDigitsAsNumbers) {
  EXPECT_TRUE(natural_less("node2", "node10"));
  EXPECT_FALSE(natural_less("node10", "node2"));
  EXPECT_TRUE(natural_less("a", "b"));
  EXPECT_TRUE(natural_less("a", "a1"));
  EXPECT_FALSE(natural_less("a1", "a1"));
  EXPECT_TRUE(natural_less("1.9", "1.10"));
}

TEST(Annotations, TellsEachOnceWithItsLastPosition) {
  Annotations annotations;
  annotations.add(AnnotationId::kNotCounter, {5, 6}, "h");
  annotations.add(AnnotationId::kNotCounter, {2, 6}, "h");
  annotations.add(AnnotationId::kPossibleNonCounter, {0, 1}, "a");
  annotations.add_forced_monotonicity("x", {0, 1}, 60'000, 1, 2, 0.5);
  annotations.add_forced_monotonicity("x", {0, 1}, 0, 0.5, 1, 0.25);
  EXPECT_EQ(annotations.warnings("0123456"),
            std::vector<std::string>{"PromQL warning: this native histogram metric is not a counter: \"h\" (1:3)"});
  const std::vector<std::string> infos = annotations.infos("0123456");
  ASSERT_EQ(infos.size(), 2);
  EXPECT_EQ(
      infos[0],
      "PromQL info: input to histogram_quantile needed to be fixed for monotonicity (see "
      "https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile) for metric name \"x\", "
      "from buckets 0.5 to 2, with a max diff of 0.5, over 2 samples from 1970-01-01T00:00:00Z to "
      "1970-01-01T00:01:00Z (1:1)");
}

}  // namespace
}  // namespace sluice::promql
