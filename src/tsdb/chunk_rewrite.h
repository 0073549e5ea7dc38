#pragma once

#include <span>
#include <vector>

#include "base/result.h"
#include "model/sample.h"
#include "tsdb/chunk.h"

namespace sluice::tsdb {

/// The samples of `chunks` inside of `live` (increasing ranges) in new chunks of at most kSamplesPerChunk: for chunks
/// that overlap, of which a part is deleted, or that are small. Samples keep their types; of two at one time that of
/// the chunk named first is kept. kMalformed, kUnsupported as read_chunk().
Result<std::vector<ChunkView>> encode_anew(std::span<const ChunkView> chunks, std::span<const model::TimeRange> live);

/// The chunks of one series from several storages, the most trusted first, as one list in time order. Chunks that
/// overlap no other are kept as they are; of equal ones one is kept; the others are encoded anew.
Result<std::vector<ChunkView>> merge_chunks(std::span<const std::span<const ChunkView>> storages);

/// Neighbours that together have at most kSamplesPerChunk samples are made one: cutting at block ranges leaves such.
/// Only XOR chunks: elsewhere a chunk's beginning says more than where it begins.
Result<void> join_small_chunks(std::vector<ChunkView>& chunks);

}  // namespace sluice::tsdb
