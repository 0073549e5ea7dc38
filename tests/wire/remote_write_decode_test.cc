#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "wire/captures.h"
#include "wire/remote_write.h"
#include "wire/snappy_block.h"

namespace sluice::wire {
namespace {

using testing::HasSubstr;

// Protobuf by hand: field(1, "x") is key, length, bytes.
std::string varint(uint64_t value) {
  std::string out;
  for (; value >= 0x80; value >>= 7) out += static_cast<char>(value | 0x80);
  return out + static_cast<char>(value);
}
std::string field(uint32_t number, std::string_view bytes) {
  return varint(number << 3 | 2) + varint(bytes.size()) + std::string(bytes);
}
std::string number_field(uint32_t number, uint64_t value) { return varint(number << 3) + varint(value); }
std::string double_field(uint32_t number, double value) {
  const char* bytes = reinterpret_cast<const char*>(&value);
  return varint(number << 3 | 1) + std::string(bytes, sizeof value);
}
std::string label(std::string_view name, std::string_view value) { return field(1, field(1, name) + field(2, value)); }
std::string sample(double value, int64_t t_ms) {
  return field(2, double_field(1, value) + number_field(2, static_cast<uint64_t>(t_ms)));
}

TEST(RemoteWriteDecode, ReadsSeriesSamplesAndMetadata) {
  const std::string message =
      field(1, label("__name__", "up") + label("job", "x") + sample(1.5, -7) + sample(2, 1000)) +
      field(1, label("__name__", "down") + sample(0, 5)) +
      field(3, number_field(1, 2) + field(2, "up") + field(4, "help text") + field(5, "bytes"));
  auto decoded = decode_write_request(message);
  ASSERT_TRUE(decoded.has_value()) << decoded.error().message;
  const model::WriteBatch batch = *std::move(decoded);
  ASSERT_EQ(batch.series.size(), 2u);
  const auto labels = batch.labels_of(batch.series[0]);
  ASSERT_EQ(labels.size(), 2u);
  EXPECT_EQ(labels[1], (model::LabelView{"job", "x"}));
  const auto samples = batch.samples_of(batch.series[0]);
  ASSERT_EQ(samples.size(), 2u);
  EXPECT_EQ(samples[0].value, 1.5);
  EXPECT_EQ(samples[0].t_ms, -7);
  EXPECT_EQ(samples[1].t_ms, 1000);
  EXPECT_EQ(batch.labels_of(batch.series[1])[0].value, "down");
  ASSERT_EQ(batch.metadata.size(), 1u);
  EXPECT_EQ(batch.metadata[0].type, 2u);
  EXPECT_EQ(batch.metadata[0].metric_family, "up");
  EXPECT_EQ(batch.metadata[0].help, "help text");
  EXPECT_EQ(batch.metadata[0].unit, "bytes");
}

TEST(RemoteWriteDecode, ViewsOfTheShortestMessagesSurviveMoves) {
  auto decoded = decode_remote_write(snappy_encode(field(1, label("a", "b"))));
  ASSERT_TRUE(decoded.has_value());
  std::vector<model::WriteBatch> batches;
  for (int i = 0; i < 8; ++i) batches.push_back(*decode_remote_write(snappy_encode(field(1, label("a", "b")))));
  for (const auto& batch : batches) EXPECT_EQ(batch.labels_of(batch.series[0])[0], (model::LabelView{"a", "b"}));
}

TEST(RemoteWriteDecode, EmptyMessageIsAnEmptyBatch) {
  const auto decoded = decode_remote_write(snappy_encode(""));
  ASSERT_TRUE(decoded.has_value());
  EXPECT_TRUE(decoded->series.empty());
}

std::string zigzag(int64_t value) {
  return varint(static_cast<uint64_t>(value) << 1 ^ static_cast<uint64_t>(value >> 63));
}
std::string zigzag_field(uint32_t number, int64_t value) { return varint(number << 3) + zigzag(value); }
std::string span_field(uint32_t number, int32_t offset, uint32_t length) {
  return field(number, zigzag_field(1, offset) + number_field(2, length));
}
std::string doubles(std::initializer_list<double> values) {
  std::string out;
  for (const double value : values) out += double_field(0, value).substr(1);
  return out;
}

TEST(RemoteWriteDecode, ReadsIntegerHistograms) {
  const std::string histogram = number_field(1, 20) + double_field(3, -1.5) + zigzag_field(4, -2) +
                                double_field(5, 0.25) + number_field(6, 3) + span_field(8, 1, 1) + field(9, zigzag(6)) +
                                span_field(11, -3, 2) + span_field(11, 1, 1) + field(12, zigzag(4) + zigzag(1)) +
                                zigzag_field(12, -3) + number_field(14, 2) + number_field(15, 1000);
  const auto decoded = decode_write_request(field(1, label("__name__", "f") + sample(1, 1)) +
                                            field(1, label("__name__", "h") + field(4, histogram) + field(4, "")));
  ASSERT_TRUE(decoded.has_value()) << decoded.error().message;
  ASSERT_EQ(decoded->series.size(), 2u);
  ASSERT_EQ(decoded->histograms.size(), 2u);
  EXPECT_EQ(decoded->histograms[0].series, 1u);
  const model::HistogramSample want{.t_ms = 1000,
                                    .value = model::Histogram{.counter_reset_hint = model::CounterResetHint::kNotReset,
                                                              .schema = -2,
                                                              .zero_threshold = 0.25,
                                                              .zero_count = 3,
                                                              .count = 20,
                                                              .sum = -1.5,
                                                              .positive_spans = {{-3, 2}, {1, 1}},
                                                              .negative_spans = {{1, 1}},
                                                              .positive_deltas = {4, 1, -3},
                                                              .negative_deltas = {6}}};
  EXPECT_EQ(decoded->histograms[0].sample, want);
  EXPECT_EQ(decoded->histograms[1].sample, model::HistogramSample());
}

TEST(RemoteWriteDecode, ReadsFloatHistogramsWithCustomBuckets) {
  const std::string histogram = double_field(2, 2.5) + double_field(3, 7) + zigzag_field(4, -53) +
                                double_field(7, 0.5) + span_field(11, 0, 2) + field(13, doubles({1, 1.5})) +
                                number_field(14, 3) + number_field(15, 7) + field(16, doubles({0.5, 1})) +
                                number_field(17, 5);
  const auto decoded = decode_write_request(field(1, field(4, histogram)));
  ASSERT_TRUE(decoded.has_value()) << decoded.error().message;
  const model::HistogramSample want{
      .t_ms = 7,
      .start_ms = 5,
      .value = model::FloatHistogram{.counter_reset_hint = model::CounterResetHint::kGauge,
                                     .schema = -53,
                                     .zero_count = 0.5,
                                     .count = 2.5,
                                     .sum = 7,
                                     .positive_spans = {{0, 2}},
                                     .positive_buckets = {1, 1.5},
                                     .custom_values = {0.5, 1}}};
  ASSERT_EQ(decoded->histograms.size(), 1u);
  EXPECT_EQ(decoded->histograms[0].sample, want);
}

TEST(RemoteWriteDecode, ReadsExemplars) {
  const std::string exemplar =
      label("trace_id", "abc") + label("span_id", "d") + double_field(2, 0.5) + number_field(3, 9);
  const auto decoded = decode_write_request(field(1, label("__name__", "a") + field(3, exemplar)) +
                                            field(1, label("__name__", "b") + field(3, "") + field(3, exemplar)));
  ASSERT_TRUE(decoded.has_value()) << decoded.error().message;
  ASSERT_EQ(decoded->exemplars.size(), 3u);
  EXPECT_EQ(decoded->labels.size(), 2u);
  for (const size_t i : {0, 2}) {
    const auto& got = decoded->exemplars[i];
    EXPECT_EQ(got.series, i / 2);
    EXPECT_EQ(got.value, 0.5);
    EXPECT_EQ(got.t_ms, 9);
    EXPECT_THAT(decoded->labels_of(got),
                testing::ElementsAre(model::LabelView{"trace_id", "abc"}, model::LabelView{"span_id", "d"}));
  }
  EXPECT_EQ(decoded->exemplars[1].label_count, 0u);
}

TEST(RemoteWriteDecode, BoundsHistogramsAndExemplars) {
  const std::string histogram = field(4, span_field(11, 0, 2) + field(12, zigzag(1) + zigzag(1)));
  const std::string message = field(1, histogram + histogram + field(3, "") + field(3, ""));
  EXPECT_TRUE(decode_write_request(message, {.histograms_max = 2, .histogram_numbers_max = 6, .exemplars_max = 2}));
  const struct {
    RemoteWriteLimits limits;
    const char* text;
  } cases[] = {{{.histograms_max = 1}, "more than 1 native histograms"},
               {{.histogram_numbers_max = 5}, "more than 5 numbers in native histograms"},
               {{.exemplars_max = 1}, "more than 1 exemplars"}};
  for (const auto& c : cases) {
    const auto decoded = decode_write_request(message, c.limits);
    ASSERT_FALSE(decoded.has_value()) << c.text;
    EXPECT_EQ(decoded.error().code, ErrorCode::kTooLarge);
    EXPECT_THAT(decoded.error().message, HasSubstr(c.text));
  }
}

TEST(RemoteWriteDecode, PassesOverUnknownFieldsEverywhere) {
  const std::string unknown = field(15, "future") + number_field(200, 7) + double_field(14, 1);
  const auto decoded = decode_write_request(
      unknown + field(1, unknown + field(1, unknown + field(1, "n") + field(2, "v")) + field(2, unknown)) +
      field(3, unknown));
  ASSERT_TRUE(decoded.has_value()) << decoded.error().message;
  EXPECT_EQ(decoded->labels[0], (model::LabelView{"n", "v"}));
}

TEST(RemoteWriteDecode, KeepsBytesThatAreNotUtf8ForValidationToJudge) {
  const auto decoded = decode_write_request(field(1, label("n", "\xff\xfe") + sample(1, 1)));
  ASSERT_TRUE(decoded.has_value());
  EXPECT_EQ(decoded->labels[0].value, "\xff\xfe");
}

TEST(RemoteWriteDecode, NamesWhatIsMalformedAndWhere) {
  const std::string good = field(1, label("n", "v") + sample(1, 1));
  const std::string at = std::to_string(good.size());
  struct Case {
    const char* what;
    std::string message;
    std::vector<std::string> wanted;
  };
  const std::vector<Case> cases = {
      {"length past the end", good + "\x0a\x20xx", {"cut off", "field 1 of WriteRequest at byte " + at, "entry"}},
      {"label cut inside its series",
       good + field(1, "\x0a\x05\x0a\x01"),
       {"cut off", "field 1 of timeseries at byte"}},
      {"name cut inside its label",
       good + field(1, field(1, "\x0a\x09n")),
       {"field 1 of timeseries.labels at byte", "(entry 1)"}},
      {"value cut inside its sample", field(1, field(2, "\x09\x01\x02")), {"field 1 of timeseries.samples at byte 4"}},
      {"key cut", good + "\x80", {"a field key of WriteRequest at byte " + at}},
      {"endless varint", std::string(11, '\xff'), {"varint"}},
      {"group wire type", "\x0b", {"unknown"}},
      {"field number 0", std::string("\x02\x00", 2), {"tag"}},
      {"timeseries as varint", "\x08\x01", {"wrong wire type 0", "WriteRequest"}},
      {"label name as varint", field(1, field(1, "\x08\x01")), {"wrong wire type 0", "timeseries.labels"}},
      {"timestamp as bytes", field(1, field(2, field(2, "x"))), {"wrong wire type 2", "timeseries.samples"}},
      {"value as varint", field(1, field(2, number_field(1, 1))), {"wrong wire type 0", "timeseries.samples"}},
      {"histogram sum as varint",
       field(1, field(4, number_field(3, 1))),
       {"wrong wire type 0", "timeseries.histograms"}},
      {"span cut", field(1, field(4, "\x5a\x09x")), {"cut off", "field 11 of timeseries.histograms"}},
      {"doubles cut", field(1, field(4, field(13, "1234567"))), {"field 13 of timeseries.histograms"}},
      {"exemplar value as varint",
       field(1, field(3, number_field(2, 1))),
       {"wrong wire type 0", "timeseries.exemplars"}},
      {"metadata help as varint", field(3, number_field(4, 1)), {"wrong wire type 0", "of metadata at byte"}},
  };
  for (const auto& test : cases) {
    const auto decoded = decode_write_request(test.message);
    ASSERT_FALSE(decoded.has_value()) << test.what;
    EXPECT_EQ(decoded.error().code, ErrorCode::kMalformed) << test.what;
    for (const auto& text : test.wanted) EXPECT_THAT(decoded.error().message, HasSubstr(text)) << test.what;
  }
}

TEST(RemoteWriteDecode, EveryCountHasItsLimit) {
  const std::string message = field(1, label("n", "v") + label("m", "v") + sample(1, 1) + sample(1, 2)) +
                              field(1, label("n", "v")) + field(3, "") + field(3, "");
  const std::pair<RemoteWriteLimits, const char*> cases[] = {
      {{.series_max = 1}, "more than 1 series"}, {{.samples_max = 1}, "more than 1 samples"},
      {{.labels_max = 2}, "more than 2 labels"}, {{.metadata_max = 1}, "more than 1 metadata"},
      {{.decoded_bytes_max = 10}, "at most 10"},
  };
  EXPECT_TRUE(decode_write_request(message).has_value());
  for (const auto& [limits, text] : cases) {
    const auto decoded = decode_write_request(message, limits);
    ASSERT_FALSE(decoded.has_value()) << text;
    EXPECT_EQ(decoded.error().code, ErrorCode::kTooLarge);
    EXPECT_THAT(decoded.error().message, HasSubstr(text));
  }
}

TEST(RemoteWriteDecode, RefusesBodiesThatAreNoSnappyBlock) {
  using namespace std::string_literals;
  const std::string block = snappy_encode(std::string(5'000, 'x') + "tail that does not compress 0123456789");
  struct Case {
    const char* what;
    std::string body;
    ErrorCode code;
    const char* text;
  };
  const std::vector<Case> cases = {
      {"framed", "\xff\x06\x00\x00sNaPpY\x01\x05\x00\x00"s, ErrorCode::kMalformed, "framed snappy"},
      {"gzip", "\x1f\x8b\x08\x00"s, ErrorCode::kMalformed, "gzip"},
      {"zstd", "\x28\xb5\x2f\xfd\x00"s, ErrorCode::kMalformed, "zstd"},
      {"empty", "", ErrorCode::kMalformed, "not a snappy block"},
      {"header varint without end", "\xff\xff\xff\xff\xff\xff"s, ErrorCode::kMalformed, "not a snappy block"},
      {"declares 4 GiB", "\xff\xff\xff\xff\x0f\x00"s, ErrorCode::kTooLarge, "declares 4294967295 bytes"},
      {"declares more than it can hold", "\x80\x80\x80\x10\x00xyz"s, ErrorCode::kMalformed, "cannot hold"},
      {"cut off", block.substr(0, block.size() - 5), ErrorCode::kMalformed, "damaged or cut off"},
      {"trailing bytes", block + "x", ErrorCode::kMalformed, "damaged or cut off"},
      {"plain protobuf", field(1, label("n", "v")), ErrorCode::kMalformed, "snappy block"},
  };
  for (const auto& test : cases) {
    const auto decoded = decode_remote_write(test.body);
    ASSERT_FALSE(decoded.has_value()) << test.what;
    EXPECT_EQ(decoded.error().code, test.code) << test.what;
    EXPECT_THAT(decoded.error().message, HasSubstr(test.text)) << test.what;
  }
}

TEST(RemoteWriteDecode, DecodedSizeExactlyAtTheLimitIsTaken) {
  const std::string message = field(15, std::string(100, 'x'));
  const RemoteWriteLimits exact{.decoded_bytes_max = message.size()};
  EXPECT_TRUE(decode_remote_write(snappy_encode(message), exact).has_value());
  const RemoteWriteLimits under{.decoded_bytes_max = message.size() - 1};
  EXPECT_FALSE(decode_remote_write(snappy_encode(message), under).has_value());
}

TEST(RemoteWriteDecode, HighlyCompressibleBlocksAreTaken) {
  const std::string message = field(15, std::string(10 << 20, 'x'));
  EXPECT_TRUE(decode_remote_write(snappy_encode(message)).has_value());
}

TEST(RemoteWriteDecode, ReadsWhatPrometheus253Sends) {
  if (testing_support::captures_directory().empty()) GTEST_SKIP() << "no conformance data";
  size_t samples = 0;
  size_t metadata = 0;
  std::map<std::string, int> series;
  for (const auto& path : testing_support::remote_write_captures()) {
    const std::string request = testing_support::read_whole(path);
    EXPECT_TRUE(check_remote_write_headers(
                    {.content_type = testing_support::header_of(request, "Content-Type"),
                     .content_encoding = testing_support::header_of(request, "Content-Encoding"),
                     .version = testing_support::header_of(request, "X-Prometheus-Remote-Write-Version")})
                    .has_value());
    const auto batch = decode_remote_write(testing_support::body_of(request));
    ASSERT_TRUE(batch.has_value()) << path << ": " << batch.error().message;
    EXPECT_TRUE(!batch->series.empty() || !batch->metadata.empty()) << path;
    for (const auto& entry : batch->series) {
      EXPECT_EQ(entry.sample_count, 1u);  // clients.md section 5
      const auto labels = batch->labels_of(entry);
      EXPECT_TRUE(std::ranges::is_sorted(labels, {}, &model::LabelView::name));
      ++series[model::Labels::from_views(labels).to_string()];
    }
    samples += batch->samples.size();
    metadata += batch->metadata.size();
  }
  EXPECT_GT(samples, 5'000u);
  EXPECT_GT(metadata, 500u);
  EXPECT_GT(samples, 2 * series.size());  // label sets recur
}

}  // namespace
}  // namespace sluice::wire
