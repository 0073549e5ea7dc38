#include "http/request.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::http {
namespace {

using testing::ElementsAre;
using testing::IsNull;
using testing::Pair;

TEST(HeadersTest, FindsTheFirstFieldWithoutRegardToCase) {
  Headers headers;
  headers.add("X-Amz-Date", "first");
  headers.add("x-amz-date", "second");
  EXPECT_EQ(headers.get("X-AMZ-DATE"), "first");
  EXPECT_EQ(headers.count("x-amz-Date"), 2u);
  EXPECT_THAT(headers.find("x-amz"), IsNull());
  EXPECT_EQ(headers.get("absent"), "");
}

TEST(HeadersTest, SetReplacesEveryFieldOfThatNameInPlace) {
  Headers headers;
  headers.add("A", "1");
  headers.add("B", "2");
  headers.add("a", "3");
  headers.set("A", "4");
  headers.set("C", "5");
  EXPECT_THAT(headers.fields(), ElementsAre(Pair("A", "4"), Pair("B", "2"), Pair("C", "5")));
}

TEST(RequestTest, SplitsTheRawTargetWithoutDecodingIt) {
  struct Case {
    const char* target;
    const char* path;
    const char* query;
  };
  for (const auto& [target, path, query] :
       {Case{"/a%2Fb?x=%20&y", "/a%2Fb", "x=%20&y"}, Case{"/", "/", ""}, Case{"/a?", "/a", ""},
        Case{"/a?b?c", "/a", "b?c"}, Case{"?a", "/", "a"}, Case{"", "/", ""}}) {
    Request request;
    request.target = target;
    EXPECT_EQ(request.path(), path) << target;
    EXPECT_EQ(request.query(), query) << target;
  }
}

TEST(ResponseTest, NamesItsContentType) {
  const auto response = Response::json(404, "{}");
  EXPECT_EQ(response.status, 404);
  EXPECT_EQ(response.headers.get("content-type"), "application/json");
  EXPECT_EQ(response.body, "{}");
}

}  // namespace
}  // namespace sluice::http
