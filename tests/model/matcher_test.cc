#include "model/matcher.h"

#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <re2/re2.h>

#include "base/limits.h"
#include "model/regex_shape.h"

namespace sluice::model {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Matcher make(MatchType type, std::string value, std::string name = "l") {
  auto matcher = Matcher::make(type, std::move(name), std::move(value));
  EXPECT_TRUE(matcher.has_value()) << matcher.error().message;
  return *std::move(matcher);
}

struct RegexCase {
  const char* pattern;
  std::vector<const char*> matching;
  std::vector<const char*> others;
};

TEST(Matcher, RegexesAreFullyAnchoredAndDotMatchesLineBreaks) {
  const RegexCase cases[] = {
      {"", {""}, {"a"}},
      {"a", {"a"}, {"", "aa", "A"}},
      {"a|bc", {"a", "bc"}, {"", "abc", "b"}},
      {"(a|bc)", {"a", "bc"}, {"", "abc"}},
      {"(?:a|)", {"a", ""}, {"b"}},
      {"a|", {"a", ""}, {"b"}},
      {".*", {"", "a", "a\nb"}, {}},
      {".+", {"a", "\n"}, {""}},
      {"ab.*", {"ab", "abc", "ab\nc"}, {"a", "xab"}},
      {"ab.+", {"abc", "ab\n"}, {"ab", "xabc"}},
      {".*ab", {"ab", "xab"}, {"abx", "b"}},
      {".+ab", {"xab"}, {"ab"}},
      {".*ab.*", {"ab", "xabx", "\nab\n"}, {"a b"}},
      {"a\\.b", {"a.b"}, {"axb"}},
      {"a.b", {"a.b", "axb", "a\nb"}, {"ab"}},
      {"ab*", {"a", "abb"}, {"ab*", "b"}},
      {"abc?", {"ab", "abc"}, {"abc?", "a"}},
      {"a{2}", {"aa"}, {"a{2}", "a"}},
      {"ü*", {"", "ü", "üü"}, {"\xc3\xbc\xbc"}},
      {"(?i)ab", {"ab", "AB"}, {"abc"}},
      {"a(?i)b", {"ab", "aB"}, {"Ab"}},
      {"foo|bar.*", {"foo", "bar", "barx"}, {"foox", "fo"}},
      {"foo.*|bar", {"foo", "foox", "bar"}, {"barx"}},
      {"http_requests(_histogram)?", {"http_requests", "http_requests_histogram"}, {"http_requests_"}},
      {"[ab]c", {"ac", "bc"}, {"c"}},
      {"(a)|(b)", {"a", "b"}, {"a)|(b", ""}},
      {"^a$", {"a"}, {"aa"}},
      {"a|b$", {"a", "b"}, {"b$"}},
      {"5..", {"500"}, {"50", "5000"}},
      {"\\Qa.b\\E", {"a.b"}, {"axb"}},
      {"\\d+", {"12"}, {"", "d"}},
  };
  for (const auto& test : cases) {
    const Matcher is = make(MatchType::kRegex, test.pattern);
    const Matcher is_not = make(MatchType::kNotRegex, test.pattern);
    for (const char* text : test.matching) {
      EXPECT_TRUE(is.matches(text)) << test.pattern << " on " << text;
      EXPECT_FALSE(is_not.matches(text)) << test.pattern << " on " << text;
    }
    for (const char* text : test.others) {
      EXPECT_FALSE(is.matches(text)) << test.pattern << " on " << text;
      EXPECT_TRUE(is_not.matches(text)) << test.pattern << " on " << text;
    }
  }
}

TEST(Matcher, EqualityTakesTheValueLiterally) {
  EXPECT_TRUE(make(MatchType::kEqual, "a.*").matches("a.*"));
  EXPECT_FALSE(make(MatchType::kEqual, "a.*").matches("ab"));
  EXPECT_TRUE(make(MatchType::kNotEqual, "a").matches("b"));
  EXPECT_FALSE(make(MatchType::kNotEqual, "a").matches("a"));
}

TEST(Matcher, AbsentLabelMatchesAsEmpty) {
  const Labels labels = Labels::from({{"job", "x"}});
  EXPECT_TRUE(make(MatchType::kEqual, "", "zone").matches(labels));
  EXPECT_TRUE(make(MatchType::kNotEqual, "a", "zone").matches(labels));
  EXPECT_TRUE(make(MatchType::kRegex, "a?", "zone").matches(labels));
  EXPECT_FALSE(make(MatchType::kNotRegex, ".*", "zone").matches(labels));
  EXPECT_TRUE(make(MatchType::kRegex, ".*").matches_empty());
  EXPECT_FALSE(make(MatchType::kRegex, ".+").matches_empty());
}

TEST(Matcher, AllMatchersMustMatch) {
  const Labels labels = Labels::from({{"job", "x"}, {"zone", "a"}});
  const std::vector<Matcher> both = {make(MatchType::kEqual, "x", "job"), make(MatchType::kRegex, "a|b", "zone")};
  EXPECT_TRUE(matches_all(both, labels));
  EXPECT_FALSE(matches_all(both, labels.with("zone", "c")));
  EXPECT_TRUE(matches_all({}, labels));
}

TEST(Matcher, OffersSetsAndPrefixesToIndexes) {
  EXPECT_THAT(make(MatchType::kRegex, "b|a|b").set_matches(), ElementsAre("a", "b"));
  EXPECT_THAT(make(MatchType::kNotRegex, "a\\.b").set_matches(), ElementsAre("a.b"));
  EXPECT_THAT(make(MatchType::kRegex, "a.*").set_matches(), IsEmpty());
  EXPECT_THAT(make(MatchType::kEqual, "a").set_matches(), IsEmpty());
  EXPECT_EQ(make(MatchType::kRegex, "abc.*").prefix(), "abc");
  EXPECT_EQ(make(MatchType::kRegex, "abc[de]").prefix(), "abc");
  EXPECT_EQ(make(MatchType::kRegex, "abc(d|e)").prefix(), "");  // any "|" makes a prefix doubtful
  EXPECT_EQ(make(MatchType::kRegex, "abc*").prefix(), "ab");
  EXPECT_EQ(make(MatchType::kRegex, "abc.*|x").prefix(), "");
  EXPECT_EQ(make(MatchType::kRegex, ".*abc").prefix(), "");
}

TEST(Matcher, RefusesPatternsTheEngineDoesNotTakeAndSaysWhy) {
  const std::pair<std::string, const char*> cases[] = {
      {"a(b", "missing"},
      {"a)|(b", "unexpected"},
      {"*", "no argument for repetition operator"},
      {"[z-a]", "invalid character class range"},
      {"(?=a)", "invalid perl operator"},
      {"a\\", "trailing \\"},
      {"\xff", "UTF-8"},
      {std::string(limits::kRegexBytesMax + 1, 'a'), "at most"},
      {"((((a{100}){100}){100}){100})", "regular expression"},
  };
  for (const auto& [pattern, reason] : cases) {
    const auto matcher = Matcher::make(MatchType::kRegex, "l", pattern);
    ASSERT_FALSE(matcher.has_value()) << pattern;
    EXPECT_EQ(matcher.error().code, ErrorCode::kInvalidArgument);
    EXPECT_THAT(matcher.error().message, HasSubstr(reason)) << pattern;
    EXPECT_LT(matcher.error().message.size(), 600u);
  }
}

TEST(Matcher, TextQuotesTheValue) {
  EXPECT_EQ(make(MatchType::kEqual, "a\"b", "job").to_string(), R"(job="a\"b")");
  EXPECT_EQ(make(MatchType::kNotEqual, "a", "job").to_string(), R"(job!="a")");
  EXPECT_EQ(make(MatchType::kRegex, "a|b", "job").to_string(), R"(job=~"a|b")");
  EXPECT_EQ(make(MatchType::kNotRegex, "\\d", "k.v").to_string(), R"("k.v"!~"\\d")");
}

// The shortcuts must never differ from the engine.
TEST(Matcher, ShortcutsAgreeWithTheEngineOnRandomPatterns) {
  re2::RE2::Options options;
  options.set_dot_nl(true);
  options.set_log_errors(false);
  const std::string_view pieces[] = {
      "a", "b", ".*", ".+", ".", "|", "(", ")", "(?:", "\\.", "\\|", "*", "?", "ü", "[ab]", "\n", "^", "$"};
  const std::string_view parts[] = {"a", "b", ".", "|", "ü", "\n", "ab"};
  std::mt19937_64 random(7);
  int compared = 0;
  for (int round = 0; round < 6'000; ++round) {
    std::string pattern;
    for (size_t i = random() % 6; i > 0; --i) pattern += pieces[random() % std::size(pieces)];
    const re2::RE2 engine(pattern, options);
    const auto matcher = Matcher::make(MatchType::kRegex, "l", pattern);
    ASSERT_EQ(engine.ok(), matcher.has_value()) << pattern;
    if (!engine.ok()) continue;
    for (int i = 0; i < 12; ++i) {
      std::string text;
      for (size_t n = random() % 5; n > 0; --n) text += parts[random() % std::size(parts)];
      const bool is_match = re2::RE2::FullMatch(text, engine);
      ASSERT_EQ(matcher->matches(text), is_match) << pattern << " on " << text;
      if (is_match) ASSERT_TRUE(text.starts_with(matcher->prefix())) << pattern << " on " << text;
      ++compared;
    }
  }
  EXPECT_GT(compared, 10'000);
}

}  // namespace
}  // namespace sluice::model
