#include "awsclient/signed_client.h"

#include <gmock/gmock.h>

#include "aws/signing_key_cache.h"
#include "aws/sigv4_verify.h"
#include "http/form.h"
#include "net/http_client.h"
#include "net/net_fixture.h"

namespace sluice::awsclient {
namespace {

using net::wait_for;
using testing::HasSubstr;

constexpr UnixSeconds kNow_s = 1'790'000'000;

/// A server that verifies every signature as the collector does, and answers by script.
class SignedClientTest : public net::NetTest {
 protected:
  static aws::Credentials make_credentials() {
    aws::Credentials credentials;
    credentials.access_key_id = "ASIAEXAMPLE";
    credentials.secret_access_key = Secret("a/secret+key");
    credentials.session_token = Secret("sealed==token");
    return credentials;
  }

  http::Response answer(const http::Request& request) {
    aws::RequestView view{request.method, request.path(), request.query(), {}, request.body};
    for (const auto& [name, value] : request.headers.fields()) view.headers.push_back({name, value});
    aws::VerificationPolicy policy;
    policy.now = kNow_s;
    policy.service = service;
    policy.regions = {"us-west-2"};
    const auto parsed = aws::parse_authorization(view);
    EXPECT_TRUE(parsed);
    if (!parsed) return http::Response::text(500, "");
    const auto checked = aws::check_claims(*parsed, view, policy);
    EXPECT_TRUE(checked);
    if (!checked) return http::Response::text(500, "");
    EXPECT_EQ(checked->session_token(), "sealed==token");
    const auto verified = aws::verify_signature(*checked, make_credentials().secret_access_key, view, policy, cache);
    EXPECT_TRUE(verified) << request.target;
    seen_content_type = request.headers.get("Content-Type");
    seen_body = request.body;
    return scripted;
  }

  std::string url(std::string_view target) const { return "http://" + server->address() + std::string(target); }

  FakeClock clock{kNow_s * 1000};
  aws::SigningKeyCache cache;
  std::string service = "aps";
  std::string seen_content_type;
  std::string seen_body;
  http::Response scripted = http::Response::json(200, "{}");
  net::ScriptedHandler handler{[this](const http::Request& request) { return answer(request); }};
  std::unique_ptr<net::HttpServer> server = serve(handler);
  std::unique_ptr<http::Client> http_client = net::make_http_client(runtime, {.use_system_cas = false}).value();
  StaticCredentials credentials{make_credentials()};
  SignedClient client{*http_client, credentials, clock, "us-west-2"};
};

TEST_F(SignedClientTest, RestJsonCallsVerify) {
  scripted = http::Response::json(202, R"({"workspaceId":"ws-1"})");
  const auto made = wait_for(client.rest_json("POST", url("/workspaces"), "aps", R"({"alias":"prod"})"));
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_TRUE(made->ok());
  EXPECT_EQ(made->status, 202);
  EXPECT_EQ(made->body, R"({"workspaceId":"ws-1"})");
  EXPECT_EQ(made->request_id.size(), 36u);
  EXPECT_EQ(seen_content_type, "application/json");
  EXPECT_EQ(seen_body, R"({"alias":"prod"})");
}

TEST_F(SignedClientTest, SignsTheTargetAsItIsSent) {
  for (const char* target :
       {"/", "/workspaces?alias=a%20b&maxResults=1", "/tags/arn%3Aaws%3Aaps%3A%3Aworkspace%2Fws-1",
        "/tags/x?tagKeys=b&tagKeys=a", "/workspaces/ws-1/api/v1/query?query=up%7Ba%3D%22b%22%7D"}) {
    const auto got = wait_for(client.rest_json("GET", url(target), "aps", ""));
    ASSERT_TRUE(got) << got.error().message;
    EXPECT_TRUE(got->ok()) << target;
  }
}

TEST_F(SignedClientTest, QueryCallsCarryActionVersionAndParameters) {
  service = "iam";
  scripted = http::Response::text(200,
                                  "<CreateRoleResponse><CreateRoleResult><Role><RoleName>w</RoleName></Role>"
                                  "</CreateRoleResult></CreateRoleResponse>",
                                  "text/xml");
  const aws::Parameters parameters = {{"RoleName", "w"}, {"Doc", "{\"a b\":1}&="}};
  const auto made = wait_for(client.query(url("/"), "iam", "CreateRole", parameters));
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(xml_text(made->body, "CreateRoleResult/Role/RoleName").value(), "w");
  const auto form = http::Form::parse(seen_body).value();
  EXPECT_EQ(form.parameters(),
            (aws::Parameters{
                {"Action", "CreateRole"}, {"Version", "2010-05-08"}, {"RoleName", "w"}, {"Doc", "{\"a b\":1}&="}}));
  EXPECT_EQ(seen_content_type, "application/x-www-form-urlencoded; charset=utf-8");
}

TEST_F(SignedClientTest, AServicesRefusalIsAnAnswerAndSilenceIsAnError) {
  scripted = http::Response::json(404, R"({"message":"gone"})");
  scripted.headers.add("x-amzn-errortype", "ResourceNotFoundException");
  const auto refused = wait_for(client.rest_json("GET", url("/workspaces/ws-1"), "aps", ""));
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->error_code, "ResourceNotFoundException");
  EXPECT_THAT(refused->to_error().message, HasSubstr("ResourceNotFoundException: gone (request id "));

  const auto silent = wait_for(client.rest_json("GET", "http://127.0.0.1:1/", "aps", ""));
  ASSERT_FALSE(silent);
  EXPECT_EQ(silent.error().code, ErrorCode::kUnavailable);
}

TEST_F(SignedClientTest, RefusesWhatItCannotSend) {
  EXPECT_EQ(wait_for(client.query(url("/"), "aps", "X", {})).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(wait_for(client.rest_json("GET", "workspaces", "aps", "")).error().code, ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace sluice::awsclient
