#include "aws/validation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::aws {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const ParameterRule kRules[] = {
    {.name = "RoleArn", .required = true, .length_min = 20, .length_max = 2048, .pattern = &patterns::kArn},
    {.name = "RoleSessionName",
     .required = true,
     .length_min = 2,
     .length_max = 64,
     .pattern = &patterns::kSessionName},
    {.name = "WebIdentityToken", .required = true, .length_min = 4, .length_max = 20000, .sensitive = true},
    {.name = "DurationSeconds", .type = ParameterRule::Type::kInteger, .value_min = 900, .value_max = 43200},
    {.name = "OnlyAttached", .type = ParameterRule::Type::kBoolean},
};
const std::string kArn = "arn:aws:iam::111122223333:role/x";

Parameters with(std::string name, std::string value) {
  Parameters parameters = {{std::move(name), std::move(value)}};
  for (const auto& [key, good] :
       Parameters{{"RoleArn", kArn}, {"RoleSessionName", "ok"}, {"WebIdentityToken", "a.b.c"}}) {
    parameters.emplace_back(key, good);
  }
  return parameters;
}

TEST(Validation, PassesWhatTheModelAllows) {
  EXPECT_FALSE(validate(kRules, with("DurationSeconds", "3600")));
  EXPECT_FALSE(validate(kRules, with("Unknown", "ignored")));
  EXPECT_FALSE(validate(kRules, with("OnlyAttached", "TRUE")));
}

TEST(Validation, AggregatesEveryViolationWithPatternBeforeLength) {
  const auto error = validate(kRules, {{"RoleSessionName", "!"}, {"WebIdentityToken", "abc"}});
  ASSERT_TRUE(error);
  EXPECT_EQ(error->status, 400);
  EXPECT_EQ(error->code, "ValidationError");
  EXPECT_EQ(
      error->message,
      "4 validation errors detected: Value null at 'roleArn' failed to satisfy constraint: Member must not be null; "
      "Value '!' at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular expression pattern: "
      "[\\w+=,.@-]*; Value '!' at 'roleSessionName' failed to satisfy constraint: Member must have length greater than "
      "or equal to 2; Value at 'webIdentityToken' failed to satisfy constraint: Member must have length greater than "
      "or "
      "equal to 4");
}

TEST(Validation, CountsOneViolationInTheSingular) {
  EXPECT_THAT(validate(kRules, with("RoleSessionName", "a"))->message, HasSubstr("1 validation error detected: "));
}

TEST(Validation, NeverEchoesTheToken) {
  const auto error =
      validate(kRules, {{"RoleArn", kArn}, {"RoleSessionName", "ok"}, {"WebIdentityToken", std::string(20001, 's')}});
  ASSERT_TRUE(error);
  EXPECT_THAT(error->message, Not(HasSubstr("sss")));
}

