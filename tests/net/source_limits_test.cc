#include <latch>

#include <gmock/gmock.h>

#include "net/http_server.h"
#include "net/net_fixture.h"
#include "net/source.h"

namespace sluice::net {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

constexpr const char* kConnections = "sluice_http_connections{listener=\"public\"}";
constexpr const char* kGivenUp = "sluice_http_connections_given_up_total{listener=\"public\"}";
constexpr const char* kRefusedConnections =
    "sluice_http_source_limited_total{limit=\"connections\",listener=\"public\"}";
constexpr const char* kRefusedInFlight = "sluice_http_source_limited_total{limit=\"in_flight\",listener=\"public\"}";

/// Sources are told apart by addresses of 127.0.0.0/8, none of them exempt.
class SourceLimitsTest : public NetTest {
 protected:
  SourceLimitsTest() { options.shared_sources = {}; }

  static std::string get(std::string_view target, std::string_view fields = "") {
    return fmt::format("GET {} HTTP/1.1\r\nHost: h\r\n{}\r\n", target, fields);
  }
  static bool is_closed(RawClient& client, milliseconds within = kPatience) {
    bool closed = false;
    client.read_all(within, &closed);
    return closed;
  }

  ServerOptions options;
  ScriptedHandler handler{echo};
};

TEST(SourceTest, AnAddressOfIpv4AndASixtyFourOfIpv6AreOneSource) {
  const auto source = [](const char* text) { return source_of(IpAddress::parse(text).value()); };
  EXPECT_EQ(source("192.0.2.1"), source("192.0.2.1"));
  EXPECT_NE(source("192.0.2.1"), source("192.0.2.2"));
  EXPECT_EQ(source("2001:db8:1:2::1"), source("2001:db8:1:2:ffff:ffff:ffff:ffff"));
  EXPECT_NE(source("2001:db8:1:2::1"), source("2001:db8:1:3::1"));
  EXPECT_NE(source("192.0.2.1"), source("c000:201::"));
}

TEST_F(SourceLimitsTest, ASourcesConnectionsBeyondItsLimitAreClosedAtOnceAndCounted) {
  options.limits.connections_per_source_max = 2;
  const auto server = serve(handler, options);
  RawClient first(server->port(), "127.0.0.2");
  RawClient second(server->port(), "127.0.0.2");
  ASSERT_TRUE(eventually([&] { return metric(kConnections) == 2; }));
  RawClient third(server->port(), "127.0.0.2");
  EXPECT_TRUE(is_closed(third));
  EXPECT_EQ(metric(kRefusedConnections), 1);
  RawClient other(server->port(), "127.0.0.3");
  other.send(get("/other"));
  EXPECT_THAT(other.read_answer(), EndsWith("GET /other ")) << "another source is none of it";
  first.close();
  ASSERT_TRUE(eventually([&] { return metric(kConnections) == 2; }));
  RawClient fourth(server->port(), "127.0.0.2");
  fourth.send(get("/again"));
  EXPECT_THAT(fourth.read_answer(), EndsWith("GET /again ")) << "a place became free";
}

TEST_F(SourceLimitsTest, OneSourceNeverGetsMoreThanHalf) {
  options.limits.connections_max = 6;
  options.limits.connections_per_source_max = 1000;
  const auto server = serve(handler, options);
  std::vector<std::unique_ptr<RawClient>> many;
  for (int i = 0; i < 3; ++i) many.push_back(std::make_unique<RawClient>(server->port(), "127.0.0.2"));
  ASSERT_TRUE(eventually([&] { return metric(kConnections) == 3; }));
  RawClient fourth(server->port(), "127.0.0.2");
  EXPECT_TRUE(is_closed(fourth));
}

TEST_F(SourceLimitsTest, LoopbackAndTrustedProxiesMayHaveManyConnections) {
  options.limits.connections_per_source_max = 1;
  options.shared_sources = ServerOptions().shared_sources;
  options.trusted_proxies = {"127.0.0.9"};
  const auto server = serve(handler, options);
  std::vector<std::unique_ptr<RawClient>> many;
  for (const char* from : {"127.0.0.1", "127.0.0.1", "127.0.0.9", "127.0.0.9"}) {
    many.push_back(std::make_unique<RawClient>(server->port(), from));
    many.back()->send(get("/x"));
    EXPECT_THAT(many.back()->read_answer(), EndsWith("GET /x ")) << from;
  }
  EXPECT_EQ(metric(kRefusedConnections), 0);
}

class InFlightTest : public SourceLimitsTest {
 protected:
  InFlightTest() { options.limits.in_flight_per_source_max = 1; }
  ~InFlightTest() override {
    release_.set_value();
    server.reset();
  }

