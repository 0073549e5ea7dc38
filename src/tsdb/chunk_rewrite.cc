#include "tsdb/chunk_rewrite.h"

#include <algorithm>
#include <iterator>
#include <utility>
#include <variant>

#include "tsdb/typed_chunk_writer.h"
#include "tsdb/xor_chunk.h"

namespace sluice::tsdb {
namespace {

constexpr model::TimeRange kAllTime;

struct RankedChunk {
  ChunkView view;
  size_t rank;  // of the storage it is from
};

struct RankedSample {
  TypedSample sample;
  size_t rank;  // of the chunk it is from
};

// A histogram that samples of another chunk may now precede: what its hint says of the one before is no longer known.
void forget_reset(TypedSample& sample) {
  std::visit(
      [](auto& value) {
        if constexpr (requires { value.counter_reset_hint; }) {
          const bool is_gauge = value.counter_reset_hint == model::CounterResetHint::kGauge;
          if (!is_gauge) value.counter_reset_hint = model::CounterResetHint::kUnknown;
        }
      },
      sample.value);
}

bool are_equal(const ChunkView& a, const ChunkView& b) {
  return a.min_ms == b.min_ms && a.max_ms == b.max_ms && a.encoding == b.encoding && a.bytes == b.bytes;
}

// Chunks that overlap, as a chain, by time: [begin, end) becomes chunks that do not.
Result<void> append_merged(std::span<RankedChunk> chain, std::vector<ChunkView>& out) {
  std::ranges::sort(chain, {}, [](const RankedChunk& chunk) { return std::pair(chunk.rank, chunk.view.min_ms); });
  std::vector<ChunkView> views;
  for (const auto& chunk : chain) {
    const bool is_known = std::ranges::any_of(views, [&](const auto& view) { return are_equal(view, chunk.view); });
    if (!is_known) views.push_back(chunk.view);
  }
  if (views.size() > 1) {
    SLUICE_ASSIGN(views, encode_anew(views, {&kAllTime, 1}));
  }
  std::ranges::move(views, std::back_inserter(out));
  return {};
}

}  // namespace

Result<std::vector<ChunkView>> encode_anew(std::span<const ChunkView> chunks, std::span<const model::TimeRange> live) {
  std::vector<RankedSample> all;
  std::vector<TypedSample> samples;
  for (size_t rank = 0; rank < chunks.size(); ++rank) {
    samples.clear();
    for (const auto& range : live) SLUICE_TRY(read_typed(chunks[rank], range, samples));
    for (auto& sample : samples) {
      if (chunks.size() > 1) forget_reset(sample);
      all.push_back({std::move(sample), rank});
    }
  }
  std::ranges::sort(all, {}, [](const RankedSample& s) { return std::pair(s.sample.t_ms, s.rank); });
  samples.clear();
  for (auto& [sample, rank] : all) {
    if (samples.empty() || samples.back().t_ms != sample.t_ms) samples.push_back(std::move(sample));
  }
  return encode_chunks(samples);
}

Result<std::vector<ChunkView>> merge_chunks(std::span<const std::span<const ChunkView>> storages) {
  std::vector<RankedChunk> all;
  for (size_t rank = 0; rank < storages.size(); ++rank) {
    for (const auto& chunk : storages[rank]) all.push_back({chunk, rank});
  }
  std::ranges::sort(all, {}, [](const RankedChunk& chunk) { return std::pair(chunk.view.min_ms, chunk.rank); });
  std::vector<ChunkView> merged;
  for (size_t begin = 0; begin < all.size();) {
    TimestampMs max_ms = all[begin].view.max_ms;
    size_t end = begin + 1;
    for (; end < all.size() && all[end].view.min_ms <= max_ms; ++end) max_ms = std::max(max_ms, all[end].view.max_ms);
    SLUICE_TRY(append_merged(std::span(all).subspan(begin, end - begin), merged));
    begin = end;
  }
  return merged;
}

Result<void> join_small_chunks(std::vector<ChunkView>& chunks) {
  std::vector<ChunkView> joined;
  for (size_t begin = 0; begin < chunks.size();) {
    size_t samples = samples_in_chunk(chunks[begin]);
    size_t end = begin + 1;
    for (; end < chunks.size() && chunks[begin].encoding == ChunkEncoding::kXor; ++end) {
      samples += samples_in_chunk(chunks[end]);
      if (chunks[end].encoding != ChunkEncoding::kXor || samples > kSamplesPerChunk) break;
    }
    const auto run = std::span(chunks).subspan(begin, end - begin);
    if (run.size() == 1) {
      joined.push_back(std::move(run.front()));
    } else {
      SLUICE_ASSIGN(auto anew, encode_anew(run, {&kAllTime, 1}));
      std::ranges::move(anew, std::back_inserter(joined));
    }
    begin = end;
  }
  chunks = std::move(joined);
  return {};
}

}  // namespace sluice::tsdb
