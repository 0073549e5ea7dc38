#include "iam/policy_text.h"

#include <optional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "iam/request_context.h"
#include "iam/wildcard.h"

namespace sluice::iam {
namespace {

using Use = PolicyText::Use;
using Variables = PolicyText::Variables;

RequestContext context() {
  RequestContext context;
  context.set("aws:PrincipalTag/Team", "blue");
  context.set("aws:PrincipalTag/star", "a*");
  context.set("aws:PrincipalTag/colon", "111122223333:role");
  context.set("aws:PrincipalTag/byte", "a\xff");
  context.set_list("aws:TagKeys", {"one"});
  return context;
}

std::optional<std::string> resolved(std::string_view text, Use use, Variables variables = Variables::kActive) {
  const auto compiled = PolicyText::compile(text, use, variables);
  EXPECT_TRUE(compiled) << text;
  std::string buffer;
  const auto result = compiled->resolve(context(), buffer);
  return result ? std::optional<std::string>(*result) : std::nullopt;
}

TEST(PolicyText, FillsInVariables) {
  EXPECT_EQ(resolved("plain", Use::kLiteral), "plain");
  EXPECT_EQ(resolved("${aws:PrincipalTag/team}", Use::kLiteral), "blue");
  EXPECT_EQ(resolved("<${aws:principaltag/TEAM}>", Use::kLiteral), "<blue>");
  EXPECT_EQ(resolved("${aws:PrincipalTag/team}${aws:PrincipalTag/team}", Use::kLiteral), "blueblue");
  EXPECT_EQ(resolved("${ aws:PrincipalTag/team }", Use::kLiteral), "blue");
}

TEST(PolicyText, UsesDefaultsForMissingKeysOnly) {
  EXPECT_EQ(resolved("${aws:PrincipalTag/none, 'dflt'}", Use::kLiteral), "dflt");
  EXPECT_EQ(resolved("${aws:PrincipalTag/none,''}", Use::kLiteral), "");
  EXPECT_EQ(resolved("${aws:PrincipalTag/none, 'a}b'}", Use::kLiteral), "a}b");
  EXPECT_EQ(resolved("${aws:PrincipalTag/team, 'dflt'}", Use::kLiteral), "blue");
  EXPECT_EQ(resolved("${aws:TagKeys, 'dflt'}", Use::kLiteral), std::nullopt);
}

TEST(PolicyText, DoesNotResolveWhatIsMissingOrMultivalued) {
  EXPECT_EQ(resolved("${aws:PrincipalTag/none}", Use::kLiteral), std::nullopt);
  EXPECT_EQ(resolved("${aws:TagKeys}", Use::kLiteral), std::nullopt);
}

TEST(PolicyText, EscapesStandForThemselves) {
  EXPECT_EQ(resolved("${*}${?}${$}", Use::kPattern), "*?$");
  EXPECT_EQ(resolved("a*", Use::kPattern), std::string("a") + kAnyRun);
  EXPECT_EQ(resolved("a*?", Use::kLiteral), "a*?");
}

TEST(PolicyText, AVariablesValueIsNeverAWildcard) {
  EXPECT_EQ(resolved("${aws:PrincipalTag/star}", Use::kPattern), "a*");
  EXPECT_EQ(resolved("${aws:PrincipalTag/byte}", Use::kPattern), std::nullopt);
}

TEST(PolicyText, AVariablesValueNeverStartsAnArnComponent) {
  EXPECT_EQ(resolved("arn:aws:iam::${aws:PrincipalTag/colon}/x", Use::kArn), std::nullopt);
  EXPECT_EQ(resolved("arn:aws:iam::1:${aws:PrincipalTag/colon}", Use::kArn), "arn:aws:iam::1:111122223333:role");
  EXPECT_EQ(resolved("${aws:PrincipalTag/colon}", Use::kLiteral), "111122223333:role");
}

TEST(PolicyText, VariablesAreLiteralInTheOlderVersion) {
  EXPECT_EQ(resolved("${aws:PrincipalTag/team}", Use::kLiteral, Variables::kLiteral), "${aws:PrincipalTag/team}");
  EXPECT_EQ(resolved("${", Use::kLiteral, Variables::kLiteral), "${");
}

TEST(PolicyText, RefusesBrokenVariables) {
  for (const std::string text : {"${", "a${b", "${}", "${ }", "${,'x'}", "${a:b, x}", "${a:b,'x}"}) {
    const auto compiled = PolicyText::compile(text, Use::kLiteral, Variables::kActive);
    ASSERT_FALSE(compiled) << text;
    EXPECT_EQ(compiled.error().code, ErrorCode::kMalformed);
    EXPECT_THAT(compiled.error().message, ::testing::HasSubstr(text));
  }
}

}  // namespace
}  // namespace sluice::iam
