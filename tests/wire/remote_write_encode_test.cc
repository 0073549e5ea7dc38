#include <limits>

#include <gtest/gtest.h>

#include "wire/captures.h"
#include "wire/remote_write.h"

namespace sluice::wire {
namespace {

TEST(RemoteWriteEncode, WhatIsEncodedDecodesToTheSame) {
  const std::vector<OutgoingSeries> series = {
      {model::Labels::from({{"__name__", "up"}, {"job", "a \"b\""}}),
       {{std::numeric_limits<int64_t>::min(), -0.0},
        {0, model::stale_nan()},
        {std::numeric_limits<int64_t>::max(), 1e300}}},
      {model::Labels::from({{"__name__", "my.metric"}}), {}},
  };
  const std::vector<OutgoingMetadata> metadata = {{1, "up", "Whether it is up.", ""}, {3, "h", "", "seconds"}};
  const auto batch = decode_remote_write(encode_remote_write(series, metadata));
  ASSERT_TRUE(batch.has_value()) << batch.error().message;
  ASSERT_EQ(batch->series.size(), series.size());
  for (size_t i = 0; i < series.size(); ++i) {
    EXPECT_EQ(model::Labels::from_views(batch->labels_of(batch->series[i])), series[i].labels);
    const auto samples = batch->samples_of(batch->series[i]);
    ASSERT_EQ(samples.size(), series[i].samples.size());
    for (size_t j = 0; j < samples.size(); ++j) {
      EXPECT_EQ(samples[j].t_ms, series[i].samples[j].t_ms);
      EXPECT_EQ(std::bit_cast<uint64_t>(samples[j].value), std::bit_cast<uint64_t>(series[i].samples[j].value));
    }
  }
  ASSERT_EQ(batch->metadata.size(), 2u);
  EXPECT_EQ(batch->metadata[0].type, 1u);
  EXPECT_EQ(batch->metadata[0].help, "Whether it is up.");
  EXPECT_EQ(batch->metadata[1].unit, "seconds");
}

TEST(RemoteWriteEncode, NothingEncodesToAnEmptyRequest) {
  const auto batch = decode_remote_write(encode_remote_write({}));
  ASSERT_TRUE(batch.has_value());
  EXPECT_TRUE(batch->series.empty());
}

// A capture taken apart, encoded by us and decoded again is the same request.
TEST(RemoteWriteEncode, ReproducesWhatPrometheus253Sends) {
  if (testing_support::captures_directory().empty()) GTEST_SKIP() << "no conformance data";
  for (const auto& path : testing_support::remote_write_captures()) {
    const auto original = decode_remote_write(testing_support::body_of(testing_support::read_whole(path)));
    ASSERT_TRUE(original.has_value());
    std::vector<OutgoingSeries> series;
    for (const auto& entry : original->series) {
      const auto samples = original->samples_of(entry);
      series.push_back({model::Labels::from_views(original->labels_of(entry)), {samples.begin(), samples.end()}});
    }
    std::vector<OutgoingMetadata> metadata;
    for (const auto& entry : original->metadata) {
      metadata.push_back(
          {entry.type, std::string(entry.metric_family), std::string(entry.help), std::string(entry.unit)});
    }
    const auto again = decode_remote_write(encode_remote_write(series, metadata));
    ASSERT_TRUE(again.has_value()) << again.error().message;
    EXPECT_TRUE(again->buffer == original->buffer) << path;  // byte for byte
  }
}

}  // namespace
}  // namespace sluice::wire
