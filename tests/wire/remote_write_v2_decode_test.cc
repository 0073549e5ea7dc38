#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <protozero/pbf_writer.hpp>

#include "wire/remote_write.h"
#include "wire/snappy_block.h"

namespace sluice::wire {
namespace {

using protozero::pbf_writer;
using testing::ElementsAre;
using testing::HasSubstr;

/// Writes an io.prometheus.write.v2.Request.
class Request {
 public:
  explicit Request(std::vector<std::string> symbols) {
    for (const auto& symbol : symbols) request_.add_string(4, symbol);
  }
  /// `fill` gets the writer of one TimeSeries with these label references.
  Request& series(std::vector<uint32_t> refs, auto&& fill) {
    pbf_writer entry(request_, 5);
    entry.add_packed_uint32(1, refs.begin(), refs.end());
    fill(entry);
    return *this;
  }
  const std::string& message() const { return message_; }

 private:
  std::string message_;
  pbf_writer request_{message_};
};

void add_sample(pbf_writer& entry, double value, int64_t t_ms, int64_t start_ms = 0) {
  pbf_writer sample(entry, 2);
  sample.add_double(1, value);
  sample.add_int64(2, t_ms);
  if (start_ms != 0) sample.add_int64(3, start_ms);
}

void add_metadata(pbf_writer& entry, uint32_t type, uint32_t help, uint32_t unit) {
  pbf_writer metadata(entry, 5);
  metadata.add_enum(1, static_cast<int32_t>(type));
  metadata.add_uint32(3, help);
  metadata.add_uint32(4, unit);
}

const std::vector<std::string> kSymbols = {"", "__name__", "up", "job", "x", "help text", "seconds", "h_bucket"};

TEST(RemoteWriteV2Decode, ReadsSeriesBySymbols) {
  Request request(kSymbols);
  request.series({1, 2, 3, 4}, [](pbf_writer& entry) {
    add_sample(entry, 1.5, 1000);
    add_sample(entry, 2.5, 2000, 500);
    add_metadata(entry, 2, 5, 6);
  });
  request.series({1, 7}, [](pbf_writer& entry) { add_sample(entry, 3, 3000); });
  const auto decoded = decode_remote_write_v2(snappy_encode(request.message()));
  ASSERT_TRUE(decoded.has_value()) << decoded.error().message;
  ASSERT_EQ(decoded->series.size(), 2u);
  EXPECT_THAT(decoded->labels_of(decoded->series[0]),
              ElementsAre(model::LabelView{"__name__", "up"}, model::LabelView{"job", "x"}));
  EXPECT_THAT(decoded->labels_of(decoded->series[1]), ElementsAre(model::LabelView{"__name__", "h_bucket"}));
  ASSERT_EQ(decoded->samples.size(), 3u);
  EXPECT_EQ(decoded->samples[1].value, 2.5);
  EXPECT_EQ(decoded->samples[1].t_ms, 2000);
  EXPECT_EQ(decoded->start_ms, (std::vector<TimestampMs>{0, 500, 0}));
  ASSERT_EQ(decoded->metadata.size(), 1u);
  EXPECT_EQ(decoded->metadata[0].type, 2u);
  EXPECT_EQ(decoded->metadata[0].metric_family, "up");
  EXPECT_EQ(decoded->metadata[0].help, "help text");
  EXPECT_EQ(decoded->metadata[0].unit, "seconds");
}

TEST(RemoteWriteV2Decode, ReadsHistogramsAndExemplars) {
  Request request(kSymbols);
  request.series({1, 2}, [](pbf_writer& entry) {
    {
      pbf_writer histogram(entry, 3);
      histogram.add_uint64(1, 7);
      histogram.add_int64(15, 1000);
      histogram.add_int64(17, 400);
    }
    pbf_writer exemplar(entry, 4);
    const std::vector<uint32_t> refs = {3, 4};
    exemplar.add_packed_uint32(1, refs.begin(), refs.end());
    exemplar.add_double(2, 0.5);
    exemplar.add_int64(3, 900);
  });
  const auto decoded = decode_write_request_v2(request.message());
  ASSERT_TRUE(decoded.has_value()) << decoded.error().message;
  ASSERT_EQ(decoded->histograms.size(), 1u);
  EXPECT_EQ(decoded->histograms[0].sample,
            (model::HistogramSample{.t_ms = 1000, .start_ms = 400, .value = model::Histogram{.count = 7}}));
  ASSERT_EQ(decoded->exemplars.size(), 1u);
  EXPECT_EQ(decoded->exemplars[0].t_ms, 900);
  EXPECT_THAT(decoded->labels_of(decoded->exemplars[0]), ElementsAre(model::LabelView{"job", "x"}));
}

TEST(RemoteWriteV2Decode, FindsSymbolsThatComeLast) {
  std::string message;
  pbf_writer request(message);
  {
    pbf_writer entry(request, 5);
    entry.add_uint32(1, 1);  // not packed
    entry.add_uint32(1, 2);
  }
  for (const char* symbol : {"", "__name__", "up"}) request.add_string(4, symbol);
  const auto decoded = decode_write_request_v2(message);
  ASSERT_TRUE(decoded.has_value()) << decoded.error().message;
  EXPECT_THAT(decoded->labels_of(decoded->series.at(0)), ElementsAre(model::LabelView{"__name__", "up"}));
}

TEST(RemoteWriteV2Decode, GivesMetadataOncePerFamily) {
  Request request({"", "__name__", "h_bucket", "h_count", "h_sum", "c_count", "help"});
  for (const uint32_t name : {2, 3, 4}) {
    request.series({1, name}, [](pbf_writer& entry) { add_metadata(entry, 3, 6, 0); });
  }
  request.series({1, 5}, [](pbf_writer& entry) { add_metadata(entry, 1, 6, 0); });
  request.series({1, 5}, [](pbf_writer& entry) { add_metadata(entry, 0, 0, 0); });
  const auto decoded = decode_write_request_v2(request.message());
  ASSERT_TRUE(decoded.has_value()) << decoded.error().message;
  ASSERT_EQ(decoded->metadata.size(), 2u);
  EXPECT_EQ(decoded->metadata[0].metric_family, "h");
  EXPECT_EQ(decoded->metadata[1].metric_family, "c_count");
}

// The two messages have no field number in common, so that one read as the other is empty.
TEST(RemoteWriteV2Decode, ReadsNothingOfTheOtherMessage) {
  Request request(kSymbols);
  request.series({1, 2}, [](pbf_writer& entry) { add_sample(entry, 1, 1); });
  const auto as_v1 = decode_write_request(request.message());
  ASSERT_TRUE(as_v1.has_value());
  EXPECT_TRUE(as_v1->series.empty());
}

TEST(RemoteWriteV2Decode, NamesWhatIsMalformedAndWhere) {
  const auto with = [](std::vector<uint32_t> refs, auto&& fill) {
    Request request(kSymbols);
    request.series(std::move(refs), fill);
    return request.message();
  };
  const std::pair<std::string, const char*> cases[] = {
      {with({1, 99}, [](pbf_writer&) {}), "a reference to symbol 99 of 8, in field 1 of timeseries at byte"},
      {with({1}, [](pbf_writer&) {}), "an odd number of label references"},
      {with({1, 2}, [](pbf_writer& entry) { add_metadata(entry, 1, 50, 0); }), "a reference to symbol 50 of 8"},
      {with({1, 2}, [](pbf_writer& entry) { entry.add_uint64(2, 1); }), "wrong wire type 0 for field 2"},
      {with({1, 2}, [](pbf_writer& entry) { entry.add_string(2, "\x09"); }), "cut off"},
      {with({1, 2},
            [](pbf_writer& entry) {
              pbf_writer exemplar(entry, 4);
              exemplar.add_uint32(1, 3);
            }),
       "an odd number of label references"},
      {std::string("\x28\x01"), "wrong wire type 0 for field 5"},
  };
  for (const auto& [message, text] : cases) {
    const auto decoded = decode_write_request_v2(message);
    ASSERT_FALSE(decoded.has_value()) << text;
    EXPECT_EQ(decoded.error().code, ErrorCode::kMalformed);
    EXPECT_THAT(decoded.error().message, HasSubstr("malformed io.prometheus.write.v2.Request"));
    EXPECT_THAT(decoded.error().message, HasSubstr(text));
  }
}

TEST(RemoteWriteV2Decode, BoundsEveryCount) {
  Request request(kSymbols);
  for (int i = 0; i < 2; ++i) {
    request.series({1, 2}, [](pbf_writer& entry) {
      add_sample(entry, 1, 1);
      entry.add_string(3, "");
      entry.add_string(4, "");
    });
  }
  const std::pair<RemoteWriteLimits, const char*> cases[] = {
      {{.decoded_bytes_max = 10}, "at most 10 are taken"}, {{.symbols_max = 7}, "more than 7 symbols"},
      {{.series_max = 1}, "more than 1 series"},           {{.samples_max = 1}, "more than 1 samples"},
      {{.labels_max = 1}, "more than 1 labels"},           {{.histograms_max = 1}, "more than 1 native histograms"},
      {{.exemplars_max = 1}, "more than 1 exemplars"},
  };
  EXPECT_TRUE(decode_write_request_v2(request.message()));
  for (const auto& [limits, text] : cases) {
    const auto decoded = decode_write_request_v2(request.message(), limits);
    ASSERT_FALSE(decoded.has_value()) << text;
    EXPECT_EQ(decoded.error().code, ErrorCode::kTooLarge);
    EXPECT_THAT(decoded.error().message, HasSubstr(text));
  }
}

}  // namespace
}  // namespace sluice::wire
