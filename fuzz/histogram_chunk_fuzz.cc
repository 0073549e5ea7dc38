// uses: tsdb
// A chunk's encoding (the first byte) and bytes, as a block may hold them: reading stays inside and ends, and what was
// read of a chunk that may hold histograms or start timestamps survives being written again.
#include <bit>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "model/sample.h"
#include "tsdb/chunk.h"
#include "tsdb/histogram_chunk.h"
#include "tsdb/xor2_chunk.h"

namespace {

using namespace sluice::tsdb;

template <class H>
void write_again(ChunkEncoding encoding, std::string_view bytes) {
  struct Sealed {
    ChunkEncoding encoding;
    std::string bytes;
  };
  std::vector<Sealed> sealed;
  BasicHistogramChunkWriter<H> writer;
  const auto take = [&] {
    const ChunkEncoding own = writer.encoding();
    sealed.push_back({own, writer.take()});
  };
  BasicHistogramChunkReader<H> reader(encoding, bytes);
  for (; reader.next(); (void)reader.float_histogram()) {
    const H sample = reader.histogram();
    if (writer.append(reader.t_ms(), reader.start_ms(), sample) != HistogramAppend::kNewChunkNeeded) continue;
    take();
    SLUICE_CHECK(writer.append(reader.t_ms(), reader.start_ms(), sample) == HistogramAppend::kAppended,
                 "an empty chunk takes any sample");
  }
  take();
  BasicHistogramChunkReader<H> first(encoding, bytes);
  for (const auto& chunk : sealed) {
    BasicHistogramChunkReader<H> second(chunk.encoding, chunk.bytes);
    while (second.next()) {
      SLUICE_CHECK(first.next() && first.t_ms() == second.t_ms() && first.start_ms() == second.start_ms(),
                   "a time changed when it was written again");
      const double before = first.raw().sum;
      SLUICE_CHECK(std::bit_cast<uint64_t>(before) == std::bit_cast<uint64_t>(second.raw().sum),
                   "a sum changed when it was written again");
    }
    SLUICE_CHECK(second.status().has_value(), "a chunk of our own is readable");
  }
  SLUICE_CHECK(!first.next(), "no sample was lost");
}

void write_floats_again(std::string_view bytes) {
  Xor2ChunkWriter writer;
  Xor2ChunkReader reader(bytes);
  while (reader.next()) writer.append(reader.t_ms(), reader.start_ms(), reader.value());
  const std::string own = writer.take();
  Xor2ChunkReader first(bytes);
  Xor2ChunkReader second(own);
  while (second.next()) {
    SLUICE_CHECK(first.next() && first.t_ms() == second.t_ms() && first.start_ms() == second.start_ms() &&
                     first.value_bits() == second.value_bits(),
                 "a sample changed when it was written again");
  }
  SLUICE_CHECK(second.status().has_value() && !first.next(), "a chunk of our own is readable");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const auto encoding = static_cast<ChunkEncoding>(data[0] % 8);
  const std::string_view bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  const ChunkView view{.encoding = encoding, .owner = nullptr, .bytes = bytes};
  sluice::model::SampleColumn column;
  const auto read = read_chunk(view, {}, column);
  SLUICE_CHECK(column.t_ms.size() == column.values.size() && column.histograms.size() <= column.t_ms.size(),
               "columns go together");
  (void)read;
  switch (encoding) {
    case ChunkEncoding::kHistogram:
    case ChunkEncoding::kHistogramSt: write_again<sluice::model::Histogram>(encoding, bytes); break;
    case ChunkEncoding::kFloatHistogram:
    case ChunkEncoding::kFloatHistogramSt: write_again<sluice::model::FloatHistogram>(encoding, bytes); break;
    case ChunkEncoding::kXor2: write_floats_again(bytes); break;
    default: break;
  }
  return 0;
}
