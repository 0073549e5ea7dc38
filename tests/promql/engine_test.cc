#include "promql/engine.h"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "promql/memory_storage.h"
#include "promql/script_runner.h"

namespace sluice::promql {
namespace {

using test::MemoryStorage;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr int64_t kMinute = 60'000;

/// Series given as in the test language, one sample a minute.
MemoryStorage load(std::initializer_list<std::string_view> series) {
  MemoryStorage storage;
  for (const std::string_view text : series) {
    const auto description = test::parse_series(text);
    EXPECT_TRUE(description) << description.error().message;
    TimestampMs t_ms = 0;
    for (const test::SequenceValue& value : description->values) {
      if (value.histogram) storage.append(description->labels, t_ms, *value.histogram);
      else if (!value.omitted) storage.append(description->labels, t_ms, value.value);
      t_ms += kMinute;
    }
  }
  return storage;
}

std::vector<std::string> show(const Result<QueryResult>& result) {
  if (!result) return {"error: " + result.error().message};
  std::vector<std::string> out;
  for (const VectorSample& sample : std::get<VectorResult>(result->value))
    out.push_back(sample.labels.to_string() + " " + std::to_string(sample.value));
  return out;
}

TEST(Engine, GivesEachTypeItsResult) {
  const MemoryStorage storage = load({"up{job=\"a\"} 1 2 3"});
  const Engine engine({});
  const auto scalar = engine.instant(storage, "1 + 2", 1500);
  ASSERT_TRUE(scalar);
  EXPECT_EQ(scalar->type(), ValueType::kScalar);
  EXPECT_EQ(std::get<ScalarResult>(scalar->value).value, 3);
  EXPECT_EQ(std::get<ScalarResult>(scalar->value).t_ms, 1500);

  const auto string = engine.instant(storage, "('x')", 0);
  ASSERT_TRUE(string);
  EXPECT_EQ(std::get<StringResult>(string->value).value, "x");

  const auto vector = engine.instant(storage, "up", 2 * kMinute);
  ASSERT_TRUE(vector);
  EXPECT_EQ(vector->type(), ValueType::kVector);
  EXPECT_EQ(std::get<VectorResult>(vector->value).at(0).value, 3);

  const auto matrix = engine.instant(storage, "up[2m]", 2 * kMinute);
  ASSERT_TRUE(matrix);
  EXPECT_EQ(matrix->type(), ValueType::kMatrix);
  const auto& samples = std::get<MatrixResult>(matrix->value).at(0).samples;
  EXPECT_THAT(samples.t_ms, ElementsAre(kMinute, 2 * kMinute));
  EXPECT_THAT(samples.values, ElementsAre(2, 3));
}

TEST(Engine, LooksBackToWhatIsYoungerThanTheLookback) {
  MemoryStorage storage;
  storage.append(model::Labels::from({{"__name__", "up"}}), 0, 7);
  const Engine engine({});
  EXPECT_THAT(show(engine.instant(storage, "up", 0)), ElementsAre("up 7.000000"));
  EXPECT_THAT(show(engine.instant(storage, "up", 5 * kMinute - 1)), ElementsAre("up 7.000000"));
  EXPECT_THAT(show(engine.instant(storage, "up", 5 * kMinute)), ElementsAre());
  EXPECT_THAT(show(engine.instant(storage, "up", -1)), ElementsAre());
  QueryContext context;
  context.lookback_ms = kMinute;
  EXPECT_THAT(show(engine.instant(storage, "up", kMinute, context)), ElementsAre());
}

TEST(Engine, ExcludesTheLeftEdgeOfRanges) {
  const MemoryStorage storage = load({"c 1 1 1 1 1 1"});
  const Engine engine({});
  EXPECT_THAT(show(engine.instant(storage, "count_over_time(c[3m])", 5 * kMinute)), ElementsAre("{} 3.000000"));
  EXPECT_THAT(show(engine.instant(storage, "count_over_time(c[3m1ms])", 5 * kMinute)), ElementsAre("{} 4.000000"));
  EXPECT_THAT(show(engine.instant(storage, "count_over_time(c[3m:1m])", 5 * kMinute)), ElementsAre("{} 3.000000"));
}

TEST(Engine, EndsASeriesAtItsStaleMarker) {
  const MemoryStorage storage = load({"up 1 stale _ 2"});
  const Engine engine({});
  EXPECT_THAT(show(engine.instant(storage, "up", kMinute - 1)), ElementsAre("up 1.000000"));
  EXPECT_THAT(show(engine.instant(storage, "up", kMinute)), ElementsAre());
  EXPECT_THAT(show(engine.instant(storage, "up", 3 * kMinute)), ElementsAre("up 2.000000"));
}

TEST(Engine, SortsAMatrixByLabelsAndKeepsItsGaps) {
  const MemoryStorage storage = load({"up{job=\"b\"} 1 _ stale 4", "up{job=\"a\"} 5 6 7 8"});
  const Engine engine({});
  const auto result = engine.range(storage, "up", 0, 3 * kMinute, kMinute);
  ASSERT_TRUE(result);
  const auto& matrix = std::get<MatrixResult>(result->value);
  ASSERT_EQ(matrix.size(), 2);
  EXPECT_EQ(matrix[0].labels.get("job"), "a");
  EXPECT_THAT(matrix[1].samples.t_ms, ElementsAre(0, kMinute, 3 * kMinute));
  EXPECT_THAT(matrix[1].samples.values, ElementsAre(1, 1, 4));
}

TEST(Engine, SelectsOnceForAllSteps) {
  const MemoryStorage storage = load({"c 0+1x100"});
  const Engine engine({});
  const auto result = engine.range(storage, "sum(rate(c[5m]))", 0, 100 * kMinute, 1'000);
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(storage.selections(), 1);
  EXPECT_EQ(result->samples, 101);
}

TEST(Engine, RefusesWrongRanges) {
  const MemoryStorage storage;
  const Engine engine({});
  const auto code_and_text = [&](std::string_view query, TimestampMs start, TimestampMs end, int64_t step) {
    const auto result = engine.range(storage, query, start, end, step);
    EXPECT_EQ(result.error().code, ErrorCode::kInvalidArgument);
    return result.error().message;
  };
  EXPECT_EQ(code_and_text("up", 0, 1, 0),
            "zero or negative query resolution step widths are not accepted. Try a positive integer");
  EXPECT_EQ(code_and_text("up", 1, 0, 1), "end timestamp must not be before start time");
  EXPECT_EQ(
      code_and_text("up", 0, 11'001, 1),
      "exceeded maximum resolution of 11000 points per timeseries. Try decreasing the query resolution (?step=XX)");
  EXPECT_EQ(code_and_text("up[5m]", 0, 1, 1),
            "invalid expression type \"range vector\" for range query, must be Scalar or instant Vector");
  EXPECT_EQ(code_and_text("up +", 0, 1, 1), "1:5: parse error: unexpected end of input");
}

TEST(Engine, StopsAtTheSampleLimit) {
  const MemoryStorage storage = load({"c{a=\"1\"} 0+1x99", "c{a=\"2\"} 0+1x99"});
  QueryContext context;
  context.samples_max = 150;
  const Engine engine({});
  for (const std::string_view query : {"c[200m]", "sum(rate(c[200m]))"}) {
    const auto refused = engine.instant(storage, query, 99 * kMinute, context);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::kQuotaExceeded);
    EXPECT_THAT(refused.error().message,
                HasSubstr("query processing would load too many samples into memory in query execution"));
  }
  EXPECT_TRUE(engine.instant(storage, "sum(rate(c[50m]))", 99 * kMinute, context));
  const auto results = engine.range(storage, "c{a='1'}", 99 * kMinute, 99 * kMinute + 200, 1, context);
  EXPECT_EQ(results.error().code, ErrorCode::kQuotaExceeded);
  const auto steps = engine.instant(storage, "count_over_time(vector(1)[10y:1ms])", 0, context);
  EXPECT_EQ(steps.error().code, ErrorCode::kQuotaExceeded);
}

TEST(Engine, StopsWhenTheClientIsGone) {
  const MemoryStorage storage = load({"up 1"});
  std::stop_source source;
  source.request_stop();
  QueryContext context;
  context.stop = source.get_token();
  const auto result = Engine({}).instant(storage, "up", 0, context);
  EXPECT_EQ(result.error().code, ErrorCode::kCancelled);
  EXPECT_EQ(result.error().message, "query was canceled in expression evaluation");
}

TEST(Engine, StopsAtItsDeadline) {
  const MemoryStorage storage = load({"up 1"});
  FakeClock clock(1'000);
  QueryContext context;
  context.clock = &clock;
  context.deadline = clock.steady() + std::chrono::milliseconds(10);
  EXPECT_TRUE(Engine({}).instant(storage, "up", 0, context));
  clock.advance(std::chrono::milliseconds(10));
  const auto result = Engine({}).instant(storage, "up", 0, context);
  EXPECT_EQ(result.error().code, ErrorCode::kDeadlineExceeded);
  EXPECT_EQ(result.error().message, "query timed out in expression evaluation");
}

TEST(Engine, StandsTimesAtTheEndsOfTheWorld) {
  const MemoryStorage storage = load({"up 1"});
  const Engine engine({});
  for (const TimestampMs at : {std::numeric_limits<TimestampMs>::min(), std::numeric_limits<TimestampMs>::max()}) {
    EXPECT_THAT(show(engine.instant(storage, "rate(up[100y] offset 100y) or up offset -100y", at)), ElementsAre());
    EXPECT_TRUE(engine.instant(storage, "up[5m:1m] @ 9e18", at));
    EXPECT_TRUE(engine.instant(storage, "timestamp(vector(1)) + year() + minute()", at));
  }
}

/// Statements of the acceptance language against an engine with default settings, where names go at once.
TEST(Engine, DropsNamesAtEachFunctionByDefault) {
  const auto script = test::parse_script(R"(
load 1m
  a{x="1"} 1 2 3 4 5 6
  b{x="1"} _ _ 1 2 3 4
  c_total  0+60x10

eval instant at 5m abs(a)
  {x="1"} 6

eval instant at 5m abs({__name__=~"a|b"})
  expect fail msg: vector cannot contain metrics with the same labelset

eval instant at 5m rate({__name__=~"a|b"}[5m])
  expect fail msg: vector cannot contain metrics with the same labelset

eval instant at 5m last_over_time({__name__=~"a|b"}[5m])
  a{x="1"} 6
  b{x="1"} 4

eval instant at 5m sum by (__name__) (abs(a))
  {} 6

eval instant at 5m -a
  {x="1"} -6

eval instant at 5m a > 5
  a{x="1"} 6

eval instant at 5m a > bool 5
  {x="1"} 1

eval instant at 5m a + on(x) b
  {x="1"} 10

eval instant at 5m label_replace(rate(c_total[5m]), "__name__", "rate", "", "")
  rate 1

eval instant at 5m rate(c_total[5m])
  expect no_info
  {} 1

eval instant at 5m rate(a[5m])
  expect info msg: PromQL info: metric might not be a counter, name does not end in _total/_sum/_count/_bucket: "a" (1:6)
  {x="1"} 0.016666666666666666
)");
  ASSERT_TRUE(script) << script.error().message;
  const Engine engine({});
  for (const auto& outcome : test::ScriptRunner(engine).run(*script))
    EXPECT_EQ(outcome.verdict, test::Verdict::kPass) << outcome.expr << ": " << outcome.detail;
}

TEST(Engine, TellsMatchingErrors) {
  const MemoryStorage storage = load(
      {"a{x=\"1\",y=\"1\"} 1", "a{x=\"1\",y=\"2\"} 2", "b{x=\"1\",z=\"1\"} 3", "b{x=\"1\",z=\"2\"} 4", "c{x=\"1\"} 5"});
  const Engine engine({});
  const auto error = [&](std::string_view query) {
    const auto result = engine.instant(storage, query, 0);
    EXPECT_EQ(result.error().code, ErrorCode::kConflict) << query;
    return result.error().message;
  };
  EXPECT_EQ(error("a + on(x) c"),
            "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)");
  EXPECT_EQ(
      error("c + on(x) b"),
      "found duplicate series for the match group {x=\"1\"} on the right hand-side of the operation: "
      "[{__name__=\"b\", x=\"1\", z=\"1\"}, {__name__=\"b\", x=\"1\", z=\"2\"}];many-to-many matching not allowed: "
      "matching labels must be unique on one side");
  EXPECT_THAT(error("b * on(x) group_right a"), HasSubstr("on the left hand-side"));
  EXPECT_EQ(error("sum without (y) (a) * on() group_left (x) c or a - on(x) group_left(y) c"),
            "multiple matches for labels: grouping labels must ensure unique matches");
  EXPECT_EQ(error("label_replace(a, 'y', '', '', '')"), "vector cannot contain metrics with the same labelset");
}

}  // namespace
}  // namespace sluice::promql
