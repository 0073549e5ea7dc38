#include "tsdb/series_map.h"

#include <map>
#include <random>
#include <string>

#include <gtest/gtest.h>

namespace sluice::tsdb {
namespace {

MemorySeriesPtr make_series(ObjectPool& pool, const model::Labels& labels, LabelTable& table) {
  std::vector<LabelId> ids;
  for (std::string_view rest = labels.packed(); !rest.empty();) {
    ids.push_back(table.intern(model::take_packed_label(rest)));
  }
  return make_memory_series(pool, 1, 0, ids);
}

// Few different hashes, so that places collide, runs wrap around and erasing moves others up.
TEST(SeriesMap, FindsWhatAMapWouldWhateverIsErased) {
  std::mt19937 random(3);
  LabelTable table;
  ObjectPool pool;
  SeriesMap map;
  std::map<std::string, MemorySeries*> expected;
  for (int i = 0; i < 20'000; ++i) {
    const unsigned id = random() % 400;
    const auto labels = model::Labels::from({{"id", std::to_string(id)}});
    const uint64_t hash = id % 37 * 0x10'0001;
    const std::string packed(labels.packed());
    const auto known = expected.find(packed);
    ASSERT_EQ(map.find(hash, packed, table), known == expected.end() ? nullptr : known->second);
    if (known == expected.end()) {
      expected[packed] = map.insert(hash, make_series(pool, labels, table));
    } else if (random() % 2 == 0) {
      EXPECT_EQ(map.take(hash, *known->second).get(), known->second);
      expected.erase(known);
    }
    ASSERT_EQ(map.size(), expected.size());
  }
}

TEST(SeriesMap, KeepsAddressesWhileItGrows) {
  LabelTable table;
  ObjectPool pool;
  SeriesMap map;
  std::vector<MemorySeries*> series;
  for (int i = 0; i < 5000; ++i) {
    const auto labels = model::Labels::from({{"id", std::to_string(i)}});
    series.push_back(map.insert(labels.hash().low, make_series(pool, labels, table)));
  }
  for (MemorySeries* one : series) {
    const auto labels = one->labels(table);
    EXPECT_EQ(map.find(labels.hash().low, labels.packed(), table), one);
  }
}

}  // namespace
}  // namespace sluice::tsdb
