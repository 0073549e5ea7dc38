#include "tsdb/wal_sections.h"

#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/bucket_spans.h"
#include "model/sample.h"
#include "tsdb/chunk_vectors.h"

namespace sluice::tsdb {
namespace {

using model::Exemplar;
using model::FloatHistogram;
using model::Histogram;
using model::HistogramSample;

std::string text(const WalHistogram& histogram) {
  return fmt::format("{} {} ", histogram.ref, histogram.sample.value.index()) +
         std::visit(
             [&](const auto& h) {
               return testing_support::sample_text(histogram.sample.t_ms, histogram.sample.start_ms, h);
             },
             histogram.sample.value);
}

std::vector<WalHistogram> samples() {
  Histogram gauge{.counter_reset_hint = model::CounterResetHint::kGauge,
                  .schema = -4,
                  .zero_threshold = 0.5,
                  .zero_count = 1,
                  .count = 200,
                  .sum = 1.5,
                  .positive_spans = {{-3, 2}, {0, 0}, {2, 1}},
                  .negative_spans = {{1, 1}},
                  .positive_deltas = {5, -2, 100},
                  .negative_deltas = {3}};
  FloatHistogram custom{.schema = model::kCustomBucketsSchema,
                        .count = 2.5,
                        .sum = -1,
                        .positive_spans = {{0, 2}},
                        .positive_buckets = {1, 1.5},
                        .custom_values = {0.5, 1}};
  FloatHistogram stale{.sum = model::stale_nan()};
  return {{7, {.t_ms = 1'700'000'000'000, .start_ms = 1'600'000'000'000, .value = gauge}},
          {8, {.t_ms = 1'700'000'000'000, .value = custom}},
          {3, {.t_ms = -5, .value = stale}},
          {(uint64_t{1} << 56) - 1, {.t_ms = INT64_MAX, .start_ms = INT64_MIN, .value = Histogram()}},
          {1, {.t_ms = INT64_MIN, .start_ms = 1, .value = Histogram{.sum = model::stale_nan()}}}};
}

std::string encode(const std::vector<WalHistogram>& histograms) {
  WalHistogramWriter writer;
  for (const auto& [ref, sample] : histograms) writer.add(ref, sample);
  EXPECT_EQ(writer.count(), histograms.size());
  return std::move(writer).finish();
}

TEST(WalHistograms, ComeBackAsTheyWere) {
  const std::string bytes = encode(samples());
  ByteReader in(bytes);
  const auto read = read_wal_histograms(in);
  ASSERT_TRUE(read) << read.error().message;
  ASSERT_EQ(read->size(), samples().size());
  for (size_t i = 0; i < read->size(); ++i) EXPECT_EQ(text((*read)[i]), text(samples()[i]));
}

TEST(WalHistograms, TakeFewBytesForAStaleMarker) {
  const std::string bytes = encode({{1, {.t_ms = 0, .value = Histogram{.sum = model::stale_nan()}}}});
  EXPECT_EQ(bytes.size(), 3u);
}

TEST(WalHistograms, SayWhereTheyAreCut) {
  const std::string bytes = encode(samples());
  for (size_t size = 0; size < bytes.size(); ++size) {
    ByteReader in(std::string_view(bytes).substr(0, size));
    const auto read = read_wal_histograms(in);
    ASSERT_FALSE(read) << size;
    EXPECT_EQ(read.error().code, ErrorCode::kMalformed);
  }
  const std::string longer = bytes + '\0';
  ByteReader in(longer);
  EXPECT_THAT(read_wal_histograms(in).error().message, testing::HasSubstr("bytes after the last histogram at byte"));
}

TEST(WalHistograms, RefuseAbsurdCounts) {
  // A count, a head of reference 1, schema 0, zero threshold, counts, sum, then a span of 2^31 buckets.
  std::string bytes("\x01\x80\x02", 3);
  bytes += std::string(1 + 8 + 1 + 1 + 8, '\0');
  bytes += std::string("\x01\x00", 2);
  append_varint(bytes, uint64_t{1} << 31);
  ByteReader in(bytes);
  EXPECT_THAT(read_wal_histograms(in).error().message, testing::HasSubstr("too many buckets"));
}

TEST(WalExemplars, ComeBackAsTheyWere) {
  const std::vector<WalExemplar> all = {
      {5, {model::Labels::from({{"trace_id", "abc"}, {"span_id", "d"}}), 0.5, 1'700'000'000'000}},
      {4, {model::Labels(), -1, INT64_MIN}},
      {(uint64_t{1} << 56) - 1, {model::Labels(), 0, INT64_MAX}}};
  WalExemplarWriter writer;
  for (const auto& [ref, exemplar] : all) writer.add(ref, exemplar);
  EXPECT_EQ(writer.count(), all.size());
  const std::string bytes = std::move(writer).finish();
  ByteReader in(bytes);
  const auto read = read_wal_exemplars(in);
  ASSERT_TRUE(read) << read.error().message;
  ASSERT_EQ(read->size(), all.size());
  for (size_t i = 0; i < all.size(); ++i) {
    EXPECT_EQ((*read)[i].ref, all[i].ref);
    EXPECT_EQ((*read)[i].exemplar, all[i].exemplar);
  }
  for (size_t size = 0; size < bytes.size(); ++size) {
    ByteReader cut(std::string_view(bytes).substr(0, size));
    EXPECT_EQ(read_wal_exemplars(cut).error().code, ErrorCode::kMalformed) << size;
  }
}

TEST(WalMetadataEntries, ComeBackAsTheyWere) {
  const std::vector<WalMetadata> all = {{"up", {2, "whether it is", ""}}, {"", {UINT32_MAX, "", "bytes"}}};
  WalMetadataWriter writer;
  for (const auto& [family, metadata] : all) writer.add(family, metadata);
  EXPECT_EQ(writer.count(), all.size());
  const std::string bytes = std::move(writer).finish();
  ByteReader in(bytes);
  const auto read = read_wal_metadata(in);
  ASSERT_TRUE(read) << read.error().message;
  ASSERT_EQ(read->size(), all.size());
  for (size_t i = 0; i < all.size(); ++i) {
    EXPECT_EQ((*read)[i].metric_family, all[i].metric_family);
    EXPECT_EQ((*read)[i].metadata, all[i].metadata);
  }
  for (size_t size = 0; size < bytes.size(); ++size) {
    ByteReader cut(std::string_view(bytes).substr(0, size));
    EXPECT_EQ(read_wal_metadata(cut).error().code, ErrorCode::kMalformed) << size;
  }
}

}  // namespace
}  // namespace sluice::tsdb
