#include "base/json.h"

#include <cmath>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice {
namespace {

using ::testing::HasSubstr;

TEST(ParseJson, KeepsKindsAndOrder) {
  const auto value = parse_json(R"( {"b": [1, 1.0, 1e0, -7, true, false, null, "x"], "a": {}, "":""} )");
  ASSERT_TRUE(value.has_value()) << value.error().message;
  const auto& members = value->as_object()->members();
  ASSERT_EQ(members.size(), 3u);
  EXPECT_EQ(members[0].first, "b");
  EXPECT_EQ(members[1].first, "a");
  const auto& elements = *value->as_object()->find("b")->as_array();
  using Kind = JsonValue::Kind;
  const Kind kinds[] = {Kind::kInteger, Kind::kDouble, Kind::kDouble, Kind::kInteger,
                        Kind::kBool,    Kind::kBool,   Kind::kNull,   Kind::kString};
  ASSERT_EQ(elements.size(), std::size(kinds));
  for (size_t i = 0; i < elements.size(); ++i) EXPECT_EQ(elements[i].kind(), kinds[i]) << i;
  EXPECT_EQ(*elements[3].as_integer(), -7);
  EXPECT_EQ(value->as_object()->find("c"), nullptr);
}

TEST(ParseJson, KeepsIntegersThatFitAndTurnsOthersIntoDoubles) {
  EXPECT_EQ(*parse_json("9223372036854775807")->as_integer(), std::numeric_limits<int64_t>::max());
  EXPECT_EQ(*parse_json("-9223372036854775808")->as_integer(), std::numeric_limits<int64_t>::min());
  EXPECT_EQ(*parse_json("9223372036854775808")->as_double(), 9223372036854775808.0);
  EXPECT_EQ(*parse_json("18446744073709551615")->as_double(), 18446744073709551615.0);
  EXPECT_EQ(*parse_json("-9223372036854775809")->as_double(), -9223372036854775809.0);
  EXPECT_EQ(*parse_json("123456789012345678901234567890")->as_double(), 123456789012345678901234567890.0);
}

TEST(ParseJson, RoundsDoublesToTheNearest) {
  EXPECT_EQ(*parse_json("0.1")->as_double(), 0.1);
  EXPECT_EQ(*parse_json("1.7976931348623157e308")->as_double(), std::numeric_limits<double>::max());
  EXPECT_EQ(*parse_json("5e-324")->as_double(), std::numeric_limits<double>::denorm_min());
  EXPECT_EQ(*parse_json("9007199254740993.0")->as_double(), 9007199254740992.0);
  EXPECT_EQ(*parse_json("2.2250738585072011e-308")->as_double(), 2.2250738585072011e-308);
  EXPECT_EQ(*parse_json("1e-999")->as_double(), 0.0);
  EXPECT_TRUE(std::signbit(*parse_json("-1e-999")->as_double()));
}

TEST(ParseJson, DecodesEscapes) {
  EXPECT_EQ(*parse_json(R"("\"\\\/\b\f\n\r\t\u0041\u00e9\ud83d\ude00")")->as_string(),
            "\"\\/\b\f\n\r\tA\xc3\xa9\xf0\x9f\x98\x80");
  EXPECT_EQ(*parse_json(R"("a\u0000b")")->as_string(), std::string("a\0b", 3));
}

struct Refused {
  const char* text;
  const char* reason;
};

TEST(ParseJson, RefusesWhatIsNotStrictJson) {
  const Refused rows[] = {
      {"", "ends too early"},
      {"  ", "ends too early"},
      {"{", "ends too early"},
      {"[1", "ends too early"},
      {"\"abc", "ends too early"},
      {"tru", "ends too early"},
      {"-", "ends too early"},
      {"{\"a\":1} x", "something follows"},
      {"1 2", "something follows"},
      {"{}{}", "something follows"},
      {R"({"a":1,"a":2})", "duplicate member name \"a\""},
      {R"({"a":1,"\u0061":2})", "duplicate member name \"a\""},
      {R"([{"x":{"k":1,"b":2,"k":1}}])", "duplicate member name \"k\""},
      {"[1,]", ""},
      {"{\"a\":1,}", ""},
      {"[,1]", ""},
      {"{a:1}", ""},
      {"{'a':1}", ""},
      {"// c\n1", ""},
      {"/* c */1", ""},
      {"NaN", ""},
      {"Infinity", ""},
      {"-Infinity", ""},
      {"\xef\xbb\xbf{}", ""},
      {"01", ""},
      {"+1", ""},
      {".5", ""},
      {"1.", ""},
      {"1e", ""},
      {"0x10", ""},
      {"1e999", "too large for a double"},
      {"-1e999", "too large for a double"},
      {"\"\\ud800\"", ""},
      {"\"\\ud800\\n\"", ""},
      {"\"\\udc00\"", ""},
      {"\"\\ud800\\ud800\"", ""},
      {"\"\\x41\"", ""},
      {"\"\\u12g4\"", ""},
      {"\"\xff\"", ""},
      {"\"\xc0\x80\"", ""},
      {"\"\xed\xa0\x80\"", ""},
      {"\"a\nb\"", ""},
      {"\"a\tb\"", ""},
      {"nul", ""},
      {"True", ""},
  };
  for (const auto& row : rows) {
    const auto value = parse_json(row.text);
    ASSERT_FALSE(value.has_value()) << row.text;
    EXPECT_EQ(value.error().code, ErrorCode::kMalformed) << row.text;
    EXPECT_THAT(value.error().message, HasSubstr("JSON, byte ")) << row.text;
    EXPECT_THAT(value.error().message, HasSubstr(row.reason)) << row.text;
  }
}

TEST(ParseJson, NamesTheByteAtWhichItStopped) {
  EXPECT_THAT(parse_json(R"({"a":1,"b":x})").error().message, HasSubstr("byte 11"));
  EXPECT_THAT(parse_json("[1] !").error().message, HasSubstr("byte 4"));
}

TEST(ParseJson, RefusesWhatIsOverItsLimits) {
  const auto nested = [](size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  EXPECT_TRUE(parse_json(nested(32)).has_value());
  const auto deep = parse_json(nested(33));
  ASSERT_FALSE(deep.has_value());
  EXPECT_EQ(deep.error().code, ErrorCode::kTooLarge);
  EXPECT_THAT(deep.error().message, HasSubstr("deeper than 32"));

  EXPECT_TRUE(parse_json("[1,2,3]", {.values_max = 4}).has_value());
  EXPECT_EQ(parse_json("[1,2,3]", {.values_max = 3}).error().code, ErrorCode::kTooLarge);
  EXPECT_TRUE(parse_json("12345", {.bytes_max = 5}).has_value());
  EXPECT_EQ(parse_json("123456", {.bytes_max = 5}).error().code, ErrorCode::kTooLarge);
  EXPECT_EQ(parse_json(std::string(100'000, '['), {.depth_max = 1000}).error().code, ErrorCode::kTooLarge);
}

TEST(ParseJson, TakesAnObjectOfManyMembersInGoodTime) {
  std::string text = "{";
  for (int i = 0; i < 50'000; ++i) text += "\"k" + std::to_string(i) + "\":0,";
  text.back() = '}';
  EXPECT_EQ(parse_json(text)->as_object()->size(), 50'000u);
}

TEST(ToJson, RoundTripsWhatParseJsonReads) {
  for (const auto* text : {"null", "true", "[]", "{}", "1", "1.0", "-0.5", "1e+22", R"("\u0000\u001f\"\\/é")",
                           R"({"z":[1,{"a":null}],"a":"\n"})"}) {
    EXPECT_EQ(to_json(parse_json(text).value()), text);
  }
}

TEST(JsonObject, SetReplacesInPlace) {
  JsonObject object;
  object.set("a", 1);
  object.set("b", "x");
  object.set("a", JsonValue(true));
  EXPECT_EQ(to_json(object), R"({"a":true,"b":"x"})");
  JsonObject copy = object;
  copy.set("c", JsonArray{1, 2.5});
  EXPECT_EQ(object.size(), 2u);
  EXPECT_EQ(to_json(copy), R"({"a":true,"b":"x","c":[1,2.5]})");
}

TEST(JsonWriter, PutsCommasAndEscapes) {
  std::string out;
  JsonWriter writer(out);
  writer.begin_object();
  writer.member("s", "a\"b\\\n\x01\x7f");
  writer.member("i", 5);
  writer.member("d", 0.25);
  writer.member("t", true);
  writer.key("list");
  writer.begin_array();
  writer.number(1);
  writer.begin_array();
  writer.end_array();
  writer.null();
  writer.raw(R"({"x":1})");
  writer.end_array();
  writer.key("empty");
  writer.begin_object();
  writer.end_object();
  writer.end_object();
  EXPECT_EQ(out, R"({"s":"a\"b\\\n\u0001\u007f","i":5,"d":0.25,"t":true,"list":[1,[],null,{"x":1}],"empty":{}})");
  EXPECT_TRUE(parse_json(out).has_value());
}

TEST(JsonWriter, ReplacesInvalidUtf8) {
  std::string out;
  append_json_string(out, "a\xff\xc3\xa9\xe2\x82");
  EXPECT_EQ(out, "\"a\xef\xbf\xbd\xc3\xa9\xef\xbf\xbd\xef\xbf\xbd\"");
}

TEST(JsonWriterDeathTest, StopsAtBrokenStructure) {
  std::string out;
  EXPECT_DEATH(
      {
        JsonWriter w(out);
        w.begin_object();
        w.integer(1);
      },
      "without its key");
  EXPECT_DEATH(
      {
        JsonWriter w(out);
        w.begin_array();
        w.key("a");
      },
      "key out of place");
  EXPECT_DEATH(
      {
        JsonWriter w(out);
        w.begin_array();
        w.end_object();
      },
      "not open");
  EXPECT_DEATH(
      {
        JsonWriter w(out);
        w.integer(1);
        w.integer(2);
      },
      "second value");
  EXPECT_DEATH(
      {
        JsonWriter w(out);
        w.number(std::nan(""));
      },
      "no NaN");
}

}  // namespace
}  // namespace sluice
