#include "http/form.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/limits.h"

namespace sluice::http {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Pairs = std::vector<std::pair<std::string, std::string>>;

TEST(FormTest, DecodesNamesAndValuesInOrder) {
  struct Case {
    const char* text;
    Pairs wanted;
  };
  const Case cases[] = {
      {"", {}},
      {"a=1", {{"a", "1"}}},
      {"a=1&b=2", {{"a", "1"}, {"b", "2"}}},
      {"a=1&&b=2&", {{"a", "1"}, {"b", "2"}}},
      {"a", {{"a", ""}}},
      {"=v", {{"", "v"}}},
      {"a=b=c", {{"a", "b=c"}}},
      {"Role%41rn=arn%3Aaws+x", {{"RoleArn", "arn:aws x"}}},
      {"match%5B%5D=up%7Bjob%3D%22a%2Bb%22%7D", {{"match[]", "up{job=\"a+b\"}"}}},
      {"RoleArn=arn:aws:iam::111122223333:role/x", {{"RoleArn", "arn:aws:iam::111122223333:role/x"}}},
      {"a=%00%ff", {{"a", std::string("\0\xff", 2)}}},
  };
  for (const auto& [text, wanted] : cases) {
    const auto form = Form::parse(text);
    ASSERT_TRUE(form) << text;
    EXPECT_EQ(form->parameters(), wanted) << text;
  }
}

TEST(FormTest, RefusesBrokenEscapesNamingTheParameter) {
  for (const char* text : {"a=1&b=%", "a=1&b=%2", "a=1&b=%zz", "a=1&%g0=x"}) {
    const auto form = Form::parse(text);
    ASSERT_FALSE(form) << text;
    EXPECT_EQ(form.error().code, ErrorCode::kMalformed);
    EXPECT_THAT(form.error().message, HasSubstr("parameter 2")) << text;
  }
}

TEST(FormTest, RefusesMoreParametersThanTheBound) {
  std::string text;
  for (size_t i = 0; i < limits::kFormParametersMax; ++i) text += "a&";
  ASSERT_TRUE(Form::parse(text));
  const auto over = Form::parse(text + "a");
  ASSERT_FALSE(over);
  EXPECT_EQ(over.error().code, ErrorCode::kTooLarge);
}

TEST(FormTest, FirstOfRepeatedNamesWinsAndAllKeepsOrder) {
  auto form = Form::parse("m=1&n=x&m=2");
  ASSERT_TRUE(form);
  EXPECT_EQ(*form->find("m"), "1");
  EXPECT_EQ(form->find("o"), nullptr);
  const auto other = Form::parse("m=3");
  form->append(*other);
  EXPECT_THAT(form->all("m"), ElementsAre("1", "2", "3"));
}

}  // namespace
}  // namespace sluice::http
