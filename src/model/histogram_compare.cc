#include "model/histogram_compare.h"

#include <algorithm>
#include <bit>
#include <span>

#include "model/bucket_spans.h"
#include "model/sample.h"

namespace sluice::model {
namespace {

uint64_t bits_of(double value) { return std::bit_cast<uint64_t>(value); }
uint64_t bits_of(uint64_t value) { return value; }

template <class Bucket>
struct Populated {
  BucketIndexes at;
  BucketCounts<Bucket> counts;
  Bucket count = 0;

  Populated(std::span<const BucketSpan> spans, std::span<const Bucket> buckets) : at(spans), counts(buckets) { skip(); }
  void next() {
    at.next();
    skip();
  }
  // To the next bucket that has observations.
  void skip() {
    for (; at.valid(); at.next()) {
      count = counts.next();
      if (count != 0) return;
    }
  }
};

template <class Bucket>
bool has_same_buckets(std::span<const BucketSpan> a_spans, std::span<const Bucket> a_buckets,
                      std::span<const BucketSpan> b_spans, std::span<const Bucket> b_buckets) {
  Populated<Bucket> a(a_spans, a_buckets);
  Populated<Bucket> b(b_spans, b_buckets);
  for (; a.at.valid() && b.at.valid(); a.next(), b.next()) {
    if (a.at.index() != b.at.index() || std::bit_cast<uint64_t>(a.count) != std::bit_cast<uint64_t>(b.count)) {
      return false;
    }
  }
  return !a.at.valid() && !b.at.valid();
}

template <class H>
bool has_same_fields(const H& a, const H& b) {
  return a.schema == b.schema && bits_of(a.zero_threshold) == bits_of(b.zero_threshold) &&
         bits_of(a.zero_count) == bits_of(b.zero_count) && bits_of(a.count) == bits_of(b.count) &&
         bits_of(a.sum) == bits_of(b.sum) &&
         std::ranges::equal(
             a.custom_values, b.custom_values, {}, [](double v) { return bits_of(v); },
             [](double v) { return bits_of(v); });
}

}  // namespace

bool is_same(const Histogram& a, const Histogram& b) {
  if (is_stale(a.sum) || is_stale(b.sum)) return is_stale(a.sum) && is_stale(b.sum);
  return has_same_fields(a, b) &&
         has_same_buckets<int64_t>(a.positive_spans, a.positive_deltas, b.positive_spans, b.positive_deltas) &&
         has_same_buckets<int64_t>(a.negative_spans, a.negative_deltas, b.negative_spans, b.negative_deltas);
}

bool is_same(const FloatHistogram& a, const FloatHistogram& b) {
  if (is_stale(a.sum) || is_stale(b.sum)) return is_stale(a.sum) && is_stale(b.sum);
  return has_same_fields(a, b) &&
         has_same_buckets<double>(a.positive_spans, a.positive_buckets, b.positive_spans, b.positive_buckets) &&
         has_same_buckets<double>(a.negative_spans, a.negative_buckets, b.negative_spans, b.negative_buckets);
}

bool is_same(const HistogramSample& a, const HistogramSample& b) {
  if (a.value.index() != b.value.index()) return false;
  if (const auto* integers = std::get_if<Histogram>(&a.value)) return is_same(*integers, std::get<Histogram>(b.value));
  return is_same(std::get<FloatHistogram>(a.value), std::get<FloatHistogram>(b.value));
}

}  // namespace sluice::model
