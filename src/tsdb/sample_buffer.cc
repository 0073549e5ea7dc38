#include "tsdb/sample_buffer.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "tsdb/xor_chunk.h"

namespace sluice::tsdb {
namespace {

bool same_value(const model::Sample& a, const model::Sample& b) {
  return std::bit_cast<uint64_t>(a.value) == std::bit_cast<uint64_t>(b.value);
}

/// By time, those of one time as they came.
void sort_by_time(std::vector<model::Sample>& samples) {
  if (std::ranges::is_sorted(samples, {}, &model::Sample::t_ms)) return;
  std::vector<std::pair<model::Sample, size_t>> ranked;
  ranked.reserve(samples.size());
  for (size_t i = 0; i < samples.size(); ++i) ranked.emplace_back(samples[i], i);
  std::ranges::sort(ranked, {}, [](const auto& one) { return std::pair(one.first.t_ms, one.second); });
  for (size_t i = 0; i < samples.size(); ++i) samples[i] = ranked[i].first;
}

/// Sorts by time and leaves the first of each.
void settle(std::vector<model::Sample>& samples, SampleBuffer::Counts& counts) {
  sort_by_time(samples);
  size_t kept = 0;
  for (const auto& sample : samples) {
    if (kept > 0 && samples[kept - 1].t_ms == sample.t_ms) {
      ++(same_value(samples[kept - 1], sample) ? counts.duplicates : counts.conflicts);
    } else {
      samples[kept++] = sample;
    }
  }
  samples.resize(kept);
}

std::vector<ChunkView> encode(const std::vector<model::Sample>& samples) {
  std::vector<ChunkView> chunks;
  for (size_t begin = 0; begin < samples.size(); begin += kSamplesPerChunk) {
    const size_t end = std::min(begin + kSamplesPerChunk, samples.size());
    XorChunkWriter writer;
    for (size_t i = begin; i < end; ++i) writer.append(samples[i].t_ms, samples[i].value);
    chunks.push_back(make_chunk_view(samples[begin].t_ms, samples[end - 1].t_ms, ChunkEncoding::kXor, writer.take()));
  }
  return chunks;
}

}  // namespace

class SampleBuffer::Source final : public SeriesSource {
 public:
  Source(Series series, Counts& counts) : series_(std::move(series)), counts_(counts) {
    for (auto& entry : series_) order_.push_back(&entry);
    std::ranges::sort(order_,
                      [](const Series::value_type* a, const Series::value_type* b) { return a->first < b->first; });
  }

  Result<bool> next() override {
    if (next_ == order_.size()) return false;
    auto& [labels, samples] = *order_[next_++];
    labels_ = &labels;
    settle(samples, counts_);
    chunks_ = encode(samples);
    samples = {};
    return true;
  }
  const model::Labels& labels() const override { return *labels_; }
  std::span<const ChunkView> chunks() const override { return chunks_; }

 private:
  Series series_;
  Counts& counts_;
  std::vector<Series::value_type*> order_;
  size_t next_ = 0;
  const model::Labels* labels_ = nullptr;
  std::vector<ChunkView> chunks_;
};

void SampleBuffer::add(const model::Labels& labels, model::Sample sample) {
  series_[labels].push_back(sample);
  min_ms_ = samples_ == 0 ? sample.t_ms : std::min(min_ms_, sample.t_ms);
  max_ms_ = samples_ == 0 ? sample.t_ms : std::max(max_ms_, sample.t_ms);
  ++samples_;
}

std::unique_ptr<SeriesSource> SampleBuffer::take(Counts& counts) {
  samples_ = 0;
  return std::make_unique<Source>(std::exchange(series_, {}), counts);
}

}  // namespace sluice::tsdb
