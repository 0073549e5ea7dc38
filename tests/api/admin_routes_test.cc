#include "api/admin_routes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::api {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class AdminRoutesTest : public testing::Test {
 protected:
  http::Response ask(const std::string& method, const std::string& target, bool is_admin = true,
                     std::initializer_list<std::pair<const char*, const char*>> headers = {}) {
    http::Request request;
    request.method = method;
    request.target = target;
    request.is_admin_listener = is_admin;
    request.headers.set("Host", "127.0.0.1:9010");
    for (const auto& [name, value] : headers) request.headers.set(name, value);
    auto answer = routes.handle(request);
    return answer ? *std::move(answer) : http::Response::text(0, "none of these");
  }

  MetricRegistry metrics;
  diagnosis::DecisionLog decisions{diagnosis::DecisionLogOptions{}};
  Result<std::string> outcome = std::string("read again\n");
  int reloads = 0;
  AdminRoutes routes{metrics, decisions, [] { return Result<void>(); }, true,
                     [this] {
                       ++reloads;
                       return outcome;
                     }};
};

TEST_F(AdminRoutesTest, ReloadsOnPostAndSaysWhatWasDone) {
  const auto done = ask("POST", "/-/reload");
  EXPECT_EQ(done.status, 200);
  EXPECT_EQ(done.body, "read again\n");
  EXPECT_EQ(reloads, 1);
}

TEST_F(AdminRoutesTest, AFailedReloadIs500WithTheReasons) {
  outcome = fail(ErrorCode::kInvalidArgument, "a: 1\nb: 2");
  const auto failed = ask("POST", "/-/reload");
  EXPECT_EQ(failed.status, 500);
  EXPECT_EQ(failed.body, "a: 1\nb: 2\n");
  outcome = fail(ErrorCode::kUnavailable, "still starting");
  const auto early = ask("POST", "/-/reload");
  EXPECT_EQ(early.status, 503);
  EXPECT_EQ(early.headers.get("Retry-After"), "2");
}

TEST_F(AdminRoutesTest, ReloadTakesNothingButAPostOfTheOperators) {
  for (const char* method : {"GET", "HEAD", "PUT", "OPTIONS"}) {
    const auto wrong = ask(method, "/-/reload");
    EXPECT_EQ(wrong.status, 405) << method;
    EXPECT_EQ(wrong.headers.get("Allow"), "POST");
  }
  EXPECT_EQ(ask("POST", "/-/reload", false).status, 403) << "the public listener";
  EXPECT_EQ(ask("POST", "/-/reload", true, {{"Host", "evil.example"}}).status, 403) << "a name that points here";
  EXPECT_EQ(ask("POST", "/-/reload", true, {{"Origin", "http://evil.example"}}).status, 403) << "a web page";
  EXPECT_EQ(ask("POST", "/-/reload", true, {{"Sec-Fetch-Site", "cross-site"}}).status, 403);
  EXPECT_EQ(ask("POST", "/-/reload/x").status, 0);
  EXPECT_EQ(reloads, 0);
}

TEST_F(AdminRoutesTest, WithoutAConfigurationThereIsNothingToReload) {
  const AdminRoutes without(metrics, decisions, [] { return Result<void>(); }, true);
  http::Request request;
  request.method = "POST";
  request.target = "/-/reload";
  request.is_admin_listener = true;
  request.headers.set("Host", "localhost");
  EXPECT_EQ(without.handle(request)->status, 404);
}

TEST_F(AdminRoutesTest, TheIndexIsOnTheAdminListenerAlone) {
  EXPECT_THAT(ask("GET", "/").body, HasSubstr("POST /-/reload"));
  EXPECT_EQ(ask("POST", "/").status, 405);
  EXPECT_EQ(ask("GET", "/", false).status, 0) << "STS and IAM live there";
  EXPECT_EQ(ask("GET", "/", true, {{"Host", "evil.example"}}).status, 403);
}

TEST_F(AdminRoutesTest, HealthIsOpenOnEveryListenerAndReadOnly) {
  for (const bool is_admin : {true, false}) {
    EXPECT_EQ(ask("GET", "/-/healthy", is_admin).status, 200);
    EXPECT_EQ(ask("HEAD", "/-/ready", is_admin).status, 200);
    EXPECT_EQ(ask("POST", "/-/healthy", is_admin).status, 405);
  }
  EXPECT_THAT(ask("GET", "/-/explain?format=text").body, StartsWith("nothing was refused"));
}

}  // namespace
}  // namespace sluice::api
