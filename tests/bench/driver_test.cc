#include "bench/driver.h"

#include <atomic>
#include <functional>
#include <map>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/json.h"
#include "base/limits.h"
#include "base/metrics.h"
#include "base/thread_safety.h"
#include "bench/recorder.h"
#include "bench/report.h"
#include "net/http_server.h"
#include "wire/remote_write.h"

namespace sluice::bench {
namespace {

using std::chrono::milliseconds;

/// Answers the n-th request by a function, and remembers what came.
class Receiver final : public http::Handler {
 public:
  using Script = std::function<http::Response(uint64_t n)>;
  explicit Receiver(Script script) : script_(std::move(script)) {}

  Task<http::Response> handle(const http::Request& request) override {
    {
      MutexLock lock(mutex_);
      last_ = request;
    }
    auto response = script_(requests++);
    if (response.status == 200) {
      const auto batch = wire::decode_remote_write(request.body);
      if (batch) samples += batch->samples.size();
    }
    co_return response;
  }
  size_t body_bytes_max(std::string_view, std::string_view, const http::Headers&) const override {
    return limits::kRemoteWriteBodyBytesMax;
  }
  http::Response refuse(const http::Request&, int status, std::string_view reason) override {
    return http::Response::text(status, std::string(reason));
  }
  http::Request last() const {
    MutexLock lock(mutex_);
    return last_;
  }

  std::atomic<uint64_t> requests = 0;
  std::atomic<uint64_t> samples = 0;

 private:
  const Script script_;
  mutable Mutex mutex_;
  http::Request last_ SLUICE_GUARDED_BY(mutex_);
};

http::Response ok(uint64_t) { return http::Response::text(200, ""); }

class DriverTest : public testing::Test {
 protected:
  Result<DriveResult> drive_against(Receiver& receiver, DriveOptions options) {
    auto server = net::HttpServer::start(runtime_, {}, receiver, *logger_, metrics_);
    if (!server) return std::unexpected(server.error());
    options.writer.url = "http://" + (*server)->address() + "/api/v1/write";
    auto result = drive(options, runtime_, clock_);
    (*server)->stop(milliseconds(1000));
    return result;
  }
  static DriveOptions options() {
    DriveOptions options;
    options.load = small_load();
    return options;
  }

