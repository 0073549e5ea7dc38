#include "tsdb/block_compaction.h"

#include <random>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tsdb/block_harness.h"
#include "tsdb/chunk_rewrite.h"
#include "tsdb/typed_chunk_writer.h"

namespace sluice::tsdb {
namespace {

using test::FaultFileSystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

using Blocks = std::vector<std::shared_ptr<const Block>>;

class CompactBlocksTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(fs_.create_directories("ws", 0755).has_value()); }

  std::shared_ptr<const Block> block(int64_t number, TimestampMs min_ms, TimestampMs max_ms,
                                     const std::vector<TestSeries>& series) {
    return make_block(fs_, "ws", test_meta(number, min_ms, max_ms), series);
  }
  std::shared_ptr<const Block> compact(const Blocks& blocks) {
    const auto compacted = compact_blocks(fs_, "ws", test_ulid(1000), blocks);
    EXPECT_TRUE(compacted.has_value()) << compacted.error().message;
    if (!compacted || !*compacted) return nullptr;
    auto opened = Block::open(fs_, block_path("ws", test_ulid(1000))).value();
    EXPECT_THAT(opened->verify(), IsEmpty());
    return opened;
  }

  FaultFileSystem fs_;
};

TEST_F(CompactBlocksTest, KeepsEverySampleAndTellsWhereItIsFrom) {
  const std::vector<TestSeries> first = {{{{"a", "1"}}, samples_from(0, 10, 600)}, {{{"b", "1"}}, {{5, 1}}}};
  const std::vector<TestSeries> second = {{{{"a", "1"}}, samples_from(6'000, 10, 250)}, {{{"a", "2"}}, {{7'000, 2}}}};
  const auto compacted = compact({block(1, 0, 6'000, first), block(2, 6'000, 12'000, second)});
  Contents wanted = expected(first);
  for (const auto& [labels, samples] : expected(second)) wanted[labels].insert(samples.begin(), samples.end());
  EXPECT_EQ(contents(*compacted), wanted);
  const BlockMeta& meta = compacted->meta();
  EXPECT_EQ(meta.level, 2u);
  EXPECT_EQ(meta.min_ms, 0);
  EXPECT_EQ(meta.max_ms, 12'000);
  EXPECT_THAT(meta.sources, ElementsAre(test_ulid(1), test_ulid(2)));
  EXPECT_THAT(meta.parents, ElementsAre(BlockParent{test_ulid(1), 0, 6'000}, BlockParent{test_ulid(2), 6'000, 12'000}));
  EXPECT_EQ(meta.stats.samples, 852u);
  EXPECT_EQ(meta.stats.series, 3u);
  EXPECT_EQ(meta.stats.chunks, 8u + 2u);  // 600 and 250 samples in chunks of 120, of which the last holds 10
}

TEST_F(CompactBlocksTest, ShowsTheValueOfTheBlockNamedFirst) {
  const auto first = block(1, 0, 100, {{{{"a", "1"}}, {{10, 1}, {20, 1}, {40, 1}}}});
  const auto second = block(2, 0, 100, {{{{"a", "1"}}, {{10, 2}, {30, 2}, {40, 2}, {50, 2}}}});
  EXPECT_EQ(contents(*compact({first, second})),
            expected({{{{"a", "1"}}, {{10, 1}, {20, 1}, {30, 2}, {40, 1}, {50, 2}}}}));
  ASSERT_TRUE(fs_.remove_tree(block_path("ws", test_ulid(1000))).has_value());
  EXPECT_EQ(contents(*compact({second, first})),
            expected({{{{"a", "1"}}, {{10, 2}, {20, 1}, {30, 2}, {40, 2}, {50, 2}}}}));
}

TEST_F(CompactBlocksTest, LeavesOutWhatIsDeleted) {
  const std::vector<TestSeries> series = {{{{"a", "1"}}, samples_from(0, 10, 300)}, {{{"a", "2"}}, {{5, 1}}}};
  auto whole = block(1, 0, 6'000, series);
  auto deletion = whole->delete_series(std::vector{matcher(model::MatchType::kEqual, "a", "2")}, {}).value();
  deletion.tombstones.add(whole->delete_series({}, {500, 1'800}).value().tombstones.by_series().begin()->first,
                          {500, 1'800});
  const auto compacted = compact({whole->with(whole->meta(), deletion.tombstones)});
  auto wanted = expected(series);
  wanted.erase("{a=\"2\"}");
  std::erase_if(wanted["{a=\"1\"}"], [](const auto& s) { return s.first >= 500 && s.first <= 1'800; });
  EXPECT_EQ(contents(*compacted), wanted);
  EXPECT_EQ(compacted->meta().stats.tombstones, 0u);
  EXPECT_THAT(compacted->label_values("a", {}, {}, 0).value(), ElementsAre("1"));
}

TEST_F(CompactBlocksTest, WritesNoBlockWhenNothingIsLeft) {
  const auto whole = block(1, 0, 6'000, {{{{"a", "1"}}, samples_from(0, 10, 300)}});
  const auto empty = whole->with(whole->meta(), whole->delete_series({}, {}).value().tombstones);
  EXPECT_EQ(compact({empty}), nullptr);
  EXPECT_THAT(fs_.list("ws").value(), ElementsAre(test_ulid(1).to_string()));
}

TEST_F(CompactBlocksTest, NamesTheChunkThatIsDamaged) {
  const auto first = block(1, 0, 100, {{{{"a", "1"}}, {{10, 1}}}});
  const auto second = block(2, 0, 100, {{{{"a", "1"}}, {{20, 2}}}});
  const std::string path = join_path(second->directory(), "chunks/000001");
  fs_.corrupt(path, 12, 1);
  const auto compacted =
      compact_blocks(fs_, "ws", test_ulid(9), Blocks{first, Block::open(fs_, second->directory()).value()});
  EXPECT_THAT(compacted.error().message, HasSubstr(path + ": at offset 9"));
  EXPECT_THAT(fs_.list("ws").value(), ElementsAre(test_ulid(1).to_string(), test_ulid(2).to_string()));
}

TEST_F(CompactBlocksTest, EndsWhenItIsCancelled) {
  const auto whole = block(1, 0, 6'000, {{{{"a", "1"}}, samples_from(0, 10, 300)}});
  const auto compacted = compact_blocks(fs_, "ws", test_ulid(9), Blocks{whole}, {.is_cancelled = [] { return true; }});
  EXPECT_EQ(compacted.error().code, ErrorCode::kCancelled);
  EXPECT_THAT(fs_.list("ws").value(), ElementsAre(test_ulid(1).to_string()));
}

// Blocks of any overlap and with any deletions against a map.
TEST_F(CompactBlocksTest, EqualsAMapOfRandomBlocks) {
  for (uint64_t seed = 0; seed < 60; ++seed) {
    std::mt19937_64 random(seed);
    Blocks blocks;
    Contents wanted;
    const auto count = static_cast<int64_t>(2 + random() % 3);
    for (int64_t number = 1; number <= count; ++number) {
      std::vector<TestSeries> series;
      for (uint64_t i = 1 + random() % 6; i > 0; --i) {
        TestSeries one = {{{"i", std::to_string(i)}}, {}};
        auto t = static_cast<TimestampMs>(random() % 2'000);
        for (uint64_t n = 1 + random() % 300; n > 0; --n) {
          one.samples.push_back({t, static_cast<double>(random() % 5)});
          t += 1 + static_cast<TimestampMs>(random() % 10);
        }
        series.push_back(one);
      }
      auto one = block(static_cast<int64_t>(seed) * 10 + number, 0, 10'000, series);
      auto left = expected(series);
      if (random() % 2 == 0) {
        const auto min_ms = static_cast<TimestampMs>(random() % 2'500);
        const model::TimeRange range = {min_ms, min_ms + static_cast<TimestampMs>(random() % 1'000)};
        one = one->with(one->meta(), one->delete_series({}, range).value().tombstones);
        for (auto& [labels, samples] : left) {
          std::erase_if(samples, [&](const auto& sample) { return range.contains(sample.first); });
        }
      }
      for (const auto& [labels, samples] : left) {
        if (!samples.empty()) wanted[labels].insert(samples.begin(), samples.end());  // what is there stays
      }
      blocks.push_back(one);
    }
    const auto compacted = compact(blocks);
    ASSERT_EQ(compacted ? contents(*compacted) : Contents(), wanted) << "seed " << seed;
    ASSERT_TRUE(fs_.remove_tree("ws").has_value());
    ASSERT_TRUE(fs_.create_directories("ws", 0755).has_value());
  }
}

// Samples of every type and with start times, cut and merged: each keeps its type.
TEST(EncodeAnew, KeepsTypesAndStartTimes) {
  std::vector<TypedSample> samples;
  for (TimestampMs t = 0; t < 60; ++t) {
    model::Histogram integers = {.schema = 1, .count = 5 + static_cast<uint64_t>(t), .sum = 1.5};
    integers.positive_spans = {{0, 1}};
    integers.positive_deltas = {5 + t};
    model::FloatHistogram doubles = {.schema = 1, .count = 5, .sum = 2.5};
    doubles.positive_spans = {{0, 1}};
    doubles.positive_buckets = {5};
    TypedSample sample{.t_ms = t, .start_ms = t >= 40 ? 3 : 0, .value = static_cast<double>(t)};
    if (t % 20 >= 10)
      sample.value = t >= 30 ? TypedSample{.value = doubles}.value : TypedSample{.value = integers}.value;
    samples.push_back(sample);
  }
  std::vector<TypedSample> even;
  std::vector<TypedSample> odd;
  for (const auto& sample : samples) (sample.t_ms % 2 == 0 ? even : odd).push_back(sample);
  const auto even_chunks = encode_chunks(even);
  const auto odd_chunks = encode_chunks(odd);
  const std::span<const ChunkView> storages[] = {even_chunks, odd_chunks};
  const auto merged = merge_chunks(storages).value();
  std::vector<TypedSample> found;
  for (const auto& chunk : merged) ASSERT_TRUE(read_typed(chunk, {}, found).has_value());
  ASSERT_EQ(found.size(), samples.size());
  for (size_t i = 0; i < found.size(); ++i) {
    EXPECT_EQ(found[i].t_ms, samples[i].t_ms);
    EXPECT_TRUE(is_same_value(found[i], samples[i])) << i;
  }
  const model::TimeRange live[] = {{0, 4}, {31, 33}};
  found.clear();
  for (const auto& chunk : encode_anew(merged, live).value()) ASSERT_TRUE(read_typed(chunk, {}, found).has_value());
  ASSERT_EQ(found.size(), 8u);
  EXPECT_TRUE(is_same_value(found[7], samples[33]));
}

TEST(MergeChunks, KeepsChunksThatOverlapNoOther) {
  const auto early = to_chunks(samples_from(0, 10, 240));
  const auto late = to_chunks(samples_from(5'000, 10, 120));
  const std::span<const ChunkView> storages[] = {late, early, early};
  const auto merged = merge_chunks(storages).value();
  ASSERT_EQ(merged.size(), 3u);
  EXPECT_EQ(merged[0].bytes.data(), early[0].bytes.data());
  EXPECT_EQ(merged[1].bytes.data(), early[1].bytes.data());
  EXPECT_EQ(merged[2].bytes.data(), late[0].bytes.data());
}

TEST(JoinSmallChunks, FillsThemUpToTheUsualSize) {
  auto chunks = to_chunks(samples_from(0, 10, 500), 50);
  ASSERT_TRUE(join_small_chunks(chunks).has_value());
  std::vector<int> sizes;
  for (const auto& chunk : chunks) sizes.push_back(samples_in_chunk(chunk));
  EXPECT_THAT(sizes, ElementsAre(100, 100, 100, 100, 100));
  const auto whole = to_chunks(samples_from(0, 10, 240));
  chunks = whole;
  ASSERT_TRUE(join_small_chunks(chunks).has_value());
  EXPECT_EQ(chunks[1].bytes.data(), whole[1].bytes.data());
}

}  // namespace
}  // namespace sluice::tsdb
