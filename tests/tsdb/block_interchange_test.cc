// Blocks and the real promtool, where script/bootstrap --peers has put one.
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tsdb/block_harness.h"

namespace sluice::tsdb {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr TimestampMs kBegin = 1'700'006'400'000;  // a multiple of two hours

class BlockInterchangeTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const char* peers = std::getenv("SLUICE_PEERS");
    promtool_ = peers == nullptr ? "" : fmt::format("{}/usr/bin/promtool", peers);
    if (!std::filesystem::exists(promtool_)) GTEST_SKIP() << "no promtool; script/bootstrap --peers brings it";
    std::string pattern = ::testing::TempDir() + "sluice_blocks_XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    directory_ = pattern;
    std::filesystem::create_directory(directory_ + "/wal");  // promtool asks for one
  }
  void TearDown() override {
    if (!directory_.empty()) std::filesystem::remove_all(directory_);
  }

  // Standard output of promtool, which must succeed.
  std::string promtool(const std::string& arguments) {
    const std::string log = directory_ + "/stderr";
    FILE* pipe = ::popen(fmt::format("'{}' {} 2>'{}'", promtool_, arguments, log).c_str(), "r");
    std::string output;
    char buffer[4096];
    while (const size_t count = std::fread(buffer, 1, sizeof buffer, pipe)) output.append(buffer, count);
    EXPECT_EQ(::pclose(pipe), 0) << arguments << "\n" << output << std::ifstream(log).rdbuf();
    return output;
  }

  std::string promtool_;
  std::string directory_;
  std::unique_ptr<FileSystem> fs_ = make_posix_file_system();
};

// Two metrics of a few hundred series, as promtool's dump names them.
std::vector<TestSeries> two_metrics() {
  std::vector<TestSeries> series;
  for (int i = 0; i < 300; ++i) {
    series.push_back({{{"__name__", i % 2 == 0 ? "requests_total" : "temperature"},
                       {"instance", fmt::format("host-{}", i)},
                       {"zone", fmt::format("\"ä{}\"", i % 7)}},
                      samples_from(kBegin + i, 15'000, 240, i)});
  }
  return series;
}

using Dump = std::map<std::string, std::map<TimestampMs, double>>;

Dump parse_dump(const std::string& text) {
  Dump dump;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const size_t end = line.rfind('}') + 1;
    std::istringstream rest(line.substr(end));
    double value = 0;
    TimestampMs t_ms = 0;
    rest >> value >> t_ms;
    dump[line.substr(0, end)][t_ms] = value;
  }
  return dump;
}

Dump dump_of(const std::vector<TestSeries>& series) {
  Dump dump;
  for (const auto& one : series) {
    std::string name = "{";
    for (const auto& label : model::Labels::from(one.labels)) {
      if (name.size() > 1) name += ", ";
      name += label.name;
      name += '=';
      model::append_quoted(name, label.value);
    }
    for (const auto& sample : one.samples) dump[name + "}"][sample.t_ms] = sample.value;
  }
  return dump;
}

TEST_F(BlockInterchangeTest, PromtoolReadsOurBlocks) {
  const auto series = two_metrics();
  const auto block = make_block(*fs_, directory_, test_meta(kBegin, kBegin, kBegin + 7'200'000), series);
  ASSERT_NE(block, nullptr);
  const std::string ulid = block->meta().ulid.to_string();
  EXPECT_THAT(promtool("tsdb list '" + directory_ + "'"),
              AllOf(HasSubstr(ulid), HasSubstr("72000"), HasSubstr("600"), HasSubstr("300")));
  EXPECT_THAT(promtool("tsdb analyze '" + directory_ + "'"),
              AllOf(HasSubstr(ulid), HasSubstr("300 instance"), HasSubstr("2 __name__")));
  EXPECT_EQ(parse_dump(promtool(fmt::format("tsdb dump --sandbox-dir-root='{0}' '{0}'", directory_))), dump_of(series));
}

TEST_F(BlockInterchangeTest, PromtoolHonoursOurTombstones) {
  const auto series = two_metrics();
  const auto block = make_block(*fs_, directory_, test_meta(kBegin, kBegin, kBegin + 7'200'000), series);
  const std::vector<model::Matcher> deleted = {matcher(model::MatchType::kEqual, "__name__", "temperature")};
  const auto deletion = block->delete_series(deleted, {INT64_MIN, kBegin + 60'000}).value();
  EXPECT_EQ(deletion.series, 150u);
  ASSERT_TRUE(write_tombstones(*fs_, block->directory(), deletion.tombstones).has_value());
  Dump wanted = dump_of(series);
  for (auto& [labels, samples] : wanted) {
    if (labels.find("temperature") != std::string::npos) {
      std::erase_if(samples, [](const auto& sample) { return sample.first <= kBegin + 60'000; });
    }
  }
  EXPECT_EQ(parse_dump(promtool(fmt::format("tsdb dump --sandbox-dir-root='{0}' '{0}'", directory_))), wanted);
}

TEST_F(BlockInterchangeTest, ReadsBlocksThatPromtoolMakesFromOpenMetrics) {
  std::vector<TestSeries> series;
  std::ofstream text(directory_ + "/metrics.om");
  text << "# TYPE requests counter\n";
  for (int i = 0; i < 200; ++i) {
    const std::string instance = fmt::format("host-{}", i);
    series.push_back({{{"__name__", "requests_total"}, {"instance", instance}}, samples_from(kBegin, 60'000, 180, i)});
    for (const auto& sample : series.back().samples) {
      text << fmt::format("requests_total{{instance=\"{}\"}} {} {}\n", instance, sample.value, sample.t_ms / 1000);
    }
  }
  text << "# EOF\n";
  text.close();
  promtool(fmt::format("tsdb create-blocks-from openmetrics '{0}/metrics.om' '{0}/blocks'", directory_));
  Contents found;
  for (const auto& name : fs_->list(directory_ + "/blocks").value()) {
    const auto block = Block::open(*fs_, join_path(directory_ + "/blocks", name));
    ASSERT_TRUE(block.has_value()) << block.error().message;
    EXPECT_THAT((*block)->verify(), IsEmpty());
    for (const auto& [labels, samples] : contents(**block)) found[labels].insert(samples.begin(), samples.end());
  }
  EXPECT_EQ(found, expected(series));
}

}  // namespace
}  // namespace sluice::tsdb
