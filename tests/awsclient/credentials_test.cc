#include "awsclient/credentials.h"

#include <atomic>
#include <latch>
#include <thread>

#include <gmock/gmock.h>

#include "base/file_system.h"
#include "http/form.h"
#include "net/http_client.h"
#include "net/net_fixture.h"

namespace sluice::awsclient {
namespace {

using net::milliseconds;
using net::wait_for;
using testing::HasSubstr;
using testing::Not;

TEST(SharedCredentialsTest, ReadsOneProfile) {
  const char* text =
      "# made at the first start\r\n[default]\r\naws_access_key_id = AKIAONE\r\naws_secret_access_key=se=cr/et+1\r\n\n"
      "[other]\n; comment\nAWS_ACCESS_KEY_ID=AKIATWO\naws_secret_access_key = two\naws_session_token = token==\n"
      "region = us-east-1\n";
  const auto first = parse_shared_credentials(text, "default", "f");
  ASSERT_TRUE(first) << first.error().message;
  EXPECT_EQ(first->access_key_id, "AKIAONE");
  EXPECT_EQ(first->secret_access_key.reveal(), "se=cr/et+1");
  EXPECT_TRUE(first->session_token.empty());
  const auto second = parse_shared_credentials(text, "other", "f");
  ASSERT_TRUE(second);
  EXPECT_EQ(second->access_key_id, "AKIATWO");
  EXPECT_EQ(second->session_token.reveal(), "token==");
}

TEST(SharedCredentialsTest, SaysWhatIsMissingAndWhereWithoutQuotingIt) {
  struct Case {
    const char* text;
    ErrorCode code;
    const char* message;
  };
  const Case cases[] = {
      {"", ErrorCode::kNotFound, "creds: there is no profile [default]"},
      {"[other]\naws_access_key_id=a\n", ErrorCode::kNotFound, "no profile"},
      {"[default]\n", ErrorCode::kMalformed, "creds: profile [default] has no aws_access_key_id"},
      {"[default]\naws_access_key_id=A\naws_secret_access_key=\n", ErrorCode::kMalformed, "no aws_secret_access_key"},
      {"[default]\n\nSECRETSECRET\n", ErrorCode::kMalformed, "creds:3: wanted"},
      {"[default\n", ErrorCode::kMalformed, "creds:1: the profile's '['"},
  };
  for (const auto& c : cases) {
    const auto credentials = parse_shared_credentials(c.text, "default", "creds");
    ASSERT_FALSE(credentials) << c.text;
    EXPECT_EQ(credentials.error().code, c.code) << c.text;
    EXPECT_THAT(credentials.error().message, HasSubstr(c.message));
    EXPECT_THAT(credentials.error().message, Not(HasSubstr("SECRETSECRET")));
  }
}

/// A pretend STS that hands out numbered sessions of an hour.
class WebIdentityTest : public net::NetTest {
 protected:
  static constexpr UnixSeconds kStart_s = 1'790'000'000;

  WebIdentityTest() : token_file(directory.write("token", "first.token\n")), server(serve(sts)) {
    options.sts_url = "http://" + server->address();
    options.role_arn = "arn:aws:iam::111122223333:role/writer";
    options.session_name = "x-account";
    options.token_file = token_file;
  }

  http::Response answer(const http::Request& request) {
    const int number = ++exchanges;
    last_form = http::Form::parse(request.body).value();
    EXPECT_EQ(request.headers.find("Authorization"), nullptr) << "the one unsigned action";
    if (is_refusing) {
      return http::Response::text(400,
                                  "<ErrorResponse><Error><Code>InvalidIdentityToken</Code><Message>Incorrect token "
                                  "audience</Message></Error><RequestId>r</RequestId></ErrorResponse>",
                                  "text/xml");
    }
    if (hold) hold->wait();
    return http::Response::text(
        200,
        fmt::format("<AssumeRoleWithWebIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">"
                    "<AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>ASIA{}</AccessKeyId>"
                    "<SecretAccessKey>secret{}</SecretAccessKey><SessionToken>session{}</SessionToken>"
                    "<Expiration>{}</Expiration></Credentials></AssumeRoleWithWebIdentityResult>"
                    "</AssumeRoleWithWebIdentityResponse>",
                    number, number, number, format_iso8601(clock.now_s() + 3600)),
        "text/xml");
  }

  WebIdentityCredentials make() { return {options, *client, *fs, clock, runtime.compute()}; }

