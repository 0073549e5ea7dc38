#include "tsdb/checkpoint.h"

#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tsdb/harness.h"

namespace sluice::tsdb {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr TimestampMs kStart = 100 * kBlockRangeMs;
constexpr Extras::Limits kNone;

class CheckpointTest : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(fs_.create_directories("ws", 0755)); }

  static Result<uint64_t> write_checkpoint(FileSystem& fs, const std::string& directory, journal::Sequence sequence,
                                           const Head& head) {
    return tsdb::write_checkpoint(fs, directory, sequence, head, Extras(kNone));
  }
  static Result<CheckpointReport> load_checkpoint(FileSystem& fs, const std::string& directory, Head& head) {
    Extras extras(kNone);
    return tsdb::load_checkpoint(fs, directory, head, extras);
  }
  static Result<CheckpointHeader> read_checkpoint(std::string_view bytes, const std::string& file,
                                                  const std::function<Result<void>(const CheckpointSeries&)>& use,
                                                  CheckpointReport& report) {
    return tsdb::read_checkpoint(bytes, file, {.series = use, .exemplars = {}, .metadata = {}}, report);
  }
  static void write(Head& head, const LabelList& list, TimestampMs t_ms, double value) {
    const auto set = model::Labels::from(list);
    bool pinned = false;
    MemorySeries* series = SeriesResolver(head).resolve(set.hash(), set.packed(), pinned);
    const std::vector<MemorySeries*> definitions(pinned ? 1 : 0, series);
    const HeadSample sample{series, {t_ms, value}};
    model::AppendOutcome outcome;
    head.apply(definitions, {&sample, 1}, INT64_MIN, outcome);
    head.unpin(definitions);
  }
  static void fill(Head& head, int series, int samples) {
    std::mt19937 random(7);
    for (int i = 0; i < series; ++i) {
      const LabelList labels = {{"__name__", "m"}, {"job", i % 2 == 0 ? "even" : "odd"}, {"id", std::to_string(i)}};
      for (int j = 0; j < samples + i % 7; ++j) write(head, labels, kStart + j * 15'000, random() % 5);
      if (i % 3 == 0) write(head, labels, kStart - 1000 - i, 3);
    }
  }
  std::string bytes_of(const Head& head, journal::Sequence sequence) {
    EXPECT_TRUE(write_checkpoint(fs_, "ws", sequence, head));
    return *fs_.content("ws/" + checkpoint_name(sequence));
  }

  test::FaultFileSystem fs_;
};

TEST_F(CheckpointTest, GivesBackTheWholeHead) {
  Head head;
  fill(head, 60, 300);
  head.freeze(kStart);
  ASSERT_TRUE(write_checkpoint(fs_, "ws", 42, head));
  EXPECT_THAT(*fs_.list("ws"), ElementsAre("checkpoint.0000000000000042"));
  fs_.crash(1);
  Head restored;
  const auto report = load_checkpoint(fs_, "ws", restored);
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->sequence, 42u);
  EXPECT_EQ(report->series, 60u);
  EXPECT_THAT(report->damage, IsEmpty());
  EXPECT_EQ(contents(restored), contents(head));
  EXPECT_EQ(restored.next_ref(), head.next_ref());
  EXPECT_EQ(restored.frozen_before_ms(), kStart);
  EXPECT_EQ(restored.max_ms(), head.max_ms());
  EXPECT_EQ(restored.stats().samples, head.stats().samples);
  // What is appended later joins what was there.
  for (Head* one : {&head, &restored}) {
    for (int i = 0; i < 60; ++i) {
      const LabelList labels = {{"__name__", "m"}, {"job", i % 2 == 0 ? "even" : "odd"}, {"id", std::to_string(i)}};
      for (int j = 310; j < 500; ++j) write(*one, labels, kStart + j * 15'000, j);
    }
  }
  EXPECT_EQ(contents(restored), contents(head));
}