  SystemClock clock_;
  std::unique_ptr<Logger> logger_ = make_null_logger();
  MetricRegistry metrics_;
  net::Runtime runtime_{{.io_threads = 1, .compute_threads = 4, .lookup_threads = 1}, *logger_};
};

TEST_F(DriverTest, SendsTheWholeLoadAndSaysWhatItTook) {
  Receiver receiver(ok);
  DriveOptions drive_options = options();
  drive_options.server_pid = getpid();
  const auto result = drive_against(receiver, drive_options);
  ASSERT_TRUE(result.has_value()) << result.error().message;
  ASSERT_EQ(result->phases.size(), 2u);
  const PhaseResult& first = result->phases[0];
  const PhaseResult& steady = result->phases[1];
  EXPECT_EQ(first.samples, drive_options.load.series);
  EXPECT_GE(steady.samples, drive_options.load.series * 3);
  EXPECT_EQ(first.samples + steady.samples, receiver.samples);
  EXPECT_EQ(first.requests + steady.requests, receiver.requests);
  EXPECT_EQ(steady.latencies.count(), steady.requests);
  EXPECT_GT(steady.raw_bytes, steady.body_bytes);
  EXPECT_GT(steady.server_cpu->total.count(), 0);
  EXPECT_GT(*result->server_rss_anon_peak, 0u);
  EXPECT_GT(result->series_created, drive_options.load.series) << "some pods were replaced";
}

TEST_F(DriverTest, AnEncoderHardlyAheadStillSendsEverythingInOrder) {
  Receiver receiver(ok);
  DriveOptions drive_options = options();
  drive_options.ahead_bytes_max = 1;
  const auto result = drive_against(receiver, drive_options);
  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(result->phases[0].samples, drive_options.load.series);
  EXPECT_EQ(receiver.samples, result->phases[0].samples + result->phases[1].samples);
}

TEST_F(DriverTest, SendsTheHeadersThatPrometheusSendsAndSignsThem) {
  Receiver receiver(ok);
  DriveOptions drive_options = options();
  drive_options.writer.signing = Signing{{"AKIDEXAMPLE", Secret("secret"), Secret("token")}, "us-west-2"};
  ASSERT_TRUE(drive_against(receiver, drive_options).has_value());
  const http::Headers headers = receiver.last().headers;
  EXPECT_EQ(headers.get("Content-Encoding"), "snappy");
  EXPECT_EQ(headers.get("Content-Type"), "application/x-protobuf");
  EXPECT_EQ(headers.get("X-Prometheus-Remote-Write-Version"), "0.1.0");
  EXPECT_EQ(headers.get("X-Amz-Security-Token"), "token");
  EXPECT_THAT(
      std::string(headers.get("Authorization")),
      testing::HasSubstr("/us-west-2/aps/aws4_request, SignedHeaders=content-encoding;content-type;host;x-amz-date;"
                         "x-amz-security-token;x-prometheus-remote-write-version,"));
}

TEST_F(DriverTest, RetriesWhatMayPassAndLosesNothing) {
  Receiver receiver([](uint64_t n) { return n < 3 ? http::Response::text(n == 1 ? 429 : 503, "busy\n") : ok(n); });
  const auto result = drive_against(receiver, options());
  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(result->phases[0].retries, 3u);
  EXPECT_THAT(result->phases[0].first_retried, testing::MatchesRegex("HTTP (503|429): busy")) << "of either connection";
  EXPECT_EQ(result->phases[0].refused_requests, 0u);
  EXPECT_EQ(receiver.samples, result->phases[0].samples + result->phases[1].samples);
}

TEST_F(DriverTest, ARefusalEndsTheRunAndIsShown) {
  Receiver receiver([](uint64_t) { return http::Response::text(400, "out of order sample\nsecond line\n"); });
  const auto result = drive_against(receiver, options());
  ASSERT_TRUE(result.has_value());
  ASSERT_EQ(result->phases.size(), 1u);
  EXPECT_GE(result->phases[0].refused_requests, 1u);
  EXPECT_LE(result->phases[0].refused_requests, 2u) << "one a connection at most";
  EXPECT_EQ(result->phases[0].first_error, "HTTP 400: out of order sample");
  EXPECT_EQ(result->phases[0].latencies.count(), 0u);
}

TEST_F(DriverTest, GivesUpOnAServerThatNeverRecovers) {
  Receiver receiver([](uint64_t) { return http::Response::text(503, "no\n"); });
  DriveOptions drive_options = options();
  drive_options.writer.give_up_after = milliseconds(200);
  const auto result = drive_against(receiver, drive_options);
  ASSERT_TRUE(result.has_value());
  EXPECT_GT(result->phases[0].retries, 0u);
  EXPECT_EQ(result->phases[0].first_error, "HTTP 503: no");
}

TEST_F(DriverTest, LatencyCountsFromWhenARequestWasDue) {
  // Each answer takes longer than the schedule leaves, so every request is later than the one before.
  Receiver receiver([](uint64_t n) {
    std::this_thread::sleep_for(milliseconds(40));
    return ok(n);
  });
  DriveOptions drive_options = options();
  drive_options.load.scrapes = 2;
  drive_options.load.shards = 1;
  drive_options.load.samples_per_request = 500;
  drive_options.load.pace_ms = 100;
  drive_options.load.batch_deadline_ms = 1000;
  const auto result = drive_against(receiver, drive_options);
  ASSERT_TRUE(result.has_value());
  const PhaseResult& first = result->phases[0];
  ASSERT_EQ(first.requests, 10u);
  EXPECT_GT(first.latencies.max(), milliseconds(4 * 40)) << "ten answers of 40 ms against a schedule of 100 ms";
  EXPECT_GT(first.wall_s, 0.4);
}

TEST_F(DriverTest, TheReportIsJsonWithEveryPhase) {
  Receiver receiver(ok);
  const auto result = drive_against(receiver, options());
  ASSERT_TRUE(result.has_value());
  const auto json = parse_json(to_json(options(), *result));
  ASSERT_TRUE(json.has_value()) << json.error().message;
  const JsonArray& phases = *json->as_object()->find("phases")->as_array();
  ASSERT_EQ(phases.size(), 2u);
  EXPECT_EQ(*phases[0].as_object()->find("name")->as_string(), "first scrape");
  EXPECT_EQ(phases[0].as_object()->find("server_cpu_s"), nullptr) << "not measured, so not there";
  EXPECT_THAT(to_text(options(), *result), testing::HasSubstr("first scrape"));
}

TEST_F(DriverTest, ATargetThatIsNoUrlIsRefusedBeforeAnythingIsSent) {
  DriveOptions drive_options = options();
  drive_options.writer.url = "ftp://example.com/";
  EXPECT_EQ(drive(drive_options, runtime_, clock_).error().code, ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace sluice::bench
