#include "iam/wildcard.h"

#include <chrono>
#include <random>
#include <string>

#include <gtest/gtest.h>

namespace sluice::iam {
namespace {

bool glob(std::string_view pattern, std::string_view text) { return glob_match(compile_wildcards(pattern), text); }

TEST(Glob, MatchesWholeTexts) {
  struct Row {
    std::string pattern, text;
    bool matches;
  };
  const Row rows[] = {
      {"", "", true},
      {"", "a", false},
      {"a", "a", true},
      {"a", "ab", false},
      {"a", "A", false},
      {"*", "", true},
      {"*", "anything:/at all", true},
      {"**", "x", true},
      {"?", "", false},
      {"?", "x", true},
      {"?", "xy", false},
      {"??", "xy", true},
      {"a*", "a", true},
      {"a*", "abc", true},
      {"*c", "abc", true},
      {"*c", "abcd", false},
      {"a*c", "ac", true},
      {"a*c", "abbbc", true},
      {"a*b*c", "a-b-c", true},
      {"a*b*c", "a-c-b", false},
      {"*a*", "bab", true},
      {"*a*", "bbb", false},
      {"ab*ba", "aba", false},
      {"ab*ba", "abba", true},
      {"*ab?", "xabab", false},
      {"*ab?", "xababc", true},
      {"*?b*", "ab", true},
      {"*?b*", "b", false},
      {"a?c*", "abcdef", true},
      {"*aab*", "aaab", true},
      {"?", "\xc3\xa9", true},
      {"??", "\xc3\xa9", false},
      {"*?", "\xc3\xa9", true},
      {"a?b",
       "a\xe2\x82\xac"
       "b",
       true},
      {"*\xe2\x82\xac", "x\xe2\x82\xac", true},
  };
  for (const auto& row : rows) EXPECT_EQ(glob(row.pattern, row.text), row.matches) << row.pattern << " on " << row.text;
}

TEST(Glob, TakesAnUncompiledStarForAStar) {
  EXPECT_TRUE(glob_match("a*", "a*"));
  EXPECT_FALSE(glob_match("a*", "ab"));
}

/// The textbook recursion: slow, and plainly right.
bool slow_glob(std::string_view pattern, std::string_view text) {
  if (pattern.empty()) return text.empty();
  if (pattern[0] == '*')
    return slow_glob(pattern.substr(1), text) || (!text.empty() && slow_glob(pattern, text.substr(1)));
  return !text.empty() && (pattern[0] == '?' || pattern[0] == text[0]) && slow_glob(pattern.substr(1), text.substr(1));
}

TEST(Glob, AgreesWithTheTextbookOnRandomInputs) {
  std::mt19937 random(7);
  const auto make = [&](std::string_view alphabet, size_t size_max) {
    std::string text(random() % (size_max + 1), ' ');
    for (char& c : text) c = alphabet[random() % alphabet.size()];
    return text;
  };
  for (int i = 0; i < 50'000; ++i) {
    const std::string pattern = make("ab*?", 7);
    const std::string text = make("ab", 9);
    ASSERT_EQ(glob(pattern, text), slow_glob(pattern, text)) << pattern << " on " << text;
  }
}

TEST(Glob, StaysQuickOnPatternsMadeToBacktrack) {
  std::string pattern;
  for (int i = 0; i < 500; ++i) pattern += "*aaaab";
  const std::string text(60'000, 'a');
  const auto start = std::chrono::steady_clock::now();
  EXPECT_FALSE(glob(pattern, text));
  EXPECT_FALSE(glob("*" + std::string(1'000, 'a') + "?b", text));
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(2));
}

TEST(ArnLike, MatchesEachComponentForItself) {
  const std::string arn = "arn:aws:sts::111122223333:assumed-role/role/session:x";
  struct Row {
    std::string pattern;
    bool matches;
  };
  const Row rows[] = {
      {arn, true},
      {"*", true},
      {"arn:aws:sts::*:assumed-role/*", true},
      {"arn:*:*:*:*:*", true},
      {"arn:aws:sts:*:assumed-role/*", false},
      {"arn:aws:sts*", false},
      {"arn:aws:sts::1111*3333:assumed-role/role/*", true},
      {"arn:aws:sts::111122223333:*:x", true},
      {"arn:aws:iam::111122223333:assumed-role/role/session:x", false},
      {"arn:aws:sts::111122223333:assumed-role/ROLE/session:x", false},
  };
  for (const auto& row : rows) EXPECT_EQ(arn_like(compile_wildcards(row.pattern), arn), row.matches) << row.pattern;
  EXPECT_FALSE(arn_like(compile_wildcards("*"), "not-an-arn"));
}

TEST(ResourceMatch, LetsATrailingWildcardRunPastComponentsOnlyInShortPatterns) {
  const std::string arn = "arn:aws:aps:eu-west-1:111122223333:workspace/ws-1";
  struct Row {
    std::string pattern;
    bool matches;
  };
  const Row rows[] = {
      {"*", true},
      {"arn:aws:aps:*", true},
      {"arn:*", true},
      {arn, true},
      {"arn:aws:aps:*:111122223333:workspace/*", true},
      {"arn:aws:aps:*:*:*", true},
      {"arn:aws:aps:*:*:workspace/ws-?", true},
      {"arn:aws:aps:eu-west-1:111122223333:workspace/ws-2", false},
      {"arn:aws:aps:*:444455556666:workspace/*", false},
      {"arn:aws:s3:*", false},
      {"arn:aws:aps:eu-west-1:111122223333:Workspace/ws-1", false},
      {"arn:aws:aps:us-east-1:*:workspace/ws-1", false},
  };
  for (const auto& row : rows)
    EXPECT_EQ(resource_match(compile_wildcards(row.pattern), arn), row.matches) << row.pattern;
}

TEST(ResourceMatch, AWildcardOfOneComponentDoesNotSwallowTheNext) {
  // A resource whose own name looks like the rest of an ARN must not be taken for another account's.
  EXPECT_FALSE(resource_match(compile_wildcards("arn:aws:aps:*:111122223333:workspace/*"),
                              "arn:aws:aps:eu-west-1:444455556666:x:111122223333:workspace/ws-1"));
}

TEST(ResourceMatch, OfAnActionWithoutResourceWantsAStar) {
  EXPECT_TRUE(resource_match(compile_wildcards("*"), "*"));
  EXPECT_FALSE(resource_match(compile_wildcards("arn:aws:aps:*:*:workspace/*"), "*"));
}

}  // namespace
}  // namespace sluice::iam
