#include "model/queryable.h"

#include <algorithm>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::model {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class FakeSeries final : public Series {
 public:
  explicit FakeSeries(Labels labels) : labels_(std::move(labels)) {}
  const Labels& labels() const override { return labels_; }
  Result<void> read(TimeRange, SampleColumn& out) override {
    out.clear();
    return {};
  }

 private:
  Labels labels_;
};

/// A storage of label sets only. Names and values answered directly are marked, so that a test sees when a
/// scope was passed by.
class FakeStorage final : public Queryable {
 public:
  explicit FakeStorage(std::vector<Labels> all) : all_(std::move(all)) { std::ranges::sort(all_); }

  Result<std::vector<std::unique_ptr<Series>>> select(std::span<const Matcher> matchers, TimeRange,
                                                      QueryBudget&) const override {
    std::vector<std::unique_ptr<Series>> found;
    for (const Labels& labels : all_) {
      if (matches_all(matchers, labels)) found.push_back(std::make_unique<FakeSeries>(labels));
    }
    return found;
  }
  Result<std::vector<Labels>> series(std::span<const std::vector<Matcher>> selectors, TimeRange,
                                     size_t limit) const override {
    std::vector<Labels> found;
    for (const Labels& labels : all_) {
      const bool is_wanted = std::ranges::any_of(selectors, [&](const auto& s) { return matches_all(s, labels); });
      if (is_wanted && (limit == 0 || found.size() < limit)) found.push_back(labels);
    }
    return found;
  }
  Result<std::vector<std::string>> label_names(std::span<const std::vector<Matcher>>, TimeRange,
                                               size_t) const override {
    return std::vector<std::string>{"direct"};
  }
  Result<std::vector<std::string>> label_values(std::string_view, std::span<const std::vector<Matcher>>, TimeRange,
                                                size_t) const override {
    return std::vector<std::string>{"direct"};
  }

 private:
  std::vector<Labels> all_;
};

class ScopedQueryableTest : public testing::Test {
 protected:
  ScopedQueryable scope(SeriesFilter filter) const { return ScopedQueryable(storage_, std::move(filter)); }
  static bool is_prod(const Labels& labels) { return labels.get("env") == "prod"; }
  static std::vector<Matcher> named(std::string name) {
    return {*Matcher::make(MatchType::kEqual, "__name__", std::move(name))};
  }

  std::shared_ptr<const FakeStorage> storage_ = std::make_shared<FakeStorage>(std::vector<Labels>{
      Labels::from({{"__name__", "up"}, {"env", "prod"}, {"job", "a"}}),
      Labels::from({{"__name__", "up"}, {"env", "dev"}, {"secret", "s"}}),
      Labels::from({{"__name__", "down"}, {"env", "prod"}, {"zone", "z1"}}),
      Labels::from({{"__name__", "down"}, {"env", "prod"}, {"zone", "z0"}}),
  });
};

TEST_F(ScopedQueryableTest, SelectShowsOnlyWhatTheFilterAccepts) {
  QueryBudget budget(100, {});
  const auto selected = scope(is_prod).select(named("up"), {}, budget);
  ASSERT_TRUE(selected.has_value());
  ASSERT_EQ(selected->size(), 1u);
  EXPECT_EQ(selected->front()->labels().get("job"), "a");
}

TEST_F(ScopedQueryableTest, LimitCountsVisibleSeriesOnly) {
  const std::vector<std::vector<Matcher>> selectors = {named("up"), named("down")};
  EXPECT_EQ(scope(is_prod).series(selectors, {}, 0)->size(), 3u);
  const auto cut = scope(is_prod).series(selectors, {}, 2);
  ASSERT_EQ(cut->size(), 2u);
  for (const Labels& labels : *cut) EXPECT_EQ(labels.get("env"), "prod");
}

TEST_F(ScopedQueryableTest, NamesAndValuesComeFromVisibleSeriesOnly) {
  const auto prod = scope(is_prod);
  EXPECT_THAT(*prod.label_names({}, {}, 0), ElementsAre("__name__", "env", "job", "zone"));
  EXPECT_THAT(*prod.label_names({}, {}, 2), ElementsAre("__name__", "env"));
  EXPECT_THAT(*prod.label_values("secret", {}, {}, 0), IsEmpty());
  EXPECT_THAT(*prod.label_values("env", {}, {}, 0), ElementsAre("prod"));
  EXPECT_THAT(*prod.label_values("zone", {}, {}, 1), ElementsAre("z0"));
  const std::vector<std::vector<Matcher>> selectors = {named("up")};
  EXPECT_THAT(*prod.label_names(selectors, {}, 0), ElementsAre("__name__", "env", "job"));
  EXPECT_THAT(*prod.label_values("zone", selectors, {}, 0), IsEmpty());
}

TEST_F(ScopedQueryableTest, EmptyFilterAsksTheStorageDirectly) {
  EXPECT_THAT(*scope({}).label_names({}, {}, 0), ElementsAre("direct"));
  EXPECT_THAT(*scope({}).label_values("env", {}, {}, 0), ElementsAre("direct"));
}

TEST(QueryBudget, RefusesPastItsLimitAndNamesIt) {
  QueryBudget budget(10, {});
  EXPECT_TRUE(budget.charge(10).has_value());
  const auto over = budget.charge(1);
  ASSERT_FALSE(over.has_value());
  EXPECT_EQ(over.error().code, ErrorCode::kQuotaExceeded);
  EXPECT_THAT(over.error().message, HasSubstr("the limit is 10"));
  EXPECT_EQ(budget.samples_used(), 11u);
}

TEST(QueryBudget, StopsWhenTheClientIsGone) {
  std::stop_source source;
  QueryBudget budget(10, source.get_token());
  EXPECT_TRUE(budget.charge(0).has_value());
  source.request_stop();
  const auto stopped = budget.charge(0);
  ASSERT_FALSE(stopped.has_value());
  EXPECT_EQ(stopped.error().code, ErrorCode::kCancelled);
}

}  // namespace
}  // namespace sluice::model
