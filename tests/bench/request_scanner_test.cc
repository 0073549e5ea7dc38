#include "bench/request_scanner.h"

#include <set>

#include <gtest/gtest.h>

#include "base/coding.h"
#include "bench/batcher.h"
#include "bench/recorder.h"
#include "bench/series_table.h"
#include "wire/remote_write.h"
#include "wire/snappy_block.h"

namespace sluice::bench {
namespace {

std::string decoded_request(std::vector<wire::OutgoingSeries> series) {
  return *wire::snappy_decode(wire::encode_remote_write(series), 1 << 20);
}

TEST(RequestScanner, FindsEverySeriesAndItsNewestTimestamp) {
  const auto up = model::Labels::from({{"__name__", "up"}, {"job", "a"}});
  const auto down = model::Labels::from({{"__name__", "down"}});
  const auto entries =
      scan_write_request(decoded_request({{up, {{1000, 1}, {3000, 2}}}, {down, {}}, {up, {{2000, 0}}}}));
  ASSERT_TRUE(entries.has_value()) << entries.error().message;
  ASSERT_EQ(entries->size(), 3u);
  EXPECT_EQ((*entries)[0].newest_ms, 3000);
  EXPECT_EQ((*entries)[1].newest_ms, 0);
  EXPECT_EQ((*entries)[2].newest_ms, 2000);
  EXPECT_EQ((*entries)[0].labels, (*entries)[2].labels);
  EXPECT_NE((*entries)[0].labels, (*entries)[1].labels);
}

TEST(RequestScanner, AgreesWithTheDecoderOnAGeneratedRequest) {
  const LoadOptions options = small_load();
  BatchQueues queues(options.shards, size_t{1} << 30);
  (void)produce(options, queues);
  const Batch batch = *queues.pop(0);
  const auto entries = scan_write_request(*wire::snappy_decode(batch.body, 64 << 20));
  const auto request = wire::decode_remote_write(batch.body);
  ASSERT_TRUE(entries.has_value()) << entries.error().message;
  ASSERT_EQ(entries->size(), request->series.size());
  for (size_t i = 0; i < entries->size(); ++i) {
    ASSERT_EQ((*entries)[i].newest_ms, request->samples_of(request->series[i]).front().t_ms);
  }
}

TEST(RequestScanner, EveryCutIsRefusedOrEndsBetweenEntries) {
  const std::string message = decoded_request({{model::Labels::from({{"__name__", "up"}}), {{1000, 1}}},
                                               {model::Labels::from({{"__name__", "down"}}), {{1000, 1}}}});
  size_t taken = 0;
  for (size_t size = 0; size <= message.size(); ++size) {
    const auto entries = scan_write_request(std::string_view(message).substr(0, size));
    taken += entries.has_value();
    if (!entries) EXPECT_EQ(entries.error().code, ErrorCode::kMalformed);
  }
  EXPECT_EQ(taken, 3u) << "nothing, one entry, both";
}

TEST(SeriesTable, KeepsEverySeriesApartAsItGrows) {
  SeriesTable table;
  constexpr int kSeries = 50'000;
  for (int i = 0; i < kSeries; ++i) table.at(hash128(std::to_string(i))) = i + 1;
  EXPECT_EQ(table.size(), static_cast<size_t>(kSeries));
  for (int i = 0; i < kSeries; ++i) ASSERT_EQ(table.at(hash128(std::to_string(i))), i + 1);
  EXPECT_EQ(table.size(), static_cast<size_t>(kSeries));
}

TEST(SeriesTable, EqualLowHalvesAreToldApart) {
  SeriesTable table;
  table.at({.low = 5, .high = 1}) = 10;
  table.at({.low = 5, .high = 2}) = 20;
  EXPECT_EQ(table.at({.low = 5, .high = 1}), 10);
  EXPECT_EQ(table.at({.low = 5, .high = 2}), 20);
}

}  // namespace
}  // namespace sluice::bench
