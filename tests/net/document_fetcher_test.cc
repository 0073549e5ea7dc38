#include "net/document_fetcher.h"

#include <atomic>
#include <thread>

#include <gmock/gmock.h>

#include "net/net_fixture.h"

namespace sluice::net {
namespace {

using testing::HasSubstr;

/// An issuer on loopback behind TLS, and a fetcher that may or may not reach it.
class DocumentFetcherTest : public NetTest {
 protected:
  DocumentFetcherTest() {
    ServerOptions server_options;
    server_options.tls = certificates.files;
    server = serve(handler, server_options);
    options.allowance = {{"127.0.0.0/8"}, {server->port()}, certificates.ca_file};
    options.use_system_cas = false;
    options.resolve = [this](const std::string&) -> Result<std::vector<IpAddress>> {
      ++lookups;
      std::vector<IpAddress> addresses;
      for (const char* text : answers) addresses.push_back(*IpAddress::parse(text));
      return addresses;
    };
  }

  Result<http::DocumentFetcher::Document> fetch(const std::string& url, size_t bytes_max = 1000,
                                                milliseconds timeout = milliseconds(3000)) {
    const auto fetcher = make_document_fetcher(runtime, options).value();
    return wait_for(fetcher->fetch(url, bytes_max, timeout));
  }
  std::string url(std::string_view host = "issuer.test") const {
    return fmt::format("https://{}:{}/.well-known/openid-configuration", host, server->port());
  }
  void expect_refusal(const Result<http::DocumentFetcher::Document>& result, ErrorCode code, const char* reason) {
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, code) << result.error().message;
    EXPECT_THAT(result.error().message, HasSubstr(reason));
  }

  const Certificates certificates{{"issuer.test"}};
  std::atomic<int> requests = 0;
  http::Response answer = http::Response::json(200, "{\"issuer\":1}");
  ScriptedHandler handler{[this](const http::Request& request) {
    ++requests;
    EXPECT_EQ(request.headers.get("Accept-Encoding"), "identity");
    return answer;
  }};
  std::unique_ptr<HttpServer> server;
  FetcherOptions options;
  std::atomic<int> lookups = 0;
  std::vector<const char*> answers = {"127.0.0.1"};
};

TEST_F(DocumentFetcherTest, FetchesWhatIsAllowed) {
  answer.headers.add("Cache-Control", "max-age=60");
  const auto document = fetch(url());
  ASSERT_TRUE(document) << document.error().message;
  EXPECT_EQ(document->body, "{\"issuer\":1}");
  EXPECT_EQ(document->cache_control, "max-age=60");
  EXPECT_EQ(lookups, 1) << "the checked address is the one connected to";
}

TEST_F(DocumentFetcherTest, RefusesLoopbackUnlessAllowed) {
  options.allowance.networks.clear();
  expect_refusal(fetch(url()), ErrorCode::kPermissionDenied,
                 "127.0.0.1 is loopback (127.0.0.0/8); only oidc.allow.networks");
  expect_refusal(fetch(url("127.0.0.1")), ErrorCode::kPermissionDenied, "loopback");
  expect_refusal(fetch(url("[::1]")), ErrorCode::kPermissionDenied, "loopback");
  expect_refusal(fetch(url("[::ffff:127.0.0.1]")), ErrorCode::kPermissionDenied, "loopback");
  answers = {"169.254.169.254"};
  expect_refusal(fetch(url()), ErrorCode::kPermissionDenied, "metadata");
  EXPECT_EQ(requests, 0);
}

TEST_F(DocumentFetcherTest, RefusesANameWithOneForbiddenAddressAmongGoodOnes) {
  answers = {"127.0.0.1", "10.0.0.1"};
  expect_refusal(fetch(url()), ErrorCode::kPermissionDenied, "10.0.0.1 is private");
  EXPECT_EQ(requests, 0);
}

TEST_F(DocumentFetcherTest, RefusesPortsSchemesAndUserInfo) {
  options.allowance.ports.clear();
  expect_refusal(fetch(url()), ErrorCode::kPermissionDenied, "is not 443; only oidc.allow.ports");
  expect_refusal(fetch("http://issuer.test/"), ErrorCode::kPermissionDenied, "https only");
  expect_refusal(fetch("https://a@issuer.test/"), ErrorCode::kInvalidArgument, "user information");
  EXPECT_EQ(lookups, 0) << "nothing is looked up for a URL that is refused";
}

TEST_F(DocumentFetcherTest, FollowsNoRedirect) {
  answer = http::Response::text(301, "");
  answer.headers.add("Location", url());
  expect_refusal(fetch(url()), ErrorCode::kUnavailable, "answered 301; redirects are not followed");
  EXPECT_EQ(requests, 1);
}

TEST_F(DocumentFetcherTest, RefusesOtherStatuses) {
  answer = http::Response::text(404, "no");
  expect_refusal(fetch(url()), ErrorCode::kUnavailable, "answered 404");
}

TEST_F(DocumentFetcherTest, BoundsTheBody) {
  answer = http::Response::json(200, std::string(1001, ' '));
  expect_refusal(fetch(url()), ErrorCode::kTooLarge, "the limit is 1000");
  answer = http::Response::json(200, std::string(1000, ' '));
  EXPECT_TRUE(fetch(url()));
}

TEST_F(DocumentFetcherTest, RefusesEncodedBodies) {
  answer.headers.add("Content-Encoding", "gzip");
  expect_refusal(fetch(url()), ErrorCode::kUnavailable, "'gzip'");
}

TEST_F(DocumentFetcherTest, RefusesACertificateForAnotherName) {
  expect_refusal(fetch(url("other.test")), ErrorCode::kUnavailable, "certificate is not accepted");
  options.allowance.ca_file.clear();
  expect_refusal(fetch(url()), ErrorCode::kUnavailable, "certificate is not accepted");
  EXPECT_EQ(requests, 0);
}

TEST_F(DocumentFetcherTest, EndsAtItsTimeout) {
  options.resolve = [](const std::string&) -> Result<std::vector<IpAddress>> {
    std::this_thread::sleep_for(milliseconds(150));
    return std::vector{*IpAddress::parse("127.0.0.1")};
  };
  expect_refusal(fetch(url(), 1000, milliseconds(30)), ErrorCode::kDeadlineExceeded, "looking up");
}

TEST_F(DocumentFetcherTest, RefusesAnAllowanceItCannotRead) {
  options.allowance.networks = {"10.1.0.0/8"};
  const auto fetcher = make_document_fetcher(runtime, options);
  ASSERT_FALSE(fetcher);
  EXPECT_THAT(fetcher.error().message, HasSubstr("oidc.allow.networks: network '10.1.0.0/8'"));
}

}  // namespace
}  // namespace sluice::net
