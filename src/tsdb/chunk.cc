#include "tsdb/chunk.h"

#include <utility>

#include <fmt/format.h>

#include "tsdb/xor_chunk.h"

namespace sluice::tsdb {
namespace {

Result<void> read_xor(const ChunkView& chunk, model::TimeRange range, model::SampleColumn& out) {
  XorChunkReader reader(chunk.bytes);
  while (reader.next() && reader.t_ms() <= range.max_ms) {
    if (reader.t_ms() < range.min_ms) continue;
    out.t_ms.push_back(reader.t_ms());
    out.values.push_back(reader.value());
  }
  return reader.status();
}

}  // namespace

ChunkView make_chunk_view(TimestampMs min_ms, TimestampMs max_ms, ChunkEncoding encoding, std::string bytes) {
  auto owner = std::make_shared<const std::string>(std::move(bytes));
  const std::string_view view = *owner;
  return {min_ms, max_ms, encoding, std::move(owner), view};
}

Result<void> read_chunk(const ChunkView& chunk, model::TimeRange range, model::SampleColumn& out) {
  switch (chunk.encoding) {
    case ChunkEncoding::kXor: return read_xor(chunk, range, out);
    default:
      return fail(ErrorCode::kUnsupported,
                  fmt::format("a chunk of encoding {}, which this program does not know: a newer version wrote it",
                              static_cast<unsigned>(chunk.encoding)));
  }
}

}  // namespace sluice::tsdb
