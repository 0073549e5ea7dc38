#include "awsclient/answer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::awsclient {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

http::ClientResponse response(int status, std::string body, http::Headers headers = {}) {
  return {status, std::move(headers), std::move(body)};
}

TEST(AnswerTest, ReadsFailuresInEveryFormServicesUse) {
  struct Case {
    int status;
    const char* error_type;
    const char* body;
    const char* code;
    const char* message;
    ErrorCode error;
  };
  const Case cases[] = {
      {400, "",
       "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender</Type>"
       "<Code>InvalidIdentityToken</Code><Message>Incorrect token audience</Message></Error>"
       "<RequestId>r-1</RequestId></ErrorResponse>",
       "InvalidIdentityToken", "Incorrect token audience", ErrorCode::kUnauthenticated},
      {403, "", "<ErrorResponse><Error><Code>AccessDenied</Code><Message>a &lt; b</Message></Error></ErrorResponse>",
       "AccessDenied", "a < b", ErrorCode::kPermissionDenied},
      {404, "", "<ErrorResponse><Error><Code>NoSuchEntity</Code></Error></ErrorResponse>", "NoSuchEntity", "",
       ErrorCode::kNotFound},
      {409, "", "<ErrorResponse><Error><Code>EntityAlreadyExists</Code></Error></ErrorResponse>", "EntityAlreadyExists",
       "", ErrorCode::kAlreadyExists},
      {400, "", "<ErrorResponse><Error><Code>IDPCommunicationError</Code></Error></ErrorResponse>",
       "IDPCommunicationError", "", ErrorCode::kUnavailable},
      {404, "ResourceNotFoundException", R"({"message":"no such workspace"})", "ResourceNotFoundException",
       "no such workspace", ErrorCode::kNotFound},
      {409, "ConflictException:http://internal.amazon.com/", R"({"message":"busy"})", "ConflictException", "busy",
       ErrorCode::kConflict},
      {403, "", R"({"__type":"com.amazon.coral.service#AccessDeniedException","Message":"no"})",
       "AccessDeniedException", "no", ErrorCode::kPermissionDenied},
      {403, "", R"({"message":"Missing Authentication Token"})", "HTTP 403", "Missing Authentication Token",
       ErrorCode::kPermissionDenied},
      {422, "", R"({"status":"error","errorType":"execution","error":"too many samples"})", "HTTP 422",
       "too many samples", ErrorCode::kInvalidArgument},
      {429, "", "", "HTTP 429", "", ErrorCode::kQuotaExceeded},
      {400, "ThrottlingException", "{}", "ThrottlingException", "", ErrorCode::kQuotaExceeded},
      {503, "", "<html><body>Bad gateway<br></body></html>", "HTTP 503", "", ErrorCode::kUnavailable},
      {302, "", "", "HTTP 302", "", ErrorCode::kInvalidArgument},
      {500, "", "{broken", "HTTP 500", "", ErrorCode::kUnavailable},
  };
  for (const auto& c : cases) {
    http::Headers headers;
    if (*c.error_type) headers.add("x-amzn-ErrorType", c.error_type);
    const auto answer = to_answer(response(c.status, c.body, headers));
    EXPECT_FALSE(answer.ok()) << c.body;
    EXPECT_EQ(answer.error_code, c.code) << c.body;
    EXPECT_EQ(answer.error_message, c.message) << c.body;
    EXPECT_EQ(answer.to_error().code, c.error) << c.body;
  }
}

TEST(AnswerTest, NamesTheRequestIdOfHeaderOrBody) {
  http::Headers headers;
  headers.add("x-amzn-RequestId", "from-header");
  EXPECT_EQ(to_answer(response(200, "", headers)).request_id, "from-header");
  const auto answer = to_answer(
      response(400, "<ErrorResponse><Error><Code>X</Code></Error><RequestId>from-body</RequestId></ErrorResponse>"));
  EXPECT_EQ(answer.request_id, "from-body");
  EXPECT_THAT(answer.to_error().message, HasSubstr("X:  (request id from-body)"));
}

TEST(AnswerTest, MakesTheServicesWordsPrintable) {
  const auto answer = to_answer(response(400, "{\"code\":\"a\\nb\",\"message\":\"x\\u001b[31m\\u202ey\"}"));
  for (const char c : answer.error_code + answer.error_message) EXPECT_GE(c, ' ');
}

TEST(XmlTextTest, FindsElementsByPath) {
  const char* body =
      "<ListRolesResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><ListRolesResult><Roles>"
      "<member><RoleName>a</RoleName></member><member><RoleName>b&amp;c</RoleName></member></Roles>"
      "<IsTruncated>false</IsTruncated></ListRolesResult></ListRolesResponse>";
  EXPECT_EQ(xml_text(body, "ListRolesResult/IsTruncated").value(), "false");
  EXPECT_THAT(xml_texts(body, "ListRolesResult/Roles/member/RoleName").value(), ElementsAre("a", "b&c"));
  EXPECT_THAT(xml_texts(body, "ListRolesResult/Nothing").value(), IsEmpty());
  EXPECT_EQ(xml_text(body, "ListRolesResult/Nothing").error().code, ErrorCode::kNotFound);
  for (const char* broken : {"", "{}", "<a>", "text"}) {
    EXPECT_EQ(xml_text(broken, "a").error().code, ErrorCode::kMalformed) << broken;
  }
}

}  // namespace
}  // namespace sluice::awsclient
