#include "sts/access_key_id.h"

#include <set>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::sts {
namespace {

using ::testing::MatchesRegex;

TEST(AccessKeyIdTest, TellsOwnFromForeign) {
  EXPECT_EQ(classify_access_key_id(session_access_key_id("salt")), AccessKeyKind::kSession);
  EXPECT_EQ(classify_access_key_id(make_long_lived_access_key_id()), AccessKeyKind::kLongLived);
  EXPECT_EQ(classify_access_key_id("ASIAQWERTYUIOPASDFGH"), AccessKeyKind::kForeignSession);
  EXPECT_EQ(classify_access_key_id("ASIASLU0ABCDEFGHIJK"), AccessKeyKind::kForeignSession) << "one short";
  EXPECT_EQ(classify_access_key_id("ASIASLU0ABCDEFGHIJ1L"), AccessKeyKind::kForeignSession)
      << "1 is not in the alphabet";
  EXPECT_EQ(classify_access_key_id("AKIAIOSFODNN7EXAMPLE"), AccessKeyKind::kForeign);
  EXPECT_EQ(classify_access_key_id(""), AccessKeyKind::kForeign);
  EXPECT_EQ(classify_access_key_id("asiaslu0abcdefghijkl"), AccessKeyKind::kForeign);
}

TEST(AccessKeyIdTest, HasTheFormOfAws) {
  EXPECT_THAT(session_access_key_id("salt"), MatchesRegex("ASIA[A-Z0-9]{16}"));
  EXPECT_THAT(make_long_lived_access_key_id(), MatchesRegex("AKIA[A-Z0-9]{16}"));
  EXPECT_THAT(make_secret_access_key(), MatchesRegex("[A-Za-z0-9+/]{40}"));
}

TEST(AccessKeyIdTest, IsAFunctionOfTheSalt) {
  EXPECT_EQ(session_access_key_id("a"), session_access_key_id("a"));
  std::set<std::string> ids;
  for (int i = 0; i < 1000; ++i) ids.insert(session_access_key_id(std::to_string(i)));
  EXPECT_EQ(ids.size(), 1000u);
  EXPECT_NE(make_secret_access_key(), make_secret_access_key());
}

}  // namespace
}  // namespace sluice::sts
