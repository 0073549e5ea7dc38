#include "tsdb/merged_queryable.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tsdb/block_harness.h"

namespace sluice::tsdb {
namespace {

using ::testing::ElementsAre;

class MergedQueryableTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(fs_.create_directories("ws", 0755).has_value());
    const auto first = make_block(fs_, "ws", test_meta(1, 0, 100),
                                  {{{{"a", "1"}}, {{10, 1}, {20, 2}}},  //
                                   {{{"a", "2"}}, {{10, 1}}}});
    const auto second = make_block(fs_, "ws", test_meta(2, 0, 100),
                                   {{{{"a", "1"}}, {{20, 22}, {30, 33}}},  //
                                    {{{"b", "3"}}, {{10, 7}}}});
    merged_ = std::make_shared<MergedQueryable>(MergedQueryable::Parts{first, second});
  }

  test::FaultFileSystem fs_;
  std::shared_ptr<const MergedQueryable> merged_;
};

TEST_F(MergedQueryableTest, ShowsTheSampleOfThePartNamedFirst) {
  EXPECT_EQ(contents(*merged_), expected({{{{"a", "1"}}, {{10, 1}, {20, 2}, {30, 33}}},  //
                                          {{{"a", "2"}}, {{10, 1}}},
                                          {{{"b", "3"}}, {{10, 7}}}}));
}

TEST_F(MergedQueryableTest, ChargesASampleOnce) {
  model::QueryBudget budget(3, {});
  const std::vector<model::Matcher> matchers = {matcher(model::MatchType::kEqual, "a", "1")};
  auto selected = merged_->select(matchers, {}, budget).value();
  merged_.reset();
  ASSERT_EQ(selected.size(), 1u);
  model::SampleColumn column;
  EXPECT_TRUE(selected.front()->read({}, column).has_value());
  EXPECT_EQ(budget.samples_used(), 3u);
  EXPECT_EQ(selected.front()->read({}, column).error().code, ErrorCode::kQuotaExceeded);
}

TEST_F(MergedQueryableTest, StopsForAQueryThatWasCancelled) {
  std::stop_source stop;
  model::QueryBudget budget(100, stop.get_token());
  const auto selected = merged_->select({}, {}, budget).value();
  stop.request_stop();
  model::SampleColumn column;
  EXPECT_EQ(selected.front()->read({}, column).error().code, ErrorCode::kCancelled);
  EXPECT_EQ(merged_->select({}, {}, budget).error().code, ErrorCode::kCancelled);
}

TEST_F(MergedQueryableTest, UnitesSeriesNamesAndValues) {
  EXPECT_THAT(merged_->label_names({}, {}, 0).value(), ElementsAre("a", "b"));
  EXPECT_THAT(merged_->label_names({}, {}, 1).value(), ElementsAre("a"));
  EXPECT_THAT(merged_->label_values("a", {}, {}, 0).value(), ElementsAre("1", "2"));
  const std::vector<std::vector<model::Matcher>> all = {{matcher(model::MatchType::kNotEqual, "x", "y")}};
  EXPECT_EQ(merged_->series(all, {}, 0).value().size(), 3u);
  EXPECT_EQ(merged_->series(all, {}, 2).value().size(), 2u);
}

}  // namespace
}  // namespace sluice::tsdb
