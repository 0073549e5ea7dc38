#include "model/labels.h"

#include <algorithm>
#include <map>
#include <random>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::model {
namespace {

using testing::ElementsAre;
using Pairs = std::vector<std::pair<std::string, std::string>>;

Labels make(Pairs pairs) { return Labels::from(std::move(pairs)); }

Pairs to_pairs(const Labels& labels) {
  Pairs pairs;
  for (const LabelView& label : labels) pairs.emplace_back(label.name, label.value);
  return pairs;
}

TEST(Labels, SortsByNameAndDropsEmptyValues) {
  const Labels labels = make({{"job", "x"}, {"__name__", "up"}, {"zone", ""}, {"instance", "a:1"}});
  EXPECT_EQ(to_pairs(labels), (Pairs{{"__name__", "up"}, {"instance", "a:1"}, {"job", "x"}}));
  EXPECT_EQ(labels.size(), 3u);
}

TEST(Labels, LastOfDuplicateNamesWinsEvenWhenItIsEmpty) {
  EXPECT_EQ(to_pairs(make({{"a", "1"}, {"b", "2"}, {"a", "3"}})), (Pairs{{"a", "3"}, {"b", "2"}}));
  EXPECT_EQ(to_pairs(make({{"a", "1"}, {"a", ""}})), Pairs());
}

TEST(Labels, PackedFormIsAsDocumented) {
  EXPECT_EQ(make({{"job", "a"}, {"__name__", "up"}}).packed(),
            "\x0a\x0e\x0a\x08__name__\x12\x02up"
            "\x0a\x08\x0a\x03job\x12\x01"
            "a");
  const std::string longer(300, 'v');
  EXPECT_EQ(make({{"n", longer}}).packed(), "\x0a\xb2\x02\x0a\x01n\x12\xac\x02" + longer);
}

TEST(Labels, EmptySetHasNothing) {
  const Labels labels;
  EXPECT_TRUE(labels.empty());
  EXPECT_EQ(labels.size(), 0u);
  EXPECT_TRUE(labels.begin() == labels.end());
  EXPECT_EQ(labels.get("a"), "");
  EXPECT_EQ(labels.to_string(), "{}");
  EXPECT_TRUE(is_packed(""));
}

TEST(Labels, GetFindsPresentNamesOnly) {
  const Labels labels = make({{"__name__", "up"}, {"b", "1"}, {"d", "2"}});
  EXPECT_EQ(labels.metric_name(), "up");
  EXPECT_EQ(labels.get("b"), "1");
  EXPECT_EQ(labels.get("d"), "2");
  for (const char* absent : {"", "a", "c", "e", "bb"}) {
    EXPECT_EQ(labels.get(absent), "") << absent;
    EXPECT_FALSE(labels.has(absent)) << absent;
  }
}

TEST(Labels, WithAddsReplacesAndRemoves) {
  const Labels base = make({{"b", "1"}, {"d", "2"}});
  EXPECT_EQ(base.with("a", "x"), make({{"a", "x"}, {"b", "1"}, {"d", "2"}}));
  EXPECT_EQ(base.with("c", "x"), make({{"b", "1"}, {"c", "x"}, {"d", "2"}}));
  EXPECT_EQ(base.with("e", "x"), make({{"b", "1"}, {"d", "2"}, {"e", "x"}}));
  EXPECT_EQ(base.with("b", "x"), make({{"b", "x"}, {"d", "2"}}));
  EXPECT_EQ(base.with("b", ""), make({{"d", "2"}}));
  EXPECT_EQ(base.with("nope", ""), base);
}

TEST(Labels, WithoutAndKeepOnlySelectNames) {
  const Labels base = make({{"__name__", "up"}, {"a", "1"}, {"b", "2"}});
  const std::vector<std::string> names = {"b", "zz"};
  EXPECT_EQ(base.without(names, false), make({{"__name__", "up"}, {"a", "1"}}));
  EXPECT_EQ(base.without(names, true), make({{"a", "1"}}));
  EXPECT_EQ(base.keep_only(names), make({{"b", "2"}}));
  EXPECT_EQ(base.without_metric_name(), make({{"a", "1"}, {"b", "2"}}));
}

TEST(Labels, OrderIsLabelByLabelWithPrefixesFirst) {
  const std::vector<Labels> sorted = {
      Labels(),
      make({{"a", "1"}}),
      make({{"a", "1"}, {"b", "1"}}),
      make({{"a", "1"}, {"b", "2"}}),
      make({{"a", "1"}, {"c", ""}, {"d", "1"}}),
      make({{"a", "10"}}),  // packed bytes alone would order by length first
      make({{"a", "2"}}),
      make({{"aa", "0"}}),
      make({{"b", "0"}}),
  };
  for (size_t i = 0; i < sorted.size(); ++i) {
    for (size_t j = 0; j < sorted.size(); ++j) {
      EXPECT_EQ(sorted[i] < sorted[j], i < j) << i << " " << j;
      EXPECT_EQ(sorted[i] == sorted[j], i == j) << i << " " << j;
    }
  }
}

TEST(Labels, TextIsPrometheusNotation) {
  EXPECT_EQ(make({{"__name__", "up"}}).to_string(), "up");
  EXPECT_EQ(make({{"__name__", "up"}, {"job", "x"}, {"a", "1"}}).to_string(), R"(up{a="1", job="x"})");
  EXPECT_EQ(make({{"job", "x"}}).to_string(), R"({job="x"})");
  EXPECT_EQ(make({{"__name__", "my.metric"}, {"k.v", "ü"}}).to_string(), R"({"my.metric", "k.v"="ü"})");
  EXPECT_EQ(make({{"a", "q\"b\\n\nt\t\x01\xff"}}).to_string(), R"({a="q\"b\\n\nt\t\x01\xff"})");
}

