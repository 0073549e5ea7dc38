#include "base/log.h"

#include <limits>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.h"
#include "base/limits.h"

namespace sluice {
namespace {

class LogTest : public ::testing::Test {
 protected:
  std::unique_ptr<Logger> logger(LogFormat format, LogLevel level = LogLevel::kInfo) {
    return make_logger(level, format, clock_, [this](std::string_view line) { out_.append(line); });
  }
  FakeClock clock_{1'789'127'221'042};
  std::string out_;
};

TEST_F(LogTest, WritesLogfmt) {
  logger(LogFormat::kLogfmt)
      ->info("listening", {{"address", "127.0.0.1:9009"}, {"tls", false}, {"n", 3}, {"s", 0.5}, {"e", ""}});
  EXPECT_EQ(out_,
            "ts=2026-09-11T11:47:01.042Z level=info msg=listening address=127.0.0.1:9009 tls=false n=3 s=0.5 e=\"\"\n");
}

TEST_F(LogTest, WritesJson) {
  logger(LogFormat::kJson)
      ->warn("slow \"sync\"", {{"file", "a b"},
                               {"ms", uint64_t{12}},
                               {"ok", true},
                               {"x", std::numeric_limits<double>::quiet_NaN()},
                               {"y", -1.5}});
  EXPECT_EQ(
      out_,
      R"({"ts":"2026-09-11T11:47:01.042Z","level":"warn","msg":"slow \"sync\"","file":"a b","ms":12,"ok":true,"x":"nan","y":-1.5})"
      "\n");
  EXPECT_TRUE(parse_json(out_).has_value());
}

TEST_F(LogTest, NoValueCanForgeALineOrAField) {
  const std::string hostile = "x\" level=error msg=\"forged\nts=1 level=error\x1b[2J\xff";
  for (const auto format : {LogFormat::kLogfmt, LogFormat::kJson}) {
    out_.clear();
    logger(format)->info("refused", {{"subject", hostile}});
    EXPECT_EQ(std::ranges::count(out_, '\n'), 1);
    EXPECT_EQ(out_.find('\x1b'), std::string::npos);
    EXPECT_THAT(out_, ::testing::Not(::testing::HasSubstr("x\" level")));
  }
}

TEST_F(LogTest, CutsLongValues) {
  logger(LogFormat::kLogfmt)->info("m", {{"v", std::string(1 << 20, 'a')}});
  EXPECT_LT(out_.size(), limits::kLogFieldBytesMax + 200);
}

TEST_F(LogTest, DropsWhatIsBelowItsLevel) {
  const auto quiet = logger(LogFormat::kLogfmt, LogLevel::kWarn);
  quiet->debug("a");
  quiet->info("b");
  quiet->write_json("{}");
  EXPECT_EQ(out_, "");
  quiet->error("c");
  EXPECT_THAT(out_, ::testing::HasSubstr("level=error msg=c\n"));
}

TEST_F(LogTest, WritesReadyMadeJsonAsItIs) {
  logger(LogFormat::kLogfmt)->write_json(R"({"a":1})");
  EXPECT_EQ(out_, "{\"a\":1}\n");
}

TEST_F(LogTest, LinesOfManyThreadsStayWhole) {
  const auto shared = logger(LogFormat::kLogfmt);
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 200; ++i) shared->info("line", {{"i", i}});
    });
  }
  threads.clear();
  EXPECT_EQ(std::ranges::count(out_, '\n'), 800);
}

TEST(LogLevels, AreParsedByName) {
  EXPECT_EQ(parse_log_level("warn").value(), LogLevel::kWarn);
  EXPECT_THAT(parse_log_level("Warn").error().message, ::testing::HasSubstr("debug, info, warn, error"));
}

}  // namespace
}  // namespace sluice
