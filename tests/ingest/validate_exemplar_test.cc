#include "ingest/validate_exemplar.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace sluice::ingest {
namespace {

using Sent = std::vector<model::LabelView>;

TEST(PrepareExemplarLabels, SortsAndDropsEmptyValues) {
  const auto labels = prepare_exemplar_labels(Sent{{"trace_id", "x"}, {"a", ""}, {"span_id", "y"}});
  ASSERT_TRUE(labels);
  EXPECT_EQ(labels->to_string(), R"({span_id="y", trace_id="x"})");
  EXPECT_TRUE(prepare_exemplar_labels({})->empty());
}

TEST(PrepareExemplarLabels, CountsCharactersNotBytes) {
  std::string value;
  for (int i = 0; i < 120; ++i) value += "é";
  EXPECT_TRUE(prepare_exemplar_labels(Sent{{"trace_id", value}}));
  value += "é";
  const auto labels = prepare_exemplar_labels(Sent{{"trace_id", value}});
  ASSERT_FALSE(labels);
  EXPECT_EQ(labels.error(), ExemplarRefusal::kLabelsTooLong);
  EXPECT_EQ(to_string(labels.error()), "exemplar_labels_too_long");
  EXPECT_EQ(prepare_exemplar_labels(Sent(1000, {"a", ""})).error(), ExemplarRefusal::kLabelsTooLong);
}

TEST(PrepareExemplarLabels, RefusesWhatIsNoLabelSet) {
  for (const Sent& sent : {Sent{{"", "x"}}, Sent{{"a", "1"}, {"a", "2"}}, Sent{{"a", "\xff"}}, Sent{{"\xff", "a"}}}) {
    EXPECT_EQ(prepare_exemplar_labels(sent).error(), ExemplarRefusal::kInvalidLabel);
  }
}

}  // namespace
}  // namespace sluice::ingest
