#include <unistd.h>

#include <fstream>

#include <gmock/gmock.h>

#include "net/http_server.h"
#include "net/net_fixture.h"
#include "net/tls_client.h"

namespace sluice::net {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

/// Memory of this process that is no file's, in bytes.
size_t anonymous_bytes() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("RssAnon:")) return std::stoul(line.substr(8)) << 10;
  }
  return 0;
}

constexpr const char* kConnections = "sluice_http_connections{listener=\"public\"}";

/// Small forms of what tests/e2e/test_front_door.py does to the real binary.
class AttackTest : public NetTest {
 protected:
  AttackTest() {
    options.limits.connections_max = 10'000;
    options.limits.connections_per_source_max = 5'000;
  }

  /// Another client's request is answered, soon.
  void expect_served() {
    const auto begun = std::chrono::steady_clock::now();
    RawClient other(server->port(), "127.0.0.7");
    other.send("GET /other HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_THAT(other.read_answer(), EndsWith("GET /other "));
    EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(2) * kSlowness);
  }

  ServerOptions options;
  ScriptedHandler handler{echo};
  std::unique_ptr<HttpServer> server;
};

TEST_F(AttackTest, AnIdleConnectionCostsLittleMemory) {
  constexpr size_t kCount = 1'000;
  // However long it takes to open them all, none is old enough to be closed when they are counted.
  options.limits.header_timeout = options.limits.keep_alive_timeout = std::chrono::minutes(10);
  server = serve(handler, options);
  // Once around first, so that what the process keeps for good is there already.
  for (int i = 0; i < 50; ++i) expect_served();
  const size_t before = anonymous_bytes();
  std::vector<std::unique_ptr<RawClient>> idle;
  for (size_t i = 0; i < kCount; ++i) {
    idle.push_back(std::make_unique<RawClient>(server->port()));
    if (i % 2 == 0) {
      idle.back()->send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 40000\r\n\r\n" + std::string(40'000, 'x'));
      EXPECT_THAT(idle.back()->read_answer(), StartsWith("HTTP/1.1 200 "));
    }
  }
  ASSERT_TRUE(eventually([&] { return metric(kConnections) >= kCount; }));
  const size_t each = (anonymous_bytes() - std::min(before, anonymous_bytes())) / kCount;
  RecordProperty("bytes_each", static_cast<int>(each));
#if !defined(__SANITIZE_ADDRESS__) && !__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer)
  EXPECT_LT(each, 8u << 10) << "client and server together";
#endif
  expect_served();
}

TEST_F(AttackTest, HeadersThatTrickleHoldNobodyElseUp) {
  options.limits.header_timeout = milliseconds(700) * kSlowness;
  server = serve(handler, options);
  std::vector<std::unique_ptr<RawClient>> slow;
  for (int i = 0; i < 300; ++i) slow.push_back(std::make_unique<RawClient>(server->port()));
  const std::string_view header = "GET /slow HTTP/1.1\r\nHost: h\r\nX-Filler: aaaaaaaaaaaaaaaaaaaa";
  for (size_t at = 0; at < 30; ++at) {
    for (const auto& client : slow) client->send(header.substr(at, 1));
    if (at % 10 == 0) expect_served();
  }
  EXPECT_TRUE(eventually([&] { return metric(kConnections) <= 1; })) << "all were ended by their timeout";
  EXPECT_THAT(slow.front()->read_all(), StartsWith("HTTP/1.1 408 "));
}

TEST_F(AttackTest, AnEndlessHeaderIsRefusedAndWhatFollowsDropped) {
  server = serve(handler, options);
  RawClient client(server->port());
  client.send("GET / HTTP/1.1\r\nHost: h\r\nX: ");
  const std::string chunk(1 << 20, 'a');
  size_t sent = 0;
  while (sent < 100u && client.send(chunk)) ++sent;
  EXPECT_LT(sent, 100u) << "the server reads a few MB of goodbye and no more";
  EXPECT_LT(anonymous_bytes(), size_t{1} << 30);
  expect_served();
}

