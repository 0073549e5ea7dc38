#include "base/metrics.h"

#include <cmath>
#include <limits>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice {
namespace {

TEST(MetricRegistry, ExposesThePrometheusTextFormat) {
  MetricRegistry registry;
  registry.gauge("sluice_temperature", "With \\ and\nbreak.").set(-0.5);
  registry.counter("sluice_requests_total", "Requests.", {{"code", "200"}, {"path", "a\"b\\c\n"}}).add(3);
  registry.counter("sluice_requests_total", "Requests.", {{"code", "500"}}).add();
  registry.gauge_function("sluice_free", "Free.", {}, [] { return std::numeric_limits<double>::infinity(); });
  auto& histogram = registry.histogram("sluice_sync_seconds", "Syncs.", {0.005, 1}, {{"ws", "x"}});
  for (const double value : {0.005, 0.006, 2.0}) histogram.observe(value);
  EXPECT_EQ(registry.expose(), R"(# HELP sluice_free Free.
# TYPE sluice_free gauge
sluice_free +Inf
# HELP sluice_requests_total Requests.
# TYPE sluice_requests_total counter
sluice_requests_total{code="200",path="a\"b\\c\n"} 3
sluice_requests_total{code="500"} 1
# HELP sluice_sync_seconds Syncs.
# TYPE sluice_sync_seconds histogram
sluice_sync_seconds_bucket{ws="x",le="0.005"} 1
sluice_sync_seconds_bucket{ws="x",le="1"} 2
sluice_sync_seconds_bucket{ws="x",le="+Inf"} 3
sluice_sync_seconds_sum{ws="x"} 2.011
sluice_sync_seconds_count{ws="x"} 3
# HELP sluice_temperature With \\ and\nbreak.
# TYPE sluice_temperature gauge
sluice_temperature -0.5
)");
}

TEST(MetricRegistry, GivesTheSameHandleAgain) {
  MetricRegistry registry;
  Counter& first = registry.counter("a_total", "A.", {{"x", "1"}});
  for (int i = 0; i < 100; ++i) registry.counter("a_total", "A.", {{"x", std::to_string(i)}});
  EXPECT_EQ(&first, &registry.counter("a_total", "A.", {{"x", "1"}}));
}

TEST(MetricRegistry, RemovesComputedGaugesByTheirLabels) {
  MetricRegistry registry;
  registry.gauge_function("series", "S.", {{"ws", "a"}}, [] { return 1.0; });
  registry.gauge_function("series", "S.", {{"ws", "b"}}, [] { return 2.0; });
  registry.gauge("kept", "K.", {{"ws", "a"}}).set(3);
  registry.remove_gauge_functions({{"ws", "a"}});
  const std::string text = registry.expose();
  EXPECT_THAT(text, ::testing::Not(::testing::HasSubstr("series{ws=\"a\"}")));
  EXPECT_THAT(text, ::testing::HasSubstr("series{ws=\"b\"} 2\n"));
  EXPECT_THAT(text, ::testing::HasSubstr("kept{ws=\"a\"} 3\n"));
}

TEST(MetricRegistry, CountsFromManyThreads) {
  MetricRegistry registry;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < 1000; ++i) {
          registry.counter("a_total", "A.").add();
          registry.histogram("h", "H.", {1, 2}).observe(1.5);
        }
      });
    }
  }
  EXPECT_EQ(registry.counter("a_total", "A.").value(), 4000u);
  EXPECT_THAT(registry.histogram("h", "H.", {1, 2}).counts(), ::testing::ElementsAre(0, 4000, 0));
}

TEST(HistogramMetric, PutsNanIntoTheLastBucket) {
  HistogramMetric histogram({1});
  histogram.observe(std::nan(""));
  EXPECT_THAT(histogram.counts(), ::testing::ElementsAre(0, 1));
}

TEST(MetricRegistryDeathTest, RefusesAnotherTypeUnderOneName) {
  MetricRegistry registry;
  registry.counter("a", "A.");
  EXPECT_DEATH(registry.gauge("a", "A."), "another type");
}

}  // namespace
}  // namespace sluice
