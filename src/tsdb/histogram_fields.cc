#include "tsdb/histogram_fields.h"

#include <bit>
#include <span>

#include "model/sample.h"
#include "tsdb/varbit.h"

namespace sluice::tsdb {
namespace {

constexpr const char* kCutOff = "cut off in a histogram";

// Numbers that may wrap around.
uint64_t bits_of(int64_t value) { return static_cast<uint64_t>(value); }
uint64_t bits_of(double value) { return std::bit_cast<uint64_t>(value); }

void append_dod(BitWriter& out, uint64_t last, uint64_t value, uint64_t& delta) {
  const uint64_t new_delta = value - last;
  append_signed_varbit(out, static_cast<int64_t>(new_delta - delta));
  delta = new_delta;
}

bool read_dod(BitReader& in, uint64_t& value, uint64_t& delta) {
  int64_t dod = 0;
  if (!read_signed_varbit(in, dod)) return false;
  delta += bits_of(dod);
  value += delta;
  return true;
}

void append_change(BitWriter& out, double last, double value, XorWindow& window) {
  append_xor_change(out, bits_of(value) ^ bits_of(last), window);
}

const char* read_change(BitReader& in, double& value, XorReadWindow& window) {
  uint64_t bits = bits_of(value);
  const char* error = read_xor_change(in, bits, window);
  value = std::bit_cast<double>(bits);
  return error;
}

bool read_double(BitReader& in, double& value) {
  uint64_t bits = 0;
  if (!in.read(64, bits)) return false;
  value = std::bit_cast<double>(bits);
  return true;
}

bool read_first_deltas(BitReader& in, std::span<int64_t> buckets) {
  for (int64_t& bucket : buckets) {
    if (!read_signed_varbit(in, bucket)) return false;
  }
  return true;
}

bool read_dods(BitReader& in, std::span<int64_t> buckets, std::span<uint64_t> deltas) {
  for (size_t i = 0; i < buckets.size(); ++i) {
    uint64_t bits = bits_of(buckets[i]);
    if (!read_dod(in, bits, deltas[i])) return false;
    buckets[i] = static_cast<int64_t>(bits);
  }
  return true;
}

void append_dods(BitWriter& out, std::span<const int64_t> last, std::span<const int64_t> sample,
                 std::span<uint64_t> deltas) {
  for (size_t i = 0; i < sample.size(); ++i) append_dod(out, bits_of(last[i]), bits_of(sample[i]), deltas[i]);
}

void append_changes(BitWriter& out, std::span<const double> last, std::span<const double> sample,
                    std::span<XorWindow> windows) {
  for (size_t i = 0; i < sample.size(); ++i) append_change(out, last[i], sample[i], windows[i]);
}

const char* read_changes(BitReader& in, std::span<double> buckets, std::span<XorReadWindow> windows) {
  for (size_t i = 0; i < buckets.size(); ++i) {
    if (const char* error = read_change(in, buckets[i], windows[i])) return error;
  }
  return nullptr;
}

}  // namespace

using model::FloatHistogram;
using model::Histogram;

void HistogramFieldWriter<Histogram>::first(BitWriter& out, const Histogram& sample) {
  append_varbit(out, sample.count);
  append_varbit(out, sample.zero_count);
  out.bits(bits_of(sample.sum), 64);
  for (const int64_t delta : sample.positive_deltas) append_signed_varbit(out, delta);
  for (const int64_t delta : sample.negative_deltas) append_signed_varbit(out, delta);
  positive_.assign(sample.positive_deltas.size(), 0);
  negative_.assign(sample.negative_deltas.size(), 0);
}

void HistogramFieldWriter<Histogram>::next(BitWriter& out, const Histogram& last, const Histogram& sample) {
  if (model::is_stale(sample.sum)) {
    // The counts are written as if their steps went on. Only stale samples can follow.
    append_varbit(out, 0);
    append_varbit(out, 0);
  } else {
    append_dod(out, last.count, sample.count, count_delta_);
    append_dod(out, last.zero_count, sample.zero_count, zero_count_delta_);
  }
  append_change(out, last.sum, sample.sum, sum_);
  append_dods(out, last.positive_deltas, sample.positive_deltas, positive_);
  append_dods(out, last.negative_deltas, sample.negative_deltas, negative_);
}

void HistogramFieldWriter<FloatHistogram>::first(BitWriter& out, const FloatHistogram& sample) {
  out.bits(bits_of(sample.count), 64);
  out.bits(bits_of(sample.zero_count), 64);
  out.bits(bits_of(sample.sum), 64);
  for (const double count : sample.positive_buckets) out.bits(bits_of(count), 64);
  for (const double count : sample.negative_buckets) out.bits(bits_of(count), 64);
  positive_.assign(sample.positive_buckets.size(), {});
  negative_.assign(sample.negative_buckets.size(), {});
}

void HistogramFieldWriter<FloatHistogram>::next(BitWriter& out, const FloatHistogram& last,
                                                const FloatHistogram& sample) {
  append_change(out, last.count, sample.count, count_);
  append_change(out, last.zero_count, sample.zero_count, zero_count_);
  append_change(out, last.sum, sample.sum, sum_);
  append_changes(out, last.positive_buckets, sample.positive_buckets, positive_);
  append_changes(out, last.negative_buckets, sample.negative_buckets, negative_);
}

const char* HistogramFieldReader<Histogram>::first(BitReader& in, Histogram& sample) {
  const bool is_whole = read_varbit(in, sample.count) && read_varbit(in, sample.zero_count) &&
                        read_double(in, sample.sum) && read_first_deltas(in, sample.positive_deltas) &&
                        read_first_deltas(in, sample.negative_deltas);
  positive_.assign(sample.positive_deltas.size(), 0);
  negative_.assign(sample.negative_deltas.size(), 0);
  return is_whole ? nullptr : kCutOff;
}

const char* HistogramFieldReader<Histogram>::next(BitReader& in, Histogram& sample) {
  if (!read_dod(in, sample.count, count_delta_) || !read_dod(in, sample.zero_count, zero_count_delta_)) return kCutOff;
  if (const char* error = read_change(in, sample.sum, sum_)) return error;
  if (model::is_stale(sample.sum)) return nullptr;
  const bool is_whole =
      read_dods(in, sample.positive_deltas, positive_) && read_dods(in, sample.negative_deltas, negative_);
  return is_whole ? nullptr : kCutOff;
}

const char* HistogramFieldReader<FloatHistogram>::first(BitReader& in, FloatHistogram& sample) {
  bool is_whole = read_double(in, sample.count) && read_double(in, sample.zero_count) && read_double(in, sample.sum);
  for (double& count : sample.positive_buckets) is_whole = is_whole && read_double(in, count);
  for (double& count : sample.negative_buckets) is_whole = is_whole && read_double(in, count);
  positive_.assign(sample.positive_buckets.size(), {});
  negative_.assign(sample.negative_buckets.size(), {});
  return is_whole ? nullptr : kCutOff;
}

const char* HistogramFieldReader<FloatHistogram>::next(BitReader& in, FloatHistogram& sample) {
  if (const char* error = read_change(in, sample.count, count_)) return error;
  if (const char* error = read_change(in, sample.zero_count, zero_count_)) return error;
  if (const char* error = read_change(in, sample.sum, sum_)) return error;
  if (model::is_stale(sample.sum)) return nullptr;
  if (const char* error = read_changes(in, sample.positive_buckets, positive_)) return error;
  return read_changes(in, sample.negative_buckets, negative_);
}

}  // namespace sluice::tsdb
