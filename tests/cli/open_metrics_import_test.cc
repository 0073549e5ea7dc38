#include "cli/open_metrics_import.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/fault_file_system.h"
#include "tsdb/block.h"
#include "tsdb/merged_queryable.h"

namespace sluice::cli {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class OpenMetricsImportTest : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(fs_.create_directories("out", 0755)); }

  Result<OpenMetricsImport> import(const std::string& text, uint64_t samples_in_memory_max = 1'000) {
    EXPECT_TRUE(write_file_atomically(fs_, "text", text));
    const auto new_ulid = [this] { return Ulid::make(++ulids_, {}); };
    return import_open_metrics(
        fs_, "text", "out",
        {.new_ulid = new_ulid, .now_ms = 1'700'000'000'000, .samples_in_memory_max = samples_in_memory_max});
  }
  /// All samples of all blocks: "labels time value", a line each.
  std::string shown() {
    tsdb::MergedQueryable::Parts parts;
    for (const auto& name : fs_.list("out").value()) {
      auto block = tsdb::Block::open(fs_, join_path("out", name));
      EXPECT_TRUE(block) << block.error().message;
      EXPECT_THAT((*block)->verify(), IsEmpty());
      parts.push_back(*block);
    }
    model::QueryBudget budget(UINT64_MAX, {});
    std::string text;
    for (const auto& series : tsdb::MergedQueryable(parts).select({}, {}, budget).value()) {
      model::SampleColumn column;
      EXPECT_TRUE(series->read({}, column));
      for (size_t i = 0; i < column.size(); ++i) {
        text += fmt::format("{} {} {}\n", series->labels().to_string(), column.t_ms[i], column.values[i]);
      }
    }
    return text;
  }

  test::FaultFileSystem fs_;
  int64_t ulids_ = 0;
};

TEST_F(OpenMetricsImportTest, CutsSamplesIntoAlignedBlocksOfTwoHours) {
  const auto done = import("# TYPE a gauge\na{x=\"2\"} 3 7300\na{x=\"1\"} 1 100\na{x=\"1\"} 2 7199.5\n# EOF\n");
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(done->samples, 3u);
  ASSERT_THAT(done->blocks, SizeIs(2));
  EXPECT_EQ(done->blocks[0].min_ms, 0);
  EXPECT_EQ(done->blocks[0].max_ms, 7'200'000);
  EXPECT_EQ(done->blocks[1].min_ms, 7'200'000);
  EXPECT_EQ(shown(), "a{x=\"1\"} 100000 1\na{x=\"1\"} 7199500 2\na{x=\"2\"} 7300000 3\n");
}

TEST_F(OpenMetricsImportTest, CountsRepeatedAndConflictingSamples) {
  const auto done = import("a 1 10\na 1 10\na 2 10\n# EOF\n");
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(done->duplicates, 1u);
  EXPECT_EQ(done->conflicts, 1u);
  EXPECT_EQ(shown(), "a 10000 1\n") << "the first one counts";
}

TEST_F(OpenMetricsImportTest, BoundsItsMemoryAlsoWhereOneRangeIsTooLargeForIt) {
  std::string text;
  std::string wanted;
  for (int i = 0; i < 100; ++i) text += fmt::format("a {} {}\n", i, (i * 37) % 100 * 360);
  for (int t = 0; t < 100; ++t) {
    int i = 0;
    while ((i * 37) % 100 != t) ++i;
    wanted += fmt::format("a {} {}\n", t * 360'000, i);
  }
  const auto done = import(text + "# EOF\n", 7);
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_GT(done->blocks.size(), 10u);
  EXPECT_EQ(shown(), wanted);
}

TEST_F(OpenMetricsImportTest, RefusesTextBeforeAnythingIsWritten) {
  for (const auto& [text, message] : std::vector<std::pair<std::string, std::string>>{
           {"a 1 10\n", "EOF"},
           {"a 1 10\nb 2\n# EOF\n", "text: line 2: found a sample without a timestamp"},
           {"a 1 10\na 1 1700000000000\n# EOF\n", "text: line 2: found times from 1700000000000000"},
           {"a 1 -5\n# EOF\n", "in seconds"},
           {"a x 10\n# EOF\n", "text: line 1"},
       }) {
    const auto done = import(text);
    ASSERT_FALSE(done) << text;
    EXPECT_THAT(done.error().message, HasSubstr(message)) << text;
    EXPECT_THAT(fs_.list("out").value(), IsEmpty()) << text;
  }
}

}  // namespace
}  // namespace sluice::cli
