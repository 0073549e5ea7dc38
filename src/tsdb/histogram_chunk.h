#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "model/histogram.h"
#include "tsdb/bit_stream.h"
#include "tsdb/byte_buffer.h"
#include "tsdb/chunk.h"
#include "tsdb/histogram_fields.h"
#include "tsdb/histogram_layout.h"
#include "tsdb/start_times.h"

/// Prometheus' chunks of native histograms, to the byte: of integers (tsdb/chunkenc/histogram.go, encoding 2), of
/// doubles (float_histogram.go, encoding 3), and both with start timestamps (histogram_st.go and float_histogram_st.go,
/// encodings 5 and 6). A big-endian count of samples and a byte of flags, then bits: the layout that all samples share,
/// and the samples.
///
///     encoding  bytes 0 and 1                              byte 2
///     2, 3      samples                                    the counter reset header in the two upper bits
///     5, 6      the counter reset header in the two upper  the header of start_times.h
///               bits, samples in the others
namespace sluice::tsdb {

inline constexpr size_t kHistogramHeaderSize = 3;
/// Size at which the head seals a histogram chunk, if it then has kSamplesPerHistogramChunkMin samples
/// (TargetBytesPerHistogramChunk and MinSamplesPerHistogramChunk of tsdb/chunkenc/chunk.go).
inline constexpr size_t kHistogramChunkBytes = 1024;
inline constexpr uint16_t kSamplesPerHistogramChunkMin = 10;

enum class HistogramAppend : uint8_t {
  kAppended,  ///< behind the samples before
  kRecoded,  ///< likewise, and the chunk was written anew with buckets that only this sample has
  kNewChunkNeeded,  ///< nothing was done: the chunk cannot hold it. take() the chunk and append again
};

/// Builds chunks, one after the other, of histograms of type H. Samples must be valid (model/histogram_validate.h) or
/// stale. A chunk holds samples of one schema, zero threshold and set of custom bounds, gauges or counters, and of a
/// counter only samples without a reset between them; after a stale one only stale ones. Buckets may appear (the chunk
/// is written anew), and of gauges also vanish, or of counters those that were empty (they are kept with 0).
///
/// The last sample is remembered beyond its chunk, to tell in the next one's header whether the counter was reset. A
/// writer should be dropped when its series gets samples of another type in between: then nothing is known.
///
/// One difference to upstream: the header of a chunk of doubles that begins with another schema is always kUnknown,
/// also when the chunk before was sealed for its size, where upstream writes kNotReset.
///
/// Not thread-safe.
template <class H>
class BasicHistogramChunkWriter {
 public:
  static constexpr uint16_t kSamplesMax = (1 << 14) - 1;

  /// `start_ms` 0 means unknown. The first append() after take() always succeeds.
  HistogramAppend append(TimestampMs t_ms, TimestampMs start_ms, const H& sample);

  uint16_t samples() const { return samples_; }
  size_t size() const { return kHistogramHeaderSize + data_.size(); }  ///< of the chunk, in bytes
  /// Of the chunk as it is now: that of start timestamps once a sample has had one.
  ChunkEncoding encoding() const;
  CounterResetHeader header() const { return header_; }
  /// A whole chunk of what was appended since the last take().
  std::string chunk() const;
  /// The same, and begins the next chunk. Ask for its encoding() before.
  std::string take();

  /// The sample appended last (with 0 in buckets that only others have, no counter reset hint), whether or not it is in
  /// the chunk begun. Meaningless before the first.
  const H& last() const { return last_; }
  size_t memory_bytes() const;  ///< besides the object

 private:
  /// How a sample fits behind the last one.
  struct Fit {
    bool fits = false;
    CounterResetHeader header = CounterResetHeader::kUnknown;  // of a chunk that begins with the sample
    bool is_positive_lacking = false;  // the sample lacks buckets that the chunk has
    bool is_negative_lacking = false;
    bool grows = false;  // the chunk lacks buckets that the sample has
    bool is_lacking() const { return is_positive_lacking || is_negative_lacking; }
  };
  Fit fit_of_gauge(const H& sample) const;
  Fit fit_of_counter(const H& sample) const;
  CounterResetHeader header_for(const H& sample) const;
  HistogramAppend append_fitting(TimestampMs t_ms, TimestampMs start_ms, const H& sample, const Fit& fit);
  void recode(const std::vector<model::BucketSpan>& positive, const std::vector<model::BucketSpan>& negative);
  void write(TimestampMs t_ms, TimestampMs start_ms, const H& sample);

  ByteBuffer data_;  // what follows the header
  H last_;
  HistogramFieldWriter<H> fields_;
  StartTimeWriter starts_;
  TimestampMs t_ms_ = 0;
  uint64_t delta_ = 0;
  uint16_t samples_ = 0;
  uint8_t free_ = 0;  // bits of the last byte still to be written
  bool has_starts_ = false;
  bool has_last_ = false;
  CounterResetHeader header_ = CounterResetHeader::kUnknown;
};

/// Walks a chunk's samples, as XorChunkReader does. The bytes must outlive it. Bytes that are no chunk end the walk
/// with kMalformed; nothing is read outside them. Histograms of a finer schema than kExponentialSchemaMax are given in
/// that one. Not thread-safe.
template <class H>
class BasicHistogramChunkReader {
 public:
  /// `encoding` is one of the two for histograms of type H.
  BasicHistogramChunkReader(ChunkEncoding encoding, std::string_view chunk);

  bool next();
  TimestampMs t_ms() const { return t_ms_; }
  TimestampMs start_ms() const { return starts_.start_ms(); }  ///< 0 where unknown
  bool is_stale() const;
  /// The sample, with the counter reset hint that is certain; of a stale one the sum alone.
  H histogram() const;
  /// The same with float counts.
  model::FloatHistogram float_histogram() const;
  /// The sample as the chunk has it: no hint, any schema; buckets of a stale one are those before it.
  const H& raw() const { return sample_; }

  CounterResetHeader header() const { return header_; }
  uint16_t samples() const { return samples_; }  ///< as the header says
  /// An error when the walk ended before the last sample.
  Result<void> status() const;

 private:
  bool next_first();
  bool end(const char* reason);
  template <class Out>
  Out finished(Out histogram) const;

  BitReader in_;
  H sample_;
  HistogramFieldReader<H> fields_;
  StartTimeReader starts_;
  TimestampMs t_ms_ = 0;
  uint64_t delta_ = 0;
  uint16_t samples_ = 0;
  uint16_t read_ = 0;
  CounterResetHeader header_ = CounterResetHeader::kUnknown;
  const char* error_ = nullptr;
};

using HistogramChunkWriter = BasicHistogramChunkWriter<model::Histogram>;
using HistogramChunkReader = BasicHistogramChunkReader<model::Histogram>;
using FloatHistogramChunkWriter = BasicHistogramChunkWriter<model::FloatHistogram>;
using FloatHistogramChunkReader = BasicHistogramChunkReader<model::FloatHistogram>;

extern template class BasicHistogramChunkWriter<model::Histogram>;
extern template class BasicHistogramChunkWriter<model::FloatHistogram>;
extern template class BasicHistogramChunkReader<model::Histogram>;
extern template class BasicHistogramChunkReader<model::FloatHistogram>;

}  // namespace sluice::tsdb
