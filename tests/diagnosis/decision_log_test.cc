#include "diagnosis/decision_log.h"

#include <string>
#include <thread>
#include <vector>

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::diagnosis {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

constexpr TimestampMs kStart = 1'789'124'000'000;

DecisionRecord anonymous(std::string id, std::string source = "192.0.2.1", TimestampMs time_ms = kStart) {
  return {.request_id = std::move(id),
          .time_ms = time_ms,
          .issuer = "https://issuer",
          .source_ip = std::move(source),
          .first_failure = make_finding(RuleId::kOidcSignatureInvalid, "s", "w")};
}
DecisionRecord proven(std::string id, std::string resource = "arn:r", TimestampMs time_ms = kStart) {
  return {.request_id = std::move(id),
          .time_ms = time_ms,
          .action = "aps:RemoteWrite",
          .principal = "arn:aws:sts::111122223333:assumed-role/r/s",
          .resource = std::move(resource),
          .source_ip = "192.0.2.9",
          .first_failure = make_finding(RuleId::kPolicyActionMissing, "s", "w")};
}

TEST(DecisionLogTest, FindsARecordByItsRequestId) {
  DecisionLog log;
  EXPECT_TRUE(log.add(anonymous("a")).is_own_record);
  EXPECT_TRUE(log.add(proven("b")).is_own_record);
  ASSERT_TRUE(log.find("a"));
  EXPECT_EQ(log.find("a")->first_failure.rule, RuleId::kOidcSignatureInvalid);
  EXPECT_EQ(log.find("b")->first_failure.rule, RuleId::kPolicyActionMissing);
  EXPECT_FALSE(log.find("c"));
}

TEST(DecisionLogTest, AggregatesAFloodAndKeepsTheFirstAndEachPowerOfTwo) {
  DecisionLog log({.own_records_per_flood = 4});
  std::vector<int> own;
  for (int i = 1; i <= 40; ++i) {
    if (log.add(anonymous(fmt::format("id{}", i))).is_own_record) own.push_back(i);
  }
  EXPECT_THAT(own, ElementsAre(1, 2, 3, 4, 8, 16, 32));
  EXPECT_EQ(log.find("id4")->count, 4u);    // itself, 5, 6 and 7
  EXPECT_EQ(log.find("id16")->count, 16u);  // itself and 17 to 31
  ASSERT_TRUE(log.find("id20"));
  EXPECT_EQ(log.find("id20")->request_id, "id16");
  EXPECT_EQ(log.find("id40")->request_id, "id32");
}

TEST(DecisionLogTest, OtherSourcesIssuersAndRulesAreOtherFloods) {
  DecisionLog log({.own_records_per_flood = 1});
  log.add(anonymous("a1"));
  log.add(anonymous("a2"));
  EXPECT_FALSE(log.add(anonymous("a3")).is_own_record);
  EXPECT_TRUE(log.add(anonymous("b", "192.0.2.2")).is_own_record);
  DecisionRecord other_issuer = anonymous("c");
  other_issuer.issuer = "https://other";
  EXPECT_TRUE(log.add(other_issuer).is_own_record);
  DecisionRecord other_rule = anonymous("d");
  other_rule.first_failure = make_finding(RuleId::kTokenExpired, "s", "w");
  EXPECT_TRUE(log.add(other_rule).is_own_record);
}

TEST(DecisionLogTest, AFloodEndsWithItsWindow) {
  DecisionLog log({.window = std::chrono::seconds(60), .own_records_per_flood = 1});
  for (int i = 1; i <= 4; ++i) log.add(anonymous(fmt::format("a{}", i)));
  EXPECT_FALSE(log.add(anonymous("b", "192.0.2.1", kStart + 59'999)).is_own_record);
  EXPECT_TRUE(log.add(anonymous("c", "192.0.2.1", kStart + 60'000)).is_own_record);
  EXPECT_EQ(log.find("a4")->last_time_ms, kStart + 59'999);
}

TEST(DecisionLogTest, AnonymousFloodsNeverPushProvenCallersOut) {
  DecisionLog log({.authenticated_max = 4, .anonymous_max = 8});
  log.add(proven("mine"));
  for (int i = 0; i < 1000; ++i) log.add(anonymous(fmt::format("x{}", i), fmt::format("198.51.100.{}", i)));
  EXPECT_TRUE(log.find("mine"));
  EXPECT_FALSE(log.find("x0"));
  EXPECT_TRUE(log.find("x999"));
}

TEST(DecisionLogTest, ForgetsTheOldestAndItsFollowers) {
  DecisionLog log({.anonymous_max = 2, .own_records_per_flood = 1});
  log.add(anonymous("a1"));
  log.add(anonymous("a2"));
  log.add(anonymous("a3"));  // counted with a2
  EXPECT_EQ(log.find("a3")->request_id, "a2");
  log.add(anonymous("b", "192.0.2.2"));
  log.add(anonymous("c", "192.0.2.3"));
  EXPECT_FALSE(log.find("a1"));
  EXPECT_FALSE(log.find("a2"));
  EXPECT_FALSE(log.find("a3"));
  // The flood goes on, but its record is gone: the next one gets a record of its own.
  EXPECT_TRUE(log.add(anonymous("a4")).is_own_record);
}

TEST(DecisionLogTest, RemembersABoundedNumberOfAggregatedIds) {
  DecisionLog log({.anonymous_max = 4, .own_records_per_flood = 1});
  for (int i = 1; i <= 100; ++i) log.add(anonymous(fmt::format("id{}", i)));
  EXPECT_TRUE(log.find("id100"));
  EXPECT_FALSE(log.find("id66"));
}

TEST(DecisionLogTest, RecentIsNewestFirstOverBothRings) {
  DecisionLog log;
  log.add(anonymous("a", "192.0.2.1", kStart));
  log.add(proven("b", "arn:r", kStart + 1));
  log.add(anonymous("c", "192.0.2.1", kStart + 2));
  std::vector<std::string> ids;
  for (const auto& record : log.recent(10)) ids.push_back(record.request_id);
  EXPECT_THAT(ids, ElementsAre("c", "b", "a"));
  EXPECT_THAT(log.recent(2), SizeIs(2));
}

TEST(DecisionLogTest, LimitsLogLinesAndSaysHowManyWereDropped) {
  DecisionLog log({.log_lines_per_second = 1, .log_lines_burst = 2});
  const auto add = [&log](int i, TimestampMs time_ms) {
    return log.add(anonymous(fmt::format("x{}", i), fmt::format("198.51.100.{}", i), time_ms));
  };
  EXPECT_TRUE(add(1, kStart).write_log_line);
  EXPECT_TRUE(add(2, kStart).write_log_line);
  EXPECT_FALSE(add(3, kStart).write_log_line);
  EXPECT_FALSE(add(4, kStart).write_log_line);
  const auto later = add(5, kStart + 1000);
  EXPECT_TRUE(later.write_log_line);
  EXPECT_EQ(later.log_lines_dropped, 2u);
  EXPECT_EQ(add(6, kStart + 2000).log_lines_dropped, 0u);
  // Proven callers have a rate of their own.
  EXPECT_TRUE(log.add(proven("mine", "arn:r", kStart + 2000)).write_log_line);
}

TEST(DecisionLogTest, CutsTextsThatPlayWithItsMemory) {
  DecisionLog log;
  DecisionRecord record = anonymous("a");
  record.issuer.assign(1 << 20, 'i');
  record.message.assign(1 << 20, 'm');
  log.add(record);
  EXPECT_LT(log.find("a")->issuer.size() + log.find("a")->message.size(), 4096u);
}

TEST(DecisionLogTest, MayBeUsedByManyThreads) {
  DecisionLog log({.authenticated_max = 64, .anonymous_max = 64});
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&log, t] {
      for (int i = 0; i < 500; ++i) {
        const std::string id = fmt::format("{}-{}", t, i);
        log.add(i % 2 == 0 ? anonymous(id, fmt::format("192.0.2.{}", i % 7)) : proven(id));
        log.find(id);
        if (i % 100 == 0) log.recent(10);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_THAT(log.recent(1000), SizeIs(::testing::Le(128u)));
}

}  // namespace
}  // namespace sluice::diagnosis
