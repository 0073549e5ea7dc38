#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "model/sample.h"

namespace sluice::tsdb {

/// The encodings of Prometheus' chunks, with the numbers they have in chunk files (tsdb/chunkenc/chunk.go). All are
/// read. The last three hold start timestamps. They are young (kXor2 came with Prometheus 3.11, the others with 3.14),
/// so they are written only where a sample of the chunk has one: what has none stays readable for older programs.
enum class ChunkEncoding : uint8_t {
  kNone = 0,
  kXor = 1,               ///< xor_chunk.h
  kHistogram = 2,         ///< histogram_chunk.h
  kFloatHistogram = 3,    ///< histogram_chunk.h
  kXor2 = 4,              ///< xor2_chunk.h
  kHistogramSt = 5,       ///< histogram_chunk.h
  kFloatHistogramSt = 6,  ///< histogram_chunk.h
};

/// A chunk as a reader holds it: immutable. `owner` keeps `bytes` alive, wherever they are: copied from the head, in a
/// mapped file of the head, or in a block. Copying it copies no samples.
struct ChunkView {
  TimestampMs min_ms = 0;  ///< time of the first sample
  TimestampMs max_ms = 0;  ///< time of the last sample, inclusive
  ChunkEncoding encoding = ChunkEncoding::kXor;
  std::shared_ptr<const void> owner;
  std::string_view bytes;  ///< as in Prometheus' chunk data: without length, encoding byte and checksum
};

/// A view that owns a copy.
ChunkView make_chunk_view(TimestampMs min_ms, TimestampMs max_ms, ChunkEncoding encoding, std::string bytes);

/// How many samples the chunk says it has; 0 for bytes that are too few to say.
uint16_t samples_in_chunk(const ChunkView& chunk);

/// Appends the chunk's samples inside `range` to `out`, which must hold only older ones. A histogram's counter reset
/// hint is what this chunk alone makes certain; whoever puts samples of another chunk in between takes kNotReset back
/// (forget_reset_hint). kMalformed for bytes that are no chunk of their encoding, kUnsupported for an encoding that
/// this program does not know.
Result<void> read_chunk(const ChunkView& chunk, model::TimeRange range, model::SampleColumn& out);

/// For a histogram that no longer follows the sample that its hint speaks of: kNotReset becomes kUnknown.
std::shared_ptr<const model::FloatHistogram> forget_reset_hint(std::shared_ptr<const model::FloatHistogram> histogram);

}  // namespace sluice::tsdb
