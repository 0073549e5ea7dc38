#include "net/http_server.h"

#include <atomic>
#include <latch>
#include <thread>

#include <gmock/gmock.h>

#include "base/limits.h"
#include "net/net_fixture.h"

namespace sluice::net {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

using HttpServerTest = NetTest;

/// Waits until the request's stop token is requested; how long that took.
milliseconds wait_for_stop(const http::Request& request, milliseconds at_most) {
  const auto begun = std::chrono::steady_clock::now();
  while (!request.stop.stop_requested() && std::chrono::steady_clock::now() - begun < at_most) {
    std::this_thread::sleep_for(milliseconds(1));
  }
  return std::chrono::floor<milliseconds>(std::chrono::steady_clock::now() - begun);
}

TEST_F(HttpServerTest, AnswersWithIdDateAndLength) {
  http::Request seen;
  ScriptedHandler handler([&](const http::Request& request) {
    seen.request_id = request.request_id;
    seen.remote_address = request.remote_address;
    return echo(request);
  });
  const auto server = serve(handler);
  RawClient client(server->port());
  client.send("GET /a%2Fb/../c?x=%20+y&z HTTP/1.1\r\nHost: h\r\n\r\n");
  const auto answer = client.read_answer();
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\nContent-Type: text/plain"));
  EXPECT_THAT(answer, EndsWith("\r\n\r\nGET /a%2Fb/../c?x=%20+y&z ")) << "the target is kept byte for byte";
  EXPECT_THAT(answer, HasSubstr("x-amzn-requestid: " + seen.request_id + "\r\n"));
  EXPECT_THAT(answer, HasSubstr(" GMT\r\nContent-Length: 26\r\n"));
  EXPECT_THAT(answer, Not(HasSubstr("Connection:")));
  EXPECT_EQ(seen.request_id.size(), 36u);
  EXPECT_EQ(seen.remote_address, "127.0.0.1");
}

TEST_F(HttpServerTest, AnswersPipelinedRequestsInOrder) {
  std::atomic<int> count = 0;
  ScriptedHandler handler([&](const http::Request& request) {
    // The first is the slowest: an answer out of order would show.
    std::this_thread::sleep_for(milliseconds(count++ == 0 ? 50 : 0));
    return echo(request);
  });
  const auto server = serve(handler);
  RawClient client(server->port());
  client.send(
      "POST /1 HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc"
      "POST /2 HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nde\r\n0\r\nX: trailer\r\n\r\n"
      "GET /3 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(client.read_answer(), EndsWith("\r\n\r\nPOST /1 abc"));
  EXPECT_THAT(client.read_answer(), EndsWith("\r\n\r\nPOST /2 de"));
  bool closed = false;
  const auto last = client.read_all(kPatience, &closed);
  EXPECT_THAT(last, HasSubstr("Connection: close\r\n"));
  EXPECT_THAT(last, EndsWith("\r\n\r\nGET /3 "));
  EXPECT_TRUE(closed);
}

TEST_F(HttpServerTest, HeadersOfTheHandlerCannotBreakTheFraming) {
  ScriptedHandler handler([](const http::Request&) {
    auto response = http::Response::text(200, "body");
    response.headers.add("X-Note", "a\r\nSet-Cookie: b\r\n\r\nHTTP/1.1 200 OK");
    response.headers.add("Bad Name", "x");
    response.headers.add("Content-Length", "999");
    response.headers.add("x-amzn-requestid", "mine");
    return response;
  });
  const auto server = serve(handler);
  RawClient client(server->port());
  client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  const auto answer = client.read_answer();
  EXPECT_THAT(answer, HasSubstr("X-Note: a  Set-Cookie: b    HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(answer, Not(HasSubstr("Bad Name")));
  EXPECT_THAT(answer, Not(HasSubstr("999")));
  EXPECT_THAT(answer, HasSubstr("x-amzn-requestid: mine\r\n"));
  EXPECT_THAT(answer, EndsWith("\r\n\r\nbody"));
}

TEST_F(HttpServerTest, HeadIsCountedAndNotSent) {
  ScriptedHandler handler(echo);
  const auto server = serve(handler);
  RawClient client(server->port());
  client.send("HEAD /x HTTP/1.1\r\nHost: h\r\n\r\nGET /y HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  const auto both = client.read_all();
  EXPECT_THAT(both, HasSubstr("Content-Length: 8\r\n\r\nHTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(both, EndsWith("GET /y "));
}

TEST_F(HttpServerTest, Http10IsAnsweredAndClosed) {
  ScriptedHandler handler(echo);
  const auto server = serve(handler);
  RawClient client(server->port());
  client.send("GET /x HTTP/1.0\r\n\r\n");
  bool closed = false;
  EXPECT_THAT(client.read_all(kPatience, &closed), EndsWith("GET /x "));
  EXPECT_TRUE(closed);
}

TEST_F(HttpServerTest, ContinuesAClientThatAsksBeforeItSendsItsBody) {
  ScriptedHandler handler(echo);
  const auto server = serve(handler);
  RawClient client(server->port());
  client.send("POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.read_answer(), "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("body");
  EXPECT_THAT(client.read_answer(), EndsWith("POST /x body"));
}

TEST_F(HttpServerTest, RefusesAnOversizeBodyBeforeContinuing) {
  ScriptedHandler handler(echo);
  handler.bytes_max = 10;
  const auto server = serve(handler);
  RawClient client(server->port());
  client.send("POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 11\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_THAT(client.read_answer(), StartsWith("HTTP/1.1 413 Content Too Large\r\n"));
}

TEST_F(HttpServerTest, AClientStillSendingARefusedBodySeesTheAnswer) {
  ScriptedHandler handler(echo);
  handler.bytes_max = 1000;
  const auto server = serve(handler);
  const std::string megabyte(1 << 20, 'x');
  for (const std::string& start :
       {std::string("Content-Length: 1048576\r\n\r\n"), std::string("Transfer-Encoding: chunked\r\n\r\n100000\r\n")}) {
    RawClient client(server->port());
    client.send("POST /x HTTP/1.1\r\nHost: h\r\n" + start);
    client.send(megabyte);
    const auto answer = client.read_all();
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 413 ")) << start;
    EXPECT_THAT(answer, HasSubstr("Connection: close\r\n"));
  }
}

TEST_F(HttpServerTest, RefusesAnOversizeHeader) {
  ScriptedHandler handler(echo);
  const auto server = serve(handler);
  RawClient client(server->port());
  client.send("GET / HTTP/1.1\r\nHost: h\r\nX: " + std::string(limits::kHeaderBytesMax, 'a') + "\r\n\r\n");
  EXPECT_THAT(client.read_all(), StartsWith("HTTP/1.1 431 "));
}

TEST_F(HttpServerTest, RefusesAmbiguousFramingOnTheWire) {
  std::atomic<int> handled = 0;
  ScriptedHandler handler([&](const http::Request& request) {
    ++handled;
    return echo(request);
  });
  const auto server = serve(handler);
  for (const char* fields :
       {"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", "Content-Length: 4\r\nContent-Length: 5\r\n",
        "Transfer-Encoding: gzip, chunked\r\n", "Host: other\r\n"}) {
    RawClient client(server->port());
    client.send(fmt::format("POST / HTTP/1.1\r\nHost: h\r\n{}\r\n", fields));
    client.send("0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n");
    bool closed = false;
    const auto answer = client.read_all(kPatience, &closed);
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 400 Bad Request\r\n")) << fields;
    EXPECT_THAT(answer, Not(HasSubstr("smuggled"))) << fields;
    EXPECT_TRUE(closed);
  }
  EXPECT_EQ(handled, 0);
}

TEST_F(HttpServerTest, SlowHeaderIsAnswered408) {
  ScriptedHandler handler(echo);
  ServerOptions options;
  options.limits.header_timeout = milliseconds(100);
  const auto server = serve(handler, options);
  RawClient silent(server->port());
  RawClient slow(server->port());
  slow.send("GET / HTTP/1.1\r\nHo");
  EXPECT_THAT(slow.read_all(), StartsWith("HTTP/1.1 408 Request Timeout\r\n"));
  bool closed = false;
  EXPECT_EQ(silent.read_all(kPatience, &closed), "") << "nothing was asked, nothing is answered";
  EXPECT_TRUE(closed);
}

TEST_F(HttpServerTest, SlowBodyIsAnswered408) {
  ScriptedHandler handler(echo);
  ServerOptions options;
  options.limits.body_idle_timeout = milliseconds(100);
  const auto server = serve(handler, options);
  RawClient client(server->port());
  client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc");
  EXPECT_THAT(client.read_all(), StartsWith("HTTP/1.1 408 Request Timeout\r\n"));
}

TEST_F(HttpServerTest, ABodyThatTricklesForEverIsAnswered408) {
  ScriptedHandler handler(echo);
  ServerOptions options;
  options.limits.body_idle_timeout = milliseconds(100);
  options.limits.body_timeout = milliseconds(200);
  const auto server = serve(handler, options);
  RawClient client(server->port());
  client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\n");
  std::string answer;
  for (int i = 0; i < 100 && answer.empty(); ++i) {
    client.send("x");
    answer = client.read_all(milliseconds(20));
  }
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 408 "));
}

TEST_F(HttpServerTest, IdleKeepAliveIsClosedSilently) {
  ScriptedHandler handler(echo);
  ServerOptions options;
  options.limits.keep_alive_timeout = milliseconds(50);
  const auto server = serve(handler, options);
  RawClient client(server->port());
  client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  client.read_answer();
  bool closed = false;
  EXPECT_EQ(client.read_all(kPatience, &closed), "");
  EXPECT_TRUE(closed);
}

TEST_F(HttpServerTest, DisconnectRequestsStopWithin100Milliseconds) {
  std::latch running(1);
  std::promise<milliseconds> took;
  ScriptedHandler handler([&](const http::Request& request) {
    running.count_down();
    took.set_value(wait_for_stop(request, milliseconds(3000)));
    return echo(request);
  });
  const auto server = serve(handler);
  auto client = std::make_unique<RawClient>(server->port());
  client->send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  running.wait();
  client.reset();
  EXPECT_LT(took.get_future().get(), milliseconds(100));
}

TEST_F(HttpServerTest, DeadlineRequestsStopAndTheAnswerStillCounts) {
  ScriptedHandler handler([&](const http::Request& request) {
    wait_for_stop(request, milliseconds(3000));
    return http::Response::text(503, "stopped");
  });
  ServerOptions options;
  options.limits.request_deadline = milliseconds(50);
  const auto server = serve(handler, options);
  RawClient client(server->port());
  client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_THAT(client.read_answer(), EndsWith("\r\n\r\nstopped"));
}

TEST_F(HttpServerTest, AHandlerThatIgnoresItsDeadlineIsGivenUp) {
  std::promise<void> release;
  auto released = release.get_future().share();
  ScriptedHandler handler([&](const http::Request&) {
    released.wait();
    return http::Response::text(200, "late");
  });
  ServerOptions options;
  options.limits.request_deadline = milliseconds(30);
  options.limits.request_grace = milliseconds(30);
  const auto server = serve(handler, options);
  RawClient client(server->port());
  client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  const auto answer = client.read_all();
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 503 "));
  EXPECT_THAT(answer, HasSubstr("deadline"));
  release.set_value();
}

TEST_F(HttpServerTest, RefusesWhatWouldExceedTheRequestsInFlight) {
  std::latch running(1);
  std::promise<void> release;
  auto released = release.get_future().share();
  ScriptedHandler handler([&](const http::Request& request) {
    if (request.target == "/slow") {
      running.count_down();
      released.wait();
    }
    return echo(request);
  });
  ServerOptions options;
  options.limits.in_flight_max = 1;
  const auto server = serve(handler, options);
  RawClient slow(server->port());
  RawClient other(server->port());
  slow.send("GET /slow HTTP/1.1\r\nHost: h\r\n\r\n");
  running.wait();
  other.send("GET /quick HTTP/1.1\r\nHost: h\r\n\r\n");
  const auto refused = other.read_answer();
  EXPECT_THAT(refused, StartsWith("HTTP/1.1 503 "));
  EXPECT_THAT(refused, HasSubstr("Retry-After: 1\r\n"));
  release.set_value();
  EXPECT_THAT(slow.read_answer(), EndsWith("GET /slow "));
  other.send("GET /quick HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_THAT(other.read_answer(), EndsWith("GET /quick ")) << "the connection lives on";
}

TEST_F(HttpServerTest, BodiesOfAllConnectionsShareOneBudget) {
  ScriptedHandler handler(echo);
  ServerOptions options;
  options.limits.body_bytes_in_memory_max = 10;
  const auto server = serve(handler, options);
  {
    RawClient hoarder(server->port());
    hoarder.send("POST /a HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 20\r\n\r\n");
    EXPECT_THAT(hoarder.read_answer(), StartsWith("HTTP/1.1 100 "));
    hoarder.send("12345678");
    std::string refused;
    for (int i = 0; i < 100 && !refused.starts_with("HTTP/1.1 503 "); ++i) {
      std::this_thread::sleep_for(milliseconds(10));  // until the hoarder's bytes have been read
      RawClient other(server->port());
      other.send("POST /b HTTP/1.1\r\nHost: h\r\nContent-Length: 8\r\n\r\n12345678");
      refused = other.read_answer();
    }
    EXPECT_THAT(refused, StartsWith("HTTP/1.1 503 "));
  }
  std::string taken;
  for (int i = 0; i < 100 && !taken.starts_with("HTTP/1.1 200 "); ++i) {
    std::this_thread::sleep_for(milliseconds(10));  // until the hoarder's end has been seen
    RawClient other(server->port());
    other.send("POST /b HTTP/1.1\r\nHost: h\r\nContent-Length: 8\r\n\r\n12345678");
    taken = other.read_answer();
  }
  EXPECT_THAT(taken, EndsWith("POST /b 12345678")) << "what the hoarder held was given back";
}

TEST_F(HttpServerTest, AFullServerLetsNewConnectionsInAfterTheAnswerUnderWay) {
  std::latch running(1);
  std::promise<void> release;
  auto released = release.get_future().share();
  ScriptedHandler handler([&](const http::Request& request) {
    if (request.target == "/slow") {
      running.count_down();
      released.wait();
    }
    return echo(request);
  });
  ServerOptions options;
  options.limits.connections_max = 1;
  const auto server = serve(handler, options);
  RawClient first(server->port());
  first.send("GET /slow HTTP/1.1\r\nHost: h\r\n\r\n");
  running.wait();
  RawClient second(server->port());
  second.send("GET /2 HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(second.read_answer(milliseconds(50)), "");
  release.set_value();
  EXPECT_THAT(first.read_answer(), HasSubstr("Connection: close\r\n"));
  EXPECT_THAT(second.read_answer(), EndsWith("GET /2 "));
}

TEST_F(HttpServerTest, AServerThatFillsUpClosesIdleConnections) {
  ScriptedHandler handler(echo);
  ServerOptions options;
  options.limits.connections_max = 2;
  const auto server = serve(handler, options);
  RawClient idle(server->port());
  idle.send("GET /1 HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_THAT(idle.read_answer(), EndsWith("GET /1 "));
  RawClient second(server->port());
  RawClient third(server->port());
  third.send("GET /3 HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_THAT(third.read_answer(), EndsWith("GET /3 "));
  bool closed = false;
  EXPECT_EQ(idle.read_all(kPatience, &closed), "");
  EXPECT_TRUE(closed);
}

TEST_F(HttpServerTest, StopLetsARequestFinishAndClosesIdleConnections) {
  std::latch running(1);
  std::promise<void> release;
  auto released = release.get_future().share();
  ScriptedHandler handler([&](const http::Request& request) {
    if (request.target == "/slow") {
      running.count_down();
      released.wait();
    }
    return echo(request);
  });
  auto server = serve(handler);
  const uint16_t port = server->port();
  RawClient idle(port);
  idle.send("GET /idle HTTP/1.1\r\nHost: h\r\n\r\n");
  idle.read_answer();
  RawClient busy(port);
  busy.send("GET /slow HTTP/1.1\r\nHost: h\r\n\r\n");
  running.wait();
  std::thread stopping([&] { server->stop(milliseconds(5000)); });
  bool closed = false;
  EXPECT_EQ(idle.read_all(kPatience, &closed), "");
  EXPECT_TRUE(closed);
  release.set_value();
  const auto answer = busy.read_all();
  EXPECT_THAT(answer, HasSubstr("Connection: close\r\n"));
  EXPECT_THAT(answer, EndsWith("GET /slow "));
  stopping.join();
  EXPECT_FALSE(RawClient(port).is_connected());
}

TEST_F(HttpServerTest, StopAfterItsGraceRequestsStop) {
  std::latch running(1);
  std::atomic<bool> was_stopped = false;
  ScriptedHandler handler([&](const http::Request& request) {
    running.count_down();
    wait_for_stop(request, milliseconds(3000));
    was_stopped = request.stop.stop_requested();
    return echo(request);
  });
  auto server = serve(handler);
  RawClient client(server->port());
  client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  running.wait();
  server->stop(milliseconds(20));
  EXPECT_TRUE(was_stopped);
  EXPECT_EQ(client.read_all(), "");
}

TEST_F(HttpServerTest, SaysWhyItCannotListen) {
  ScriptedHandler handler(echo);
  const auto server = serve(handler);
  ServerOptions options;
  options.port = server->port();
  const auto taken = HttpServer::start(runtime, options, handler, *logger, metrics);
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().code, ErrorCode::kIo);
  EXPECT_THAT(taken.error().message, HasSubstr(fmt::format("127.0.0.1 port {}: Address already in use", options.port)));

  options.listen_address = "localhost";
  const auto named = HttpServer::start(runtime, options, handler, *logger, metrics);
  ASSERT_FALSE(named);
  EXPECT_EQ(named.error().code, ErrorCode::kInvalidArgument);

  options = {};
  options.tls = TlsFiles{"/nonexistent/cert.pem", "/nonexistent/key.pem"};
  const auto no_file = HttpServer::start(runtime, options, handler, *logger, metrics);
  ASSERT_FALSE(no_file);
  EXPECT_THAT(no_file.error().message, HasSubstr("/nonexistent/cert.pem"));
}

TEST_F(HttpServerTest, CountsItsWorkByListener) {
  ScriptedHandler handler([](const http::Request& request) {
    EXPECT_TRUE(request.is_admin_listener);
    return http::Response::text(404, "");
  });
  ServerOptions options;
  options.is_admin = true;
  const auto server = serve(handler, options);
  RawClient client(server->port());
  client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  client.read_answer();
  client.send("GET / HTTP/1.1\r\n\r\n");
  client.read_all();
  const auto text = metrics.expose();
  EXPECT_THAT(text, HasSubstr("sluice_http_requests_total{code=\"404\",listener=\"admin\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("sluice_http_refused_total{code=\"400\",listener=\"admin\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("sluice_http_request_seconds_count{listener=\"admin\"} 1\n"));
}

}  // namespace
}  // namespace sluice::net
