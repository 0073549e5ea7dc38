#include "net/http_client.h"

#include <atomic>
#include <thread>

#include <gmock/gmock.h>

#include "net/net_fixture.h"

namespace sluice::net {
namespace {

using testing::HasSubstr;
using testing::Not;

class HttpClientTest : public NetTest {
 protected:
  Result<http::ClientResponse> send(http::Client& client, http::ClientRequest request) {
    return wait_for(client.send(std::move(request)));
  }
  std::unique_ptr<http::Client> make_client(ClientOptions options = {}) {
    options.use_system_cas = false;
    return make_http_client(runtime, std::move(options)).value();
  }
  static http::ClientRequest get(const HttpServer& server, std::string target = "/") {
    http::ClientRequest request;
    request.url = "http://" + server.address() + target;
    return request;
  }
};

TEST_F(HttpClientTest, SendsMethodTargetFieldsAndBody) {
  ScriptedHandler handler([](const http::Request& request) {
    auto response = echo(request);
    response.headers.add("X-Host", std::string(request.headers.get("Host")));
    response.headers.add("X-Length", std::string(request.headers.get("Content-Length")));
    response.headers.add("X-Echo", std::string(request.headers.get("X-Mine")));
    response.headers.add("X-Agent", std::string(request.headers.get("User-Agent")));
    return response;
  });
  const auto server = serve(handler);
  const auto client = make_client();
  auto request = get(*server, "/a%2Fb?c=%20");
  request.method = "POST";
  request.headers.add("X-Mine", "value");
  request.body = "body";
  const auto response = send(*client, request);
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(response->status, 200);
  EXPECT_EQ(response->body, "POST /a%2Fb?c=%20 body");
  EXPECT_EQ(response->headers.get("x-host"), server->address());
  EXPECT_EQ(response->headers.get("X-Length"), "4");
  EXPECT_EQ(response->headers.get("X-Echo"), "value");
  EXPECT_THAT(response->headers.get("X-Agent"), HasSubstr("sluice/"));
}

TEST_F(HttpClientTest, KeepsConnectionsAndNoticesThatTheyWereClosed) {
  ScriptedHandler handler(echo);
  const auto client = make_client();
  auto& connections = metrics.gauge("sluice_http_connections", "", {{"listener", "public"}});
  const auto post = [&](const HttpServer& server) {
    auto request = get(server);
    request.method = "POST";  // never repeated: a dead kept connection would show as an error
    return send(*client, request);
  };
  {
    const auto patient = serve(handler);
    for (int i = 0; i < 5; ++i) {
      ASSERT_TRUE(post(*patient));
      EXPECT_EQ(connections.value(), 1);
    }
  }
  ServerOptions options;
  options.limits.keep_alive_timeout = milliseconds(40);
  const auto hasty = serve(handler, options);
  ASSERT_TRUE(post(*hasty));
  ASSERT_TRUE(eventually([&] { return connections.value() == 0; }));
  EXPECT_TRUE(post(*hasty)) << "on a fresh connection";
}

TEST_F(HttpClientTest, CarriesManyRequestsAtOnce) {
  ScriptedHandler handler([](const http::Request& request) {
    std::this_thread::sleep_for(milliseconds(2));
    return echo(request);
  });
  const auto server = serve(handler);
  const auto client = make_client();
  std::vector<std::jthread> threads;
  std::atomic<int> good = 0;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 20; ++i) {
        const auto target = fmt::format("/{}/{}", t, i);
        const auto response = send(*client, get(*server, target));
        if (response && response->body == "GET " + target + " ") ++good;
      }
    });
  }
  threads.clear();
  EXPECT_EQ(good, 160);
}

TEST_F(HttpClientTest, CarriesLargeBodiesBothWays) {
  ScriptedHandler handler([](const http::Request& request) { return http::Response::text(200, request.body); });
  handler.bytes_max = 16 << 20;
  const auto server = serve(handler);
  const auto client = make_client();
  auto request = get(*server);
  request.method = "PUT";
  request.body.resize(5 << 20);
  for (size_t i = 0; i < request.body.size(); ++i) request.body[i] = static_cast<char>(i * 31 + (i >> 12));
  const auto response = send(*client, request);
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_TRUE(response->body == request.body);
}

TEST_F(HttpClientTest, BoundsTheAnswer) {
  ScriptedHandler handler([](const http::Request&) { return http::Response::text(200, std::string(1001, 'x')); });
  const auto server = serve(handler);
  const auto client = make_client();
  auto request = get(*server);
  request.response_bytes_max = 1000;
  const auto response = send(*client, request);
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, ErrorCode::kTooLarge);
  EXPECT_THAT(response.error().message, HasSubstr("1001 bytes, the limit is 1000"));
}

TEST_F(HttpClientTest, EndsAtItsTimeoutWhereverItIs) {
  std::promise<void> release;
  auto released = release.get_future().share();
  ScriptedHandler handler([&](const http::Request& request) {
    released.wait();
    return echo(request);
  });
  const auto server = serve(handler);
  const auto client = make_client();
  auto request = get(*server);
  request.timeout = milliseconds(50);
  const auto late = send(*client, request);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, ErrorCode::kDeadlineExceeded);
  EXPECT_THAT(late.error().message, HasSubstr(server->address()));
  release.set_value();

  std::promise<void> answer;
  ClientOptions options;
  options.resolve = [answered = answer.get_future().share()](const std::string&) -> Result<std::vector<IpAddress>> {
    answered.wait();
    return fail(ErrorCode::kUnavailable, "too late");
  };
  const auto asking = make_client(options);
  request.url = "http://slow.test/";
  const auto lookup = send(*asking, request);
  answer.set_value();
  ASSERT_FALSE(lookup);
  EXPECT_EQ(lookup.error().code, ErrorCode::kDeadlineExceeded);
}

