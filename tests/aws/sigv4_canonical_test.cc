#include "aws/sigv4_canonical.h"

#include <string>

#include <gtest/gtest.h>

#include "aws/raw_request.h"

namespace sluice::aws {
namespace {

TEST(CanonicalPath, OfEachForm) {
  struct Row {
    std::string path, normalized_twice, normalized_once, sent_twice, sent_once;
  };
  const Row rows[] = {
      {"", "/", "/", "/", "/"},
      {"/", "/", "/", "/", "/"},
      {"//", "/", "/", "//", "//"},
      {"/a/", "/a/", "/a/", "/a/", "/a/"},
      {"/a/../b", "/b", "/b", "/a/../b", "/a/../b"},
      {"/../../b/.", "/b", "/b", "/../../b/.", "/../../b/."},
      {"/a%20b", "/a%2520b", "/a%20b", "/a%2520b", "/a%20b"},
      {"/a%3ab", "/a%253ab", "/a%3Ab", "/a%253ab", "/a%3Ab"},
      {"/x%2Fy", "/x%252Fy", "/x%2Fy", "/x%252Fy", "/x%2Fy"},
      {"/a:b", "/a%3Ab", "/a%3Ab", "/a%3Ab", "/a%3Ab"},
      {"/100%", "/100%25", "/100%25", "/100%25", "/100%25"},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.path);
    EXPECT_EQ(canonical_path(row.path, PathForm::kNormalizedTwice), row.normalized_twice);
    EXPECT_EQ(canonical_path(row.path, PathForm::kNormalizedOnce), row.normalized_once);
    EXPECT_EQ(canonical_path(row.path, PathForm::kAsSentTwice), row.sent_twice);
    EXPECT_EQ(canonical_path(row.path, PathForm::kAsSentOnce), row.sent_once);
  }
}

TEST(CanonicalQuery, EncodesAnewAndSorts) {
  struct Row {
    std::string query, canonical;
  };
  const Row rows[] = {
      {"", ""},
      {"a", "a="},
      {"b=2&a=1", "a=1&b=2"},
      {"a=2&a=1", "a=1&a=2"},
      {"a=b=c", "a=b%3Dc"},
      {"&&a=1&", "a=1"},
      {"=x", "=x"},
      {"a=%7e%2a", "a=~%2A"},
      {"q=x+y", "q=x%20y"},
      {"q=x%2By", "q=x%2By"},
      {"q=100%", "q=100%25"},
      {"B=1&a=1", "B=1&a=1"},
      {"a-=1&a=1", "a=1&a-=1"},
      {"match[]=up", "match%5B%5D=up"},
  };
  for (const auto& row : rows) EXPECT_EQ(canonical_query(row.query), row.canonical) << row.query;
}

TEST(CanonicalQuery, DropsTheSignatureOfPresignedRequestsOnly) {
  EXPECT_EQ(canonical_query("X-Amz-Signature=ab&a=1", true), "a=1");
  EXPECT_EQ(canonical_query("X-Amz-Signature=ab&a=1", false), "X-Amz-Signature=ab&a=1");
}

TEST(CanonicalHeader, TrimsCollapsesFoldsAndJoins) {
  const RequestView view{
      "GET", "/", "", {{"X-A", "  a   b\t c "}, {"x-a", ""}, {"X-B", "one\r\n   two"}, {"X-A", "d"}}, ""};
  EXPECT_EQ(canonical_header_value(view, "x-a"), "a b c,,d");
  EXPECT_EQ(canonical_header_value(view, "x-b"), "one two");
  EXPECT_EQ(canonical_header_value(view, "x-c"), "");
}

TEST(CanonicalRequest, SortsHeaderLinesButKeepsTheSignedHeadersListAsGiven) {
  const RequestView view{"GET", "/", "", {{"Host", "h"}, {"A", "1"}}, ""};
  const std::vector<std::string> names = {"host", "a"};
  EXPECT_EQ(canonical_request(view, {.signed_headers = names, .payload_hash = "H"}),
            "GET\n/\n\na:1\nhost:h\n\nhost;a\nH");
}

TEST(CanonicalRequest, TakesAnotherHostWhenToldTo) {
  const RequestView view{"GET", "/", "", {{"Host", "h"}}, ""};
  const std::vector<std::string> names = {"host"};
  EXPECT_EQ(canonical_request(view, {.signed_headers = names, .payload_hash = "H", .host = "public"}),
            "GET\n/\n\nhost:public\n\nhost\nH");
}

}  // namespace
}  // namespace sluice::aws
