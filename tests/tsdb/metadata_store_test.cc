#include "tsdb/metadata_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::tsdb {
namespace {

std::vector<std::string> names(const MetadataStore& store) {
  std::vector<std::string> out;
  for (const auto& family : store.families()) out.push_back(family.name);
  return out;
}

TEST(MetadataStore, HoldsTheLastWord) {
  MetadataStore store(10);
  EXPECT_TRUE(store.is_news("up", {2, "help", ""}, 150));
  store.set("up", {2, "help", ""}, 100);
  EXPECT_FALSE(store.is_news("up", {2, "help", ""}, 150));
  EXPECT_TRUE(store.is_news("up", {1, "help", ""}, 150));
  store.set("up", {1, "other", "seconds"}, 200);
  const auto family = store.find("up");
  ASSERT_TRUE(family);
  EXPECT_EQ(family->metadata, (model::Metadata{1, "other", "seconds"}));
  EXPECT_EQ(family->seen_ms, 200);
  EXPECT_FALSE(store.find("down"));
}

TEST(MetadataStore, LetsGoOfTheFamilyNotHeardOfForLongest) {
  MetadataStore store(2);
  store.set("b", {}, 1);
  store.set("a", {}, 2);
  store.set("b", {}, 3);
  store.set("c", {}, 4);
  EXPECT_THAT(names(store), testing::ElementsAre("b", "c"));
}

TEST(MetadataStore, WhatIsNoNewsIsHeardOfAllTheSame) {
  MetadataStore store(2);
  store.set("a", {}, 1);
  store.set("b", {}, 2);
  EXPECT_FALSE(store.is_news("a", {}, 3));
  EXPECT_EQ(store.find("a")->seen_ms, 3);
  store.set("c", {}, 4);
  EXPECT_THAT(names(store), testing::ElementsAre("a", "c"));
  EXPECT_EQ(store.by_age().front().name, "a");
}

TEST(MetadataStore, HoldsNothingWhenItMayHoldNothing) {
  MetadataStore store(0);
  store.set("a", {}, 1);
  EXPECT_TRUE(store.families().empty());
}

}  // namespace
}  // namespace sluice::tsdb
