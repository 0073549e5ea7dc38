#include "wire/prometheus_json.h"

#include <cmath>
#include <limits>
#include <random>

#include <gtest/gtest.h>

namespace sluice::wire {
namespace {

using model::Labels;

TEST(PrometheusJson, SampleValuesAreWrittenAsGoWritesThem) {
  const std::pair<double, const char*> cases[] = {
      {0, "0"},
      {-0.0, "-0"},
      {1, "1"},
      {-1, "-1"},
      {1.5, "1.5"},
      {0.1, "0.1"},
      {100, "100"},
      {1e-6, "0.000001"},
      {9.99e-7, "9.99e-07"},
      {-1e-7, "-1e-07"},
      {1e-300, "1e-300"},
      {5e-324, "5e-324"},
      {1e15, "1000000000000000"},
      {999999999999999, "999999999999999"},
      {1e20, "100000000000000000000"},
      {1e21, "1e+21"},
      {1.5e21, "1.5e+21"},
      {-1e300, "-1e+300"},
      {123456789.125, "123456789.125"},
      {1152921504606846976.0, "1152921504606847000"},  // 2^60: shortest digits, padded
      {9007199254740993.0, "9007199254740992"},
      {1.7976931348623157e308, "1.7976931348623157e+308"},
      {0.000012345, "0.000012345"},
      {-2.5e-5, "-0.000025"},
      {2251799813685249.5, "2251799813685249.5"},
      {std::numeric_limits<double>::infinity(), "+Inf"},
      {-std::numeric_limits<double>::infinity(), "-Inf"},
      {std::nan(""), "NaN"},
      {-std::nan(""), "NaN"},
      {model::stale_nan(), "NaN"},
  };
  for (const auto& [value, text] : cases) EXPECT_EQ(format_sample_value(value), text);
}

TEST(PrometheusJson, RandomSampleValuesReadBackToTheSameBits) {
  std::mt19937_64 random(3);
  for (int i = 0; i < 20'000; ++i) {
    double value = std::bit_cast<double>(random());
    if (i % 2 == 0) value = static_cast<double>(static_cast<int64_t>(random())) / 1000;
    if (!std::isfinite(value)) continue;
    const std::string text = format_sample_value(value);
    ASSERT_EQ(std::bit_cast<uint64_t>(std::strtod(text.c_str(), nullptr)), std::bit_cast<uint64_t>(value)) << text;
    const double magnitude = std::fabs(value);
    const bool has_exponent = text.find('e') != std::string::npos;
    ASSERT_EQ(has_exponent, magnitude != 0 && (magnitude < 1e-6 || magnitude >= 1e21)) << text;
  }
}

TEST(PrometheusJson, TimestampsAreSecondsWithThreeDecimalsUnlessZero) {
  const std::pair<TimestampMs, const char*> cases[] = {
      {0, "0"},
      {1, "0.001"},
      {-1, "-0.001"},
      {10, "0.010"},
      {500, "0.500"},
      {1435781451781, "1435781451.781"},
      {1435781451000, "1435781451"},
      {-1435781451781, "-1435781451.781"},
      {-1000, "-1"},
      {INT64_MAX, "9223372036854775.807"},
      {INT64_MIN, "-9223372036854775.808"},
  };
  for (const auto& [t_ms, text] : cases) {
    std::string out;
    append_timestamp(out, t_ms);
    EXPECT_EQ(out, text);
  }
}

TEST(PrometheusJson, ErrorsHaveTheApisEnvelope) {
  EXPECT_EQ(api_error(ApiErrorType::kBadData, "1:3: parse error"),
            R"({"status":"error","errorType":"bad_data","error":"1:3: parse error"})");
  EXPECT_EQ(http_status(ApiErrorType::kBadData), 400);
  EXPECT_EQ(http_status(ApiErrorType::kExecution), 422);
  EXPECT_EQ(http_status(ApiErrorType::kTimeout), 503);
  EXPECT_EQ(http_status(ApiErrorType::kCanceled), 499);
}

TEST(PrometheusJson, ListsAndNotesFollowTheData) {
  EXPECT_EQ(api_success(std::vector<std::string>{"a", "b"}), R"({"status":"success","data":["a","b"]})");
  EXPECT_EQ(api_success(std::vector<std::string>{}), R"({"status":"success","data":[]})");
  EXPECT_EQ(api_success(std::vector<Labels>{Labels::from({{"job", "x"}, {"__name__", "up"}})},
                        {.warnings = {"w"}, .infos = {"i", "j"}}),
            R"({"status":"success","data":[{"__name__":"up","job":"x"}],"warnings":["w"],"infos":["i","j"]})");
  EXPECT_EQ(api_success([](JsonWriter& json) {
              json.begin_object();
              json.member("version", "3");
              json.end_object();
            }),
            R"({"status":"success","data":{"version":"3"}})");
}

TEST(PrometheusJson, VectorsHoldOneValueEach) {
  QueryResultWriter writer(ResultType::kVector);
  writer.vector_sample(Labels::from({{"__name__", "up"}, {"job", "a\"b"}}), 1435781451781, 1);
  writer.vector_sample(Labels(), 0, std::nan(""));
  EXPECT_EQ(writer.finish(), R"({"status":"success","data":{"resultType":"vector","result":[)"
                             R"({"metric":{"__name__":"up","job":"a\"b"},"value":[1435781451.781,"1"]},)"
                             R"({"metric":{},"value":[0,"NaN"]}]}})");
}