TEST_F(CheckpointTest, GivesBackExemplarsAndMetadataInTheirOrder) {
  constexpr Extras::Limits kSome{.exemplars_max = 20'000, .exemplar_window_ms = 1000, .families_max = 5'000};
  Head head;
  Extras extras(kSome);
  const std::string text(300, 'x');
  for (int i = 0; i < 25'000; ++i) {
    const auto series = model::Labels::from({{"__name__", "m"}, {"i", std::to_string(i % 1000)}, {"text", text}});
    extras.exemplars.add(series, {model::Labels::from({{"id", std::to_string(i)}}), 0.5 * i, kStart + i});
  }
  for (int i = 0; i < 5'000; ++i) extras.metadata.set("f" + std::to_string(i), {2, text, "bytes"}, 1);
  ASSERT_TRUE(tsdb::write_checkpoint(fs_, "ws", 1, head, extras));
  Extras restored(kSome);
  const auto report = tsdb::load_checkpoint(fs_, "ws", head, restored);
  ASSERT_TRUE(report);
  EXPECT_THAT(report->damage, IsEmpty());
  const auto exemplars = [](const Extras& of) {
    std::vector<std::pair<std::string, TimestampMs>> all;
    of.exemplars.for_each([&](const model::Labels& series, const model::Exemplar& one) {
      all.emplace_back(series.to_string() + one.labels.to_string() + std::to_string(one.value), one.t_ms);
    });
    return all;
  };
  EXPECT_EQ(exemplars(restored), exemplars(extras));
  EXPECT_EQ(exemplars(restored).size(), 20'000u);
  const auto families = [](const Extras& of) {
    std::vector<std::pair<std::string, model::Metadata>> all;
    for (const auto& family : of.metadata.by_age()) all.emplace_back(family.name, family.metadata);
    return all;
  };
  EXPECT_EQ(families(restored), families(extras));
}

TEST_F(CheckpointTest, ReplacesTheOneBeforeAtOnce) {
  Head head;
  fill(head, 3, 3);
  ASSERT_TRUE(write_checkpoint(fs_, "ws", 1, head));
  fill(head, 5, 5);
  ASSERT_TRUE(write_checkpoint(fs_, "ws", 20, head));
  EXPECT_THAT(*fs_.list("ws"), ElementsAre(checkpoint_name(20)));
}

TEST_F(CheckpointTest, ACrashAtAnyOperationLeavesOneOfTheTwo) {
  for (uint64_t n = 0;; ++n) {
    test::FaultFileSystem fs(n);
    ASSERT_TRUE(fs.create_directories("ws", 0755));
    Head head;
    fill(head, 3, 3);
    ASSERT_TRUE(write_checkpoint(fs, "ws", 1, head));
    const auto first = contents(head);
    fill(head, 5, 5);
    fs.crash_at(fs.operations() + n);
    const bool written = write_checkpoint(fs, "ws", 2, head).has_value();
    const bool ended = !fs.is_dead();
    fs.crash(n);
    Head restored;
    const auto report = load_checkpoint(fs, "ws", restored);
    ASSERT_TRUE(report);
    EXPECT_THAT(report->damage, IsEmpty());
    EXPECT_EQ(contents(restored), report->sequence == 2 ? contents(head) : first) << n;
    if (written) EXPECT_EQ(report->sequence, 2u);
    if (ended) {
      EXPECT_GT(n, 3u);
      return;
    }
  }
}

TEST_F(CheckpointTest, AFullDiskLeavesTheOneBefore) {
  Head head;
  fill(head, 3, 3);
  ASSERT_TRUE(write_checkpoint(fs_, "ws", 1, head));
  fill(head, 50, 50);
  fs_.set_capacity(fs_.used_bytes() + 500);
  const auto written = write_checkpoint(fs_, "ws", 2, head);
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, ErrorCode::kNoSpace);
  EXPECT_THAT(*fs_.list("ws"), ElementsAre(checkpoint_name(1)));
}

// Whatever byte is damaged: no crash, nothing invented, what is lost is told, and the rest is there.
TEST_F(CheckpointTest, AFlippedBitCostsAtMostItsFrameAndIsReported) {
  Head head;
  fill(head, 20, 20);
  const auto all = contents(head);
  const std::string bytes = bytes_of(head, 9);
  for (size_t at = 0; at < bytes.size(); at += 3) {
    std::string damaged = bytes;
    damaged[at] = static_cast<char>(damaged[at] ^ (1 << at % 8));
    CheckpointReport report;
    Head restored;
    const auto header = read_checkpoint(
        damaged, "file",
        [&](const CheckpointSeries& series) {
          return restored.restore_series(series.ref, series.packed, series.chunks, series.newest_ms);
        },
        report);
    if (!header) {
      EXPECT_EQ(header.error().code, ErrorCode::kUnsupported) << "a higher version in the header, byte " << at;
      continue;
    }
    EXPECT_EQ(header->sequence, 9u);
    if (bytes.substr(at, 1).find_first_not_of('\0') != std::string::npos || !report.damage.empty()) {
      EXPECT_FALSE(report.damage.empty()) << at;
    }
    for (const auto& [series, samples] : contents(restored)) EXPECT_EQ(samples, all.at(series));
  }
}

TEST_F(CheckpointTest, EveryTruncationIsReported) {
  Head head;
  fill(head, 5, 5);
  const std::string bytes = bytes_of(head, 9);
  for (size_t size = 0; size < bytes.size(); size += 5) {
    CheckpointReport report;
    const auto header = read_checkpoint(
        std::string_view(bytes).substr(0, size), "file", [](const auto&) { return Result<void>(); }, report);
    EXPECT_TRUE(!header || !report.damage.empty()) << size;
  }
}

TEST_F(CheckpointTest, OfANewerFormatIsRefusedWithTheWayOut) {
  Head head;
  std::string bytes = bytes_of(head, 9);
  bytes[8] = 9;
  CheckpointReport report;
  const auto header = read_checkpoint(bytes, "ws/checkpoint.9", [](const auto&) { return Result<void>(); }, report);
  ASSERT_FALSE(header);
  EXPECT_EQ(header.error().code, ErrorCode::kUnsupported);
  EXPECT_THAT(header.error().message, HasSubstr("ws/checkpoint.9: a checkpoint of format 9"));
}

TEST(CheckpointName, HasTheRecordsNumber) {
  EXPECT_EQ(checkpoint_name(7), "checkpoint.0000000000000007");
  EXPECT_EQ(parse_checkpoint_name("checkpoint.0000000000000007"), 7u);
  EXPECT_EQ(parse_checkpoint_name(checkpoint_name(journal::Sequence{1} << 62)), journal::Sequence{1} << 62);
  for (const char* name : {"checkpoint.", "checkpoint.7", "checkpoint.000000000000000x", "wal", ""}) {
    EXPECT_FALSE(parse_checkpoint_name(name)) << name;
  }
}

}  // namespace
}  // namespace sluice::tsdb
