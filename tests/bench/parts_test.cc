// The small parts of sluice-bench: values, queues, percentiles, options, and what is read of a process.
#include <atomic>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <thread>

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bench/batch_queues.h"
#include "bench/latency.h"
#include "bench/load_options.h"
#include "bench/process_stats.h"
#include "bench/value_recipe.h"

namespace sluice::bench {
namespace {

using std::chrono::milliseconds;

TEST(ValueRecipe, SlowCountersMoveNowAndThen) {
  const ValueRecipe recipe{.start = 10, .step = 0.2F, .seed = 7, .kind = ValueKind::kCount};
  int moves = 0;
  for (uint32_t age = 1; age <= 100; ++age) {
    const double change = value_at(recipe, age) - value_at(recipe, age - 1);
    ASSERT_GE(change, 0);
    ASSERT_EQ(change, std::floor(change));
    moves += change > 0;
  }
  EXPECT_GT(moves, 5);
  EXPECT_LT(moves, 60);
}

TEST(ValueRecipe, GaugesStayWithinTheirStep) {
  const ValueRecipe recipe{.start = 50, .step = 10, .seed = 7, .kind = ValueKind::kGaugeReal};
  for (uint32_t age = 0; age < 200; ++age) {
    EXPECT_NEAR(value_at(recipe, age), 50, 10);
    EXPECT_NE(value_at(recipe, age), value_at(recipe, age + 1));
  }
}

Batch batch_of(size_t bytes) { return {.body = std::string(bytes, 'x'), .samples = 1}; }

TEST(BatchQueues, KeepEachShardsOrderAndTellThePhasesEndOnce) {
  BatchQueues queues(2, 100);
  EXPECT_TRUE(queues.push(0, batch_of(1)));
  EXPECT_TRUE(queues.push(0, batch_of(2)));
  queues.end_phase();
  EXPECT_TRUE(queues.push(0, batch_of(3)));
  queues.close();
  EXPECT_FALSE(queues.pop(1).has_value());
  EXPECT_EQ(queues.pop(0)->body.size(), 1u);
  EXPECT_EQ(queues.pop(0)->body.size(), 2u);
  EXPECT_FALSE(queues.pop(0).has_value());
  EXPECT_EQ(queues.pop(0)->body.size(), 3u);
  EXPECT_FALSE(queues.pop(0).has_value()) << "closed";
}

TEST(BatchQueues, AFullQueueHoldsTheEncoderUntilSomethingIsTaken) {
  BatchQueues queues(1, 10);
  EXPECT_TRUE(queues.push(0, batch_of(10)));
  std::atomic<bool> pushed = false;
  std::jthread encoder([&] {
    EXPECT_TRUE(queues.push(0, batch_of(5)));
    pushed = true;
  });
  queues.wait_until_ahead();
  std::this_thread::sleep_for(milliseconds(20));
  EXPECT_FALSE(pushed);
  EXPECT_EQ(queues.pop(0)->body.size(), 10u);
  EXPECT_EQ(queues.pop(0)->body.size(), 5u);
}

TEST(BatchQueues, CancellingWakesEverybody) {
  BatchQueues queues(2, 1);
  EXPECT_TRUE(queues.push(0, batch_of(1)));
  std::jthread encoder([&] { EXPECT_FALSE(queues.push(0, batch_of(1))); });
  std::jthread sender([&] { EXPECT_FALSE(queues.pop(1).has_value()); });
  queues.cancel();
  EXPECT_TRUE(queues.is_cancelled());
}

TEST(Latencies, PercentilesAreNearestRank) {
  Latencies latencies;
  EXPECT_EQ(latencies.percentile(0.99).count(), 0);
  for (int ms = 100; ms >= 1; --ms) latencies.add(milliseconds(ms));
  EXPECT_EQ(latencies.percentile(0), milliseconds(1));
  EXPECT_EQ(latencies.percentile(0.5), milliseconds(50));
  EXPECT_EQ(latencies.percentile(0.99), milliseconds(99));
  EXPECT_EQ(latencies.max(), milliseconds(100));
}

TEST(LoadOptions, AreRefusedByNameAndBound) {
  EXPECT_TRUE(check(LoadOptions()).has_value());
  LoadOptions options;
  options.pace_ms = options.interval_ms + 1;
  EXPECT_EQ(check(options).error().message, "--pace-ms is 15001; 0 to 15000 are taken");
  options = {};
  options.series = 0;
  EXPECT_NE(check(options).error().message.find("--series is 0"), std::string::npos);
  options = {};
  options.churn_fraction = 1.5;
  EXPECT_EQ(check(options).error().message, "--churn-percent is 150; 0 to 100 are taken");
}

TEST(LoadOptions, TheLastSamplesAreOfNowAndNoneOfTheFuture) {
  LoadOptions options;
  const TimestampMs start = 1'700'000'000'000;
  EXPECT_EQ(first_scrape_for_start_at(options, start) + options.scrapes * options.interval_ms, start);
  options.pace_ms = options.interval_ms;
  EXPECT_EQ(first_scrape_for_start_at(options, start), start) << "paced at the interval, samples are of their moment";
}

TEST(ProcessStats, CpuTimeGrowsWithWorkToTheNanosecond) {
  const auto before = cpu_time(getpid());
  ASSERT_TRUE(before.has_value()) << before.error().message;
  volatile uint64_t sum = 0;
  for (int i = 0; i < 2'000'000; ++i) sum = sum + 1;
  const auto after = cpu_time(getpid());
  EXPECT_GT(after->total, before->total);
  EXPECT_GE(after->user_s + after->system_s, before->user_s + before->system_s);
  EXPECT_NEAR(std::chrono::duration<double>(after->total).count(), after->user_s + after->system_s, 0.1);
}

TEST(ProcessStats, AnonymousMemoryShowsWhatIsTouched) {
  const auto before = memory(getpid());
  ASSERT_TRUE(before.has_value()) << before.error().message;
  // Mapped, not allocated: a heap may hand out pages that have been touched already.
  constexpr size_t kBytes = 32 << 20;
  void* block = mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
  ASSERT_NE(block, MAP_FAILED);
  const auto after = memory(getpid());
  munmap(block, kBytes);
  EXPECT_NEAR(static_cast<double>(after->rss_anon), static_cast<double>(before->rss_anon + kBytes), 1 << 20);
  EXPECT_GE(after->rss_peak, after->rss);
}

TEST(ProcessStats, AProcessThatIsNotThereIsNamed) {
  constexpr pid_t kNobody = 0x3fffffff;
  EXPECT_NE(cpu_time(kNobody).error().message.find("1073741823"), std::string::npos);
  EXPECT_EQ(memory(kNobody).error().code, ErrorCode::kNotFound);
}

TEST(DiskBytes, CountAllocatedBlocksAndAHardLinkOnce) {
  const std::filesystem::path directory =
      std::filesystem::temp_directory_path() / ("sluice-bench-disk-" + std::to_string(getpid()));
  std::filesystem::create_directories(directory / "below");
  std::ofstream(directory / "below" / "file") << std::string(1 << 20, 'x') << std::flush;
  const auto bytes = disk_bytes(directory);
  std::filesystem::create_hard_link(directory / "below" / "file", directory / "link");
  std::filesystem::resize_file(directory / "below" / "file", 1 << 20);
  const auto with_link = disk_bytes(directory);
  std::filesystem::remove_all(directory);
  ASSERT_TRUE(bytes.has_value()) << bytes.error().message;
  EXPECT_GE(*bytes, 1u << 20);
  EXPECT_LT(*bytes, 2u << 20);
  EXPECT_LT(*with_link, 2u << 20);
  EXPECT_FALSE(disk_bytes(directory).has_value());
}

}  // namespace
}  // namespace sluice::bench
