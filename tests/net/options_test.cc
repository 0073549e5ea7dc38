#include <gmock/gmock.h>

#include "net/http_server.h"
#include "net/net_fixture.h"

namespace sluice::net {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class OptionsTest : public NetTest {
 protected:
  std::string ask(std::string_view request_line) {
    RawClient client(server->port());
    client.send(fmt::format("{} HTTP/1.1\r\nHost: h\r\n\r\n", request_line));
    return client.read_answer();
  }

  ScriptedHandler handler{[](const http::Request& request) {
    if (request.path() == "/nothing") return http::Response::text(404, "no such path");
    if (request.method == "GET") return echo(request);
    auto refusal = http::Response::text(405, "this address takes other methods");
    refusal.headers.add("Allow", request.path() == "/write" ? "POST" : "GET, POST");
    return refusal;
  }};
  std::unique_ptr<HttpServer> server = serve(handler);
};

TEST_F(OptionsTest, OfAPathNamesTheMethodsItsHandlerTakes) {
  const auto answer = ask("OPTIONS /both");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 204 No Content\r\nAllow: GET, POST, HEAD, OPTIONS\r\n"));
  EXPECT_THAT(answer, Not(HasSubstr("Content-")));
  EXPECT_THAT(answer, EndsWith("\r\n\r\n"));
  EXPECT_THAT(ask("OPTIONS /write"), HasSubstr("Allow: POST, OPTIONS\r\n"));
  EXPECT_THAT(metrics.expose(), HasSubstr("sluice_http_requests_total{code=\"204\",listener=\"public\"} 2\n"));
}

TEST_F(OptionsTest, OfNoPathIsWhatTheHandlerSays) { EXPECT_THAT(ask("OPTIONS /nothing"), StartsWith("HTTP/1.1 404 ")); }

TEST_F(OptionsTest, OfTheWholeServerNeedsNoHandler) {
  const auto answer = ask("OPTIONS *");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 204 No Content\r\nAllow: GET, HEAD, POST, PUT, DELETE, OPTIONS\r\n"));
  EXPECT_THAT(ask("GET *"), StartsWith("HTTP/1.1 400 "));
}

TEST_F(OptionsTest, OtherMethodsAreStillRefused) { EXPECT_THAT(ask("DELETE /both"), StartsWith("HTTP/1.1 405 ")); }

TEST_F(OptionsTest, AnAbsoluteTargetIsServedAsItsPath) {
  EXPECT_THAT(ask("GET http://h/a?b"), EndsWith("GET /a?b "));
  EXPECT_THAT(ask("OPTIONS http://h/write"), HasSubstr("Allow: POST, OPTIONS\r\n"));
}

}  // namespace
}  // namespace sluice::net
