#pragma once

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "model/labels.h"
#include "model/sample.h"
#include "tsdb/block.h"
#include "tsdb/block_writer.h"
#include "tsdb/harness.h"
#include "tsdb/series_source.h"
#include "tsdb/xor_chunk.h"

namespace sluice::tsdb {

/// A ULID that tests can name: the number is its time.
inline Ulid test_ulid(int64_t number) { return Ulid::make(number, {}); }

struct TestSeries {
  LabelList labels;
  std::vector<model::Sample> samples;
};

/// `count` samples from `begin_ms`, `step_ms` apart, with values that look like a counter.
inline std::vector<model::Sample> samples_from(TimestampMs begin_ms, TimestampMs step_ms, size_t count,
                                               double first = 0) {
  std::vector<model::Sample> samples;
  for (size_t i = 0; i < count; ++i) {
    samples.push_back({begin_ms + static_cast<TimestampMs>(i) * step_ms, first + static_cast<double>(i * i)});
  }
  return samples;
}

inline std::vector<ChunkView> to_chunks(const std::vector<model::Sample>& samples,
                                        size_t samples_per_chunk = kSamplesPerChunk) {
  std::vector<ChunkView> chunks;
  for (size_t begin = 0; begin < samples.size(); begin += samples_per_chunk) {
    const size_t end = std::min(begin + samples_per_chunk, samples.size());
    XorChunkWriter writer;
    for (size_t i = begin; i < end; ++i) writer.append(samples[i].t_ms, samples[i].value);
    chunks.push_back(make_chunk_view(samples[begin].t_ms, samples[end - 1].t_ms, ChunkEncoding::kXor, writer.take()));
  }
  return chunks;
}

/// Series from memory, sorted by itself.
class TestSource final : public SeriesSource {
 public:
  explicit TestSource(const std::vector<TestSeries>& series, size_t samples_per_chunk = kSamplesPerChunk) {
    for (const auto& one : series) {
      series_[model::Labels::from(one.labels)] = to_chunks(one.samples, samples_per_chunk);
    }
    next_ = series_.begin();
  }
  Result<bool> next() override {
    if (fail_at_end_ && next_ == series_.end()) return fail(ErrorCode::kDataLoss, "the source is damaged");
    if (next_ == series_.end()) return false;
    current_ = next_++;
    return true;
  }
  const model::Labels& labels() const override { return current_->first; }
  std::span<const ChunkView> chunks() const override { return current_->second; }
  void fail_at_end() { fail_at_end_ = true; }

 private:
  using Map = std::map<model::Labels, std::vector<ChunkView>>;
  Map series_;
  Map::const_iterator next_;
  Map::const_iterator current_;
  bool fail_at_end_ = false;
};

inline BlockMeta test_meta(int64_t number, TimestampMs min_ms, TimestampMs max_ms) {
  BlockMeta meta;
  meta.ulid = test_ulid(number);
  meta.min_ms = min_ms;
  meta.max_ms = max_ms;
  meta.sources = {meta.ulid};
  return meta;
}

inline std::string block_path(std::string_view directory, const Ulid& ulid) {
  return join_path(directory, ulid.to_string());
}

/// Writes a block and opens it.
inline std::shared_ptr<const Block> make_block(FileSystem& fs, const std::string& directory, const BlockMeta& meta,
                                               const std::vector<TestSeries>& series,
                                               const BlockWriteOptions& options = {}) {
  TestSource source(series);
  const auto written = write_block(fs, directory, meta, source, options);
  EXPECT_TRUE(written.has_value()) << written.error().message;
  if (!written || !*written) return nullptr;
  auto block = Block::open(fs, block_path(directory, meta.ulid));
  EXPECT_TRUE(block.has_value()) << block.error().message;
  return block ? *std::move(block) : nullptr;
}

/// What `contents` of harness.h shows of such series.
inline Contents expected(const std::vector<TestSeries>& series, model::TimeRange range = {}) {
  Contents all;
  for (const auto& one : series) {
    auto& samples = all[model::Labels::from(one.labels).to_string()];
    for (const auto& sample : one.samples) {
      if (range.contains(sample.t_ms)) samples[sample.t_ms] = std::bit_cast<uint64_t>(sample.value);
    }
  }
  return all;
}

}  // namespace sluice::tsdb
