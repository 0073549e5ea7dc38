#include "model/histogram_compare.h"

#include <functional>

#include <gtest/gtest.h>

#include "model/histogram_convert.h"
#include "model/sample.h"

namespace sluice::model {
namespace {

Histogram sample() {
  return {.schema = 2,
          .zero_threshold = 0.5,
          .zero_count = 3,
          .count = 20,
          .sum = -1,
          .positive_spans = {{-3, 2}, {1, 1}},
          .negative_spans = {{1, 1}},
          .positive_deltas = {1, 1, 1},
          .negative_deltas = {6}};
}

TEST(IsSame, LooksThroughSpellingsOfTheSameBuckets) {
  Histogram spelled = sample();
  spelled.counter_reset_hint = CounterResetHint::kReset;
  // -4 and 1 are empty; -3 and -2 in spans of their own; an empty span.
  spelled.positive_spans = {{-4, 1}, {0, 1}, {0, 0}, {0, 1}, {1, 2}};
  spelled.positive_deltas = {0, 1, 1, 1, -3};
  EXPECT_TRUE(is_same(sample(), spelled));
  EXPECT_TRUE(is_same(to_float(sample()), to_float(spelled)));
}

TEST(IsSame, TellsEveryFieldApart) {
  const std::function<void(Histogram&)> changes[] = {
      [](auto& h) { h.schema = 1; },
      [](auto& h) { h.zero_threshold = 0.25; },
      [](auto& h) { h.zero_count = 4; },
      [](auto& h) { h.count = 21; },
      [](auto& h) { h.sum = 1; },
      [](auto& h) { h.positive_spans[0].offset = -2; },
      [](auto& h) { h.positive_deltas[2] = 2; },
      [](auto& h) {
        h.positive_spans[1].length = 0;
        h.positive_deltas.pop_back();
      },
      [](auto& h) { h.negative_deltas[0] = 7; },
      [](auto& h) { h.custom_values = {1}; },
      [](auto& h) { h.sum = stale_nan(); },
  };
  for (const auto& change : changes) {
    Histogram other = sample();
    change(other);
    EXPECT_FALSE(is_same(sample(), other));
    EXPECT_FALSE(is_same(other, sample()));
    if (other.custom_values.empty()) EXPECT_FALSE(is_same(to_float(sample()), to_float(other)));
  }
}

TEST(IsSame, ComparesOneFormOnly) {
  const HistogramSample integers{.t_ms = 1, .value = sample()};
  const HistogramSample doubles{.t_ms = 1, .value = to_float(sample())};
  EXPECT_TRUE(is_same(integers, integers));
  EXPECT_TRUE(is_same(doubles, doubles));
  EXPECT_FALSE(is_same(integers, doubles));
  Histogram stale = sample();
  stale.sum = stale_nan();
  EXPECT_TRUE(is_same(stale, Histogram{.sum = stale_nan()}));
}

}  // namespace
}  // namespace sluice::model