TEST(Validation, CutsLongEchoes) {
  const auto error = validate(kRules, with("RoleSessionName", std::string(100'000, 'a')));
  ASSERT_TRUE(error);
  EXPECT_LT(error->message.size(), 2'000u);
}

TEST(Validation, CountsLengthInUtf16Units) {
  const ParameterRule rule[] = {{.name = "X", .length_max = 4}};
  EXPECT_FALSE(validate(rule, {{"X", "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9"}}));
  EXPECT_FALSE(validate(rule, {{"X", "\xf0\x9f\x98\x80\xf0\x9f\x98\x80"}}));
  EXPECT_TRUE(validate(rule, {{"X", "\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80"}}));
}

TEST(Validation, ReadsIntegersAsStsDoes) {
  struct Row {
    std::string text;
    std::string code;
  };
  const Row rows[] = {
      {"900", ""},
      {"0900", ""},
      {"+900", ""},
      {"43200", ""},
      {" 900 ", "MalformedInput"},
      {"900.0", "MalformedInput"},
      {"9e2", "MalformedInput"},
      {"2147483648", "MalformedInput"},
      {"", "MalformedInput"},
      {"+", "MalformedInput"},
      {"99999999999999999999999", "MalformedInput"},
      {"0", "ValidationError"},
      {"-1", "ValidationError"},
      {"899", "ValidationError"},
      {"43201", "ValidationError"},
      {"2147483647", "ValidationError"},
      {"-2147483648", "ValidationError"},
  };
  for (const auto& row : rows) {
    const auto error = validate(kRules, with("DurationSeconds", row.text));
    EXPECT_EQ(error ? error->code : "", row.code) << row.text;
  }
  EXPECT_EQ(validate(kRules, with("DurationSeconds", ""))->message, "missing value for decimal type");
  EXPECT_THAT(
      validate(kRules, with("DurationSeconds", "899"))->message,
      HasSubstr("Value '899' at 'durationSeconds' failed to satisfy constraint: Member must have value greater than or "
                "equal to 900"));
}

TEST(Validation, RefusesBytesThatAreNoUtf8AndBooleansThatAreNone) {
  EXPECT_EQ(validate(kRules, with("RoleSessionName", "\xff\xfe"))->code, "MalformedInput");
  EXPECT_EQ(validate(kRules, with("OnlyAttached", "yes"))->code, "MalformedInput");
}

TEST(Validation, NamesTheEnumerationsValues) {
  static constexpr std::string_view kScopes[] = {"All", "AWS", "Local"};
  const ParameterRule rule[] = {{.name = "Scope", .allowed = kScopes}};
  EXPECT_FALSE(validate(rule, {{"Scope", "AWS"}}));
  EXPECT_THAT(validate(rule, {{"Scope", "aws"}})->message,
              HasSubstr("Member must satisfy enum value set: [All, AWS, Local]"));
}

TEST(Validation, ListsOfStructuresNameTheirMembers) {
  Violations violations;
  const std::string key(129, 'k');
  violations.check({.name = "Key", .required = true, .length_max = 128}, "tags.1.member.key", &key);
  violations.check({.name = "Value", .required = true}, "tags.1.member.value", nullptr);
  EXPECT_THAT(violations.to_error().message, HasSubstr("at 'tags.1.member.key'"));
  EXPECT_THAT(violations.to_error("ValidationException").code, "ValidationException");
}

TEST(Patterns, SayWhatTheirExpressionsSay) {
  struct Row {
    const Pattern& pattern;
    std::string text;
    bool matches;
  };
  const Row rows[] = {
      {patterns::kNameCharacters, "role_1+=,.@-", true},
      {patterns::kNameCharacters, "", false},
      {patterns::kNameCharacters, "a/b", false},
      {patterns::kNameCharacters, "\xc3\xa9", false},
      {patterns::kSessionName, "", true},
      {patterns::kSessionName, "a:b", false},
      {patterns::kArn, "arn:aws:iam::1:role/\xc3\xa9", true},
      {patterns::kArn, "\xf0\x9f\x98\x80", false},
      {patterns::kArn, "a\x01", false},
      {patterns::kPath, "/", true},
      {patterns::kPath, "/a/b/", true},
      {patterns::kPath, "//", false},
      {patterns::kPath, "/a", false},
      {patterns::kPath, "/a b/", false},
      {patterns::kPolicyPath, "/", true},
      {patterns::kPolicyPath, "/a/b/", true},
      {patterns::kPolicyPath, "//", false},
      {patterns::kPolicyPath, "/a:b/", false},
      {patterns::kPathPrefix, "/", true},
      {patterns::kPathPrefix, "/a", true},
      {patterns::kPathPrefix, "a", false},
      {patterns::kPolicyDocument, "{\n\t}\r", true},
      {patterns::kPolicyDocument, "", false},
      {patterns::kPolicyDocument, "\xe2\x82\xac", false},
      {patterns::kRoleDescription, "", true},
      {patterns::kRoleDescription, "caf\xc3\xa9", true},
      {patterns::kRoleDescription, "\x7f", false},
      {patterns::kMarker, "AAA=", true},
      {patterns::kMarker, "\n", false},
      {patterns::kVersionId, "v1", true},
      {patterns::kVersionId, "v10.abc-1", true},
      {patterns::kVersionId, "v0", false},
      {patterns::kVersionId, "1", false},
      {patterns::kTagKey, "team:cost/centre @x", true},
      {patterns::kTagKey, "\xc3\xa9quipe \xe6\xbc\xa2", true},
      {patterns::kTagKey, "", false},
      {patterns::kTagKey, "a*b", false},
      {patterns::kTagKey, "\xf0\x9f\x98\x80", false},
      {patterns::kTagKey, "\xe2\x86\x92", false},
      {patterns::kTagKey,
       "a\xe2\x80\x8b"
       "b",
       false},   // zero-width space
      {patterns::kTagKey,
       "a\xe2\x80\xae"
       "b",
       false},   // right-to-left override
      {patterns::kTagKey,
       "a\xe2\x80\x83"
       "b",
       true},    // em space
      {patterns::kTagValue, "", true},
      {patterns::kExternalId, "a:b/c", true},
      {patterns::kExternalId, "a b", false},
      {patterns::kClientToken, "0f8fad5b-d9cb", true},
      {patterns::kClientToken, "a b", false},
  };
  for (const auto& row : rows)
    EXPECT_EQ(row.pattern.matches(row.text), row.matches) << row.pattern.expression << " " << row.text;
}

}  // namespace
}  // namespace sluice::aws
