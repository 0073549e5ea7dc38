#include "tsdb/label_table.h"

#include <map>
#include <random>
#include <set>
#include <string>
#include <thread>

#include <gtest/gtest.h>

namespace sluice::tsdb {
namespace {

std::string field_of(std::string_view name, std::string_view value) {
  const model::LabelView label{name, value};
  std::string field;
  model::pack_labels({&label, 1}, field);
  return field;
}

TEST(LabelTable, GivesEachLabelOneNumber) {
  LabelTable table;
  std::map<std::string, LabelId> numbers;
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 5000; ++i) {
      const std::string field = field_of("name", std::to_string(i));
      const LabelId id = table.intern(field);
      ASSERT_EQ(numbers.try_emplace(field, id).first->second, id);
    }
  }
  std::set<LabelId> different;
  for (const auto& [field, id] : numbers) {
    EXPECT_EQ(table.field(id), field);
    EXPECT_EQ(table.find(field), id);
    EXPECT_LT(id, table.end());
    different.insert(id);
  }
  EXPECT_EQ(different.size(), 5000u);
  EXPECT_EQ(table.find(field_of("name", "missing")), kNoLabel);
  EXPECT_EQ(table.label(table.find(model::LabelView{"name", "17"})).value, "17");
}

TEST(LabelTable, KeepsItsBytesInPlaceWhileItGrows) {
  LabelTable table;
  const std::string field = field_of("first", "one");
  const LabelId id = table.intern(field);
  const char* const bytes = table.field(id).data();
  for (int i = 0; i < 10'000; ++i) (void)table.intern(field_of("n", std::to_string(i)));
  EXPECT_EQ(table.field(id).data(), bytes);
  EXPECT_EQ(table.field(id), field);
}

TEST(LabelTable, SweepsWhatNobodyUsesOrAskedForSince) {
  LabelTable table;
  const LabelId used = table.intern(field_of("a", "used"));
  const LabelId unused = table.intern(field_of("a", "unused"));
  const LabelId asked = table.intern(field_of("a", "asked"));
  const auto in_use = [&](LabelId id) { return id == used; };
  EXPECT_EQ(table.sweep(in_use), 0u) << "no generation has begun since they were asked for";
  const uint64_t bytes = table.bytes();
  table.begin_generation();
  EXPECT_EQ(table.intern(field_of("a", "asked")), asked);
  EXPECT_EQ(table.sweep(in_use), 1u);
  EXPECT_LT(table.bytes(), bytes);
  EXPECT_EQ(table.find(field_of("a", "unused")), kNoLabel);
  EXPECT_EQ(table.find(field_of("a", "used")), used);
  EXPECT_EQ(table.find(field_of("a", "asked")), asked);
  EXPECT_EQ(table.intern(field_of("a", "new")), unused) << "numbers are used again";
}

TEST(LabelTable, AgreesWithAMapWhateverIsSwept) {
  std::mt19937 random(5);
  LabelTable table;
  std::set<std::string> used;
  for (int round = 0; round < 50; ++round) {
    table.begin_generation();
    std::set<std::string> asked;
    for (int i = 0; i < 200; ++i) {
      const std::string field = field_of("k", std::to_string(random() % 500));
      ASSERT_EQ(table.field(table.intern(field)), field);
      asked.insert(field);
    }
    (void)table.sweep([&](LabelId id) { return used.contains(std::string(table.field(id))); });
    for (const auto& field : used) ASSERT_NE(table.find(field), kNoLabel);
    for (const auto& field : asked) ASSERT_NE(table.find(field), kNoLabel);
    used = std::move(asked);
  }
}

TEST(LabelTable, IsSharedByThreads) {
  LabelTable table;
  const auto work = [&] {
    for (int i = 0; i < 3000; ++i) {
      const std::string field = field_of("shared", std::to_string(i));
      ASSERT_EQ(table.field(table.intern(field)), field);
    }
  };
  std::thread other(work);
  work();
  other.join();
  EXPECT_EQ(table.end(), 3000u);
}

}  // namespace
}  // namespace sluice::tsdb
