#include "net/http1_parser.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/limits.h"

namespace sluice::net {
namespace {

using testing::HasSubstr;

constexpr size_t kHeaderBytesMax = 4096;
constexpr size_t kBodyBytesMax = 100;

struct Read {
  ParseStep step = ParseStep::kNeedMore;
  http::Request request;
  ParseRefusal refusal;
  std::string rest;
  bool keep_alive = false;
};

/// Feeds `text` in pieces, as the network may cut it.
Read read_request(std::string_view text, size_t piece = 1) {
  RequestParser parser(kHeaderBytesMax);
  Read read;
  for (size_t at = 0;;) {
    std::string_view view = read.rest;
    read.step = parser.feed(view);
    read.rest.erase(0, read.rest.size() - view.size());
    if (read.step == ParseStep::kHeaderDone) {
      parser.take_header(read.request);
      parser.set_body_bytes_max(kBodyBytesMax);
      continue;
    }
    if (read.step != ParseStep::kNeedMore || at >= text.size()) break;
    read.rest += text.substr(at, piece);
    at += piece;
  }
  if (read.step == ParseStep::kDone) {
    parser.take_body(read.request);
    read.keep_alive = parser.keep_alive();
  }
  read.refusal = parser.refusal();
  return read;
}

TEST(RequestParserTest, AnAbsoluteTargetBecomesOriginFormAndItsAuthorityTheHost) {
  struct Case {
    const char* target;
    const char* host;
    const char* origin_form;
    const char* host_taken;
  };
  const Case cases[] = {
      {"http://h/a%2Fb?c=%zz&d", "h", "/a%2Fb?c=%zz&d", "h"},
      {"HTTPS://h/", "h", "/", "h"},
      {"http://h", "h", "/", "h"},
      {"http://h?x=1", "h", "/?x=1", "h"},
      {"http://h//double//slashes/../x", "h", "//double//slashes/../x", "h"},
      {"http://h:9009/x", "h:9009", "/x", "h:9009"},
      {"http://[::1]:9009/x", "[::1]:9009", "/x", "[::1]:9009"},
      {"http://H/x", "h", "/x", "h"},  // equal: what was signed is kept as it was sent
      {"http://other:1/x", "h", "/x", "other:1"},
      {"http://h/http://inner/", "h", "/http://inner/", "h"},
  };
  for (const auto& row : cases) {
    const auto read = read_request(fmt::format("GET {} HTTP/1.1\r\nHost: {}\r\n\r\n", row.target, row.host));
    ASSERT_EQ(read.step, ParseStep::kDone) << row.target << ": " << read.refusal.reason;
    EXPECT_EQ(read.request.target, row.origin_form) << row.target;
    EXPECT_EQ(read.request.headers.get("Host"), row.host_taken) << row.target;
  }
}

TEST(RequestParserTest, TheAsteriskIsOptionsAlone) {
  const auto read = read_request("OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n");
  ASSERT_EQ(read.step, ParseStep::kDone);
  EXPECT_EQ(read.request.target, "*");
}

TEST(RequestParserTest, ReadsRequestsHoweverTheyAreCut) {
  struct Case {
    const char* text;
    const char* method;
    const char* target;
    const char* body;
    bool keep_alive;
  };
  const Case cases[] = {
      {"GET / HTTP/1.1\r\nHost: h\r\n\r\n", "GET", "/", "", true},
      {"\r\nGET /after HTTP/1.1\r\nHost: h\r\n\r\n", "GET", "/after", "", true},
      {"GET /a%2f%00?b=%zz&c=%20 HTTP/1.1\r\nHost: h\r\n\r\n", "GET", "/a%2f%00?b=%zz&c=%20", "", true},
      {"get //x//../ HTTP/1.1\r\nHost: h\r\n\r\n", "get", "//x//../", "", true},
      {"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", "GET", "/", "", false},
      {"GET / HTTP/1.0\r\n\r\n", "GET", "/", "", false},
      {"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "GET", "/", "", true},
      {"POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello", "POST", "/x", "hello", true},
      {"POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n", "POST", "/x", "", true},
      {"POST /x HTTP/1.1\r\nHost: h\r\ntransfer-encoding: CHUNKED\r\n\r\n"
       "3;ext=1\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\n",
       "POST", "/x", "abc0123456789", true},
  };
  for (const auto& c : cases) {
    for (const size_t piece : {size_t{1}, size_t{3}, size_t{7}, size_t{10'000}}) {
      const auto read = read_request(c.text, piece);
      ASSERT_EQ(read.step, ParseStep::kDone) << c.text << read.refusal.reason;
      EXPECT_EQ(read.request.method, c.method);
      EXPECT_EQ(read.request.target, c.target);
      EXPECT_EQ(read.request.body, c.body);
      EXPECT_EQ(read.keep_alive, c.keep_alive) << c.text;
      EXPECT_EQ(read.rest, "");
    }
  }
}

TEST(RequestParserTest, KeepsFieldsInWireOrderAndDropsTrailers) {
  const auto read = read_request(
      "POST / HTTP/1.1\r\nB: 1\r\nHost: h\r\nA:  2 \t\r\nb: 3\r\nEmpty:\r\nTransfer-Encoding: chunked\r\n\r\n"
      "0\r\nAuthorization: late\r\n\r\n");
  ASSERT_EQ(read.step, ParseStep::kDone);
  using Fields = std::vector<std::pair<std::string, std::string>>;
  EXPECT_EQ(
      read.request.headers.fields(),
      (Fields{{"B", "1"}, {"Host", "h"}, {"A", "2"}, {"b", "3"}, {"Empty", ""}, {"Transfer-Encoding", "chunked"}}));
}

TEST(RequestParserTest, LeavesTheNextRequestAlone) {
  const auto read =
      read_request("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nokGET /next HTTP/1.1\r\n", 10'000);
  ASSERT_EQ(read.step, ParseStep::kDone);
  EXPECT_EQ(read.request.body, "ok");
  EXPECT_EQ(read.rest, "GET /next HTTP/1.1\r\n");
}

TEST(RequestParserTest, RefusesWhatTwoReadersCouldReadInTwoWays) {
  struct Case {
    std::string text;
    int status;
    const char* reason;
  };
  const std::string post = "POST / HTTP/1.1\r\nHost: h\r\n";
  const Case cases[] = {
      // Framing: the classic ways to smuggle a request (RFC 9112 11.2).
      {post + "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n", 400, "contradict"},
      {post + "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n", 400, "contradict"},
      {post + "Content-Length: 4\r\nContent-Length: 5\r\n\r\n", 400, "contradict"},
      {post + "Content-Length: 4\r\nContent-Length: 4\r\n\r\n", 400, "more than once"},
      {post + "Content-Length: 4, 4\r\n\r\n", 400, "not one decimal number"},
      {post + "Content-Length: +4\r\n\r\n", 400, "Content-Length"},
      {post + "Content-Length: -1\r\n\r\n", 400, "Content-Length"},
      {post + "Content-Length: 0x4\r\n\r\n", 400, "Content-Length"},
      {post + "Content-Length: 4 4\r\n\r\n", 400, "Content-Length"},
      {post + "Content-Length:\r\n\r\n", 400, "Content-Length"},
      {post + "Content-Length: 99999999999999999999\r\n\r\n", 400, "Content-Length"},
      {post + "Transfer-Encoding: gzip\r\n\r\n", 400, "not exactly 'chunked'"},
      {post + "Transfer-Encoding: gzip, chunked\r\n\r\n", 400, "not exactly 'chunked'"},
      {post + "Transfer-Encoding: chunked, identity\r\n\r\n", 400, "not exactly 'chunked'"},
      {post + "Transfer-Encoding: \"chunked\"\r\n\r\n", 400, "not exactly 'chunked'"},
      {post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", 400, "contradict"},
      {post + "Transfer-Encoding: x\r\nTransfer-Encoding: chunked\r\n\r\n", 400, "more than once"},
      {post + "Transfer-Encoding : chunked\r\n\r\n", 400, "malformed"},
      {post + "Transfer-Encoding\r\n\r\n", 400, "malformed"},
      {post + "Transfer-Encoding: chunked\r\n\r\n5\r\nhelloX\r\n", 400, "malformed HTTP body"},
      {post + "Transfer-Encoding: chunked\r\n\r\nzz\r\n", 400, "malformed HTTP body"},
      {post + "Transfer-Encoding: chunked\r\n\r\n-1\r\n\r\n", 400, "malformed HTTP body"},
      {post + "Transfer-Encoding: chunked\r\n\r\n0x5\r\nhello\r\n", 400, "malformed HTTP body"},
      {post + "Transfer-Encoding: chunked\r\n\r\n5 \r\nhello\r\n", 400, "malformed HTTP body"},
      {post + "Transfer-Encoding: chunked\r\n\r\n\r\n", 400, "malformed HTTP body"},
      {post + "Transfer-Encoding: chunked\r\n\r\n5\nhello\r\n", 400, "malformed HTTP body"},
      {post + "Transfer-Encoding: chunked\r\n\r\n5;a\rb\r\nhello\r\n", 400, "malformed HTTP body"},
      {post + "Transfer-Encoding: chunked\r\n\r\n00000000000000005\r\nhello\r\n", 400, "malformed HTTP body"},
      {post + "Transfer-Encoding: chunked\r\n\r\n0\r\nno field\r\n\r\n", 400, "malformed HTTP body"},
      {post + "Transfer-Encoding: chunked\r\n\r\nffffffffffffffff1\r\n\r\n", 400, "malformed HTTP body"},
      {"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400, "not part of HTTP/1.0"},
      // Lines.
      {"GET / HTTP/1.1\nHost: h\n\n", 400, "line feed without"},
      {"GET / HTTP/1.1\r\nHost: h\nX: y\r\n\r\n", 400, "line feed without"},
      {"GET / HTTP/1.1\r\nHost: h\rX: y\r\n\r\n", 400, "carriage return without"},
      {"GET / HTTP/1.1\r\nHost: h\r\nX: a\r\n b\r\n\r\n", 400, "folded line"},
      {"GET / HTTP/1.1\r\n Host: h\r\n\r\n", 400, "folded line"},
      {std::string("GET / HTTP/1.1\r\nHost: h\r\nX: a\0b\r\n\r\n", 36), 400, "control character"},
      {"GET / HTTP/1.1\r\nHost: h\r\nX: a\x7f\r\n\r\n", 400, "control character"},
      {"\x16\x03\x01\x02", 400, "control character"},
      // Request line.
      {"GET * HTTP/1.1\r\nHost: h\r\n\r\n", 400, "for OPTIONS only"},
      {"OPTIONS *x HTTP/1.1\r\nHost: h\r\n\r\n", 400, "origin form"},
      {"CONNECT h:443 HTTP/1.1\r\nHost: h\r\n\r\n", 400, "origin form"},
      {"GET h/path HTTP/1.1\r\nHost: h\r\n\r\n", 400, "origin form"},
      {"GET ftp://h/ HTTP/1.1\r\nHost: h\r\n\r\n", 400, "not http or https"},
      {"GET http:///path HTTP/1.1\r\nHost: h\r\n\r\n", 400, "no host"},
      {"GET http://user@h/ HTTP/1.1\r\nHost: h\r\n\r\n", 400, "user information"},
      {"GET http://h:0/ HTTP/1.1\r\nHost: h\r\n\r\n", 400, "port '0'"},
      {"GET http://h/#x HTTP/1.1\r\nHost: h\r\n\r\n", 400, "fragment"},
      {"GET http://h/ HTTP/1.1\r\n\r\n", 400, "Host is missing"},
      {"GET  / HTTP/1.1\r\nHost: h\r\n\r\n", 400, "malformed"},
      {"GET /\tx HTTP/1.1\r\nHost: h\r\n\r\n", 400, "malformed"},
      {"GET / HTTP/1.1 \r\nHost: h\r\n\r\n", 505, "HTTP/1.1"},
      {"GET / HTTP/2.0\r\nHost: h\r\n\r\n", 505, "HTTP/1.1"},
      {"GET /\r\nHost: h\r\n\r\n", 400, "malformed"},
      {"G@T / HTTP/1.1\r\nHost: h\r\n\r\n", 400, "malformed"},
      {std::string(33, 'M') + " / HTTP/1.1\r\nHost: h\r\n\r\n", 501, "method"},
      // Host.
      {"GET / HTTP/1.1\r\n\r\n", 400, "Host is missing"},
      {"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400, "Host is given more than once"},
      {"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400, "character that no host has"},
      {"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400, "character that no host has"},
      // Others.
      {post + "Expect: 200-ok\r\n\r\n", 417, "100-continue"},
      {post + "Content-Length: 101\r\n\r\n", 413, "101 bytes"},
      {post + "Transfer-Encoding: chunked\r\n\r\n65\r\n" + std::string(101, 'x'), 413, "larger"},
  };
  for (const auto& c : cases) {
    for (const size_t piece : {size_t{1}, size_t{10'000}}) {
      const auto read = read_request(c.text, piece);
      ASSERT_EQ(read.step, ParseStep::kRefused) << c.text;
      EXPECT_EQ(read.refusal.status, c.status) << c.text << read.refusal.reason;
      EXPECT_THAT(read.refusal.reason, HasSubstr(c.reason)) << c.text;
    }
  }
}

TEST(RequestParserTest, BoundsTheHeader) {
  const auto endless = read_request("GET / HTTP/1.1\r\nX: " + std::string(kHeaderBytesMax, 'a'), 500);
  EXPECT_EQ(endless.refusal.status, 431);
  std::string many = "GET / HTTP/1.1\r\nHost: h\r\n";
  for (size_t i = 0; i < limits::kHeaderFieldsMax; ++i) many += "a:b\r\n";
  const auto crowded = read_request(many + "\r\n", 10'000);
  EXPECT_EQ(crowded.refusal.status, 431);
  EXPECT_THAT(crowded.refusal.reason, HasSubstr("header fields"));
}

TEST(RequestParserTest, BoundsAChunkHeader) {
  for (const char* start : {"1;", "0\r\nX: "}) {
    std::string text = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
    text += start;
    text.append(limits::kChunkHeaderBytesMax + 10, 'x');
    const auto read = read_request(text, 1000);
    EXPECT_EQ(read.step, ParseStep::kRefused);
    EXPECT_EQ(read.refusal.status, 400);
  }
}

struct Answer {
  ParseStep step;
  int status = 0;
  std::string body;
  ParseRefusal refusal;
  bool keep_alive = false;
};

Answer read_answer(std::string_view text, bool is_head = false, size_t piece = 1) {
  ResponseParser parser(kHeaderBytesMax, kBodyBytesMax, is_head);
  std::string in;
  ParseStep step = ParseStep::kNeedMore;
  for (size_t at = 0;;) {
    std::string_view view = in;
    step = parser.feed(view);
    in.erase(0, in.size() - view.size());
    if (step == ParseStep::kHeaderDone) continue;
    if (step != ParseStep::kNeedMore || at >= text.size()) break;
    in += text.substr(at, piece);
    at += piece;
  }
  if (step == ParseStep::kNeedMore) step = parser.feed_end();
  Answer answer{step, parser.status(), parser.body(), parser.refusal()};
  if (step == ParseStep::kDone) answer.keep_alive = parser.keep_alive();
  return answer;
}

TEST(ResponseParserTest, ReadsAnswersByLengthByChunksAndToTheEnd) {
  struct Case {
    const char* text;
    bool is_head;
    int status;
    const char* body;
    bool keep_alive;
  };
  const Case cases[] = {
      {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", false, 200, "ok", true},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", false, 200, "ok", true},
      {"HTTP/1.1 200 OK\r\n\r\nto the end", false, 200, "to the end", false},
      {"HTTP/1.1 204 No Content\r\n\r\n", false, 204, "", true},
      {"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n", true, 200, "", true},
      {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
       "HTTP/1.1 404 \r\nContent-Length: 0\r\n\r\n",
       false, 404, "", true},
      {"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok", false, 200, "ok", false},
  };
  for (const auto& c : cases) {
    for (const size_t piece : {size_t{1}, size_t{1000}}) {
      const auto answer = read_answer(c.text, c.is_head, piece);
      ASSERT_EQ(answer.step, ParseStep::kDone) << c.text << answer.refusal.reason;
      EXPECT_EQ(answer.status, c.status);
      EXPECT_EQ(answer.body, c.body);
      EXPECT_EQ(answer.keep_alive, c.keep_alive) << c.text;
    }
  }
}

TEST(ResponseParserTest, RefusesBrokenAndOversizeAnswers) {
  struct Case {
    std::string text;
    int status;
    const char* reason;
  };
  const Case cases[] = {
      {"", 400, "closed before"},
      {"HTTP/1.1 200 OK\r\nContent-Le", 400, "closed"},
      {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok", 400, "middle of the answer"},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n", 400, "middle of the answer"},
      {"HTTP/1.1 200 OK\r\nContent-Length: 101\r\n\r\n", 413, "101 bytes"},
      {"HTTP/1.1 200 OK\r\n\r\n" + std::string(101, 'x'), 413, "larger"},
      {"HTTP/1.1 101 Switching Protocols\r\n\r\n", 400, "another protocol"},
      {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400, "contradict"},
      {"SSH-2.0-OpenSSH\r\n\r\n", 505, "first line"},
  };
  for (const auto& c : cases) {
    const auto answer = read_answer(c.text);
    ASSERT_EQ(answer.step, ParseStep::kRefused) << c.text;
    EXPECT_EQ(answer.refusal.status, c.status) << c.text;
    EXPECT_THAT(answer.refusal.reason, HasSubstr(c.reason)) << c.text;
  }
}

}  // namespace
}  // namespace sluice::net
