#include "tsdb/typed_chunk_writer.h"

#include <bit>
#include <type_traits>
#include <utility>

#include "model/histogram_compare.h"
#include "tsdb/xor_chunk.h"

namespace sluice::tsdb {
namespace {

template <class Value>
struct WriterOf;
template <>
struct WriterOf<double> {
  using type = Xor2ChunkWriter;
};
template <>
struct WriterOf<model::Histogram> {
  using type = HistogramChunkWriter;
};
template <>
struct WriterOf<model::FloatHistogram> {
  using type = FloatHistogramChunkWriter;
};

bool is_full(const Xor2ChunkWriter& writer) { return writer.samples() >= kSamplesPerChunk; }
template <class H>
bool is_full(const BasicHistogramChunkWriter<H>& writer) {
  return writer.size() >= kHistogramChunkBytes && writer.samples() >= kSamplesPerHistogramChunkMin;
}

bool append_to(Xor2ChunkWriter& writer, const TypedSample& sample, double value) {
  writer.append(sample.t_ms, sample.start_ms, value);
  return true;
}
template <class H>
bool append_to(BasicHistogramChunkWriter<H>& writer, const TypedSample& sample, const H& value) {
  return writer.append(sample.t_ms, sample.start_ms, value) != HistogramAppend::kNewChunkNeeded;
}

template <class Reader>
Result<void> read_into(Reader reader, model::TimeRange range, std::vector<TypedSample>& out) {
  while (reader.next() && reader.t_ms() <= range.max_ms) {
    if (reader.t_ms() < range.min_ms) continue;
    TypedSample& sample = out.emplace_back(TypedSample{.t_ms = reader.t_ms(), .start_ms = 0, .value = {}});
    if constexpr (requires { reader.start_ms(); }) sample.start_ms = reader.start_ms();
    if constexpr (requires { reader.histogram(); }) {
      sample.value = reader.histogram();
    } else {
      sample.value = reader.value();
    }
  }
  return reader.status();
}

}  // namespace

TypedSample TypedSample::from(const model::HistogramSample& sample) {
  TypedSample typed{.t_ms = sample.t_ms, .start_ms = sample.start_ms, .value = {}};
  std::visit([&](const auto& histogram) { typed.value = histogram; }, sample.value);
  return typed;
}

bool is_plain(const TypedSample& sample) {
  return sample.start_ms == 0 && std::holds_alternative<double>(sample.value);
}

bool is_same_value(const TypedSample& a, const TypedSample& b) {
  if (a.value.index() != b.value.index()) return false;
  return std::visit(
      [&](const auto& value) {
        using Value = std::remove_cvref_t<decltype(value)>;
        const auto& other = std::get<Value>(b.value);
        if constexpr (std::is_same_v<Value, double>) {
          return std::bit_cast<uint64_t>(value) == std::bit_cast<uint64_t>(other);
        } else {
          return model::is_same(value, other);
        }
      },
      a.value);
}

bool TypedChunkWriter::append(const TypedSample& sample) {
  return std::visit(
      [&](const auto& value) {
        using Writer = typename WriterOf<std::remove_cvref_t<decltype(value)>>::type;
        if (!std::holds_alternative<Writer>(writer_)) {
          if (!empty()) return false;
          writer_.emplace<Writer>();
        }
        auto& writer = std::get<Writer>(writer_);
        return !is_full(writer) && append_to(writer, sample, value);
      },
      sample.value);
}

uint16_t TypedChunkWriter::samples() const {
  return std::visit([](const auto& writer) { return writer.samples(); }, writer_);
}

ChunkEncoding TypedChunkWriter::encoding() const {
  return std::visit(
      [](const auto& writer) {
        if constexpr (requires { writer.encoding(); }) return writer.encoding();
        else return ChunkEncoding::kXor2;
      },
      writer_);
}

size_t TypedChunkWriter::size() const {
  return std::visit([](const auto& writer) { return writer.size(); }, writer_);
}

std::string TypedChunkWriter::chunk() const {
  return std::visit([](const auto& writer) { return writer.chunk(); }, writer_);
}

std::string TypedChunkWriter::take() {
  return std::visit([](auto& writer) { return writer.take(); }, writer_);
}

size_t TypedChunkWriter::memory_bytes() const {
  return std::visit([](const auto& writer) { return writer.memory_bytes(); }, writer_);
}

TypedSample TypedChunkWriter::as_appended(TypedSample sample) const {
  const auto* value = std::get_if<double>(&sample.value);
  if (value == nullptr || !model::is_stale(*value)) return sample;
  const auto stale_like = [&](const auto& writer) {
    auto stale = std::remove_cvref_t<decltype(writer.last())>();
    stale.sum = model::stale_nan();
    // In the chunk of a gauge it must be one, not to begin a chunk of its own.
    if (writer.header() == CounterResetHeader::kGauge) stale.counter_reset_hint = model::CounterResetHint::kGauge;
    sample.value = std::move(stale);
  };
  if (const auto* integers = std::get_if<HistogramChunkWriter>(&writer_)) stale_like(*integers);
  else if (const auto* doubles = std::get_if<FloatHistogramChunkWriter>(&writer_)) stale_like(*doubles);
  return sample;
}

std::vector<ChunkView> encode_chunks(std::span<const TypedSample> samples) {
  std::vector<ChunkView> chunks;
  XorChunkWriter plain;
  TypedChunkWriter typed;
  TimestampMs first_ms = 0;
  TimestampMs last_ms = 0;
  const auto seal = [&] {
    if (plain.samples() != 0) chunks.push_back(make_chunk_view(first_ms, last_ms, ChunkEncoding::kXor, plain.take()));
    if (typed.empty()) return;
    const ChunkEncoding encoding = typed.encoding();
    chunks.push_back(make_chunk_view(first_ms, last_ms, encoding, typed.take()));
  };
  for (const TypedSample& sample : samples) {
    if (is_plain(sample)) {
      if (!typed.empty() || plain.samples() >= kSamplesPerChunk) seal();
      if (plain.samples() == 0) first_ms = sample.t_ms;
      plain.append(sample.t_ms, std::get<double>(sample.value));
    } else {
      if (plain.samples() != 0) seal();
      if (!typed.append(sample)) {
        seal();
        typed.append(sample);
      }
      if (typed.samples() == 1) first_ms = sample.t_ms;
    }
    last_ms = sample.t_ms;
  }
  seal();
  return chunks;
}

Result<void> read_typed(const ChunkView& chunk, model::TimeRange range, std::vector<TypedSample>& out) {
  switch (chunk.encoding) {
    case ChunkEncoding::kXor: return read_into(XorChunkReader(chunk.bytes), range, out);
    case ChunkEncoding::kXor2: return read_into(Xor2ChunkReader(chunk.bytes), range, out);
    case ChunkEncoding::kHistogram:
    case ChunkEncoding::kHistogramSt: return read_into(HistogramChunkReader(chunk.encoding, chunk.bytes), range, out);
    case ChunkEncoding::kFloatHistogram:
    case ChunkEncoding::kFloatHistogramSt:
      return read_into(FloatHistogramChunkReader(chunk.encoding, chunk.bytes), range, out);
    default: break;
  }
  model::SampleColumn none;
  return read_chunk(chunk, range, none);  // which says that it is unknown
}

Result<std::optional<TypedSample>> find_sample(const ChunkView& chunk, TimestampMs t_ms) {
  std::vector<TypedSample> found;
  SLUICE_TRY(read_typed(chunk, {.min_ms = t_ms, .max_ms = t_ms}, found));
  if (found.empty()) return std::optional<TypedSample>();
  return std::optional<TypedSample>(std::move(found.front()));
}

}  // namespace sluice::tsdb
