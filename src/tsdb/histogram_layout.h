#pragma once

#include <cstdint>
#include <span>
#include <type_traits>
#include <vector>

#include "model/histogram.h"
#include "tsdb/bit_stream.h"

/// What the samples of a histogram chunk have in common and what is written of it once, before the first
/// (tsdb/docs/format/chunks.md, "Histogram chunk data"; tsdb/chunkenc/histogram_meta.go).
namespace sluice::tsdb {

/// What a chunk's writer knew about the counter when it began the chunk.
enum class CounterResetHeader : uint8_t { kUnknown = 0b00, kNotReset = 0b01, kReset = 0b10, kGauge = 0b11 };

/// What a reader may say about the sample `index` of a chunk: only later ones of a counter are known to follow without
/// a reset. Whatever the header says of the first, the chunk before it may be gone, or another have come between.
model::CounterResetHint counter_reset_hint(CounterResetHeader header, uint16_t index);

/// The bucket counts of either kind of histogram, in the form they have there.
template <class H>
auto& positive_buckets(H& histogram) {
  if constexpr (std::is_same_v<std::remove_const_t<H>, model::Histogram>) return histogram.positive_deltas;
  else return histogram.positive_buckets;
}
template <class H>
auto& negative_buckets(H& histogram) {
  if constexpr (std::is_same_v<std::remove_const_t<H>, model::Histogram>) return histogram.negative_deltas;
  else return histogram.negative_buckets;
}

struct HistogramLayout {
  int32_t schema = 0;
  double zero_threshold = 0;
  std::vector<model::BucketSpan> positive_spans;
  std::vector<model::BucketSpan> negative_spans;
  std::vector<double> custom_values;
};

template <class H>
void append_layout(BitWriter& out, const H& histogram);

/// nullptr, or what is wrong: bits that end too early, a schema that nobody knows, or more buckets than a histogram can
/// have or the bits can hold at `bits_per_bucket` at least.
const char* read_layout(BitReader& in, unsigned bits_per_bucket, HistogramLayout& layout);

}  // namespace sluice::tsdb
