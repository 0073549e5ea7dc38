#include <gmock/gmock.h>

#include "net/http_server.h"
#include "net/net_fixture.h"
#include "net/tls_client.h"

namespace sluice::net {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

class TlsServerTest : public NetTest {
 protected:
  std::unique_ptr<HttpServer> serve_tls(ServerOptions options = {}) {
    options.tls = certificates.files;
    return serve(handler, std::move(options));
  }

  Certificates certificates{{"localhost"}};
  ScriptedHandler handler{echo};
};

TEST_F(TlsServerTest, OffersHttp11AloneFrom12On) {
  const auto server = serve_tls();
  const TlsClient both(server->port(), {.alpn = "\x02h2\x08http/1.1"});
  EXPECT_TRUE(both.is_connected());
  EXPECT_EQ(both.alpn(), "http/1.1");
  EXPECT_EQ(both.version(), TLS1_3_VERSION);
  const TlsClient none(server->port(), {.version_max = TLS1_2_VERSION});
  EXPECT_TRUE(none.is_connected());
  EXPECT_EQ(none.version(), TLS1_2_VERSION);
  EXPECT_FALSE(TlsClient(server->port(), {.alpn = "\x02h2"}).is_connected());
  EXPECT_FALSE(TlsClient(server->port(), {.version_max = TLS1_1_VERSION}).is_connected());
}

TEST_F(TlsServerTest, PlainHttpAndSilenceAreEnded) {
  ServerOptions options;
  options.limits.header_timeout = milliseconds(100);
  const auto server = serve_tls(options);
  RawClient plain(server->port());
  RawClient silent(server->port());
  plain.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  bool closed = false;
  EXPECT_THAT(plain.read_all(kPatience, &closed), Not(HasSubstr("200 OK")));
  EXPECT_TRUE(closed);
  silent.read_all(kPatience, &closed);
  EXPECT_TRUE(closed);
}

TEST_F(TlsServerTest, AHandshakeThatTricklesIsEnded) {
  ServerOptions options;
  options.limits.header_timeout = milliseconds(100);
  const auto server = serve_tls(options);
  RawClient slow(server->port());
  bool closed = false;
  const std::string hello = "\x16\x03\x01\x02" + std::string(200, '\0');
  for (size_t i = 0; i < hello.size() && !closed; ++i) {
    slow.send(hello.substr(i, 1));
    slow.read_all(milliseconds(10), &closed);
  }
  EXPECT_TRUE(closed);
}

TEST_F(TlsServerTest, LargeBodiesPassInBothDirections) {
  handler.bytes_max = 8 << 20;
  const auto server = serve_tls();
  std::string body;
  while (body.size() < 3'000'000) body += fmt::format("{} ", body.size());
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    TlsClient client(server->port(), {.version_max = version});
    const auto head = fmt::format("POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: {}\r\n\r\n", body.size());
    ASSERT_TRUE(client.send(head) && client.send(body));
    const auto answer = client.read_until(body.substr(body.size() - 100));
    EXPECT_THAT(answer, EndsWith("POST /x " + body)) << version;
  }
}

TEST_F(TlsServerTest, AnswersPipelinedRequestsOfOneRecord) {
  const auto server = serve_tls();
  TlsClient client(server->port());
  client.send("GET /1 HTTP/1.1\r\nHost: h\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\n\r\n");
  const auto both = client.read_until("GET /2 ");
  EXPECT_THAT(both, HasSubstr("GET /1 "));
  EXPECT_THAT(both, EndsWith("GET /2 "));
}

TEST_F(TlsServerTest, RenegotiationEndsTheConnectionAndNothingElse) {
  const auto server = serve_tls();
  TlsClient bystander(server->port(), {.version_max = TLS1_2_VERSION});
  TlsClient client(server->port(), {.version_max = TLS1_2_VERSION});
  client.send("GET /before HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_THAT(client.read_until("GET /before "), EndsWith("GET /before "));
  SSL_renegotiate(client.ssl());
  EXPECT_NE(SSL_do_handshake(client.ssl()), 1);
  bool closed = false;
  client.raw().read_all(kPatience, &closed);
  EXPECT_TRUE(closed);
  bystander.send("GET /after HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_THAT(bystander.read_until("GET /after "), EndsWith("GET /after "));
}

TEST_F(TlsServerTest, SaysGoodbyeAfterItsLastAnswer) {
  const auto server = serve_tls();
  TlsClient client(server->port());
  client.send("GET /x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  client.read_until("GET /x ");
  char byte = 0;
  const int got = SSL_read(client.ssl(), &byte, 1);
  EXPECT_EQ(SSL_get_error(client.ssl(), got), SSL_ERROR_ZERO_RETURN);
}

}  // namespace
}  // namespace sluice::net
