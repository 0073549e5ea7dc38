#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "model/histogram.h"
#include "model/sample.h"
#include "tsdb/chunk.h"
#include "tsdb/histogram_chunk.h"
#include "tsdb/xor2_chunk.h"

namespace sluice::tsdb {

/// A sample of any type.
struct TypedSample {
  TimestampMs t_ms = 0;
  TimestampMs start_ms = 0;  ///< 0 where unknown
  std::variant<double, model::Histogram, model::FloatHistogram> value;

  static TypedSample from(model::Sample sample, TimestampMs start_ms = 0) {
    return {sample.t_ms, start_ms, sample.value};
  }
  static TypedSample from(const model::HistogramSample& sample);
};

/// Whether two samples of one time are the same, to tell duplicates from conflicts: doubles bit for bit, histograms by
/// model::is_same. Their start timestamps do not matter, as in Prometheus (memSeries.appendable, tsdb/head_append.go).
bool is_same_value(const TypedSample& a, const TypedSample& b);

/// A float without a start timestamp, which an XOR chunk holds.
bool is_plain(const TypedSample& sample);

/// The open chunk of a series whose samples are not plain floats, of whichever encoding they need. Nearly all series
/// have plain ones only and keep an XorChunkWriter; this is large, to be had behind a pointer. Not thread-safe.
class TypedChunkWriter {
 public:
  /// False, and nothing is done, when the open chunk cannot hold the sample (it is full, or for another type, or of a
  /// counter that was reset since). take() it and append again: an empty chunk takes any sample.
  bool append(const TypedSample& sample);

  bool empty() const { return samples() == 0; }
  uint16_t samples() const;
  ChunkEncoding encoding() const;
  size_t size() const;
  std::string chunk() const;  ///< whole, of what was appended since the last take()
  std::string take();  ///< ask for its encoding() before
  size_t memory_bytes() const;

  /// A float marks the end of a series by the stale NaN also when its samples are histograms: then as a histogram of
  /// the type appended last (Prometheus' head does this, tsdb/head_append.go). Any other sample comes back as it is.
  TypedSample as_appended(TypedSample sample) const;

 private:
  std::variant<Xor2ChunkWriter, HistogramChunkWriter, FloatHistogramChunkWriter> writer_;
};

/// Chunks of these samples, which must be in time order: for samples that came late. Floats without start timestamps
/// get XOR chunks. The chunks do not overlap and are in time order.
std::vector<ChunkView> encode_chunks(std::span<const TypedSample> samples);

/// Appends the chunk's samples inside `range`, each as its type has it. Errors as read_chunk.
Result<void> read_typed(const ChunkView& chunk, model::TimeRange range, std::vector<TypedSample>& out);

/// The sample at `t_ms`, if the chunk has one. Errors as read_chunk.
Result<std::optional<TypedSample>> find_sample(const ChunkView& chunk, TimestampMs t_ms);

}  // namespace sluice::tsdb