  /// "/slow" is handled until the test ends.
  ScriptedHandler handler{[this](const http::Request& request) {
    if (request.target == "/slow") {
      running.count_down();
      released_.wait();
    }
    return echo(request);
  }};
  std::latch running{1};
  std::unique_ptr<HttpServer> server;

 private:
  std::promise<void> release_;
  std::shared_future<void> released_ = release_.get_future().share();
};

TEST_F(InFlightTest, ASourcesRequestsBeyondItsLimitAreRefusedForNow) {
  server = serve(handler, options);
  RawClient slow(server->port(), "127.0.0.2");
  slow.send(get("/slow"));
  running.wait();
  RawClient same(server->port(), "127.0.0.2");
  same.send(get("/quick"));
  const auto refused = same.read_answer();
  EXPECT_THAT(refused, StartsWith("HTTP/1.1 503 "));
  EXPECT_THAT(refused, HasSubstr("Retry-After: 1\r\n"));
  EXPECT_EQ(metric(kRefusedInFlight), 1);
  RawClient other(server->port(), "127.0.0.3");
  other.send(get("/quick"));
  EXPECT_THAT(other.read_answer(), EndsWith("GET /quick "));
}

TEST_F(InFlightTest, BehindAProxyTheClientIsTheSource) {
  options.trusted_proxies = {"127.0.0.9"};
  server = serve(handler, options);
  RawClient slow(server->port(), "127.0.0.9");
  slow.send(get("/slow", "X-Forwarded-For: 203.0.113.5\r\n"));
  running.wait();
  RawClient same(server->port(), "127.0.0.9");
  same.send(get("/quick", "X-Forwarded-For: 198.51.100.1, 203.0.113.5\r\n"));
  EXPECT_THAT(same.read_answer(), StartsWith("HTTP/1.1 503 "));
  for (const char* others : {"X-Forwarded-For: 203.0.113.5, 203.0.113.6\r\n", ""}) {
    RawClient other(server->port(), "127.0.0.9");
    other.send(get("/quick", others));
    EXPECT_THAT(other.read_answer(), EndsWith("GET /quick ")) << others;
  }
}

TEST_F(SourceLimitsTest, AFullServerGivesUpTheLongestIdleOfTheLargestSource) {
  options.limits.connections_max = 5;
  const auto server = serve(handler, options);
  const auto connect = [&](const char* from) {
    auto client = std::make_unique<RawClient>(server->port(), from);
    client->send(get("/x"));
    EXPECT_THAT(client->read_answer(), EndsWith("GET /x ")) << from;
    return client;
  };
  const auto small = connect("127.0.0.3");  // the longest idle of all
  const auto oldest = connect("127.0.0.2");
  const auto second = connect("127.0.0.2");
  const auto newcomer = connect("127.0.0.4");
  const auto filling = connect("127.0.0.5");
  EXPECT_TRUE(is_closed(*oldest));
  EXPECT_EQ(metric(kGivenUp), 1);
  for (const auto* spared : {&small, &second, &newcomer, &filling}) {
    (*spared)->send(get("/still"));
    EXPECT_THAT((*spared)->read_answer(), EndsWith("GET /still "));
  }
}

TEST_F(SourceLimitsTest, IdleGoesBeforeHalfAHeaderAndThatBeforeHalfABody) {
  options.limits.connections_max = 7;
  options.limits.connections_per_source_max = 1000;
  const auto server = serve(handler, options);
  RawClient body(server->port(), "127.0.0.2");
  body.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc");
  ASSERT_TRUE(eventually([&] { return metric(kConnections) == 1; }));
  RawClient header(server->port(), "127.0.0.2");
  header.send("GET / HTTP/1.1\r\nHo");
  ASSERT_TRUE(eventually([&] { return metric(kConnections) == 2; }));
  RawClient idle(server->port(), "127.0.0.2");
  idle.send(get("/x"));
  idle.read_answer();
  std::vector<std::unique_ptr<RawClient>> others;
  const auto fill = [&] {
    others.push_back(std::make_unique<RawClient>(server->port(), fmt::format("127.0.1.{}", others.size() + 1).c_str()));
    others.back()->send(get("/x"));
    others.back()->read_answer();
  };
  for (int i = 0; i < 4; ++i) fill();
  EXPECT_TRUE(is_closed(idle));
  fill();
  EXPECT_TRUE(is_closed(header));
  body.send("defghij");
  EXPECT_THAT(body.read_answer(), EndsWith("POST / abcdefghij"));
}

TEST_F(SourceLimitsTest, ManySilentConnectionsNeverLockAnotherClientOut) {
  options.limits.connections_max = 64;
  options.shared_sources = ServerOptions().shared_sources;  // no limit per source: the flood may try to fill it
  const auto server = serve(handler, options);
  std::vector<std::unique_ptr<RawClient>> flood;
  for (int i = 0; i < 640; ++i) {
    flood.push_back(std::make_unique<RawClient>(server->port()));
    if (i % 2 == 0) flood.back()->send("GET / HT");
    if (i % 64 != 0) continue;
    RawClient other(server->port(), "127.0.0.7");
    other.send(get("/other"));
    EXPECT_THAT(other.read_answer(milliseconds(2000)), EndsWith("GET /other ")) << i;
  }
  EXPECT_LE(metric(kConnections), 64);
  EXPECT_GE(metric(kGivenUp), 500);
}

TEST_F(SourceLimitsTest, RequestsNameTheClientThatTheProxyNames) {
  std::promise<http::Request> seen;
  ScriptedHandler recorder([&](const http::Request& request) {
    http::Request copy;
    copy.remote_address = request.remote_address;
    copy.peer_address = request.peer_address;
    copy.is_tls = request.is_tls;
    copy.is_forwarded_tls = request.is_forwarded_tls;
    seen.set_value(std::move(copy));
    return echo(request);
  });
  const auto server = serve(recorder, options);
  const auto ask = [&] {
    seen = {};
    RawClient client(server->port(), "127.0.0.9");
    client.send(get("/", "X-Forwarded-For: 10.1.1.1, 203.0.113.5\r\nX-Forwarded-Proto: https\r\n"));
    client.read_answer();
    return seen.get_future().get();
  };
  const auto untrusted = ask();
  EXPECT_EQ(untrusted.remote_address, "127.0.0.9");
  EXPECT_FALSE(untrusted.is_forwarded_tls);
  ASSERT_TRUE(server->set_trusted_proxies({"127.0.0.9"}));
  const auto trusted = ask();
  EXPECT_EQ(trusted.remote_address, "203.0.113.5");
  EXPECT_EQ(trusted.peer_address, "127.0.0.9");
  EXPECT_TRUE(trusted.is_forwarded_tls);
  EXPECT_FALSE(trusted.is_tls);
  ASSERT_FALSE(server->set_trusted_proxies({"127.0.0.9", "nonsense"}));
  EXPECT_EQ(ask().remote_address, "203.0.113.5") << "a refused change changes nothing";
}

TEST_F(SourceLimitsTest, SaysWhichTrustedProxyIsNoNetwork) {
  options.trusted_proxies = {"10.0.0.0/8", "proxy.example"};
  const auto started = HttpServer::start(runtime, options, handler, *logger, metrics);
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(started.error().message, HasSubstr("'proxy.example'"));
}

}  // namespace
}  // namespace sluice::net