  FakeClock clock{kStart_s * 1000};
  std::unique_ptr<FileSystem> fs = make_posix_file_system();
  net::TemporaryDirectory directory;
  std::string token_file;
  std::atomic<int> exchanges = 0;
  std::atomic<bool> is_refusing = false;
  std::latch* hold = nullptr;
  http::Form last_form;
  net::ScriptedHandler sts{[this](const http::Request& request) { return answer(request); }};
  std::unique_ptr<net::HttpServer> server;
  std::unique_ptr<http::Client> client = net::make_http_client(runtime, {.use_system_cas = false}).value();
  WebIdentityOptions options;
};

TEST_F(WebIdentityTest, TradesTheTokenOnceAndKeepsTheSession) {
  options.duration_s = 1500;
  auto provider = make();
  const auto first = wait_for(provider.get());
  ASSERT_TRUE(first) << first.error().message;
  EXPECT_EQ(first->access_key_id, "ASIA1");
  EXPECT_EQ(first->secret_access_key.reveal(), "secret1");
  EXPECT_EQ(first->session_token.reveal(), "session1");
  EXPECT_EQ(*last_form.find("Action"), "AssumeRoleWithWebIdentity");
  EXPECT_EQ(*last_form.find("Version"), "2011-06-15");
  EXPECT_EQ(*last_form.find("RoleArn"), options.role_arn);
  EXPECT_EQ(*last_form.find("RoleSessionName"), "x-account");
  EXPECT_EQ(*last_form.find("WebIdentityToken"), "first.token");
  EXPECT_EQ(*last_form.find("DurationSeconds"), "1500");
  clock.advance(std::chrono::minutes(54));
  EXPECT_EQ(wait_for(provider.get())->access_key_id, "ASIA1");
  EXPECT_EQ(exchanges, 1);
}

TEST_F(WebIdentityTest, RefreshesFiveMinutesBeforeTheEndWithTheTokenOfThatMoment) {
  auto provider = make();
  ASSERT_TRUE(wait_for(provider.get()));
  directory.write("token", "second.token");
  clock.advance(std::chrono::minutes(55));
  EXPECT_EQ(wait_for(provider.get())->access_key_id, "ASIA2");
  EXPECT_EQ(*last_form.find("WebIdentityToken"), "second.token");
}

TEST_F(WebIdentityTest, AFailedRefreshKeepsTheSessionWhileItIsValid) {
  auto provider = make();
  ASSERT_TRUE(wait_for(provider.get()));
  clock.advance(std::chrono::minutes(56));
  is_refusing = true;
  EXPECT_EQ(wait_for(provider.get())->access_key_id, "ASIA1");
  EXPECT_EQ(exchanges, 2);
  EXPECT_EQ(wait_for(provider.get())->access_key_id, "ASIA1");
  EXPECT_EQ(exchanges, 2) << "not again within ten seconds";
  clock.advance(std::chrono::minutes(4));
  const auto expired = wait_for(provider.get());
  ASSERT_FALSE(expired);
  EXPECT_EQ(expired.error().code, ErrorCode::kUnauthenticated);
  EXPECT_THAT(expired.error().message, HasSubstr("InvalidIdentityToken: Incorrect token audience"));
  EXPECT_THAT(expired.error().message, Not(HasSubstr("first.token")));
  is_refusing = false;
  EXPECT_TRUE(wait_for(provider.get())) << "and recovers";
}

TEST_F(WebIdentityTest, ManyCallersShareOneExchange) {
  std::latch held(1);
  hold = &held;
  auto provider = make();
  std::atomic<int> good = 0;
  std::vector<std::jthread> callers;
  for (int i = 0; i < 6; ++i) {
    callers.emplace_back([&] {
      const auto credentials = wait_for(provider.get());
      if (credentials && credentials->access_key_id == "ASIA1") ++good;
    });
  }
  while (exchanges == 0) std::this_thread::yield();
  std::this_thread::sleep_for(milliseconds(20));
  held.count_down();
  callers.clear();
  EXPECT_EQ(good, 6);
  EXPECT_EQ(exchanges, 1);
}

TEST_F(WebIdentityTest, SaysWhatIsWrongWithTheTokenFile) {
  options.token_file = "/nonexistent/token";
  auto absent = make();
  EXPECT_THAT(wait_for(absent.get()).error().message, HasSubstr("/nonexistent/token"));
  options.token_file = directory.write("empty", "\n");
  auto empty = make();
  EXPECT_THAT(wait_for(empty.get()).error().message, HasSubstr("is empty"));
  EXPECT_EQ(exchanges, 0);
}

}  // namespace
}  // namespace sluice::awsclient
