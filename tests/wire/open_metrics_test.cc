#include "wire/open_metrics.h"

#include <random>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::wire {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

/// Hands the text out in pieces of that size.
OpenMetricsReader reader_of(std::string_view text, size_t piece = 1000, OpenMetricsLimits limits = {}) {
  return OpenMetricsReader(
      [text, piece](std::string& buffer) mutable -> Result<bool> {
        buffer += text.substr(0, piece);
        text.remove_prefix(std::min(piece, text.size()));
        return !text.empty();
      },
      limits);
}

/// One line a sample: `series value @ms`, or the error.
std::string read(std::string_view text, size_t piece = 1000, OpenMetricsLimits limits = {}) {
  auto reader = reader_of(text, piece, limits);
  std::string out;
  for (;;) {
    const auto sample = reader.next();
    if (!sample) return out + "error: " + sample.error().message;
    if (!*sample) return out;
    out += (*sample)->labels.to_string() + " " + std::to_string((*sample)->value);
    if ((*sample)->timestamp_ms) out += " @" + std::to_string(*(*sample)->timestamp_ms);
    out += "\n";
  }
}

constexpr std::string_view kExample = R"(# TYPE acme_http_router_request_seconds summary
# UNIT acme_http_router_request_seconds seconds
# HELP acme_http_router_request_seconds Latency though all of ACME's HTTP request router.
acme_http_router_request_seconds_sum{path="/api/v1",method="GET"} 9036.32 1395066363.123
acme_http_router_request_seconds_count{path="/api/v1",method="GET"} 807283.0 1395066363.123
# TYPE go_goroutines gauge
# HELP go_goroutines Number of goroutines that currently exist.
go_goroutines 69 1395066363
# TYPE foo histogram
foo_bucket{le="0.1"} 8 1520879607.7891 # {} 0.054
foo_bucket{le="+Inf"} 17 1520879607.789 # {trace_id="oHg5SJYRHA0"} 9.8 1520879607.789
foo_bucket{le="9"} 17 # {trace_id="x"} 9.8
# TYPE t info
{"t.info",name="ü"} 1 -1.5
# EOF
)";

constexpr std::string_view kExampleRead =
    R"(acme_http_router_request_seconds_sum{method="GET", path="/api/v1"} 9036.320000 @1395066363123
acme_http_router_request_seconds_count{method="GET", path="/api/v1"} 807283.000000 @1395066363123
go_goroutines 69.000000 @1395066363000
foo_bucket{le="0.1"} 8.000000 @1520879607789
foo_bucket{le="+Inf"} 17.000000 @1520879607789
foo_bucket{le="9"} 17.000000
{"t.info", name="ü"} 1.000000 @-1500
)";

TEST(OpenMetrics, ReadsSamplesWithTheirTimes) { EXPECT_EQ(read(kExample), kExampleRead); }

TEST(OpenMetrics, ReadsTheSameInPiecesOfAnySize) {
  for (const size_t piece : {1, 2, 3, 7, 64, 511}) EXPECT_EQ(read(kExample, piece), kExampleRead) << piece;
}

TEST(OpenMetrics, TheEndMayComeWithoutItsLineFeed) {
  EXPECT_EQ(read("a 1\n# EOF"), "a 1.000000\n");
  EXPECT_EQ(read("# EOF\n"), "");
}

TEST(OpenMetrics, TellsWhatItCannotRead) {
  struct Case {
    std::string_view text;
    std::string_view message;
  };
  for (const Case& c : std::vector<Case>{
           {"", "the text ends behind line 0 without \"# EOF\""},
           {"a 1\n", "the text ends behind line 1 without \"# EOF\": it is cut off"},
           {"a 1\n# EO", "line 2: the last line does not end with a line feed"},
           {"a 1\n# EOF\na 2\n", "line 2: more text behind \"# EOF\""},
           {"\n# EOF\n", "line 1: an empty line"},
           {"# a remark\n# EOF\n", "line 1: a comment"},
           {"# TYPE a untyped\n# EOF\n", "line 1: unknown type \"untyped\"; known are counter, gauge"},
           {"# UNIT a_seconds bytes\n# EOF\n", "line 1: the unit \"bytes\" is not the suffix of \"a_seconds\""},
           {"a{b=\"1\",b=\"2\"} 1\n# EOF\n", "line 1: column 9: duplicate label name \"b\""},
           {"a one\n# EOF\n", "line 1: column 3: \"one\" is not a floating-point number"},
           {"a 1 soon\n# EOF\n", "line 1: column 5: \"soon\" is not a floating-point number"},
           {"a 1 1e300\n# EOF\n", "line 1: column 5: the timestamp is out of range"},
           {"a 1 NaN\n# EOF\n", "line 1: column 5: the timestamp is out of range"},
           {"a 1 1 2\n# EOF\n", "line 1: column 7: found \"2\" where an exemplar or the end of the line is wanted"},
           {"a 1 # x\n# EOF\n", "an exemplar's \"{\" is wanted"},
           {"a 1 # {}\n# EOF\n", "an exemplar's value is wanted"},
           {"a 1 # {\"m\"} 1\n# EOF\n", "a metric name in an exemplar"},
           {"a 1 # {} 1 1 1\n# EOF\n", "the end of the line is wanted"},
           {"a{b=\"\xff\"} 1\n# EOF\n", "line 1: not valid UTF-8"}}) {
    EXPECT_THAT(read(c.text), HasSubstr("error: ")) << c.text;
    EXPECT_THAT(read(c.text), HasSubstr(std::string(c.message))) << c.text;
  }
}

TEST(OpenMetrics, RefusesALineThatIsTooLong) {
  const OpenMetricsLimits limits{.line_bytes_max = 20, .labels_per_sample_max = 2};
  EXPECT_EQ(read("a 1\n# EOF\n", 1000, limits), "a 1.000000\n");
  EXPECT_THAT(read("a{b=\"xxxxxxxxxxxxxx\"} 1\n# EOF\n", 5, limits), StartsWith("error: line 1: longer than 20 bytes"));
  EXPECT_THAT(read(std::string(100, 'a'), 5, limits), StartsWith("error: line 1: longer than 20 bytes"));
  EXPECT_THAT(read("a{b=\"1\",c=\"2\",d=\"\"} 1\n# EOF\n", 1000, {.labels_per_sample_max = 2}),
              HasSubstr("more than 2 labels"));
}

TEST(OpenMetrics, AFailedReadIsTheCallersError) {
  OpenMetricsReader reader([](std::string&) -> Result<bool> { return fail(ErrorCode::kIo, "the disk is gone"); });
  EXPECT_EQ(reader.next().error().code, ErrorCode::kIo);
}

TEST(OpenMetrics, LongTextsAreReadInLittleMemory) {
  size_t lines = 0;
  size_t largest = 0;
  OpenMetricsReader reader([&](std::string& buffer) -> Result<bool> {
    if (lines++ == 100'000) {
      buffer += "# EOF\n";
      return false;
    }
    buffer += "some_metric{with=\"a label\"} 1 1\n";
    largest = std::max(largest, buffer.size());
    return true;
  });
  size_t samples = 0;
  for (auto sample = reader.next(); sample && *sample; sample = reader.next()) ++samples;
  EXPECT_EQ(samples, 100'000u);
  EXPECT_EQ(reader.line(), 100'001u);
  EXPECT_LT(largest, 200u << 10);
}

}  // namespace
}  // namespace sluice::wire
