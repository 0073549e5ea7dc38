#include "tsdb/block.h"

#include <fstream>
#include <sstream>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tsdb/block_format.h"
#include "tsdb/block_harness.h"

namespace sluice::tsdb {
namespace {

using model::MatchType;
using test::FaultFileSystem;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::string_view kGolden = SLUICE_SOURCE_DIR "/tests/tsdb/testdata/block_prometheus_3_14";
constexpr TimestampMs kGoldenBegin = 1'700'006'400'000;

std::string file_bytes(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream bytes;
  bytes << in.rdbuf();
  return bytes.str();
}

// What went into the golden block.
std::vector<TestSeries> golden_series() {
  std::vector<TestSeries> all;
  for (int i = 0; i < 40; ++i) {
    TestSeries one{.labels = {{"__name__", "requests_total"},
                              {"job", fmt::format("job-{}", i % 3)},
                              {"instance", fmt::format("host-{:02}:9100", i)}},
                   .samples = {}};
    for (int k = 0; k < 10; ++k) one.samples.push_back({kGoldenBegin + k * 15'000 + i, i * 1000.0 + k * k});
    all.push_back(std::move(one));
  }
  TestSeries longest{.labels = {{"__name__", "long"}, {"job", "job-0"}}, .samples = {}};
  for (int k = 0; k < 300; ++k) {
    const double value = k == 200 ? model::stale_nan() : 1.0 / (k + 1);
    longest.samples.push_back({kGoldenBegin + k * 15'000, value});
  }
  all.push_back(std::move(longest));
  all.push_back({.labels = {{"__name__", "utf8"}, {"größe", "ü\n\"x\""}}, .samples = {{kGoldenBegin, 1}}});
  return all;
}

class BlockTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(fs_.create_directories("ws", 0755).has_value()); }

  // A copy of the golden block on the disk of the test.
  void bring_golden() {
    const BlockMeta meta = parse_block_meta(file_bytes(fmt::format("{}/meta.json", kGolden))).value();
    golden_ = block_path("ws", meta.ulid);
    ASSERT_TRUE(fs_.create_directories(join_path(golden_, "chunks"), 0755).has_value());
    for (const auto* name : {"meta.json", "index", "tombstones", "chunks/000001"}) {
      const auto file = fs_.open_writable(join_path(golden_, name), OpenMode::kCreateNew, 0644).value();
      ASSERT_TRUE(file->write_at(0, file_bytes(fmt::format("{}/{}", kGolden, name))).has_value());
    }
  }
  std::vector<std::string> labels_of(const Block& block, std::vector<model::Matcher> matchers) {
    const std::vector<std::vector<model::Matcher>> selectors = {std::move(matchers)};
    std::vector<std::string> found;
    for (const auto& labels : block.series(selectors, {}, 0).value()) found.push_back(labels.to_string());
    return found;
  }

  FaultFileSystem fs_;
  std::string golden_;
};

TEST_F(BlockTest, WritesWhatPrometheusWritesToTheByte) {
  bring_golden();
  const BlockMeta wanted = read_block_meta(fs_, golden_).value();
  BlockMeta meta = test_meta(1, wanted.min_ms, wanted.max_ms);
  const auto block = make_block(fs_, "ws", meta, golden_series());
  ASSERT_NE(block, nullptr);
  EXPECT_EQ(block->meta().stats, wanted.stats);
  for (const auto* name : {"index", "chunks/000001", "tombstones"}) {
    EXPECT_TRUE(fs_.content(join_path(block->directory(), name)) == fs_.content(join_path(golden_, name))) << name;
  }
  meta = block->meta();
  meta.ulid = wanted.ulid;
  meta.sources = wanted.sources;
  EXPECT_EQ(format_block_meta(meta), fs_.content(join_path(golden_, "meta.json")));
  EXPECT_THAT(fs_.list(block->directory()).value(), ElementsAre("chunks", "index", "meta.json", "tombstones"));
}

TEST_F(BlockTest, ReadsABlockOfPrometheus) {
  bring_golden();
  const auto block = Block::open(fs_, golden_).value();
  EXPECT_EQ(contents(*block), expected(golden_series()));
  EXPECT_THAT(block->verify(), IsEmpty());
}

TEST_F(BlockTest, ReadsTheSamplesInsideTheRange) {
  const auto series = golden_series();
  const auto block = make_block(fs_, "ws", test_meta(1, kGoldenBegin, kGoldenBegin + 7'200'000), series);
  const model::TimeRange range = {kGoldenBegin + 60'000, kGoldenBegin + 60'010};
  auto wanted = expected(series, range);
  std::erase_if(wanted, [](const auto& entry) { return entry.second.empty(); });
  auto found = contents(*block, range);
  std::erase_if(found, [](const auto& entry) { return entry.second.empty(); });
  EXPECT_EQ(found, wanted);
  EXPECT_THAT(contents(*block, {kGoldenBegin + 7'200'000, INT64_MAX}), IsEmpty());
}

TEST_F(BlockTest, SelectsByMatchersAsPrometheusDoes) {
  std::vector<TestSeries> series;
  for (const char* env : {"prod", "qa", ""}) {
    for (int i = 0; i < 3; ++i)
      series.push_back({{{"__name__", "up"}, {"env", env}, {"i", std::to_string(i)}}, {{1, 1}}});
  }
  const auto block = make_block(fs_, "ws", test_meta(1, 0, 10), series);
  const auto count = [&](std::vector<model::Matcher> matchers) {
    return labels_of(*block, std::move(matchers)).size();
  };
  const std::tuple<MatchType, const char*, const char*, size_t> rows[] = {
      {MatchType::kEqual, "env", "prod", 3},       {MatchType::kEqual, "env", "", 3},
      {MatchType::kEqual, "env", "none", 0},       {MatchType::kNotEqual, "env", "prod", 6},
      {MatchType::kNotEqual, "env", "", 6},        {MatchType::kNotEqual, "env", "none", 9},
      {MatchType::kRegex, "env", "prod|qa", 6},    {MatchType::kRegex, "env", "p.*", 3},
      {MatchType::kRegex, "env", "(p.*)?", 6},     {MatchType::kRegex, "env", ".+", 6},
      {MatchType::kRegex, "env", ".*", 9},         {MatchType::kNotRegex, "env", "prod|qa", 3},
      {MatchType::kNotRegex, "env", "p.*", 6},     {MatchType::kNotRegex, "env", "(p.*)?", 3},
      {MatchType::kNotRegex, "env", ".+", 3},      {MatchType::kNotRegex, "env", ".*", 0},
      {MatchType::kEqual, "missing", "", 9},       {MatchType::kEqual, "missing", "x", 0},
      {MatchType::kNotEqual, "missing", "", 0},    {MatchType::kRegex, "missing", "x|", 9},
      {MatchType::kNotRegex, "missing", "x|y", 9}, {MatchType::kRegex, "i", "[01]", 6},
  };
  for (const auto& [type, name, value, wanted] : rows) {
    EXPECT_EQ(count({matcher(type, name, value)}), wanted) << matcher(type, name, value).to_string();
    EXPECT_EQ(count({matcher(MatchType::kEqual, "__name__", "up"), matcher(type, name, value)}), wanted)
        << matcher(type, name, value).to_string();
  }
  EXPECT_EQ(count({}), 9u);
  EXPECT_EQ(count({matcher(MatchType::kEqual, "env", "prod"), matcher(MatchType::kRegex, "i", "1|2")}), 2u);
}

// Against every series, on an index whose tables are far longer than what is sampled of them.
TEST_F(BlockTest, SelectsTheSameSeriesAsAWalkOverAll) {
  std::mt19937_64 random(7);
  std::vector<TestSeries> series;
  for (int i = 0; i < 500; ++i) {
    LabelList labels = {{"__name__", fmt::format("m{}", random() % 40)}, {"pod", fmt::format("pod-{}", i)}};
    if (random() % 2 == 0) labels.emplace_back("zone", fmt::format("z{}", random() % 3));
    series.push_back({labels, {{static_cast<TimestampMs>(random() % 100), 1}}});
  }
  const auto block = make_block(fs_, "ws", test_meta(1, 0, 100), series, {.postings_in_memory_max = 700});
  EXPECT_THAT(block->verify(), IsEmpty());
  const MatchType types[] = {MatchType::kEqual, MatchType::kNotEqual, MatchType::kRegex, MatchType::kNotRegex};
  const std::pair<const char*, std::vector<const char*>> texts[] = {
      {"__name__", {"m1", "m.*", "m1|m22|m39", "", ".*1"}},
      {"pod", {"pod-3", "pod-3.*", "pod-(1|2)0", "pod-499|pod-0|nope", "zzz", ".+"}},
      {"zone", {"z0", "", "z[12]", "|z1", ".*", "z0|z1|z2"}},
      {"absent", {"", "x", ".*"}}};
  for (int round = 0; round < 500; ++round) {
    std::vector<model::Matcher> matchers;
    for (uint64_t n = 1 + random() % 3; n > 0; --n) {
      const auto& [name, values] = texts[random() % std::size(texts)];
      matchers.push_back(matcher(types[random() % 4], name, values[random() % values.size()]));
    }
    std::set<model::Labels> wanted;
    for (const auto& one : series) {
      const auto labels = model::Labels::from(one.labels);
      if (model::matches_all(matchers, labels)) wanted.insert(labels);
    }
    std::vector<std::string> texts_wanted;
    for (const auto& labels : wanted) texts_wanted.push_back(labels.to_string());
    ASSERT_EQ(labels_of(*block, matchers), texts_wanted) << matchers.front().to_string() << " round " << round;
  }
}

TEST_F(BlockTest, ListsNamesAndValues) {
  const auto series = golden_series();
  const auto block = make_block(fs_, "ws", test_meta(1, kGoldenBegin, kGoldenBegin + 7'200'000), series);
  EXPECT_THAT(block->label_names({}, {}, 0).value(), ElementsAre("__name__", "größe", "instance", "job"));
  EXPECT_THAT(block->label_names({}, {}, 2).value(), ElementsAre("__name__", "größe"));
  EXPECT_EQ(block->label_values("instance", {}, {}, 0).value().size(), 40u);
  EXPECT_THAT(block->label_values("job", {}, {}, 2).value(), ElementsAre("job-0", "job-1"));
  EXPECT_THAT(block->label_values("none", {}, {}, 0).value(), IsEmpty());
  EXPECT_THAT(block->label_values("", {}, {}, 0).value(), IsEmpty());
  EXPECT_THAT(block->label_names({}, {0, 1}, 0).value(), IsEmpty());
  const std::vector<std::vector<model::Matcher>> selectors = {{matcher(MatchType::kEqual, "__name__", "long")},
                                                              {matcher(MatchType::kEqual, "__name__", "utf8")}};
  EXPECT_THAT(block->label_values("job", selectors, {}, 0).value(), ElementsAre("job-0"));
  EXPECT_THAT(block->label_names(selectors, {}, 0).value(), ElementsAre("__name__", "größe", "job"));
  EXPECT_THAT(block->label_names(selectors, {kGoldenBegin + 20'000, INT64_MAX}, 0).value(),
              ElementsAre("__name__", "job"));
}

TEST_F(BlockTest, HidesWhatIsDeleted) {
  const std::vector<TestSeries> series = {{{{"a", "1"}}, samples_from(0, 10, 300)}, {{{"a", "2"}}, {{5, 1}, {6, 2}}}};
  auto block = make_block(fs_, "ws", test_meta(1, 0, 10'000), series);
  const std::vector<model::Matcher> first = {matcher(MatchType::kEqual, "a", "1")};
  const auto erase = [&](std::span<const model::Matcher> matchers, model::TimeRange range) {
    block = block->with(block->meta(), block->delete_series(matchers, range).value().tombstones);
  };
  erase(first, {-100, 100});
  erase(first, {1'500, 1'520});
  erase({}, {6, 6});
  EXPECT_EQ(block->meta().stats.tombstones, 3u);
  auto wanted = expected(series);
  std::erase_if(wanted["{a=\"1\"}"],
                [](const auto& s) { return s.first <= 100 || (s.first >= 1'500 && s.first <= 1'520); });
  wanted["{a=\"2\"}"].erase(6);
  EXPECT_EQ(contents(*block), wanted);

  erase({}, {INT64_MIN, INT64_MAX});
  EXPECT_EQ(block->tombstones().intervals(), 2u);
  EXPECT_THAT(contents(*block), IsEmpty());
  EXPECT_THAT(block->label_names({}, {}, 0).value(), IsEmpty());
}

TEST_F(BlockTest, ChargesWhatItReads) {
  const auto block = make_block(fs_, "ws", test_meta(1, 0, 10'000), {{{{"a", "1"}}, samples_from(0, 10, 300)}});
  model::QueryBudget budget(299, {});
  const auto selected = block->select({}, {}, budget).value();
  model::SampleColumn column;
  EXPECT_TRUE(selected.front()->read({0, 100}, column).has_value());
  EXPECT_EQ(budget.samples_used(), 11u);
  EXPECT_EQ(selected.front()->read({}, column).error().code, ErrorCode::kQuotaExceeded);
}

TEST_F(BlockTest, StaysReadableForThoseWhoHaveItOpen) {
  auto block = make_block(fs_, "ws", test_meta(1, 0, 10'000), {{{{"a", "1"}}, samples_from(0, 10, 300)}});
  model::QueryBudget budget(UINT64_MAX, {});
  const auto selected = block->select({}, {}, budget).value();
  ASSERT_TRUE(fs_.remove_tree(block->directory()).has_value());
  block.reset();
  model::SampleColumn column;
  ASSERT_TRUE(selected.front()->read({}, column).has_value());
  EXPECT_EQ(column.size(), 300u);
}

TEST_F(BlockTest, FindsEveryFlippedBitOfIndexAndChunks) {
  const std::vector<TestSeries> series = {{{{"__name__", "m"}, {"a", "1"}}, samples_from(0, 10, 130)},
                                          {{{"__name__", "m"}, {"a", "2"}}, {{5, 1}}}};
  const auto whole = make_block(fs_, "ws", test_meta(1, 0, 10'000), series);
  const std::string directory = whole->directory();
  for (const auto* name : {"index", "chunks/000001"}) {
    const std::string path = join_path(directory, name);
    const size_t size = fs_.content(path)->size();
    for (size_t offset = 0; offset < size; ++offset) {
      const auto mask = static_cast<uint8_t>(1 << (offset % 8));
      fs_.corrupt(path, offset, mask);
      const auto block = Block::open(fs_, directory);
      if (block) {
        EXPECT_THAT((*block)->verify(), ::testing::Contains(HasSubstr(name))) << name << " at " << offset;
        // Whatever it shows, it does not crash; and what it shows as right is right.
        model::QueryBudget budget(UINT64_MAX, {});
        const auto selected = (*block)->select({}, {}, budget);
        model::SampleColumn column;
        for (size_t i = 0; selected && i < selected->size(); ++i) (void)(*selected)[i]->read({}, column);
      } else {
        EXPECT_THAT(block.error().message, HasSubstr(name)) << offset;
      }
      fs_.corrupt(path, offset, mask);
    }
  }
  EXPECT_THAT(Block::open(fs_, directory).value()->verify(), IsEmpty());
}

TEST_F(BlockTest, NamesFileAndOffsetOfDamage) {
  const auto block = make_block(fs_, "ws", test_meta(1, 0, 10'000), {{{{"a", "1"}}, samples_from(0, 10, 300)}});
  const std::string path = join_path(block->directory(), "chunks/000001");
  fs_.corrupt(path, 100, 1);
  const auto damaged = Block::open(fs_, block->directory()).value();
  model::QueryBudget budget(UINT64_MAX, {});
  const auto selected = damaged->select({}, {}, budget).value();
  model::SampleColumn column;
  const auto read = selected.front()->read({}, column);
  ASSERT_FALSE(read.has_value());
  EXPECT_EQ(read.error().code, ErrorCode::kDataLoss);
  EXPECT_THAT(read.error().message, AllOf(HasSubstr(path + ": at offset 10: "), HasSubstr("checksum")));
  EXPECT_THAT(damaged->verify(), ElementsAre(HasSubstr(path + ": at offset 10: "), HasSubstr("numSamples")));
}

TEST_F(BlockTest, RefusesFilesThatAreNoneOfABlock) {
  const auto block = make_block(fs_, "ws", test_meta(1, 0, 10'000), {{{{"a", "1"}}, {{1, 1}}}});
  const std::string directory = block->directory();
  const std::tuple<const char*, const char*, ErrorCode, const char*> rows[] = {
      {"index", "", ErrorCode::kDataLoss, "index: at offset 0: 0 bytes"},
      {"index", "PNG", ErrorCode::kDataLoss, "index: at offset 0: 3 bytes"},
      {"chunks/000001", "PNG", ErrorCode::kDataLoss, "000001: at offset 0: 3 bytes"},
      {"chunks/000001", "0123456789", ErrorCode::kDataLoss, "magic 30313233, wanted 85bd40dd"},
      {"chunks/000001", "\x85\xbd\x40\xdd\x02\x01\x01\x01", ErrorCode::kUnsupported, "version 2"},
      {"tombstones", "0123456789", ErrorCode::kDataLoss, "magic 30313233, wanted 0130ba30"},
      {"meta.json", "{}", ErrorCode::kUnsupported, "meta.json: version 0 of a block, wanted 1"},
      {"meta.json", "{\"version\": 1}", ErrorCode::kMalformed, "\"ulid\" should be there"},
  };
  for (const auto& [name, bytes, code, message] : rows) {
    const std::string path = join_path(directory, name);
    const std::string before = *fs_.content(path);
    ASSERT_TRUE(write_file_atomically(fs_, path, bytes).has_value());
    const auto opened = Block::open(fs_, directory);
    ASSERT_FALSE(opened.has_value()) << name;
    EXPECT_EQ(opened.error().code, code) << opened.error().message;
    EXPECT_THAT(opened.error().message, HasSubstr(message));
    ASSERT_TRUE(write_file_atomically(fs_, path, before).has_value());
  }
  ASSERT_TRUE(fs_.rename(directory, block_path("ws", test_ulid(2))).has_value());
  EXPECT_THAT(Block::open(fs_, block_path("ws", test_ulid(2))).error().message,
              HasSubstr("give the directory that name"));
}

}  // namespace
}  // namespace sluice::tsdb
