#include "model/exemplar_queryable.h"

#include <gtest/gtest.h>

namespace sluice::model {
namespace {

class FakeExemplars final : public ExemplarQueryable {
 public:
  Result<std::vector<SeriesExemplars>> exemplars(std::span<const std::vector<Matcher>>, TimeRange,
                                                 QueryBudget&) const override {
    return std::vector<SeriesExemplars>{{Labels::from({{"job", "a"}}), {Exemplar{}}},
                                        {Labels::from({{"job", "b"}}), {Exemplar{}, Exemplar{}}}};
  }
};

TEST(ScopedExemplars, ShowsOnlyWhatTheFilterAccepts) {
  const auto storage = std::make_shared<const FakeExemplars>();
  QueryBudget budget(10, {});
  const ScopedExemplars scoped(storage, [](const Labels& labels) { return labels.get("job") == "b"; });
  const auto found = scoped.exemplars({}, {}, budget);
  ASSERT_TRUE(found);
  ASSERT_EQ(found->size(), 1u);
  EXPECT_EQ(found->front().series.get("job"), "b");
  EXPECT_EQ(found->front().exemplars.size(), 2u);
  EXPECT_EQ(ScopedExemplars(storage, {}).exemplars({}, {}, budget)->size(), 2u);
}

}  // namespace
}  // namespace sluice::model
