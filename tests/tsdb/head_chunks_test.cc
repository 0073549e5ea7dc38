#include "tsdb/head_chunks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tsdb/harness.h"

namespace sluice::tsdb {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class HeadChunksTest : public testing::Test {
 protected:
  static constexpr HeadChunks::Options kSmall{.segment_bytes_first = 256, .segment_bytes_max = 1024};

  HeadChunkRef add(HeadChunkRef previous, TimestampMs min_ms, TimestampMs max_ms, std::string_view bytes) {
    return chunks_.add(previous, {min_ms, max_ms, ChunkEncoding::kXor, nullptr, bytes});
  }
  std::vector<std::string> files() { return fs_.list("ws/chunks_head").value_or(std::vector<std::string>{}); }

  test::FaultFileSystem fs_;
  MemoryLogger logger_;
  HeadChunks chunks_{&fs_, "ws/chunks_head", &logger_, kSmall};
};

TEST_F(HeadChunksTest, GivesBackChainsFromMemoryAndFromFiles) {
  std::vector<HeadChunkRef> refs;
  for (int i = 0; i < 100; ++i) {
    refs.push_back(add(refs.empty() ? 0 : refs.back(), i * 10, i * 10 + 9, std::string(50, static_cast<char>(i))));
  }
  for (int round = 0; round < 2; ++round) {
    const auto snapshot = chunks_.snapshot();
    HeadChunkRef ref = refs.back();
    for (int i = 99; i >= 0; --i) {
      const auto chunk = snapshot.chunk(ref);
      ASSERT_TRUE(chunk && *chunk) << i;
      EXPECT_EQ((*chunk)->view.min_ms, i * 10);
      EXPECT_EQ((*chunk)->view.max_ms, i * 10 + 9);
      EXPECT_EQ((*chunk)->view.bytes, std::string(50, static_cast<char>(i)));
      ref = (*chunk)->previous;
    }
    EXPECT_EQ(ref, 0u);
    const uint64_t before = chunks_.memory_bytes();
    chunks_.write_full();
    if (round == 0) EXPECT_LT(chunks_.memory_bytes(), before / 2);
  }
  EXPECT_GT(files().size(), 5u);
}

TEST_F(HeadChunksTest, RemovesSegmentsBehindADropAndEndsChainsThere) {
  HeadChunkRef ref = 0;
  for (int i = 0; i < 40; ++i) ref = add(ref, i * 10, i * 10 + 9, std::string(40, 'a'));
  chunks_.write_full();
  const auto before = chunks_.snapshot();
  const uint32_t end = chunks_.begin_segment();
  const HeadChunkRef later = add(ref, 400, 409, "later");
  chunks_.remove_segments(end, 200);
  const auto left = files().size();
  EXPECT_GT(left, 0u);
  const auto after = chunks_.snapshot();
  int found = 0;
  for (HeadChunkRef at = later; at != 0; ++found) {
    const auto chunk = after.chunk(at);
    ASSERT_TRUE(chunk);
    if (!*chunk) break;
    at = (*chunk)->previous;
  }
  EXPECT_GE(found, 21);
  EXPECT_LT(found, 41);
  EXPECT_EQ(before.chunk(ref)->value().view.bytes, std::string(40, 'a')) << "who has a snapshot reads on";
  chunks_.remove_segments(end, INT64_MAX);
  chunks_.write_full();
  EXPECT_THAT(files(), IsEmpty());
  EXPECT_EQ(chunks_.snapshot().chunk(later)->value().view.bytes, "later") << "a segment from the end on stays";
}

TEST_F(HeadChunksTest, StaysInMemoryWhileTheDiskIsFull) {
  fs_.set_capacity(0);
  HeadChunkRef ref = 0;
  for (int i = 0; i < 20; ++i) ref = add(ref, i, i, std::string(60, 'x'));
  chunks_.write_full();
  chunks_.write_full();
  EXPECT_EQ(chunks_.snapshot().chunk(ref)->value().view.bytes, std::string(60, 'x'));
  EXPECT_THAT(logger_.lines(), SizeIs(1)) << "told once";
  EXPECT_THAT(logger_.lines(), Contains(HasSubstr("full chunks of the head stay in memory")));
  fs_.set_capacity(std::nullopt);
  const uint64_t before = chunks_.memory_bytes();
  chunks_.write_full();
  EXPECT_LT(chunks_.memory_bytes(), before);
}

TEST(HeadChunksOnDisk, FindsDamagedBytes) {
  const std::string directory = testing::TempDir() + "head_chunks_damage";
  const auto fs = make_posix_file_system();
  HeadChunks chunks(fs.get(), directory, nullptr, {.segment_bytes_first = 256, .segment_bytes_max = 1024});
  chunks.open();
  HeadChunkRef ref = 0;
  for (int i = 0; i < 20; ++i) ref = chunks.add(ref, {i, i, ChunkEncoding::kXor, nullptr, std::string(60, 'x')});
  chunks.write_full();
  const HeadChunkRef first = 1ull << 32;
  EXPECT_TRUE(chunks.snapshot().chunk(first)->has_value());
  ASSERT_TRUE(fs->open_writable(join_path(directory, "00000001"), OpenMode::kCreateOrOpen).value()->write_at(40, "y"));
  const auto damaged = chunks.snapshot().chunk(first);
  ASSERT_FALSE(damaged);
  EXPECT_EQ(damaged.error().code, ErrorCode::kDataLoss);
  EXPECT_THAT(damaged.error().message, HasSubstr("chunks_head/00000001 is damaged at offset 0"));
  ASSERT_TRUE(fs->remove_tree(directory));
}

TEST_F(HeadChunksTest, BeginsEmpty) {
  HeadChunkRef ref = 0;
  for (int i = 0; i < 20; ++i) ref = add(ref, i, i, std::string(60, 'x'));
  chunks_.write_full();
  EXPECT_GT(files().size(), 0u);
  HeadChunks next(&fs_, "ws/chunks_head", &logger_, kSmall);
  next.open();
  EXPECT_THAT(files(), IsEmpty());
  EXPECT_FALSE(next.snapshot().chunk(ref)->has_value());
}

}  // namespace
}  // namespace sluice::tsdb
