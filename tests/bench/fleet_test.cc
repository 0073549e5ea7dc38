#include "bench/fleet.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <map>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/coding.h"
#include "bench/recorder.h"
#include "model/sample.h"

namespace sluice::bench {
namespace {

std::vector<RecordedSample> scrape_of(Fleet& fleet) {
  Recorder recorder;
  fleet.scrape(recorder);
  return std::move(recorder.samples);
}

/// Names and values, in the order of the encoded labels.
std::vector<std::pair<std::string, std::string>> decode(std::string_view labels) {
  std::vector<std::pair<std::string, std::string>> pairs;
  for (ByteReader reader(labels); !reader.empty();) {
    EXPECT_EQ(reader.le<uint8_t>(), 0x0a);
    ByteReader label(reader.prefixed_bytes().value());
    EXPECT_EQ(label.le<uint8_t>(), 0x0a);
    const std::string name(label.prefixed_bytes().value());
    EXPECT_EQ(label.le<uint8_t>(), 0x12);
    pairs.emplace_back(name, label.prefixed_bytes().value());
    EXPECT_TRUE(label.empty());
  }
  return pairs;
}

std::vector<uint64_t> refs_of(const std::vector<RecordedSample>& samples) {
  std::vector<uint64_t> refs;
  refs.reserve(samples.size());
  for (const auto& sample : samples) refs.push_back(sample.ref);
  return refs;
}

TEST(Fleet, EqualSeedsMakeEqualLoadsAndOtherSeedsOthers) {
  LoadOptions options = small_load();
  Fleet one(options);
  Fleet same(options);
  options.seed = 2;
  Fleet other(options);
  for (uint32_t scrape = 0; scrape < options.scrapes; ++scrape) {
    const auto a = scrape_of(one);
    const auto b = scrape_of(same);
    const auto c = scrape_of(other);
    ASSERT_EQ(a.size(), b.size());
    for (size_t i = 0; i < a.size(); ++i) {
      ASSERT_EQ(a[i].labels, b[i].labels);
      ASSERT_EQ(a[i].t_ms, b[i].t_ms);
      ASSERT_EQ(std::bit_cast<uint64_t>(a[i].value), std::bit_cast<uint64_t>(b[i].value));
    }
    EXPECT_NE(a.front().labels, c.front().labels);
  }
}

TEST(Fleet, EverySeriesHasElevenToFourteenSortedLabelsAndNoTwoSeriesTheSame) {
  LoadOptions options = small_load();
  options.series = 40'000;
  Fleet fleet(options);
  std::set<std::string> seen;
  std::set<size_t> counts;
  for (const auto& sample : scrape_of(fleet)) {
    ASSERT_TRUE(seen.insert(sample.labels).second) << testing::PrintToString(decode(sample.labels));
    const auto labels = decode(sample.labels);
    counts.insert(labels.size());
    ASSERT_TRUE(std::ranges::is_sorted(labels)) << testing::PrintToString(labels);
    for (size_t i = 1; i < labels.size(); ++i) ASSERT_NE(labels[i - 1].first, labels[i].first);
    for (const auto& [name, value] : labels) ASSERT_FALSE(value.empty()) << name;
  }
  EXPECT_THAT(counts, testing::ElementsAre(11, 12, 13, 14));
  EXPECT_EQ(seen.size(), options.series);
}

TEST(Fleet, HasExactlyTheSeriesAskedForHoweverFew) {
  for (const uint64_t series : {1u, 7u, 143u, 999u, 12'345u}) {
    LoadOptions options = small_load();
    options.series = series;
    Fleet fleet(options);
    EXPECT_EQ(scrape_of(fleet).size(), series);
  }
}

TEST(Fleet, OrderOfTargetsChangesFromScrapeToScrape) {
  LoadOptions options = small_load();
  options.series = 40'000;
  options.churn_fraction = 0;
  Fleet fleet(options);
  const auto first = refs_of(scrape_of(fleet));
  const auto second = refs_of(scrape_of(fleet));
  EXPECT_NE(first, second);
  EXPECT_THAT(std::set(first.begin(), first.end()), testing::ContainerEq(std::set(second.begin(), second.end())));
}

TEST(Fleet, TimestampsOfASeriesAreAnIntervalApart) {
  LoadOptions options = small_load();
  options.churn_fraction = 0;
  Fleet fleet(options);
  std::map<uint64_t, TimestampMs> before;
  for (const auto& sample : scrape_of(fleet)) {
    before[sample.ref] = sample.t_ms;
    ASSERT_GE(sample.t_ms, options.first_scrape_ms);
    ASSERT_LT(sample.t_ms, options.first_scrape_ms + options.interval_ms);
  }
  for (const auto& sample : scrape_of(fleet)) ASSERT_EQ(sample.t_ms, before.at(sample.ref) + options.interval_ms);
}

TEST(Fleet, ReplacedPodsEndInStaleMarkersAndNewOnesTakeTheirPlace) {
  const LoadOptions options = small_load();
  Fleet fleet(options);
  std::set<std::string> active;
  for (const auto& sample : scrape_of(fleet)) active.insert(sample.labels);
  (void)scrape_of(fleet);
  const uint64_t created_before = fleet.series_created();

  size_t stale = 0;
  size_t fresh = 0;
  for (const auto& sample : scrape_of(fleet)) {
    if (model::is_stale(sample.value)) {
      ++stale;
      EXPECT_EQ(active.erase(sample.labels), 1u) << "a marker ends a series that was there";
    } else if (active.insert(sample.labels).second) {
      ++fresh;
    }
  }
  EXPECT_GT(stale, 0u);
  EXPECT_EQ(stale, fresh);
  EXPECT_EQ(fleet.series_created(), created_before + fresh);
  EXPECT_EQ(active.size(), options.series);
  EXPECT_EQ(scrape_of(fleet).size(), options.series) << "a marker is written once";
}

TEST(Fleet, ManyValuesStandStillAndCountersNeverFall) {
  LoadOptions options = small_load();
  options.churn_fraction = 0;
  Fleet fleet(options);
  std::map<uint64_t, RecordedSample> before;
  for (const auto& sample : scrape_of(fleet)) before.emplace(sample.ref, sample);
  size_t unchanged = 0;
  size_t grown = 0;
  for (const auto& sample : scrape_of(fleet)) {
    const RecordedSample& earlier = before.at(sample.ref);
    unchanged += sample.value == earlier.value;
    grown += sample.value > earlier.value;
    const std::string name = decode(sample.labels).front().second;
    if (name.ends_with("_total") || name.ends_with("_bucket") || name.ends_with("_count") || name.ends_with("_sum")) {
      ASSERT_GE(sample.value, earlier.value) << name;
    }
    ASSERT_TRUE(std::isfinite(sample.value)) << name;
  }
  EXPECT_GT(unchanged, options.series / 4);
  EXPECT_GT(grown, options.series / 10);
}

TEST(Fleet, BucketsOfAHistogramAreCumulative) {
  Fleet fleet(small_load());
  std::map<std::vector<std::pair<std::string, std::string>>, std::map<double, double>> histograms;
  for (const auto& sample : scrape_of(fleet)) {
    auto labels = decode(sample.labels);
    const auto le = std::ranges::find(labels, "le", [](const auto& label) { return label.first; });
    if (le == labels.end()) continue;
    const double bound = std::stod(le->second);
    labels.erase(le);
    histograms[labels][bound] = sample.value;
  }
  ASSERT_FALSE(histograms.empty());
  for (const auto& [labels, buckets] : histograms) {
    double below = 0;
    for (const auto& [bound, count] : buckets) {
      ASSERT_GE(count, below) << testing::PrintToString(labels);
      below = count;
    }
  }
}

TEST(Fleet, PacedSamplesAreDueThroughoutTheirScrape) {
  LoadOptions options = small_load();
  options.pace_ms = 3'000;
  options.churn_fraction = 0;
  Fleet fleet(options);
  (void)scrape_of(fleet);
  for (const auto& sample : scrape_of(fleet)) {
    ASSERT_GE(sample.due_ms, options.pace_ms);
    ASSERT_LT(sample.due_ms, 2 * options.pace_ms);
  }
}

}  // namespace
}  // namespace sluice::bench
