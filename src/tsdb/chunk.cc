#include "tsdb/chunk.h"

#include <utility>

#include <fmt/format.h>

#include "base/coding.h"
#include "tsdb/histogram_chunk.h"
#include "tsdb/xor2_chunk.h"
#include "tsdb/xor_chunk.h"

namespace sluice::tsdb {
namespace {

/// Walks the samples inside `range`. `add` puts one's value into `out`, whose times it finds there already.
template <class Reader>
Result<void> read_samples(Reader& reader, model::TimeRange range, model::SampleColumn& out, auto&& add) {
  while (reader.next() && reader.t_ms() <= range.max_ms) {
    if (reader.t_ms() < range.min_ms) continue;
    out.t_ms.push_back(reader.t_ms());
    add(reader);
    if constexpr (requires { reader.start_ms(); }) {
      if (reader.start_ms() != 0) {
        out.start_ms.resize(out.t_ms.size());
        out.start_ms.back() = reader.start_ms();
      }
    }
  }
  if (!out.start_ms.empty()) out.start_ms.resize(out.t_ms.size());
  return reader.status();
}

template <class Reader>
Result<void> read_floats(const ChunkView& chunk, model::TimeRange range, model::SampleColumn& out) {
  Reader reader(chunk.bytes);
  return read_samples(reader, range, out, [&](const Reader& at) { out.values.push_back(at.value()); });
}

template <class Reader>
Result<void> read_histograms(const ChunkView& chunk, model::TimeRange range, model::SampleColumn& out) {
  Reader reader(chunk.encoding, chunk.bytes);
  return read_samples(reader, range, out, [&](const Reader& at) {
    const auto row = static_cast<uint32_t>(out.values.size());
    out.histograms.push_back({row, std::make_shared<const model::FloatHistogram>(at.float_histogram())});
    out.values.push_back(0);
  });
}

}  // namespace

ChunkView make_chunk_view(TimestampMs min_ms, TimestampMs max_ms, ChunkEncoding encoding, std::string bytes) {
  auto owner = std::make_shared<const std::string>(std::move(bytes));
  const std::string_view view = *owner;
  return {min_ms, max_ms, encoding, std::move(owner), view};
}

uint16_t samples_in_chunk(const ChunkView& chunk) {
  if (chunk.bytes.size() < sizeof(uint16_t)) return 0;
  const uint16_t samples = load_be<uint16_t>(chunk.bytes.data());
  const bool shares_bits =
      chunk.encoding == ChunkEncoding::kHistogramSt || chunk.encoding == ChunkEncoding::kFloatHistogramSt;
  return shares_bits ? samples & HistogramChunkWriter::kSamplesMax : samples;
}

Result<void> read_chunk(const ChunkView& chunk, model::TimeRange range, model::SampleColumn& out) {
  switch (chunk.encoding) {
    case ChunkEncoding::kXor: return read_floats<XorChunkReader>(chunk, range, out);
    case ChunkEncoding::kXor2: return read_floats<Xor2ChunkReader>(chunk, range, out);
    case ChunkEncoding::kHistogram:
    case ChunkEncoding::kHistogramSt: return read_histograms<HistogramChunkReader>(chunk, range, out);
    case ChunkEncoding::kFloatHistogram:
    case ChunkEncoding::kFloatHistogramSt: return read_histograms<FloatHistogramChunkReader>(chunk, range, out);
    default:
      return fail(ErrorCode::kUnsupported,
                  fmt::format("a chunk of encoding {}, which this program does not know: a newer version wrote it",
                              static_cast<unsigned>(chunk.encoding)));
  }
}

std::shared_ptr<const model::FloatHistogram> forget_reset_hint(std::shared_ptr<const model::FloatHistogram> histogram) {
  if (histogram->counter_reset_hint != model::CounterResetHint::kNotReset) return histogram;
  auto copy = std::make_shared<model::FloatHistogram>(*histogram);
  copy->counter_reset_hint = model::CounterResetHint::kUnknown;
  return copy;
}

}  // namespace sluice::tsdb