TEST_F(AttackTest, PipelinedGarbageEndsItsConnectionOnly) {
  server = serve(handler, options);
  for (const std::string& garbage :
       {std::string("\0\1\2\3\r\n\r\n", 8), std::string(100'000, '\n'),
        std::string("GET / HTTP/1.1\r\nHost: h\r\n\r\n\xff\xfe garbage\r\n\r\n"),
        std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03") + std::string(500, '\x7f')}) {
    RawClient client(server->port());
    client.send(garbage);
    bool closed = false;
    const auto answers = client.read_all(kPatience, &closed);
    EXPECT_TRUE(closed);
    EXPECT_THAT(answers, HasSubstr("HTTP/1.1 400 "));
    expect_served();
  }
}

TEST_F(AttackTest, ManyRequestsWhoseAnswersNobodyReadsAreBounded) {
  options.limits.write_idle_timeout = milliseconds(300);
  const std::string large(200'000, 'x');
  ScriptedHandler generous([&](const http::Request& request) {
    return request.target == "/other" ? echo(request) : http::Response::text(200, large, "application/octet-stream");
  });
  server = serve(generous, options);
  std::string requests;
  while (requests.size() < 200'000) requests += "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
  std::vector<std::unique_ptr<RawClient>> deaf;
  for (int i = 0; i < 8; ++i) {
    deaf.push_back(std::make_unique<RawClient>(server->port()));
    ::send(deaf.back()->fd(), requests.data(), requests.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  }
  expect_served();
  EXPECT_TRUE(eventually([&] { return metric(kConnections) <= 1; })) << "those who do not read are dropped";
  server.reset();  // before the handler it calls
}

TEST_F(AttackTest, HalfClosedResetAndVanishedClientsLeaveNothingBehind) {
  options.limits.header_timeout = milliseconds(500) * kSlowness;
  server = serve(handler, options);
  for (int i = 0; i < 50; ++i) {
    RawClient half(server->port());
    half.send("GET /half HTTP/1.1\r\nHost: h\r\n\r\n");
    half.end_sending();
    EXPECT_THAT(half.read_all(), EndsWith("GET /half ")) << "who ends sending may still read";
    RawClient in_header(server->port());
    in_header.send("GET /x HTT");
    in_header.end_sending();
    RawClient in_body(server->port());
    in_body.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc");
    in_body.reset();
    RawClient at_once(server->port());
    at_once.reset();
  }
  expect_served();
  EXPECT_TRUE(eventually([&] { return metric(kConnections) <= 1; }));
}

TEST_F(AttackTest, UnfinishedHeadersShareTheBudgetOfBodies) {
  options.limits.body_bytes_in_memory_max = 100'000;
  server = serve(handler, options);
  std::vector<std::unique_ptr<RawClient>> hoarders;
  for (int i = 0; i < 4; ++i) {
    hoarders.push_back(std::make_unique<RawClient>(server->port()));
    hoarders.back()->send("GET / HTTP/1.1\r\nHost: h\r\nX: " + std::string(40'000, 'a'));
  }
  const auto refused = hoarders.back()->read_all(milliseconds(3000));
  EXPECT_THAT(refused, StartsWith("HTTP/1.1 503 "));
  expect_served();
}

TEST_F(AttackTest, EndingWithManyOpenConnectionsIsQuick) {
  server = serve(handler, options);
  std::vector<std::unique_ptr<RawClient>> open;
  for (int i = 0; i < 200; ++i) {
    open.push_back(std::make_unique<RawClient>(server->port()));
    if (i % 2 == 0) open.back()->send("GET / HT");
  }
  ASSERT_TRUE(eventually([&] { return metric(kConnections) == 200; }));
  const auto begun = std::chrono::steady_clock::now();
  server->stop(milliseconds(200));
  EXPECT_LT(std::chrono::steady_clock::now() - begun, milliseconds(1500));
}

}  // namespace
}  // namespace sluice::net
