#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "model/sample.h"

namespace sluice::tsdb {

/// The encodings of Prometheus' chunks, with the numbers they have in chunk files (tsdb/chunkenc/chunk.go).
enum class ChunkEncoding : uint8_t { kNone = 0, kXor = 1, kHistogram = 2, kFloatHistogram = 3 };

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

/// Appends the chunk's samples inside `range` to `out`, which must hold only older ones. kMalformed for bytes that are
/// no chunk of their encoding, kUnsupported for an encoding that this program does not know.
Result<void> read_chunk(const ChunkView& chunk, model::TimeRange range, model::SampleColumn& out);

}  // namespace sluice::tsdb
