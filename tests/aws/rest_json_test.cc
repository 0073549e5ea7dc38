#include "aws/rest_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::aws {
namespace {

using ::testing::Contains;
using ::testing::Not;
using ::testing::Pair;

TEST(RestJsonError, HasTheTypeInAHeaderAndExtraMembersBesideTheMessage) {
  const WireAnswer answer = rest_json_error(resource_not_found("Workspace not found", "ws-1", "workspace"));
  EXPECT_EQ(answer.status, 404);
  EXPECT_THAT(answer.headers, Contains(Pair("x-amzn-errortype", "ResourceNotFoundException")));
  EXPECT_THAT(answer.headers, Contains(Pair("Content-Type", "application/json")));
  EXPECT_EQ(answer.body, R"({"message":"Workspace not found","resourceId":"ws-1","resourceType":"workspace"})");
}

TEST(RestJsonError, NamesTheFieldThatFailedValidation) {
  EXPECT_EQ(
      rest_json_error(validation_exception("too long", "FIELD_VALIDATION_FAILED", "alias")).body,
      R"({"message":"too long","reason":"FIELD_VALIDATION_FAILED","fieldList":[{"name":"alias","message":"too long"}]})");
  EXPECT_EQ(rest_json_error(validation_exception("no", "CANNOT_PARSE")).body,
            R"({"message":"no","reason":"CANNOT_PARSE"})");
}

TEST(RestJsonError, StatusOfEachKind) {
  EXPECT_EQ(conflict("m", "i", "t").status, 409);
  EXPECT_EQ(quota_exceeded("m", "i", "t").status, 402);
  EXPECT_EQ(validation_exception("m", "OTHER").status, 400);
}

TEST(RestJsonError, SaysWhenToRetry) {
  AwsError error{429, "ThrottlingException", "Rate exceeded"};
  error.extra_members.set("retryAfterSeconds", JsonValue(3));
  EXPECT_THAT(rest_json_error(error).headers, Contains(Pair("Retry-After", "3")));
  EXPECT_THAT(rest_json_error(conflict("m", "i", "t")).headers, Not(Contains(Pair("Retry-After", ::testing::_))));
}

TEST(DataPlaneError, StaysOnOneLine) {
  const WireAnswer answer = data_plane_error({403, "InvalidSignatureException", "first\nsecond \"quoted\""});
  EXPECT_EQ(answer.status, 403);
  EXPECT_EQ(answer.body, R"({"message":"first\nsecond \"quoted\""})");
}

TEST(DataPlaneError, LeavesTheTypeOutWhenItHasNone) {
  EXPECT_THAT(data_plane_error({403, "AccessDeniedException", "m"}).headers,
              Contains(Pair("x-amzn-errortype", "AccessDeniedException")));
  EXPECT_THAT(data_plane_error({413, "", "m"}).headers, Not(Contains(Pair("x-amzn-errortype", ::testing::_))));
}

}  // namespace
}  // namespace sluice::aws
