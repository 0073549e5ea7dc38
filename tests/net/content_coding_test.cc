#include "net/content_coding.h"

#include <gmock/gmock.h>
#include <zlib.h>

#include "base/limits.h"
#include "net/net_fixture.h"

namespace sluice::net {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

/// What gzip -d makes of it; "" when it is no gzip.
std::string gunzip(std::string_view packed) {
  z_stream stream{};
  inflateInit2(&stream, 15 + 16);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  std::string text;
  char piece[4096];
  int result = Z_OK;
  while (result == Z_OK) {
    stream.next_out = reinterpret_cast<Bytef*>(piece);
    stream.avail_out = sizeof piece;
    result = inflate(&stream, Z_NO_FLUSH);
    text.append(piece, sizeof piece - stream.avail_out);
  }
  inflateEnd(&stream);
  return result == Z_STREAM_END && stream.avail_in == 0 ? text : "";
}

TEST(ContentCodingTest, GzipIsPreferredAsTheWeightsSay) {
  const std::pair<std::vector<const char*>, bool> cases[] = {
      {{}, false},
      {{""}, false},
      {{"gzip"}, true},
      {{"GZIP"}, true},
      {{"x-gzip"}, true},
      {{"deflate, gzip;q=1.0, *;q=0.5"}, true},
      {{"deflate", "gzip"}, true},
      {{"gzip;q=0"}, false},
      {{"gzip;q=0.000"}, false},
      {{"gzip;q=0, *"}, false},
      {{"*;q=0, gzip"}, true},
      {{"*"}, true},
      {{"*;q=0"}, false},
      {{"identity"}, false},
      {{"identity, gzip"}, true},
      {{"identity;q=0.5, gzip;q=0.4"}, false},
      {{"identity;q=0.5, *;q=0.4"}, false},
      {{"gzip;q=0.001"}, true},
      {{"gzip ; q=0.8"}, true},
      {{"gzip;Q=0.8"}, true},
      {{"br, zstd"}, false},
      {{"gzipx"}, false},
      {{"gzip;q=2"}, false},
      {{"gzip;q=0.0001"}, false},
      {{"gzip;q=-1"}, false},
      {{"gzip;q="}, false},
      {{"gzip;level=9"}, false},
      {{",,gzip,,"}, true},
  };
  for (const auto& [values, wanted] : cases) {
    http::Headers headers;
    for (const char* value : values) headers.add("Accept-Encoding", value);
    EXPECT_EQ(prefers_gzip(headers), wanted) << testing::PrintToString(values);
  }
}

TEST(ContentCodingTest, TextOfSomeSizeIsCompressible) {
  const auto is_compressible_as = [](const char* type, size_t size, int status = 200) {
    return is_compressible(http::Response::text(status, std::string(size, 'x'), type));
  };
  for (const char* type : {"text/plain; version=0.0.4; charset=utf-8", "application/json", "text/xml",
                           "Application/JSON ", "application/x-ndjson", "application/problem+json"}) {
    EXPECT_TRUE(is_compressible_as(type, limits::kGzipBodyBytesMin)) << type;
    EXPECT_FALSE(is_compressible_as(type, limits::kGzipBodyBytesMin - 1)) << type;
  }
  EXPECT_FALSE(is_compressible_as("application/octet-stream", 100'000));
  EXPECT_FALSE(is_compressible_as("image/png", 100'000));
  EXPECT_FALSE(is_compressible_as("", 100'000));
  EXPECT_FALSE(is_compressible_as("text/plain", 100'000, 206));
  EXPECT_TRUE(is_compressible_as("text/plain", 100'000, 400));
  auto coded = http::Response::text(200, std::string(100'000, 'x'));
  coded.headers.add("content-encoding", "identity");
  EXPECT_FALSE(is_compressible(coded)) << "the handler has spoken";
}

TEST(ContentCodingTest, ABodyThatWouldGrowIsLeftAlone) {
  std::string noise;
  uint64_t state = 1;
  while (noise.size() < 200'000) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    noise += static_cast<char>(state >> 56);
  }
  auto response = http::Response::text(200, noise);
  gzip_body(response, {});
  EXPECT_EQ(response.body, noise);
  EXPECT_FALSE(response.headers.find("Content-Encoding"));
}

TEST(ContentCodingTest, AStoppedRequestIsLeftAlone) {
  std::stop_source stop;
  stop.request_stop();
  auto response = http::Response::text(200, std::string(1 << 20, 'x'));
  gzip_body(response, stop.get_token());
  EXPECT_EQ(response.body.size(), size_t{1} << 20);
}

TEST(ContentCodingTest, WhatIsCompressedComesBack) {
  for (const size_t size : {size_t{1024}, size_t{256 << 10}, size_t{(256 << 10) + 1}, size_t{3 << 20}}) {
    std::string text;
    while (text.size() < size) text += fmt::format("[{},\"{}\"],", text.size(), text.size() * 7);
    text.resize(size);
    auto response = http::Response::json(200, text);
    gzip_body(response, {});
    EXPECT_EQ(response.headers.get("Content-Encoding"), "gzip");
    EXPECT_LT(response.body.size(), size / 2);
    EXPECT_EQ(gunzip(response.body), text) << size;
  }
}

class GzipAnswerTest : public NetTest {
 protected:
  std::string ask(std::string_view method, std::string_view fields) {
    RawClient client(server->port());
    client.send(fmt::format("{} / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n{}\r\n", method, fields));
    return client.read_all();
  }
  static std::string body_of(const std::string& answer) { return answer.substr(answer.find("\r\n\r\n") + 4); }
  /// Without what differs from answer to answer.
  static std::string head_of(const std::string& answer) {
    std::string head = answer.substr(0, answer.find("\r\n\r\n"));
    const size_t id = head.find("x-amzn-requestid");
    const size_t length = head.find("Content-Length");
    return head.erase(id, length - id);
  }

  std::string text = std::string(5'000, 'a') + std::string(5'000, 'b');
  ScriptedHandler handler{[this](const http::Request&) { return http::Response::json(200, text); }};
  std::unique_ptr<HttpServer> server = serve(handler);
};

TEST_F(GzipAnswerTest, IsWhatAClientGetsThatAcceptsIt) {
  const auto packed = ask("GET", "Accept-Encoding: gzip\r\n");
  EXPECT_THAT(packed, HasSubstr("Content-Encoding: gzip\r\n"));
  EXPECT_THAT(packed, HasSubstr("Vary: Accept-Encoding\r\n"));
  EXPECT_THAT(packed, HasSubstr(fmt::format("Content-Length: {}\r\n", body_of(packed).size())));
  EXPECT_EQ(gunzip(body_of(packed)), text);
  const auto plain = ask("GET", "");
  EXPECT_THAT(plain, HasSubstr("Vary: Accept-Encoding\r\n")) << "a cache must know here too";
  EXPECT_THAT(plain, Not(HasSubstr("Content-Encoding")));
  EXPECT_EQ(body_of(plain), text);
}

TEST_F(GzipAnswerTest, HasTheSameHeaderForHead) {
  for (const char* fields : {"", "Accept-Encoding: gzip\r\n"}) {
    const auto head = ask("HEAD", fields);
    EXPECT_EQ(head_of(head), head_of(ask("GET", fields))) << fields;
    EXPECT_THAT(head, EndsWith("\r\n\r\n"));
  }
}

}  // namespace
}  // namespace sluice::net
