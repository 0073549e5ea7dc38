#pragma once

#include <cstdint>
#include <vector>

#include "model/histogram.h"
#include "tsdb/bit_stream.h"
#include "tsdb/xor_value.h"

/// The counts, sums and buckets of one histogram sample after the other, in the two ways in which chunks hold them: of
/// integers the deltas of deltas, of doubles the changed bits (tsdb/chunkenc/histogram.go and float_histogram.go). What
/// the samples have in common is in histogram_layout.h.
namespace sluice::tsdb {

template <class H>
class HistogramFieldWriter;
template <class H>
class HistogramFieldReader;

template <>
class HistogramFieldWriter<model::Histogram> {
 public:
  void first(BitWriter& out, const model::Histogram& sample);
  /// `last` is the sample before, of the same layout. A stale `sample` has a sum only.
  void next(BitWriter& out, const model::Histogram& last, const model::Histogram& sample);

 private:
  uint64_t count_delta_ = 0;
  uint64_t zero_count_delta_ = 0;
  std::vector<uint64_t> positive_;  // deltas of each bucket's number to the sample before
  std::vector<uint64_t> negative_;
  XorWindow sum_;
};

template <>
class HistogramFieldWriter<model::FloatHistogram> {
 public:
  void first(BitWriter& out, const model::FloatHistogram& sample);
  void next(BitWriter& out, const model::FloatHistogram& last, const model::FloatHistogram& sample);

 private:
  XorWindow count_;
  XorWindow zero_count_;
  XorWindow sum_;
  std::vector<XorWindow> positive_;
  std::vector<XorWindow> negative_;
};

/// Both return nullptr, or what is wrong with the bits. `sample` has its layout, and buckets as many as that says,
/// those of the sample before when it is not the first. A stale sample leaves the buckets as they are.
template <>
class HistogramFieldReader<model::Histogram> {
 public:
  static constexpr unsigned kBucketBitsMin = 1;
  const char* first(BitReader& in, model::Histogram& sample);
  const char* next(BitReader& in, model::Histogram& sample);

 private:
  uint64_t count_delta_ = 0;
  uint64_t zero_count_delta_ = 0;
  std::vector<uint64_t> positive_;
  std::vector<uint64_t> negative_;
  XorReadWindow sum_;
};

template <>
class HistogramFieldReader<model::FloatHistogram> {
 public:
  static constexpr unsigned kBucketBitsMin = 64;
  const char* first(BitReader& in, model::FloatHistogram& sample);
  const char* next(BitReader& in, model::FloatHistogram& sample);

 private:
  XorReadWindow count_;
  XorReadWindow zero_count_;
  XorReadWindow sum_;
  std::vector<XorReadWindow> positive_;
  std::vector<XorReadWindow> negative_;
};

}  // namespace sluice::tsdb