TEST(PrometheusJson, EmptyResultsAreEmptyLists) {
  EXPECT_EQ(QueryResultWriter(ResultType::kVector).finish(),
            R"({"status":"success","data":{"resultType":"vector","result":[]}})");
  EXPECT_EQ(QueryResultWriter(ResultType::kMatrix).finish({.warnings = {"w"}}),
            R"({"status":"success","data":{"resultType":"matrix","result":[]},"warnings":["w"]})");
}

TEST(PrometheusJson, ScalarsAndStringsAreOnePoint) {
  QueryResultWriter scalar(ResultType::kScalar);
  scalar.scalar(1500, 0.25);
  EXPECT_EQ(scalar.finish(), R"({"status":"success","data":{"resultType":"scalar","result":[1.500,"0.25"]}})");
  QueryResultWriter string(ResultType::kString);
  string.string(0, "a\nb");
  EXPECT_EQ(string.finish(), R"({"status":"success","data":{"resultType":"string","result":[0,"a\nb"]}})");
}

model::FloatHistogram small_histogram() {
  model::FloatHistogram histogram;
  histogram.count = 9;
  histogram.sum = 12.5;
  histogram.zero_threshold = 0.001;
  histogram.zero_count = 2;
  histogram.positive_spans = {{0, 2}};
  histogram.positive_buckets = {3, 0};
  histogram.negative_spans = {{1, 1}};
  histogram.negative_buckets = {4};
  return histogram;
}

constexpr std::string_view kSmallHistogramJson =
    R"({"count":"9","sum":"12.5","buckets":[[1,"-2","-1","4"],[3,"-0.001","0.001","2"],[0,"0.5","1","3"]]})";

TEST(PrometheusJson, HistogramsShowTheirBucketsThatHaveACount) {
  std::string out;
  JsonWriter json(out);
  write_histogram(json, small_histogram());
  EXPECT_EQ(out, kSmallHistogramJson);
}

TEST(PrometheusJson, EmptyHistogramsHaveNoBuckets) {
  std::string out;
  JsonWriter json(out);
  write_histogram(json, {});
  EXPECT_EQ(out, R"({"count":"0","sum":"0"})");
}

TEST(PrometheusJson, MatricesKeepFloatsAndHistogramsApart) {
  model::SampleColumn column;
  column.t_ms = {1000, 2000, 3000};
  column.values = {1, 0, 3};
  column.histograms = {{1, std::make_shared<const model::FloatHistogram>(small_histogram())}};
  QueryResultWriter writer(ResultType::kMatrix);
  writer.matrix_series(Labels::from({{"a", "b"}}), column);
  model::SampleColumn only_histogram = column;
  only_histogram.t_ms = {2000};
  only_histogram.values = {0};
  only_histogram.histograms[0].row = 0;
  writer.matrix_series(Labels(), only_histogram);
  const std::string histogram(kSmallHistogramJson);
  EXPECT_EQ(writer.finish(), R"({"status":"success","data":{"resultType":"matrix","result":[)"
                             R"({"metric":{"a":"b"},"values":[[1,"1"],[3,"3"]],"histograms":[[2,)" +
                                 histogram + "]]}," + R"({"metric":{},"histograms":[[2,)" + histogram + "]]}]}}");
}

}  // namespace
}  // namespace sluice::wire
