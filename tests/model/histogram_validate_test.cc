#include "model/histogram_validate.h"

#include <cmath>
#include <functional>
#include <limits>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::model {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();

Histogram exponential() {
  return {.schema = 1,
          .zero_threshold = 0.001,
          .zero_count = 2,
          .count = 10,
          .sum = 3.5,
          .positive_spans = {{-1, 2}, {1, 1}},
          .negative_spans = {{0, 1}},
          .positive_deltas = {1, 1, 1},
          .negative_deltas = {2}};
}

Histogram custom() {
  return {.schema = kCustomBucketsSchema,
          .count = 3,
          .sum = 3.5,
          .positive_spans = {{0, 1}, {1, 1}},
          .positive_deltas = {1, 1},
          .custom_values = {1, 2}};
}

FloatHistogram float_exponential() {
  return {
      .schema = 1, .zero_count = 2, .count = 10, .sum = 3.5, .positive_spans = {{-1, 2}}, .positive_buckets = {1, 2.5}};
}

template <class H>
struct Case {
  std::function<void(H&)> spoil;
  std::string text;  // "" for valid ones
};

template <class H>
void expect_texts(const H& good, std::initializer_list<Case<H>> cases) {
  EXPECT_TRUE(validate(good));
  for (const auto& c : cases) {
    H h = good;
    c.spoil(h);
    const auto result = validate(h);
    EXPECT_EQ(result ? "" : result.error().message, c.text);
  }
}

TEST(ValidateHistogram, SaysWhatPrometheusSaysOfExponentialBuckets) {
  expect_texts<Histogram>(
      exponential(),
      {{[](auto& h) { h.schema = 9; },
        "histogram has an invalid schema, which must be between -4 and 8 for exponential buckets, or -53 for custom "
        "buckets, got schema 9"},
       {[](auto& h) { h.schema = -5; },
        "histogram has an invalid schema, which must be between -4 and 8 for exponential buckets, or -53 for custom "
        "buckets, got schema -5"},
       {[](auto& h) { h.positive_spans[1].offset = -1; },
        "positive side: span number 2 with offset -1: histogram has a span whose offset is negative"},
       {[](auto& h) { h.positive_spans[0].length = 1; },
        "positive side: spans need 2 buckets, have 3 buckets: histogram spans specify different number of buckets than "
        "provided"},
       {[](auto& h) { h.negative_deltas.clear(); },
        "negative side: spans need 1 buckets, have 0 buckets: histogram spans specify different number of buckets than "
        "provided"},
       {[](auto& h) { h.negative_deltas[0] = -3; },
        "negative side: bucket number 1 has observation count of -3: histogram has a bucket whose observation count is "
        "negative"},
       {[](auto& h) { h.positive_deltas[1] = -2; },
        "positive side: bucket number 2 has observation count of -1: histogram has a bucket whose observation count is "
        "negative"},
       {[](auto& h) { h.custom_values = {1}; }, "histogram with exponential schema must not have custom bounds"},
       {[](auto& h) { h.count = 9; },
        "10 observations found in buckets, but the Count field is 9: histogram's observation count should equal the "
        "number of observations found in the buckets (in absence of NaN)"},
       {[](auto& h) {
          h.count = 9;
          h.sum = NAN;
        },
        "10 observations found in buckets, but the Count field is 9: histogram's observation count should be at least "
        "the number of observations found in the buckets"},
       {[](auto& h) {
          h.count = 11;
          h.sum = NAN;
        },
        ""},
       {[](auto& h) { h.positive_deltas = {INT64_MAX, 1, 0}; },
        "positive side: bucket number 2 has observation count of -9223372036854775808: histogram has a bucket whose "
        "observation count is negative"}});
}

TEST(ValidateHistogram, SaysWhatPrometheusSaysOfCustomBuckets) {
  expect_texts<Histogram>(
      custom(),
      {{[](auto& h) { h.custom_values = {1, NAN}; }, "custom buckets: histogram custom bounds must not be NaN"},
       {[](auto& h) { h.custom_values = {1, 1}; },
        "custom buckets: previous bound is 1.000000 and current is 1.000000: histogram custom bounds must be in "
        "strictly increasing order"},
       {[](auto& h) { h.custom_values = {1, kInf}; },
        "custom buckets: last +Inf bound must not be explicitly defined: histogram custom bounds must be finite"},
       {[](auto& h) { h.custom_values = {-kInf, 2}; }, ""},
       {[](auto& h) { h.positive_spans[0].offset = -1; },
        "custom buckets: span number 1 with offset -1: histogram has a span whose offset is negative"},
       {[](auto& h) { h.positive_spans[0].length = 2; },
        "custom buckets: spans need 3 buckets, have 2 buckets: histogram spans specify different number of buckets "
        "than provided"},
       {[](auto& h) { h.custom_values = {1}; },
        "custom buckets: only 1 custom bounds defined which is insufficient to cover total span length of 3: histogram "
        "custom bounds are too few"},
       {[](auto& h) { h.zero_count = 1; }, "custom buckets: must have zero count of 0"},
       {[](auto& h) { h.zero_threshold = 1; }, "custom buckets: must have zero threshold of 0"},
       {[](auto& h) { h.negative_spans = {{0, 1}}; }, "custom buckets: must not have negative spans"},
       {[](auto& h) { h.negative_deltas = {1}; }, "custom buckets: must not have negative buckets"}});
}

TEST(ValidateHistogram, SaysWhatPrometheusSaysOfFloatCounts) {
  expect_texts<FloatHistogram>(
      float_exponential(),
      {{[](auto& h) { h.count = -1; }, "observation count is  -1: histogram's observation count is negative"},
       {[](auto& h) { h.zero_count = -1.5; },
        "zero bucket has observation count of -1.5: histogram has a bucket whose observation count is negative"},
       {[](auto& h) { h.positive_buckets[1] = -0.5; },
        "positive side: bucket number 2 has observation count of -0.5: histogram has a bucket whose observation count "
        "is negative"},
       {[](auto& h) { h.count = 0; }, ""},
       {[](auto& h) { h.positive_buckets[1] = NAN; }, ""}});
}

TEST(ValidateHistogram, TakesStaleMarkers) {
  EXPECT_TRUE(validate(Histogram{.sum = std::bit_cast<double>(0x7ff0000000000002)}));
  EXPECT_TRUE(validate(FloatHistogram{.sum = std::bit_cast<double>(0x7ff0000000000002)}));
}

}  // namespace
}  // namespace sluice::model
