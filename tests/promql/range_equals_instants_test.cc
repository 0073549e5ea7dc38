#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "promql/classic_histogram.h"
#include "promql/engine.h"
#include "promql/memory_storage.h"

// A range query walks its windows and columns incrementally; an instant query starts anew. Both must agree.
namespace sluice::promql {
namespace {

constexpr int64_t kScrapeMs = 15'000;
constexpr int64_t kEndMs = 40 * 60'000;

/// Counters with resets, gauges with NaN, gaps, stale markers and irregular scrapes.
test::MemoryStorage random_storage(uint32_t seed) {
  std::mt19937 random(seed);
  const auto chance = [&](int one_in) { return static_cast<int>(random() % static_cast<uint32_t>(one_in)) == 0; };
  test::MemoryStorage storage;
  for (int i = 0; i < 6; ++i) {
    const auto labels = model::Labels::from({{"__name__", i % 2 == 0 ? "c_total" : "g"},
                                             {"job", fmt::format("j{}", i % 3)},
                                             {"instance", fmt::format("i{}", i)}});
    double value = 0;
    for (TimestampMs t_ms = static_cast<int64_t>(random() % 15'000); t_ms < kEndMs; t_ms += kScrapeMs) {
      if (chance(60)) t_ms += 7 * 60'000;
      if (chance(10)) continue;
      if (chance(25)) value = 0;
      value += static_cast<double>(random() % 1'000) / 8;
      if (i % 2 == 1) value = static_cast<double>(random() % 100) - 50;
      const double sample = chance(40) ? model::stale_nan() : i % 2 == 1 && chance(20) ? NAN : value;
      storage.append(labels, t_ms + static_cast<int64_t>(random() % 50), sample);
    }
  }
  return storage;
}

class RangeEqualsInstants : public testing::TestWithParam<std::string> {};

TEST_P(RangeEqualsInstants, AtEveryStep) {
  EngineOptions options;
  options.parser = ParserOptions::everything();
  const Engine engine(options);
  for (const uint32_t seed : {1u, 2u, 3u}) {
    const test::MemoryStorage storage = random_storage(seed);
    constexpr int64_t kStep = 37'000;
    const auto range = engine.range(storage, GetParam(), 0, kEndMs, kStep);
    ASSERT_TRUE(range) << range.error().message;
    size_t from_range = 0;
    for (const MatrixSeries& series : std::get<MatrixResult>(range->value)) from_range += series.samples.size();
    size_t from_instants = 0;
    for (TimestampMs at = 0; at <= kEndMs; at += kStep) {
      const auto instant = engine.instant(storage, GetParam(), at);
      ASSERT_TRUE(instant) << instant.error().message;
      for (const VectorSample& sample : std::get<VectorResult>(instant->value)) {
        ++from_instants;
        bool same = false;
        for (const MatrixSeries& series : std::get<MatrixResult>(range->value))
          for (size_t i = 0; i < series.samples.size() && series.labels == sample.labels; ++i)
            same =
                same || (series.samples.t_ms[i] == at && almost_equal(series.samples.values[i], sample.value, 1e-15));
        ASSERT_TRUE(same) << sample.labels.to_string() << " at " << at << " is " << sample.value;
      }
    }
    EXPECT_EQ(from_range, from_instants);
    EXPECT_GT(from_range, 0);
  }
}

std::vector<std::string> queries() {
  std::vector<std::string> out{"g",
                               "g offset 3m",
                               "abs(g)",
                               "g > 0",
                               "g > bool 0",
                               "2 ^ g",
                               "g + on(job, instance) g",
                               "c_total / ignoring(x) c_total",
                               "sum by (job) (g)",
                               "avg(g)",
                               "min without (instance) (g)",
                               "max(g)",
                               "count(g)",
                               "stddev(g)",
                               "quantile(0.3, g)",
                               "topk(1, c_total)",
                               "bottomk by (job) (1, g)",
                               "limitk(2, g)",
                               "count_values(\"v\", c_total)",
                               "g and on(job) c_total",
                               "g or c_total",
                               "c_total unless on(job) (g > 40)",
                               "absent(g > 48)",
                               "absent_over_time(g[30s])",
                               "sum(rate(c_total[5m]))",
                               "max_over_time(rate(c_total[2m])[10m:1m])",
                               "min_over_time(g[10m:])",
                               "rate(c_total[5m] anchored)",
                               "rate(c_total[5m] smoothed)",
                               "c_total smoothed",
                               "quantile_over_time(0.7, g[4m])",
                               "predict_linear(c_total[4m], 60)",
                               "timestamp(g)",
                               "hour(c_total)",
                               "c_total * on(job) group_left sum by (job) (c_total)"};
  for (const std::string_view function : {"rate",
                                          "increase",
                                          "irate",
                                          "delta",
                                          "idelta",
                                          "changes",
                                          "resets",
                                          "sum_over_time",
                                          "avg_over_time",
                                          "min_over_time",
                                          "max_over_time",
                                          "count_over_time",
                                          "first_over_time",
                                          "last_over_time",
                                          "present_over_time",
                                          "stddev_over_time",
                                          "stdvar_over_time",
                                          "mad_over_time",
                                          "ts_of_max_over_time",
                                          "ts_of_min_over_time",
                                          "ts_of_first_over_time",
                                          "ts_of_last_over_time",
                                          "deriv"})
    for (const std::string_view metric : {"c_total", "g"})
      out.push_back(fmt::format("{}({}[4m30s])", function, metric));
  return out;
}

INSTANTIATE_TEST_SUITE_P(Queries, RangeEqualsInstants, testing::ValuesIn(queries()));

}  // namespace
}  // namespace sluice::promql
