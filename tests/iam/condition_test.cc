#include "iam/condition.h"

#include <optional>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/encoding.h"
#include "iam/case_folding.h"

namespace sluice::iam {
namespace {

using Values = std::vector<std::string>;

/// The request's side of a row: no value is a missing key, several in braces a multivalued one.
struct Seen {
  enum class Kind { kMissing, kSingle, kList } kind = Kind::kMissing;
  Values values;
  Seen() = default;
  Seen(const char* text) : kind(Kind::kSingle), values{text} {}
  Seen(std::string text) : kind(Kind::kSingle), values{std::move(text)} {}
  Seen(Values list) : kind(Kind::kList), values(std::move(list)) {}
};

struct Row {
  std::string op;
  Values wanted;
  Seen seen;
  bool matches;
};

void check(const std::vector<Row>& rows) {
  for (const auto& row : rows) {
    RequestContext context;
    context.set("aws:PrincipalTag/team", "blue");
    if (row.seen.kind == Seen::Kind::kSingle) context.set("Test:Key", row.seen.values.front());
    if (row.seen.kind == Seen::Kind::kList) context.set_list("Test:Key", row.seen.values);
    const auto condition = Condition::compile(row.op, "test:KEY", row.wanted, PolicyText::Variables::kActive);
    ASSERT_TRUE(condition) << row.op;
    EXPECT_EQ(condition->matches(context), row.matches) << row.op << " wanted " << ::testing::PrintToString(row.wanted)
                                                        << " seen " << ::testing::PrintToString(row.seen.values);
  }
}

const Seen kMissing;

TEST(Condition42, StringOperators) {
  check({
      {"StringEquals", {"a"}, "a", true},
      {"StringEquals", {"a"}, "A", false},
      {"StringEquals", {"a", "b"}, "b", true},
      {"StringEquals", {"a*"}, "ab", false},
      {"StringEquals", {"a*"}, "a*", true},
      {"StringEquals", {}, "a", false},
      {"StringNotEquals", {"a"}, "a", false},
      {"StringNotEquals", {"a"}, "b", true},
      {"StringEqualsIgnoreCase", {"ABC"}, "abc", true},
      {"StringNotEqualsIgnoreCase", {"ABC"}, "abc", false},
      {"StringNotEqualsIgnoreCase", {"ABC"}, "abd", true},
      {"StringLike", {"a*c"}, "abc", true},
      {"StringLike", {"a?c"}, "abbc", false},
      {"StringLike", {"A*"}, "abc", false},
      {"StringNotLike", {"a*"}, "abc", false},
      {"StringNotLike", {"a*"}, "bcd", true},
  });
}

TEST(Condition42, StringLikeStarCrossesColons) {
  check({
      {"StringLike", {"system:serviceaccount:*:prometheus"}, "system:serviceaccount:any:thing:prometheus", true},
      {"StringLike", {"system:serviceaccount:mon*:p*"}, "system:serviceaccount:monkey:pwn", true},
      {"StringEquals", {"system:serviceaccount:monitoring:*"}, "system:serviceaccount:monitoring:prometheus", false},
  });
}

TEST(Condition42, IgnoreCaseFoldsAsUnicodeSimpleFoldingDoes) {
  check({
      {"StringEqualsIgnoreCase", {"K"}, "\xe2\x84\xaa", true},               // Kelvin sign
      {"StringEqualsIgnoreCase", {"\xc3\x9f"}, "\xe1\xba\x9e", true},        // sharp s, capital sharp s
      {"StringEqualsIgnoreCase", {"\xc3\x9f"}, "SS", false},
      {"StringEqualsIgnoreCase", {"i"}, "\xc4\xb1", false},                  // dotless i
      {"StringEqualsIgnoreCase", {"i"}, "\xc4\xb0", false},                  // dotted capital I
      {"StringEqualsIgnoreCase", {"\xc3\x89"}, "\xc3\xa9", true},            // e with acute
      {"StringEqualsIgnoreCase", {"\xce\xa3"}, "\xcf\x82", true},            // sigma and final sigma
      {"StringEqualsIgnoreCase", {"\xd0\x96"}, "\xd0\xb6", true},            // Cyrillic
  });
  EXPECT_EQ(fold_case("AbC\xff"), "abc\xff");
  EXPECT_EQ(fold_case("\xf0\x90\x90\x80"), "\xf0\x90\x90\xa8");  // Deseret, beyond the BMP
}

TEST(Condition42, NumericOperators) {
  check({
      {"NumericEquals", {"10"}, "10.0", true},
      {"NumericEquals", {"10"}, "1e1", true},
      {"NumericEquals", {"10"}, "11", false},
      {"NumericNotEquals", {"10"}, "11", true},
      {"NumericNotEquals", {"10"}, "10", false},
      {"NumericLessThan", {"10"}, "9", true},
      {"NumericLessThan", {"10"}, "10", false},
      {"NumericLessThanEquals", {"10"}, "10", true},
      {"NumericGreaterThan", {"10"}, "10", false},
      {"NumericGreaterThan", {"10"}, "10.5", true},
      {"NumericGreaterThanEquals", {"-1"}, "-1", true},
  });
}

TEST(Condition42, DateOperatorsTakeIso8601AndEpochSeconds) {
  check({
      {"DateEquals", {"2026-09-11T11:47:01Z"}, "2026-09-11T11:47:01Z", true},
      {"DateEquals", {"2026-09-11T13:47:01+02:00"}, "2026-09-11T11:47:01Z", true},
      {"DateEquals", {"1789127221"}, "2026-09-11T11:47:01Z", true},
      {"DateNotEquals", {"2026-09-11T11:47:01Z"}, "2026-09-11T11:47:02Z", true},
      {"DateLessThan", {"2026-09-11T00:00:00Z"}, "2026-09-10T23:59:59Z", true},
      {"DateLessThan", {"2026-09-11"}, "2026-09-11T00:00:00Z", false},
      {"DateLessThanEquals", {"2026-09-11"}, "2026-09-11T00:00:00Z", true},
      {"DateGreaterThan", {"2026-09-11T00:00:00Z"}, "1789127221", true},
      {"DateGreaterThanEquals", {"2026-09-11T00:00:00Z"}, "2026-09-11T00:00:00Z", true},
  });
}

TEST(Condition42, BoolBinaryAndNull) {
  check({
      {"Bool", {"true"}, "true", true},
      {"Bool", {"TRUE"}, "true", true},
      {"Bool", {"true"}, "false", false},
      {"Bool", {"false"}, kMissing, false},
      {"BinaryEquals", {base64_encode("bytes")}, base64_encode("bytes"), true},
      {"BinaryEquals", {base64_encode("bytes")}, base64_encode("other"), false},
      {"Null", {"true"}, kMissing, true},
      {"Null", {"true"}, "x", false},
      {"Null", {"false"}, "x", true},
      {"Null", {"false"}, kMissing, false},
      {"Null", {"false"}, Seen(Values{"a", "b"}), true},
      {"Null", {"true"}, Seen(Values{}), true},
      {"Null", {"nonsense"}, kMissing, false},
  });
}

TEST(Condition42, IpOperators) {
  check({
      {"IpAddress", {"10.0.0.0/8"}, "10.1.2.3", true},
      {"IpAddress", {"10.0.0.0/8"}, "11.1.2.3", false},
      {"IpAddress", {"10.1.2.3"}, "10.1.2.3", true},
      {"IpAddress", {"10.1.2.3"}, "10.1.2.4", false},
      {"IpAddress", {"10.1.2.3/8"}, "10.9.9.9", true},
      {"IpAddress", {"0.0.0.0/0"}, "203.0.113.9", true},
      {"IpAddress", {"0.0.0.0/0"}, "2001:db8::1", false},
      {"IpAddress", {"2001:db8::/33"}, "2001:db8:7fff::1", true},
      {"IpAddress", {"2001:db8::/33"}, "2001:db8:8000::1", false},
      {"IpAddress", {"::/0"}, "2001:db8::1", true},
      {"IpAddress", {"10.0.0.0/8"}, "::ffff:10.1.2.3", true},
      {"IpAddress", {"192.0.2.0/24", "10.0.0.0/8"}, "10.0.0.1", true},
      {"NotIpAddress", {"10.0.0.0/8"}, "11.1.2.3", true},
      {"NotIpAddress", {"10.0.0.0/8"}, "10.1.2.3", false},
      {"NotIpAddress", {"192.0.2.0/24", "10.0.0.0/8"}, "10.1.2.3", false},
      {"IpAddress", {"10.0.0.0/33"}, "10.0.0.0", false},
      {"IpAddress", {"10.0.0/8"}, "10.0.0.0", false},
      {"IpAddress", {"fe80::1%eth0"}, "fe80::1", false},
  });
}

TEST(Condition42, ArnEqualsIsArnLike) {
  for (const std::string op : {"ArnEquals", "ArnLike"}) {
    check({
        {op, {"arn:aws:iam::111122223333:role/*"}, "arn:aws:iam::111122223333:role/a", true},
        {op, {"arn:aws:iam::*:role/a"}, "arn:aws:iam::111122223333:role/a", true},
        {op, {"arn:aws:iam:*:role/a"}, "arn:aws:iam::111122223333:role/a", false},
        {op, {"arn:aws:iam::111122223333:role/a"}, "not an arn", false},
    });
  }
  for (const std::string op : {"ArnNotEquals", "ArnNotLike"}) {
    check({
        {op, {"arn:aws:iam::111122223333:role/*"}, "arn:aws:iam::111122223333:role/a", false},
        {op, {"arn:aws:iam::111122223333:role/*"}, "arn:aws:iam::444455556666:role/a", true},
    });
  }
}

TEST(Condition42, MissingKeyIsFalseWhenPositiveAndTrueWhenNegated) {
  for (const std::string op :
       {"StringEquals", "StringEqualsIgnoreCase", "StringLike", "NumericEquals", "NumericLessThan",
        "NumericLessThanEquals", "NumericGreaterThan", "NumericGreaterThanEquals", "DateEquals", "DateLessThan",
        "DateLessThanEquals", "DateGreaterThan", "DateGreaterThanEquals", "Bool", "BinaryEquals", "IpAddress",
        "ArnEquals", "ArnLike"}) {
    check({{op, {"1"}, kMissing, false},
           {op + "IfExists", {"1"}, kMissing, true},
           {"ForAllValues:" + op, {"1"}, kMissing, true},
           {"ForAnyValue:" + op, {"1"}, kMissing, false}});
  }
  for (const std::string op : {"StringNotEquals", "StringNotEqualsIgnoreCase", "StringNotLike", "NumericNotEquals",
                               "DateNotEquals", "NotIpAddress", "ArnNotEquals", "ArnNotLike"}) {
    check({{op, {"1"}, kMissing, true},
           {op + "IfExists", {"1"}, kMissing, true},
           {"ForAllValues:" + op, {"1"}, kMissing, true},
           {"ForAnyValue:" + op, {"1"}, kMissing, false}});
  }
}

TEST(Condition42, IfExistsStillComparesAKeyThatIsThere) {
  check({{"StringEqualsIfExists", {"a"}, "b", false},
         {"StringEqualsIfExists", {"a"}, "a", true},
         {"StringNotEqualsIfExists", {"a"}, "a", false}});
}

TEST(Condition42, SeveralValuesAreOrAndForNegatedOperatorsNor) {
  check({{"StringEquals", {"a", "b"}, "a", true},
         {"StringEquals", {"a", "b"}, "c", false},
         {"StringNotEquals", {"a", "b"}, "a", false},
         {"StringNotEquals", {"a", "b"}, "b", false},
         {"StringNotEquals", {"a", "b"}, "c", true}});
}

TEST(Condition42, MultivaluedKeyNeverMatchesAPlainOperator) {
  check({{"StringEquals", {"a"}, Seen(Values{"a"}), false},
         {"StringNotEquals", {"x"}, Seen(Values{"a"}), false},
         {"StringEqualsIfExists", {"a"}, Seen(Values{"a"}), false},
         {"StringLike", {"*"}, Seen(Values{"a", "b"}), false}});
}

TEST(Condition42, SetOperators) {
  check({
      {"ForAllValues:StringEquals", {"a", "b"}, Seen(Values{"a", "b"}), true},
      {"ForAllValues:StringEquals", {"a", "b"}, Seen(Values{"a", "c"}), false},
      {"ForAllValues:StringEquals", {"a"}, Seen(Values{}), true},
      {"ForAllValues:StringNotEquals", {"a"}, Seen(Values{"b", "c"}), true},
      {"ForAllValues:StringNotEquals", {"a"}, Seen(Values{"a", "c"}), false},
      {"ForAnyValue:StringEquals", {"a"}, Seen(Values{"b", "a"}), true},
      {"ForAnyValue:StringEquals", {"a"}, Seen(Values{"b", "c"}), false},
      {"ForAnyValue:StringEquals", {"a"}, Seen(Values{}), false},
      {"ForAnyValue:StringNotEquals", {"a"}, Seen(Values{"a", "b"}), true},
      {"ForAnyValue:StringNotEquals", {"a"}, Seen(Values{"a"}), false},
      {"ForAllValues:StringLike", {"a*"}, "abc", true},
      {"ForAnyValue:StringLike", {"a*"}, "abc", true},
  });
}

TEST(Condition42, UnparsableValuesMatchNothingNotEvenNegated) {
  check({
      {"NumericEquals", {"ten"}, "10", false},
      {"NumericNotEquals", {"ten"}, "10", false},
      {"NumericEquals", {"nan"}, "nan", false},
      {"NumericEquals", {"10"}, "ten", false},
      {"NumericNotEquals", {"10"}, "ten", false},
      {"DateEquals", {"yesterday"}, "2026-09-11T11:47:01Z", false},
      {"DateNotEquals", {"yesterday"}, "2026-09-11T11:47:01Z", false},
      {"DateLessThan", {"2026-13-01T00:00:00Z"}, "2026-09-11T11:47:01Z", false},
      {"Bool", {"yes"}, "true", false},
      {"BinaryEquals", {"%%"}, "%%", false},
      {"IpAddress", {"ten"}, "10.0.0.1", false},
      {"NotIpAddress", {"ten"}, "10.0.0.1", false},
      {"NotIpAddress", {"10.0.0.0/8"}, "ten", false},
      {"NumericEquals", {"ten", "10"}, "10", true},
      {"NumericNotEquals", {"ten", "11"}, "10", false},
  });
}

TEST(Condition42, VariablesOfTheRequest) {
  check({
      {"StringEquals", {"${aws:PrincipalTag/team}"}, "blue", true},
      {"StringLike", {"${aws:PrincipalTag/team}-*"}, "blue-1", true},
      {"StringEquals", {"${aws:PrincipalTag/none}"}, "", false},
      {"StringNotEquals", {"${aws:PrincipalTag/none}"}, "x", false},
      {"StringEqualsIgnoreCase", {"${aws:PrincipalTag/team}"}, "BLUE", true},
      {"StringLike", {"${*}"}, "*", true},
      {"StringLike", {"${*}"}, "x", false},
  });
}

TEST(Condition42, KeysCompareWithoutCase) {
  RequestContext context;
  context.set("AWS:SourceIP", "10.0.0.1");
  const auto condition =
      Condition::compile("IpAddress", "aws:sourceip", {"10.0.0.0/8"}, PolicyText::Variables::kActive);
  ASSERT_TRUE(condition);
  EXPECT_TRUE(condition->matches(context));
}

TEST(ConditionCompile, RefusesUnknownOperators) {
  for (const std::string op :
       {"", "Equals", "stringequals", "StringEqualsIfExistsIfExists", "ForSomeValues:StringEquals",
        "ForAnyValue:", "ForAnyValue:ForAllValues:StringEquals", "NullIfExists", "ForAnyValue:Null"}) {
    const auto condition = Condition::compile(op, "a:b", {"x"}, PolicyText::Variables::kActive);
    ASSERT_FALSE(condition) << op;
    EXPECT_EQ(condition.error().message, "Invalid Condition type : " + op);
  }
}

}  // namespace
}  // namespace sluice::iam