TEST_F(HttpClientTest, ReportsWhoRefusedTheConnection) {
  ScriptedHandler handler(echo);
  auto server = serve(handler);
  auto request = get(*server);
  server.reset();
  const auto response = send(*make_client(), request);
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, ErrorCode::kUnavailable);
  EXPECT_THAT(response.error().message, HasSubstr("127.0.0.1"));
  EXPECT_THAT(response.error().message, HasSubstr("refused"));
}

TEST_F(HttpClientTest, TriesTheNextAddress) {
  ScriptedHandler handler(echo);
  const auto server = serve(handler);
  ClientOptions options;
  options.resolve = [](const std::string&) -> Result<std::vector<IpAddress>> {
    return std::vector{*IpAddress::parse("127.0.0.99"), *IpAddress::parse("127.0.0.1")};  // the first does not listen
  };
  http::ClientRequest request;
  request.url = fmt::format("http://name.test:{}/", server->port());
  const auto response = send(*make_client(options), request);
  EXPECT_TRUE(response) << response.error().message;
}

TEST_F(HttpClientTest, FollowsNoRedirect) {
  ScriptedHandler handler([](const http::Request&) {
    auto response = http::Response::text(302, "");
    response.headers.add("Location", "http://127.0.0.1:1/");
    return response;
  });
  const auto server = serve(handler);
  const auto response = send(*make_client(), get(*server));
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 302);
}

TEST_F(HttpClientTest, RefusesFieldsThatWouldBreakTheRequest) {
  const auto client = make_client();
  for (const auto& [name, value] : {std::pair{"X", "a\r\nY: b"}, {"X y", "a"}, {"X:", "a"}, {"", "a"}, {"X\n", "a"}}) {
    http::ClientRequest request;
    request.url = "http://127.0.0.1:1/";
    request.headers.add(name, value);
    const auto response = send(*client, request);
    ASSERT_FALSE(response) << name;
    EXPECT_EQ(response.error().code, ErrorCode::kInvalidArgument);
  }
  http::ClientRequest request;
  request.url = "not a url";
  EXPECT_EQ(send(*client, request).error().code, ErrorCode::kInvalidArgument);
}

TEST_F(HttpClientTest, ReadsTheRefusalOfABodyItIsStillSending) {
  ScriptedHandler handler(echo);
  handler.bytes_max = 10;
  const auto server = serve(handler);
  auto request = get(*server);
  request.method = "POST";
  request.body.assign(3 << 20, 'x');
  const auto response = send(*make_client(), request);
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(response->status, 413);
}

class TlsClientTest : public HttpClientTest {
 protected:
  std::unique_ptr<HttpServer> serve_tls(http::Handler& handler, const Certificates& certificates) {
    ServerOptions options;
    options.tls = certificates.files;
    return serve(handler, options);
  }
  Result<http::ClientResponse> get_tls(const std::string& ca_file, uint16_t port, const std::string& host) {
    ClientOptions options;
    options.ca_file = ca_file;
    options.resolve = [](const std::string&) -> Result<std::vector<IpAddress>> {
      return std::vector{*IpAddress::parse("127.0.0.1")};
    };
    const auto client = make_client(options);
    http::ClientRequest request;
    request.url = fmt::format("https://{}:{}/x", host, port);
    const auto first = send(*client, request);
    if (!first) return first;
    request.method = "POST";
    request.body.assign(200'000, 'b');
    auto again = send(*client, request);
    EXPECT_TRUE(again) << "on the kept connection";
    return first;
  }
};

TEST_F(TlsClientTest, VerifiesChainAndName) {
  const Certificates certificates({"issuer.test", "*.wild.test", "127.0.0.1"});
  const Certificates others({"issuer.test"});
  ScriptedHandler handler([](const http::Request& request) {
    EXPECT_TRUE(request.is_tls);
    return echo(request);
  });
  const auto server = serve_tls(handler, certificates);
  for (const char* good : {"issuer.test", "ISSUER.test", "a.wild.test", "127.0.0.1"}) {
    const auto response = get_tls(certificates.ca_file, server->port(), good);
    ASSERT_TRUE(response) << good << ": " << response.error().message;
    EXPECT_EQ(response->body, "GET /x ");
  }
  for (const char* bad : {"other.test", "wild.test", "a.b.wild.test"}) {
    const auto response = get_tls(certificates.ca_file, server->port(), bad);
    ASSERT_FALSE(response) << bad;
    EXPECT_EQ(response.error().code, ErrorCode::kUnavailable);
    EXPECT_THAT(response.error().message, HasSubstr("mismatch")) << bad;
  }
  const auto other_server = serve_tls(handler, others);
  const auto by_address = get_tls(others.ca_file, other_server->port(), "127.0.0.1");
  ASSERT_FALSE(by_address) << "the certificate names no address";
  EXPECT_THAT(by_address.error().message, HasSubstr("mismatch"));
  for (const auto& ca : {others.ca_file, std::string()}) {
    const auto stranger = get_tls(ca, server->port(), "issuer.test");
    ASSERT_FALSE(stranger);
    EXPECT_THAT(stranger.error().message, HasSubstr("certificate is not accepted"));
  }
}

TEST_F(TlsClientTest, SaysWhichCaFileItCannotRead) {
  ClientOptions options;
  options.ca_file = "/nonexistent/ca.pem";
  const auto client = make_http_client(runtime, options);
  ASSERT_FALSE(client);
  EXPECT_EQ(client.error().code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(client.error().message, HasSubstr("/nonexistent/ca.pem"));
}

}  // namespace
}  // namespace sluice::net