TEST(Labels, IsPackedRefusesEveryNonCanonicalForm) {
  using namespace std::string_view_literals;
  const std::string_view good =
      "\x0a\x06\x0a\x01"
      "a\x12\x01x"sv;
  EXPECT_TRUE(is_packed(good));
  for (size_t size = 1; size < good.size(); ++size) EXPECT_FALSE(is_packed(good.substr(0, size))) << size;
  const std::string_view bad[] = {
      "\x0a\x05\x0a\x01"
      "a\x12\x00"sv,                        // empty value
      "\x0a\x05\x0a\x00\x12\x01x"sv,                            // empty name
      "\x0a\x03\x0a\x01"
      "a"sv,                                // no value
      "\x0a\x06\x12\x01x\x0a\x01"
      "a"sv,                       // value before name
      "\x12\x06\x0a\x01"
      "a\x12\x01x"sv,                       // another field
      "\x0a\x08\x0a\x01"
      "a\x12\x01x\x18\x00"sv,               // a further field
      "\x0a\x06\x0a\x01"
      "b\x12\x01x\x0a\x06\x0a\x01"
      "a\x12\x01x"sv,  // unsorted
      "\x0a\x06\x0a\x01"
      "a\x12\x01x\x0a\x06\x0a\x01"
      "a\x12\x01y"sv,  // repeated
      "\x0a\x86\x00\x0a\x01"
      "a\x12\x01x"sv,                   // varints longer than need be
      "\x0a\x07\x0a\x81\x00"
      "a\x12\x01x"sv,
      "\x0a\x07\x0a\x01"
      "a\x12\x01xx"sv,                      // a size that is not that of its parts
      "\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f"sv,
  };
  for (const std::string_view bytes : bad) EXPECT_FALSE(is_packed(bytes)) << testing::PrintToString(bytes);
}

TEST(Labels, RandomSetsRoundTripAndHashByContent) {
  std::mt19937_64 random(1);
  std::set<std::pair<uint64_t, uint64_t>> hashes;
  std::set<std::string> packed_forms;
  for (int round = 0; round < 2'000; ++round) {
    std::map<std::string, std::string> model;
    const size_t count = random() % 8;
    for (size_t i = 0; i < count; ++i) {
      const std::string name(1 + random() % 3, static_cast<char>('a' + random() % 4));
      model[name] = std::string(1 + random() % 200, static_cast<char>(random()));
    }
    Pairs shuffled(model.begin(), model.end());
    std::ranges::shuffle(shuffled, random);
    const Labels labels = Labels::from(shuffled);
    ASSERT_EQ(to_pairs(labels), Pairs(model.begin(), model.end()));
    ASSERT_TRUE(is_packed(labels.packed()));
    ASSERT_EQ(Labels::from_packed(std::string(labels.packed())), labels);
    std::vector<LabelView> views(labels.begin(), labels.end());
    ASSERT_EQ(Labels::from_views(views), labels);
    ASSERT_EQ(packed_size(views), labels.packed().size());
    ASSERT_EQ(hash_packed(labels.packed()), labels.hash());
    for (const auto& [name, value] : model) ASSERT_EQ(labels.get(name), value);
    hashes.emplace(labels.hash().low, labels.hash().high);
    packed_forms.emplace(labels.packed());
  }
  EXPECT_EQ(hashes.size(), packed_forms.size());
}

TEST(Labels, ClassicNamesFollowTheirCharacterSets) {
  for (const char* name : {"a", "_", "A9_z"}) {
    EXPECT_TRUE(is_classic_label_name(name)) << name;
    EXPECT_TRUE(is_classic_metric_name(name)) << name;
  }
  EXPECT_TRUE(is_classic_metric_name("a:b"));
  EXPECT_FALSE(is_classic_label_name("a:b"));
  for (const char* name : {"", "9a", "a-b", "a.b", "ü", "a b"}) {
    EXPECT_FALSE(is_classic_label_name(name)) << name;
    EXPECT_FALSE(is_classic_metric_name(name)) << name;
  }
}

}  // namespace
}  // namespace sluice::model
