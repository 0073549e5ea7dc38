#include "ingest/identity_labels.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::ingest {
namespace {

using testing::HasSubstr;

TEST(IdentityLabels, RefusesWhatCannotBeALabelOfAnIdentity) {
  const std::pair<std::vector<IdentityLabel>, const char*> cases[] = {
      {{{"", "v"}}, "the name is empty"},
      {{{"a", ""}}, "the value is empty"},
      {{{"__name__", "up"}}, "cannot be bound"},
      {{{"a\xff", "v"}}, "valid UTF-8"},
      {{{"a", "\xff"}}, "valid UTF-8"},
      {{{"a", "1"}, {"b", "2"}, {"a", "3"}}, "\"a\" is given twice"},
      {{{std::string(2000, 'a'), "1"}}, "over 1024 bytes"},
      {{{"a", std::string(2000, 'a')}}, "over 1024 bytes"},
  };
  for (const auto& [labels, text] : cases) {
    const auto made = IdentityLabels::make(labels);
    ASSERT_FALSE(made.has_value()) << text;
    EXPECT_EQ(made.error().code, ErrorCode::kInvalidArgument);
    EXPECT_THAT(made.error().message, HasSubstr(text));
  }
}

TEST(IdentityLabels, MergeKeepsLabelsSorted) {
  const auto labels = IdentityLabels::make({{"z", "9"}, {"a", "0"}, {"m", "5"}});
  ASSERT_TRUE(labels.has_value());
  std::vector<model::LabelView> views = {{"__name__", "up"}, {"b", "1"}, {"m", "sent"}};
  EXPECT_EQ(labels->apply(views), nullptr);
  const std::vector<model::LabelView> wanted = {{"__name__", "up"}, {"a", "0"}, {"b", "1"}, {"m", "5"}, {"z", "9"}};
  EXPECT_EQ(views, wanted);
}

TEST(IdentityLabels, EnforcedLabelNamesTheContradiction) {
  const auto labels = IdentityLabels::make({{"a", "0", IdentityMode::kEnforce}});
  std::vector<model::LabelView> same = {{"a", "0"}};
  EXPECT_EQ(labels->apply(same), nullptr);
  std::vector<model::LabelView> other = {{"a", "1"}};
  const IdentityLabel* conflict = labels->apply(other);
  ASSERT_NE(conflict, nullptr);
  EXPECT_EQ(conflict->name, "a");
}

}  // namespace
}  // namespace sluice::ingest
