#include "bench/batcher.h"

#include <map>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bench/recorder.h"
#include "model/labels.h"
#include "wire/remote_write.h"

namespace sluice::bench {
namespace {

struct Delivered {
  size_t shard;
  Batch batch;
};

std::vector<Delivered> batches_of(const LoadOptions& options, uint32_t scrapes) {
  std::vector<Delivered> delivered;
  Batcher batcher(options, [&](size_t shard, Batch batch) { delivered.push_back({shard, std::move(batch)}); });
  Fleet fleet(options);
  for (uint32_t i = 0; i < scrapes; ++i) fleet.scrape(batcher);
  batcher.flush();
  return delivered;
}

TEST(Batcher, EveryRequestDecodesToOneSampleAnEntryAndNothingIsLost) {
  const LoadOptions options = small_load();
  std::map<std::string, std::vector<model::Sample>> decoded;
  uint64_t samples = 0;
  for (const auto& [shard, batch] : batches_of(options, options.scrapes)) {
    const auto request = wire::decode_remote_write(batch.body);
    ASSERT_TRUE(request.has_value()) << request.error().message;
    ASSERT_EQ(request->series.size(), batch.samples);
    samples += batch.samples;
    for (const auto& entry : request->series) {
      ASSERT_EQ(entry.sample_count, 1u);
      auto& of_series = decoded[model::Labels::from_views(request->labels_of(entry)).to_string()];
      const model::Sample sample = request->samples_of(entry).front();
      if (!of_series.empty()) ASSERT_LT(of_series.back().t_ms, sample.t_ms) << "in order";
      of_series.push_back(sample);
    }
  }
  Recorder recorder;
  Fleet fleet(options);
  for (uint32_t i = 0; i < options.scrapes; ++i) fleet.scrape(recorder);
  EXPECT_EQ(samples, recorder.samples.size());
  EXPECT_EQ(decoded.size(), fleet.series_created());
}

TEST(Batcher, ASeriesStaysOnItsShard) {
  std::map<std::string, std::set<size_t>> shards;
  for (const auto& [shard, batch] : batches_of(small_load(), 3)) {
    const auto request = wire::decode_remote_write(batch.body);
    for (const auto& entry : request->series) {
      shards[model::Labels::from_views(request->labels_of(entry)).to_string()].insert(shard);
    }
  }
  std::set<size_t> used;
  for (const auto& [labels, of_series] : shards) {
    ASSERT_EQ(of_series.size(), 1u) << labels;
    used.insert(*of_series.begin());
  }
  EXPECT_THAT(used, testing::ElementsAre(0, 1));
}

TEST(Batcher, RequestsAreFullWhateverTheScrapeSoTheirEdgesDrift) {
  LoadOptions options = small_load();
  options.samples_per_request = 700;
  options.churn_fraction = 0;
  const auto delivered = batches_of(options, options.scrapes);
  size_t partial = 0;
  size_t across = 0;
  for (const auto& [shard, batch] : delivered) {
    partial += batch.samples != options.samples_per_request;
    std::set<TimestampMs> scrapes;
    const auto request = wire::decode_remote_write(batch.body);
    for (const auto& entry : request->series) {
      scrapes.insert((request->samples_of(entry).front().t_ms - options.first_scrape_ms) / options.interval_ms);
    }
    across += scrapes.size() > 1;
  }
  EXPECT_LE(partial, options.shards) << "only the last of each shard";
  EXPECT_GE(across, options.scrapes - 1);
}

TEST(Batcher, PacedRequestsWaitNoLongerThanTheDeadline) {
  LoadOptions options = small_load();
  options.pace_ms = options.interval_ms;
  options.batch_deadline_ms = 1'000;
  int64_t due_before[2] = {0, 0};
  size_t partial = 0;
  for (const auto& [shard, batch] : batches_of(options, options.scrapes)) {
    EXPECT_GE(batch.due_ms, due_before[shard]) << "due in order";
    due_before[shard] = batch.due_ms;
    partial += batch.samples < options.samples_per_request;
  }
  EXPECT_GT(partial, 2 * options.shards);
}

TEST(Produce, TheFirstScrapeIsAPhaseOfItsOwn) {
  const LoadOptions options = small_load();
  BatchQueues queues(options.shards, size_t{1} << 30);
  EXPECT_GT(produce(options, queues), options.series);
  const auto samples_of_phase = [&] {
    uint64_t samples = 0;
    for (size_t shard = 0; shard < options.shards; ++shard) {
      while (const auto batch = queues.pop(shard)) samples += batch->samples;
    }
    return samples;
  };
  EXPECT_EQ(samples_of_phase(), options.series);
  EXPECT_GT(samples_of_phase(), options.series * (options.scrapes - 1)) << "with the stale markers of replaced pods";
  EXPECT_EQ(samples_of_phase(), 0u);
}

}  // namespace
}  // namespace sluice::bench
