#include "wire/text_exposition.h"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/metrics.h"
#include "model/sample.h"
#include "wire/exposition_line.h"

namespace sluice::wire {
namespace {

using testing::HasSubstr;

std::vector<MetricFamily> parse(std::string_view text) {
  auto families = parse_text_exposition(text);
  EXPECT_TRUE(families.has_value()) << families.error().message;
  return families ? *std::move(families) : std::vector<MetricFamily>();
}

std::string show(const std::vector<MetricFamily>& families) {
  std::string out;
  for (const auto& family : families) {
    out += family.name + " " + std::string(to_string(family.type)) + " '" + family.help + "'\n";
    for (const auto& sample : family.samples) {
      out += "  " + sample.labels.to_string() + " " + std::to_string(sample.value);
      if (sample.timestamp_ms) out += " @" + std::to_string(*sample.timestamp_ms);
      out += "\n";
    }
  }
  return out;
}

TEST(TextExposition, ReadsTheExampleOfTheFormatsPage) {
  const auto families = parse(R"(# HELP http_requests_total The total number of HTTP requests.
# TYPE http_requests_total counter
http_requests_total{method="post",code="200"} 1027 1395066363000
http_requests_total{method="post",code="400"}    3 1395066363000

# Escaping in label values:
msdos_file_access_time_seconds{path="C:\\DIR\\FILE.TXT",error="Cannot find file:\n\"FILE.TXT\""} 1.458255915e9

# Minimalistic line:
metric_without_timestamp_and_labels 12.47

# A weird metric from before the epoch:
something_weird{problem="division by zero"} +Inf -3982045

# A histogram, which has a pretty complex representation in the text format:
# HELP http_request_duration_seconds A histogram of the request duration.
# TYPE http_request_duration_seconds histogram
http_request_duration_seconds_bucket{le="0.05"} 24054
http_request_duration_seconds_bucket{le="+Inf"} 144320
http_request_duration_seconds_sum 53423
http_request_duration_seconds_count 144320

# TYPE rpc_duration_seconds summary
rpc_duration_seconds{quantile="0.5"} 4773
rpc_duration_seconds_sum 17
rpc_duration_seconds_count 2693
)");
  EXPECT_EQ(show(families), R"(http_requests_total counter 'The total number of HTTP requests.'
  http_requests_total{code="200", method="post"} 1027.000000 @1395066363000
  http_requests_total{code="400", method="post"} 3.000000 @1395066363000
msdos_file_access_time_seconds untyped ''
  msdos_file_access_time_seconds{error="Cannot find file:\n\"FILE.TXT\"", path="C:\\DIR\\FILE.TXT"} 1458255915.000000
metric_without_timestamp_and_labels untyped ''
  metric_without_timestamp_and_labels 12.470000
something_weird untyped ''
  something_weird{problem="division by zero"} inf @-3982045
http_request_duration_seconds histogram 'A histogram of the request duration.'
  http_request_duration_seconds_bucket{le="0.05"} 24054.000000
  http_request_duration_seconds_bucket{le="+Inf"} 144320.000000
  http_request_duration_seconds_sum 53423.000000
  http_request_duration_seconds_count 144320.000000
rpc_duration_seconds summary ''
  rpc_duration_seconds{quantile="0.5"} 4773.000000
  rpc_duration_seconds_sum 17.000000
  rpc_duration_seconds_count 2693.000000
)");
}

TEST(TextExposition, TakesBlanksTrailingCommasAndQuotedNames) {
  EXPECT_EQ(show(parse("  a  {  b = \"c\" , }  1  \n\ta\t2\t\n")),
            "a untyped ''\n  a{b=\"c\"} 1.000000\n  a 2.000000\n");
  EXPECT_EQ(show(parse("# HELP \"my.metric\" Text with \\\\ and \\n.\n# TYPE \"my.metric\" "
                       "gauge\n{\"my.metric\",\"k.v\"=\"x\"} 1\n")),
            "my.metric gauge 'Text with \\ and \n.'\n  {\"my.metric\", \"k.v\"=\"x\"} 1.000000\n");
  EXPECT_EQ(show(parse("{a=\"b\",\"m\"} 1\n")), "m untyped ''\n  m{a=\"b\"} 1.000000\n");
  EXPECT_EQ(show(parse("a{} 1\n")), "a untyped ''\n  a 1.000000\n");
  EXPECT_EQ(show(parse("a{b=\"\"} 1\n")), "a untyped ''\n  a 1.000000\n");
  EXPECT_EQ(show(parse("#HELP a\n#\n#HELPER a\n# anything goes\na 1\n")), "a untyped ''\n  a 1.000000\n");
  EXPECT_TRUE(parse("").empty());
  EXPECT_TRUE(parse("\n\n").empty());
}

TEST(TextExposition, PartsOfOtherTypesAreFamiliesOfTheirOwn) {
  EXPECT_EQ(parse("# TYPE a gauge\na 1\na_count 2\n").size(), 2u);
  EXPECT_EQ(parse("# TYPE a summary\na_bucket 2\na_sum 1\n").size(), 2u);
  EXPECT_EQ(parse("a_count 2\n# TYPE a histogram\na_count 3\n").size(), 2u);
}

TEST(TextExposition, RefusalsNameLineColumnAndWhatWasWanted) {
  const std::pair<std::string, const char*> cases[] = {
      {"a 1\nb 2", "line 2: the last line does not end with a line feed"},
      {"a 1\n\nb\n", "line 3: column 2: found the end of the line where"},
      {"a x\n", "line 1: column 3: \"x\" is not a floating-point number"},
      {"a 1_0\n", "is not a floating-point number"},
      {"a 1e999\n", "is not a floating-point number"},
      {"a nan(1)\n", "is not a floating-point number"},
      {"a +-1\n", "is not a floating-point number"},
      {"a 0x10\n", "is not a floating-point number"},
      {"a 1\r\n", "is not a floating-point number"},
      {"a 1 2.5\n", "column 5: \"2.5\" is not a timestamp"},
      {"a 1 99999999999999999999\n", "is not a timestamp"},
      {"a 1 2 3\n", "where the end of the line is wanted"},
      {"9a 1\n", "line 1: column 3: found \" 1\" where a metric name is wanted"},
      {"a-b 1\n", "where a blank or \"{\" after the metric name is wanted"},
      {"{} 1\n", "column 1: a sample without a metric name"},
      {"{\"a\",\"b\"} 1\n", "column 6: a second metric name"},
      {"a{\"b\"} 1\n", "a second metric name"},
      {"a{\"\"=\"x\"} 1\n", "an empty name"},
      {"a{b} 1\n", "column 4: found \"} 1\" where \"=\" is wanted"},
      {"a{b=c} 1\n", "a label value in double quotes is wanted"},
      {"a{b=\"c} 1\n", "a closing quote is wanted"},
      {"a{b=\"c\\t\"} 1\n", "column 7: unknown escape \"\\t\""},
      {"a{b=\"c\"d=\"e\"} 1\n", "\",\" or \"}\" is wanted"},
      {"a{,} 1\n", "a label name is wanted"},
      {"a{b=\"1\",b=\"2\"} 1\n", "column 9: duplicate label name \"b\""},
      {"a{__name__=\"b\"} 1\n", "__name__ is reserved"},
      {"a{b:c=\"d\"} 1\n", "a label name is wanted"},
      {"a{b=\"\xff\"} 1\n", "line 1: not valid UTF-8"},
      {"# HELP a x\n# HELP a y\n", "line 2: second HELP line for \"a\""},
      {"# TYPE a gauge\n# TYPE a gauge\n", "line 2: second TYPE line for \"a\""},
      {"a 1\n# TYPE a gauge\n", "line 2: TYPE of \"a\" comes after its samples"},
      {"# TYPE a gaugehistogram\n", "unknown type \"gaugehistogram\""},
      {"# TYPE a\n", "unknown type \"\""},
      {"# HELP\n", "a metric name is wanted"},
      {"# HELP a-b x\n", "a blank after the metric name is wanted"},
      {"# HELP a \\\"x\n", "unknown escape"},
  };
  for (const auto& [text, message] : cases) {
    const auto families = parse_text_exposition(text);
    ASSERT_FALSE(families.has_value()) << text;
    EXPECT_EQ(families.error().code, ErrorCode::kMalformed) << text;
    EXPECT_THAT(families.error().message, HasSubstr(message)) << text;
  }
}

TEST(TextExposition, EveryBoundIsKept) {
  const std::pair<ExpositionLimits, const char*> cases[] = {
      {{.bytes_max = 10}, "at most 10"},
      {{.samples_max = 1}, "line 2: more than 1 samples"},
      {{.line_bytes_max = 10}, "line 1: 22 bytes long"},
      {{.labels_per_sample_max = 1}, "line 1: column 9: more than 1 labels"},
  };
  constexpr std::string_view kText = "a{b=\"c\",d=\"e\"} 1234567\na 2\n";
  EXPECT_TRUE(parse_text_exposition(kText).has_value());
  for (const auto& [limits, message] : cases) {
    const auto families = parse_text_exposition(kText, limits);
    ASSERT_FALSE(families.has_value()) << message;
    EXPECT_THAT(families.error().message, HasSubstr(message));
  }
}

TEST(TextExposition, ReadsWhatOurOwnRegistryExposes) {
  MetricRegistry registry;
  registry.counter("requests_total", "All \"requests\"\nof a \\ kind.", {{"path", "C:\\x\n\"y\""}}).add(3);
  registry.gauge("temperature_celsius", "Now.").set(-1.5);
  registry.histogram("latency_seconds", "How long.", {0.1, 1}).observe(0.5);
  const auto families = parse(registry.expose());
  ASSERT_EQ(families.size(), 3u);
  size_t samples = 0;
  for (const auto& family : families) {
    samples += family.samples.size();
    if (family.name == "requests_total") {
      EXPECT_EQ(family.help, "All \"requests\"\nof a \\ kind.");
      EXPECT_EQ(family.samples[0].labels.get("path"), "C:\\x\n\"y\"");
    }
    if (family.name == "latency_seconds") EXPECT_EQ(family.type, MetricType::kHistogram);
  }
  EXPECT_EQ(samples, 7u);
}

TEST(GoFloat, ReadsWhatParseFloatReads) {
  const std::pair<const char*, double> cases[] = {
      {"0", 0},      {"1.", 1},        {".5", 0.5},       {"+1e3", 1000},     {"-1E-3", -0.001},
      {"0x1p4", 16}, {"-0X1.8P1", -3}, {"inf", INFINITY}, {"+Inf", INFINITY}, {"-INFINITY", -INFINITY},
      {"1e-400", 0}, {"1e308", 1e308},
  };
  for (const auto& [text, value] : cases) EXPECT_EQ(parse_go_float(text), value) << text;
  EXPECT_EQ(std::bit_cast<uint64_t>(*parse_go_float("NaN")), model::kNormalNaNBits);
  for (const char* text : {"", "+", "-", ".", "e1", "1e", "0x", "0x1", "1x", "infi", "--1", "1 "}) {
    EXPECT_EQ(parse_go_float(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace sluice::wire
