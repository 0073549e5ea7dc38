#include "bench/sink.h"

#include <gtest/gtest.h>

#include "cli/wait.h"
#include "support/fault_file_system.h"
#include "wire/remote_write.h"

namespace sluice::bench {
namespace {

constexpr TimestampMs kNowMs = 1'700'000'000'000;

Signing signing() { return {{"AKIDEXAMPLE", Secret("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"), {}}, "us-east-1"}; }

std::string body_of(std::string_view name) {
  const std::vector<wire::OutgoingSeries> series = {
      {model::Labels::from({{"__name__", std::string(name)}}), {{kNowMs, 1}}}};
  return wire::encode_remote_write(series);
}

http::Request write_request(std::string body) {
  http::Request request;
  request.method = "POST";
  request.target = "/api/v1/write";
  request.headers.add("Host", "127.0.0.1:9100");
  request.headers.add("Content-Encoding", "snappy");
  request.body = std::move(body);
  return request;
}

http::Request signed_request(std::string body, const Signing& with) {
  http::Request request = write_request(std::move(body));
  aws::RequestView view{.method = request.method, .path = request.path(), .body = request.body};
  for (const auto& [name, value] : request.headers.fields()) view.headers.push_back({name, value});
  for (auto& [name, value] : aws::sign_request(view, with.credentials, {with.region, "aps"}, kNowMs / 1000)) {
    request.headers.add(std::move(name), std::move(value));
  }
  return request;
}

class SinkTest : public testing::Test {
 protected:
  SinkTest() { EXPECT_TRUE(fs_.create_directories("/bodies", 0755).has_value()); }

  http::Response answer(Sink& sink, const http::Request& request) { return cli::run_and_wait(sink.handle(request)); }
  std::string series(Sink& sink) {
    http::Request request;
    request.method = "GET";
    request.target = "/-/series";
    return answer(sink, request).body;
  }

  FakeClock clock_{kNowMs};
  test::FaultFileSystem fs_;
};

TEST_F(SinkTest, TakesASignedWriteAndCountsItsSeriesOnce) {
  Sink sink(fs_, clock_, "/bodies", signing());
  for (const std::string_view name : {"up", "down", "up"}) {
    EXPECT_EQ(answer(sink, signed_request(body_of(name), signing())).status, 200);
  }
  EXPECT_EQ(series(sink), "2\n");
}

TEST_F(SinkTest, RefusesWhatIsNotSignedByItsKey) {
  Sink sink(fs_, clock_, "/bodies", signing());
  EXPECT_EQ(answer(sink, write_request(body_of("up"))).status, 403);
  Signing other_key = signing();
  other_key.credentials.access_key_id = "AKIDOTHER";
  EXPECT_EQ(answer(sink, signed_request(body_of("up"), other_key)).status, 403);
  Signing other_secret = signing();
  other_secret.credentials.secret_access_key = Secret("another");
  EXPECT_EQ(answer(sink, signed_request(body_of("up"), other_secret)).status, 403);
  http::Request tampered = signed_request(body_of("up"), signing());
  tampered.body = body_of("down");
  EXPECT_EQ(answer(sink, tampered).status, 403);
  EXPECT_EQ(series(sink), "0\n");
}

TEST_F(SinkTest, RefusesBodiesThatDoNotDecode) {
  Sink sink(fs_, clock_, "/bodies", std::nullopt);
  EXPECT_EQ(answer(sink, write_request("garbage")).status, 400);
  std::string cut = body_of("up");
  cut.pop_back();
  EXPECT_EQ(answer(sink, write_request(cut)).status, 400);
}

TEST_F(SinkTest, WhatIsAcknowledgedSurvivesAPowerCut) {
  const std::string body = body_of("up");
  {
    Sink sink(fs_, clock_, "/bodies", std::nullopt);
    EXPECT_EQ(answer(sink, write_request(body)).status, 200);
  }
  // The floor does not sync its directory, since it never looks for a file again; this test does look.
  ASSERT_TRUE(fs_.sync_directory("/bodies").has_value());
  fs_.crash(1);
  const auto names = fs_.list("/bodies");
  ASSERT_EQ(names->size(), 1u);
  EXPECT_EQ(read_file(fs_, "/bodies/" + names->front(), 128 << 20)->substr(0, body.size()), body);
}

TEST_F(SinkTest, AFailedSyncIsAnsweredUnavailableAndItsFileLeftAlone) {
  Sink sink(fs_, clock_, "/bodies", std::nullopt);
  EXPECT_EQ(answer(sink, write_request(body_of("up"))).status, 200);
  fs_.fail_syncs(1);
  EXPECT_EQ(answer(sink, write_request(body_of("up"))).status, 503);
  EXPECT_EQ(answer(sink, write_request(body_of("up"))).status, 200);
  EXPECT_EQ(fs_.list("/bodies")->size(), 2u);
}

}  // namespace
}  // namespace sluice::bench
