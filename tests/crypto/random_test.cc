#include "crypto/random.h"

#include <map>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::crypto {
namespace {

TEST(Random, GivesTheLengthAskedForAndNoRepeats) {
  EXPECT_EQ(random_bytes(0), "");
  EXPECT_EQ(random_bytes(33).size(), 33u);
  EXPECT_EQ(random_secret(32).size(), 32u);
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) seen.insert(random_uuid());
  EXPECT_EQ(seen.size(), 100u);
}

TEST(Random, UuidsHaveTheirForm) {
  EXPECT_THAT(random_uuid(), ::testing::MatchesRegex("[0-9a-f][0-9a-f]*-[0-9a-f][0-9a-f][0-9a-f][0-9a-f]-4[0-9a-f][0-"
                                                     "9a-f][0-9a-f]-[89ab][0-9a-f][0-9a-f][0-9a-f]-[0-9a-f]*"));
  EXPECT_EQ(random_uuid().size(), 36u);
}

TEST(Random, TextUsesItsWholeAlphabetEvenly) {
  // 32 letters divide 256; 62 do not, so there the bytes past the last multiple must be thrown away.
  for (const auto alphabet : {kUniqueIdAlphabet, kAlphanumeric}) {
    const size_t size = alphabet.size() * 1000;
    std::map<char, int> counts;
    for (const char c : random_text(size, alphabet)) ++counts[c];
    ASSERT_EQ(counts.size(), alphabet.size());
    // The standard deviation is about 32: eight of them never happen by chance.
    for (const auto& [letter, count] : counts) EXPECT_NEAR(count, 1000, 256) << letter;
  }
  EXPECT_EQ(random_text(17, "x"), std::string(17, 'x'));
}

}  // namespace
}  // namespace sluice::crypto
